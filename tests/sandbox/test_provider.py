"""The provider's state: threads, processes, and what is left after everything was taken back."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from irtool.errors import UsageError
from irtool.sandbox.blocks import Block
from irtool.sandbox.problems import Problem
from irtool.sandbox.provider import Provider
from irtool.sandbox.queue import Which
from irtool.sandbox.relay import Submission

MAIL = Submission("A", "198.51.100.3", "me@acme.example", ("you@there.example",), ("me@acme.example",))


def test_a_new_provider(provider: Provider) -> None:
    with provider.session() as state:
        assert state.rule() == "2019"
        assert state.owner("gateway.example") == "0"
        assert state.owner("deep.sub.acme.example") == "B"
        assert state.owner("www.acme.example") == "A"
        assert state.owner("nowhere.example") is None
        assert [state.account_status(a) for a in ("A", "B", "D", "X")] == ["active", "limited", "disabled", None]


def test_the_directory_of_the_campaign_can_be_loaded(tmp_path: Path) -> None:
    accounts = [{"account_id": "0", "name": "Own", "plan": "internal", "created_at": "2012-01-09", "partner": ""}]
    provider = Provider.create(tmp_path / "x.db", accounts, [{"domain": "Own.example", "account_id": "0"}])
    with provider.session() as state:
        found = state.accounts.get("0")
    provider.close()
    assert (found["plan"], found["created"], found["partner"]) == ("internal", "2012-01-09", None)
    assert found["domains"] == ["gateway.example", "own.example"]


def test_sources_of_an_account(provider: Provider) -> None:
    with provider.session() as state:
        assert state.owns_ip("A", "198.51.100.15")
        assert not state.owns_ip("A", "198.51.100.16")
        assert state.owns_ip("A", "2001:db8::5")
        assert state.owns_ip("B", "8.8.8.8")


def test_create_does_not_overwrite(provider: Provider) -> None:
    with pytest.raises(UsageError, match="is there already"):
        Provider.create(provider.path, [], [])


def test_open_says_what_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no sandbox here"):
        Provider(tmp_path / "none.db")
    (tmp_path / "text.db").write_text("not a database, only a text that is long enough " * 30)
    with pytest.raises(UsageError, match="cannot be opened"):
        Provider(tmp_path / "text.db")
    (tmp_path / "empty.db").touch()
    with pytest.raises(UsageError, match="not a sandbox"):
        Provider(tmp_path / "empty.db")


def test_a_session_that_raises_changes_nothing(provider: Provider) -> None:
    before = provider.dump()

    def break_off() -> None:
        with provider.session() as state:
            state.blocks.put("domains", "there.example", Block())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        break_off()
    assert provider.dump() == before


def test_mail_goes_from_the_queue_to_the_outbox(provider: Provider) -> None:
    assert provider.submit(MAIL)[0] == 250
    with provider.session() as state:
        assert state.queue.find(Which(), ["queued"])[0] == 1
        assert state.queue.deliver() == 1
        assert state.queue.find(Which(domain="there.example"), ["sent"])[0] == 1


def test_domain_blocks_cover_subdomains_and_nothing_else(provider: Provider) -> None:
    with provider.session() as state:
        state.blocks.put("domains", "there.example", Block())
        assert state.domain_blocked("there.example") == "there.example"
        assert state.domain_blocked("a.b.there.example") == "there.example"
        assert state.domain_blocked("nothere.example") is None
        assert state.domain_blocked("example") is None


def test_networks_and_single_ips(provider: Provider) -> None:
    with provider.session() as state:
        state.blocks.put("ips", "192.0.2.0/24", Block())
        state.blocks.put("ips", "2001:DB8::1", Block())
        assert state.ip_blocked("192.0.2.77") == "192.0.2.0/24"
        assert state.ip_blocked("192.0.3.1") is None
        assert state.ip_blocked("2001:db8::1") == "2001:db8::1"


def test_a_block_ends_when_it_expires(provider: Provider, clock: Any) -> None:
    with provider.session() as state:
        state.blocks.put("domains", "there.example", Block(expires=clock.now + timedelta(hours=1)))
        assert state.domain_blocked("there.example")
    clock.forward(minutes=61)
    with provider.session() as state:
        assert state.domain_blocked("there.example") is None
        assert state.blocks.get("domains", "there.example")["active"] is False


def test_the_hourly_limit(provider: Provider, clock: Any) -> None:
    with provider.session() as state:
        state.accounts.set_limit("A", 2)
    assert [provider.submit(MAIL)[0] for _ in range(3)] == [250, 250, 451]
    clock.forward(minutes=61)
    assert provider.submit(MAIL)[0] == 250


def test_trials_without_a_partner(provider: Provider) -> None:
    def send(account: str, domain: str, ip: str) -> int:
        return provider.submit(Submission(account, ip, f"me@{domain}", ("x@there.example",)))[0]

    assert send("T1", "trial.example", "203.0.113.7") == 250
    with provider.session() as state:
        state.set_policy("trial-outbound", "partner-only")
    assert send("T1", "trial.example", "203.0.113.7") == 550
    assert send("T2", "ptrial.example", "203.0.113.8") == 250
    assert provider.submit(MAIL)[0] == 250


def test_enabling_gives_back_a_limited_account_as_limited(provider: Provider) -> None:
    with provider.session() as state:
        assert state.accounts.set_status("B", "disabled")["status"] == "limited"
        state.accounts.set_status("B", "active")
        assert state.accounts.get("B")["status"] == "limited"
        with pytest.raises(Problem, match="no limit"):
            state.accounts.set_status("A", "limited")


def test_a_release_frees_only_its_own_hold(provider: Provider) -> None:
    provider.submit(MAIL)
    with provider.session() as state:
        assert len(state.queue.hold(Which(domain="there.example"), "first")) == 1
    provider.submit(MAIL)
    with provider.session() as state:
        assert len(state.queue.hold(Which(domain="there.example"), "second")) == 1
        assert state.queue.release(Which(held_by="second")) == [2]
        assert state.queue.purge(Which(domain="there.example")) == [1]
        assert state.queue.find(Which(), ["queued"])[0] == 1


def test_everything_taken_back_leaves_the_same_dump(provider: Provider) -> None:
    provider.submit(MAIL)
    before = provider.dump()
    with provider.session() as state:
        state.blocks.put("domains", "there.example", Block(note="x"))
        state.accounts.set_status("T1", "disabled")
        state.accounts.set_limit("B", 1)
        state.set_policy("relay", "2025-literal")
        state.queue.hold(Which(sender="me@acme.example"), "me")
    assert provider.dump() != before
    with provider.session() as state:
        state.blocks.delete("domains", "there.example")
        state.accounts.set_status("T1", "active")
        state.accounts.set_limit("B", 50)
        state.set_policy("relay", "2019")
        state.queue.release(Which(held_by="me"))
    assert provider.dump() == before


def _block_many(path: Path, start: int) -> None:
    provider = Provider(path)
    for n in range(start, start + 50):
        with provider.session() as state:
            state.blocks.put("domains", f"d{n}.example", Block())
    provider.close()


def test_two_processes_and_two_threads_add_200_blocks(provider: Provider) -> None:
    code = (
        "import sys; from pathlib import Path; from irtool.sandbox.provider import Provider\n"
        "from irtool.sandbox.blocks import Block\n"
        "p = Provider(Path(sys.argv[1])); s = int(sys.argv[2])\n"
        "for n in range(s, s + 50):\n"
        "    with p.session() as state: state.blocks.put('domains', f'd{n}.example', Block())\n"
        "p.close()\n"
    )
    others = [
        subprocess.Popen([sys.executable, "-W", "error", "-c", code, str(provider.path), str(start)])
        for start in (0, 50)
    ]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda start: _block_many(provider.path, start), (100, 150)))
    assert [other.wait(60) for other in others] == [0, 0]
    with provider.session() as state:
        assert len(state.blocks.page("domains", limit=1000)) == 200


def test_threads_share_one_provider(provider: Provider) -> None:
    def put(n: int) -> None:
        with provider.session() as state:
            state.blocks.put("domains", f"d{n}.example", Block())

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(put, range(200)))
    with provider.session() as state:
        assert len(state.blocks.page("domains", limit=1000)) == 200
