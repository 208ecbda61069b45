"""irtool templates as a user types it."""

from __future__ import annotations

from .world import World

NOTICE = "notices/en/customer-notice.txt.j2"


def test_list_copy_edit_diff_check(small: World) -> None:
    irtool = small.irtool
    assert "does not say where" in irtool("templates", "copy", "customer-notice", code=2).err
    small.configure(templates="./mine")
    assert {row["source"] for row in irtool("templates", "list", "--json", code=0).json} == {"shipped"}
    copied = irtool("templates", "copy", NOTICE, code=0)
    mine = small.folder / "mine" / NOTICE
    assert str(mine) in copied.out.splitlines()
    assert "templates check" in copied.err
    assert "there already" in irtool("templates", "copy", NOTICE, code=2).err
    assert irtool("templates", "diff", code=0).out == ""
    mine.write_text(mine.read_text() + "\n{{ custmer }}\x1b[2J\n")
    shown = irtool("templates", "diff", NOTICE, code=0).out
    assert "+{{ custmer }}\\x1b[2J" in shown.splitlines()
    faulty = irtool("templates", "check", code=2)
    assert f"{mine}:" in faulty.out
    assert "there is no variable 'custmer' Did you mean \"customer\"?" in faulty.out
    rows = {row["name"]: row for row in irtool("templates", "check", NOTICE, "--json", code=2).json}
    assert rows[NOTICE]["ok"] is False
    irtool("templates", "copy", NOTICE, "--force", code=0)
    irtool("templates", "check", code=0)


def test_variables_are_told(small: World) -> None:
    said = small.irtool("templates", "variables", "customer-notice", code=0).out
    for name in ("customer.name", "customer.messages", "blocked.accounts", "genuine.phone", "lines"):
        assert f"\n{name} " in f"\n{said}"
    rows = small.irtool("templates", "variables", "relay-report", "--json", code=0).json
    assert "hops[].by" in {row["name"] for row in rows}
    assert "Did you mean" in small.irtool("templates", "variables", "customer-notise", code=2).err


def test_every_command_has_an_example(small: World) -> None:
    for command in ("list", "copy", "diff", "check", "variables"):
        said = small.irtool("templates", command, "--help", code=0).out
        assert "Example: irtool templates" in said
        assert max(map(len, said.splitlines())) <= 80
