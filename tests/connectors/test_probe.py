"""Asking a mail server in a manifest: what becomes of it as a Call, what its answers mean, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from irtool.connectors.generic import ManifestConnector
from irtool.connectors.manifest import compile_manifest
from irtool.connectors.settings import address, complete
from irtool.errors import ConfigError, Rejected
from irtool.records import Call, Look, Reply

MANIFEST = """
connector: gate
settings:
  url: {required: true, about: x}
  mx: {required: true, about: x}
auth: {kind: basic, secret: password}
bases: {mx: {setting: mx, auth: true}}
ping: {requests: [{method: GET, path: /}], answer: "'gate'"}
verbs:
  account.disable:
    look: {requests: [{method: GET, path: /x}], state: "'active'"}
    change: {requests: [{method: PUT, path: /x}]}
    verify:
      requests:
        - smtp: {SMTP}
          capture: {no: "reply.status >= 500"}
      state: "'disabled' if got.no else 'active'"
"""
PLAIN = '{base: mx, mail_from: p@irtool.invalid, rcpt_to: "to+${{ target }}@x.example", login_as: "${{ target }}"}'


def compiled(smtp: str = PLAIN, was: str = "", now: str = "") -> Any:
    """The manifest with this probe."""
    return compile_manifest(MANIFEST.replace("{SMTP}", smtp).replace(was or "\0", now), "gate.yaml")


def verify(reply: Reply, target: str = "t1") -> tuple[Call, Look]:
    """The call, and what is made of the answer."""
    manifest = compiled()
    settings = complete("gate", manifest.manifest.settings, {"url": "http://a.example", "mx": "smtp://b.example"})
    connector = ManifestConnector("gate", manifest, settings, address("gate", manifest.manifest, settings))
    assert connector.traits("account.disable").verifies
    talk = connector.verify("account.disable", target, {})
    call = next(talk)
    try:
        talk.send(reply)
    except StopIteration as end:
        return call, end.value
    raise AssertionError("it asked again")


def test_the_call_has_the_question_and_no_message() -> None:
    """Nothing that could be sent."""
    call, look = verify(Reply(250, "ok", {"stage": "rcpt"}))
    assert (call.transport, call.base, call.path, call.changes) == ("smtp-probe", "mx", "to+t1@x.example", False)
    assert dict(call.headers) == {"Mail-From": "p@irtool.invalid", "Login-As": "t1"}
    assert (call.body, call.key) == (None, None)
    assert look.state == "active"


@pytest.mark.parametrize(("status", "state"), [(250, "active"), (251, "active"), (535, "disabled"), (550, "disabled")])
def test_yes_and_no_are_answers(status: int, state: str) -> None:
    """2xx and 5xx."""
    assert verify(Reply(status, "", {"stage": "rcpt"}))[1].state == state


@pytest.mark.parametrize("status", [421, 450, 451])
def test_later_is_none(status: int) -> None:
    """Greylisted or busy: nothing was seen."""
    with pytest.raises(Rejected):
        verify(Reply(status, "", {"stage": "rcpt"}))


@pytest.mark.parametrize("target", ["a\r\nDATA", "a\nb"])
def test_no_header_holds_a_line_end(target: str) -> None:
    """Before anything is asked."""
    with pytest.raises(Rejected):
        verify(Reply(250), target)


@pytest.mark.parametrize(
    ("smtp", "was", "now", "fault"),
    [
        ("{base: nowhere, rcpt_to: a@b.example}", "", "", 'there is no base "nowhere"'),
        ("{base: mx}", "", "", "rcpt_to"),
        ("{base: mx, rcpt_to: a@b.example, data: x}", "", "", "data"),
        ("{base: mx, rcpt_to: a@b.example}\n          method: GET", "", "", '"smtp" has no "method"'),
        (PLAIN, "mx, auth: true", "mx", "needs auth: true"),
        ('{base: mx, rcpt_to: "${{ targte }}@b.example"}', "", "", "targte"),
    ],
)
def test_faults_are_found_before_anything_is_called(smtp: str, was: str, now: str, fault: str) -> None:
    """With the place."""
    with pytest.raises(ConfigError) as caught:
        compiled(smtp, was, now)
    assert any(fault in line and "gate.yaml:" in line for line in caught.value.faults), caught.value.faults
