from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from irtool.playbook import load
from irtool.records import Playbook, Verb

_BLOCK = {"target": "text", "expires": "duration"}


@pytest.fixture(scope="session")
def verbs() -> Mapping[str, Verb]:
    """A small catalogue."""
    table = (
        Verb("triage.complaint", "Find the campaign", "look", "", params={"complaint": "any", "since": "duration"}),
        Verb("domain.block", "Block a domain", "change", "domain", ("absent", "blocked"), params=_BLOCK),
        Verb("ip.block", "Block an IP", "change", "ip", ("absent", "blocked"), params=_BLOCK),
        Verb("account.disable", "Disable an account", "change", "account", ("active", "disabled"), params=_BLOCK),
        Verb("notice.send", "Tell a customer", "tell", "customer", params={"template": "text", "locale": "text"}),
        Verb("abuse.report", "Tell an operator", "tell", "relay", params={"target": "text", "to": "address"}),
        Verb("note.add", "Add a note", "tell", "text", params={"text": "text"}, required=("text",)),
        Verb("http.call", "Call an API", "change", "text", params={"body": "any", "path": "text"}, required=("path",)),
    )
    return {v.name: v for v in table}


@pytest.fixture(scope="session")
def loaded(verbs: Mapping[str, Verb]) -> Callable[[str], Playbook]:
    """Load a playbook text with the small catalogue, as file p.yaml."""
    return lambda text: load(text, "p.yaml", verbs=verbs, path="/x/p.yaml")
