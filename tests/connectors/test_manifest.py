"""Manifests: what is wrong with one is told at once, with places; and what a right one makes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from irtool.connectors import connector, hold, kinds, needs
from irtool.connectors.compiled import segment
from irtool.connectors.manifest import load_manifest
from irtool.errors import ConfigError, PlaybookError, Rejected
from irtool.records import Call, Look, Reply

PANEL = Path(__file__).parent / "panel.yaml"

BROKEN = """\
connector: broken
settings:
  url: {required: true}
auth: {kind: beerer}
ping:
  requests: [{method: GET, path: /}]
  answer: "'x'"
verbs: {}
"""

WRONG = """\
connector: wrong
settings:
  url: {required: true}
bases:
  scan: {setting: scan_ur}
ping:
  requests: [{method: GET, path: version}]
  answer: "'x' ~"
blocks:
  loop: [{use: loop}]
  find:
    - method: GET
      path: "/u/${{ given.id }}"
      capture: {user: reply.json}
verbs:
  domain.blok:
    look:
      requests:
        - use: find
        - use: fnd
        - {method: POST, path: /x, base: scna}
      state: got.usr
    change:
      requests:
        - {method: GET, path: "/${{ taget }}", headers: {X: "${{ settings.page }}"}}
        - {when: before.x, let: {a: {has_lien: [target]}}}
    undo:
      requests: []
"""


def faults(text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load_manifest(text, "m.yaml")
    return list(caught.value.faults)


def test_a_misspelt_value_is_found_with_its_place() -> None:
    said = '"kind" must be one of none, bearer, basic, header, setting, oauth2, not "beerer". Did you mean "bearer"?'
    assert faults(BROKEN) == [f"m.yaml:4:8  {said}"]


def test_all_faults_at_once_with_places() -> None:
    found = faults(WRONG)
    for line in [
        'm.yaml:10:11  the block "loop" uses itself',
        'm.yaml:5:10  there is no setting "scan_ur"',
        'm.yaml:7:28  a path begins with "/"',
        'm.yaml:16:3  there is no verb "domain.blok". Did you mean "domain.block"?',
        'm.yaml:19:11  the block "find" needs given: {id: …}',
        'm.yaml:20:11  there is no block "fnd". Did you mean "find"?',
        'm.yaml:21:36  there is no base "scna". Did you mean "scan"?',
        "m.yaml:17:5  a request here changes something; if it only reads, say so with reads: true",
        'm.yaml:22:7  nothing was got as "usr" before this. Did you mean "user"?',
        'm.yaml:25:25  "taget" is not known here. Did you mean "target"?',
        'm.yaml:25:58  there is no setting "page".',
        'm.yaml:26:12  "before" is not known here.',
        'm.yaml:26:34  "has_lien" is not one function. Did you mean "has_line"?',
    ]:
        assert line in found, "\n".join(found)
    assert any(f.startswith("m.yaml:8:3  ''x' ~'") for f in found)


def test_a_call_in_an_expression_is_refused() -> None:
    assert "functions cannot be called" in faults(BROKEN.replace("beerer", "bearer").replace("'x'", "range(3)"))[0]


def test_kinds_and_needs() -> None:
    assert {"http", "postfix-queue", "rspamd", "scim"} <= set(kinds())
    rspamd = needs("rspamd")
    assert (rspamd.auth, rspamd.secrets, rspamd.required) == ("header", ("password",), ("url",))
    assert rspamd.verbs == ("account.disable", "address.block", "domain.block", "ip.block")
    assert needs("http").secrets == ("token", "password", "key", "secret")
    assert needs("postfix-queue").required == ()


@pytest.mark.parametrize("kind", kinds())
def test_every_shipped_kind_loads(kind: str) -> None:
    made = connector("box", kind, dict.fromkeys(needs(kind).required, "http://box.test"))
    assert made.name == "box"
    for verb in made.verbs():
        assert made.traits(verb).in_doubt in {"resend", "verify", "ask"}


@pytest.mark.parametrize(
    ("kind", "settings", "words"),
    [
        ("rspamd", {}, '"url" is missing'),
        ("rspamd", {"url": "http://x", "scan_ulr": "y"}, 'Did you mean "scan_url"?'),
        ("rspamd", {"url": "http://x", "maps": {"dommain": "y"}}, '"maps" is a mapping that may have domain'),
        ("http", {"url": "http://x", "auth": "heeader"}, "auth is none, bearer, basic"),
    ],
)
def test_settings_are_checked(kind: str, settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        connector("box", kind, settings)
    assert words in "\n".join([caught.value.message, *caught.value.faults])


def test_an_unknown_kind_and_an_unreadable_manifest(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r'no kind of connector "rspmad"\. Did you mean "rspamd"'):
        connector("box", "rspmad", {})
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        connector("box", str(tmp_path / "none.yaml"), {})
    (tmp_path / "bad.yaml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="not UTF-8"):
        connector("box", str(tmp_path / "bad.yaml"), {})


def test_a_users_manifest_by_path() -> None:
    made: Any = connector("p", str(PANEL), {"url": "http://panel.test"})
    traits = made.traits("ip.block")
    assert (traits.in_doubt, traits.lock, traits.concurrency, traits.per_second) == ("resend", "list blocked", 2, 5.0)
    assert (traits.undoable, traits.verifies) == (True, False)
    assert made.address.bases == {"": "http://panel.test"}
    assert (made.address.proof.kind, made.address.proof.header, made.address.proof.secret) == (
        "header", "X-Api-Key", "key",
    )  # fmt: skip
    with pytest.raises(PlaybookError, match=r"cannot domain\.block"):
        made.traits("domain.block")


def test_a_verb_is_offered_only_where_it_is_set_up() -> None:
    assert connector("p", str(PANEL), {"url": "u", "lists": {"ip": ""}}).verbs() == frozenset({"http.call"})
    assert "account.disable" not in connector("r", "rspamd", {"url": "u"}).verbs()
    assert "account.disable" in connector("r", "rspamd", {"url": "u", "maps": {"user": "users.map"}}).verbs()


def test_the_scan_worker_is_not_given_the_password() -> None:
    made: Any = connector("r", "rspamd", {"url": "http://c", "scan_url": "http://s"})
    assert made.address.bases == {"": "http://c", "scan": "http://s"}
    assert made.address.authenticated == frozenset({""})
    assert made.traits("domain.block").verifies is True
    assert made.traits("domain.block").lock == "http://c rcpt_domains.map"


def test_a_credential_of_ones_own_choice() -> None:
    made: Any = connector("p", "http", {"url": "http://c", "auth": "header X-Key"})
    assert (made.address.proof.kind, made.address.proof.header, made.address.proof.secret) == ("header", "X-Key", "key")


def first_call(target: str) -> Call:
    conversation = connector("p", str(PANEL), {"url": "u"}).look("ip.block", target, {})
    return next(conversation)


@given(st.text())
def test_a_target_is_one_segment_of_the_path(target: str) -> None:
    """Whatever the target is, it is the last segment, or it is refused."""
    if target in {"", ".", ".."} or any("\ud800" <= c <= "\udfff" for c in target):
        with pytest.raises(Rejected):
            first_call(target)
        return
    path = first_call(target).path
    assert path.startswith("/lists/blocked/")
    assert path.count("/") == 3
    assert unquote(path.rsplit("/", 1)[-1]) == target
    assert not set(path) & set("?# \r\n\\")


def test_only_texts_and_numbers_are_segments() -> None:
    assert (segment("a b"), segment(7)) == ("a%20b", "7")
    for bad in (True, None, [1], {}):
        with pytest.raises(TypeError):
            segment(bad)


def test_a_header_cannot_be_broken_out_of(scripted: Any) -> None:
    made = connector("s", "scim", {"url": "u"})
    found = {"totalResults": 1, "Resources": [{"id": "1", "userName": "a@x.example"}]}
    user = {"id": "1", "active": True, "meta": {"version": 'x"\r\nX-Evil: 1'}}
    answers = (Reply(200, json.dumps(found)), Reply(200, json.dumps(user)))
    with pytest.raises(Rejected, match="If-Match cannot hold"):
        hold(made.change("account.disable", "a@x.example", {}, Look("active"), "k"), scripted(*answers))


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("merges: got.lines", 'nothing was got as "lines" before this.'),
        ("varies: {etag: sen.etag}", '"sen" is not known here. Did you mean "seen"?'),
        ("reads: true, merges: target", '"merges" and "varies" are for a request that changes something'),
        ("varies: [etag]", '"varies" must be a mapping of keys to values, not a list'),
    ],
)
def test_what_an_approval_leaves_out_is_checked(more: str, said: str) -> None:
    text = BROKEN.replace("beerer", "bearer").replace(
        "verbs: {}",
        "verbs:\n  account.disable:\n    look: {requests: [{method: GET, path: /}], state: \"'active'\"}\n"
        f"    change:\n      requests:\n        - {{method: POST, path: /, {more}}}",
    )
    assert [fault.partition("  ")[2] for fault in faults(text)] == [said]
