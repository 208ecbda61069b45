"""Whose a domain is, however the directory and the log spell it."""

from __future__ import annotations

from pathlib import Path

from irtool.adapters.logs import DirectoryFiles, open_log


def test_international_domains_are_there_in_both_spellings(tmp_path: Path) -> None:
    """The questions compare names as they stand in the log, which may have either spelling."""
    (tmp_path / "domains.csv").write_text(
        "domain,account\nBücher.example,7\nxn--mnchen-3ya.example,8\nplain.example,9\n"
        "xn--bcher-kva.test,10\nbücher.test,11\n"
    )
    with open_log([], DirectoryFiles(None, (str(tmp_path / "domains.csv"), {}))) as log:
        found = {row["domain"]: row["account"] for row in log.query("SELECT domain, account FROM domains")}
        assert log.owner("mail.bücher.example") == log.owner("mail.xn--bcher-kva.example") == "7"
    assert found == {
        "bücher.example": "7", "xn--bcher-kva.example": "7",
        "münchen.example": "8", "xn--mnchen-3ya.example": "8",
        "plain.example": "9",
        "xn--bcher-kva.test": "10", "bücher.test": "11",  # who is listed stays what is listed
    }  # fmt: skip
