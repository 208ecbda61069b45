"""Exports: what other people's machines load, with nothing in it that must not leave and nothing that could hurt."""

from __future__ import annotations

import csv
import io
import ipaddress
import json
import re
import unicodedata
import uuid
from collections.abc import Mapping
from typing import Any

import dns.zone
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pymisp import MISPEvent
from stix2patterns.validator import run_validator
from stix2validator import ValidationOptions, validate_string

from irtool.errors import UsageError
from irtool.tell import clean
from irtool.tell.exports import FORMATS, Rules, envelope, export, shared
from irtool.tell.exports.indicators import Indicator, Shared, spelled
from irtool.tell.exports.stix import pattern
from irtool.tell.exports.tlp import LEVELS, MARKINGS, level

Facts = dict[str, Any]
TIMES = {"first_seen": "2025-04-13T18:00:00Z", "last_seen": "2025-04-15T16:20:00.250000Z"}
OPEN = Rules(lambda _verb, _target: "", lambda _domain: False, ("gateway.example",))
NASTY = st.text(
    st.sampled_from(list("=+-@|%'\"\\\r\n\t ;#,/.:<>()[]{}!~*aZ0\x00\x1b\u202e\u2028ü")), max_size=30
) | st.sampled_from(
    ["a@b.example\nevil.example REJECT", "x.example #", "1.2.3.4\r\n0.0.0.0/0", "=cmd|' /C calc'!A0@x.example"]
)


def counted(value: str, **more: object) -> Facts:
    """One figure of the findings."""
    return {"value": value, "messages": 90, "innocent": 10, "confidence": 0.92, **TIMES, **more}


def facts(**campaign: object) -> Facts:
    """An incident that blocked a domain, two of three IPs and one address, and took one block back."""
    return {
        "incident": "INC-2025-0001", "title": "Spam through us", "status": "contained",
        "opened_at": "2025-04-14T16:52:00Z", "as_of": "2025-04-19T04:59:00.123456Z",
        "complaints": [{
            "message_id": "<a1@trial7.example>",
            "indicators": [
                {"type": "url", "value": "https://Win-Prizes.example:8443/go/now?u=victim@far.example#x"},
                {"type": "address", "value": "victim@far.example"},
            ],
        }],
        "actions": {
            "domain.block": {"done": ["win-prizes.example"]},
            "ip.block": {"done": ["198.51.100.7"], "already": ["2001:db8::7"], "undone": ["203.0.113.9"]},
            "address.block": {"done": ["sales@trial7.example"]},
        },
        "campaign": {
            "from_log": True, "relays": [],
            "destination_domains": [counted("win-prizes.example"), counted("far.example", confidence=0.31)],
            "source_ips": [counted("198.51.100.7"), counted("2001:DB8:0::7"), counted("203.0.113.9")],
            "sender_addresses": [counted("Sales@Trial7.example"), counted("boss@acme.example")],
            "spoofed_addresses": [counted("info@gateway.example"), counted("anna@acme.example"),
                                  counted("paolo@elsewhere.example")],
            "affected_customers": [{"id": "c1", "name": "ACME", "domain": "acme.example, acme.test", "messages": 4}],
            "accounts": [{"id": "t-7", "name": "Mario Rossi", "messages": 90, "partner": "Shop"}],
            **campaign,
        },
    }  # fmt: skip


def written(format_: str, data: Facts | None = None, *, rules: Rules = OPEN, tlp: str = "amber", **more: Any) -> str:
    """The export of the facts."""
    data = data or facts()
    return export(shared(data, rules, tlp), envelope(data, "Example Mail", tlp), format_, **more)


def kept(data: Facts, rules: Rules = OPEN, tlp: str = "amber") -> dict[str, Indicator]:
    """The indicators by value."""
    return {i.value: i for i in shared(data, rules, tlp).indicators}


def test_what_may_be_blocked_and_what_is_for_looking_only() -> None:
    """Blocked here or as sure: yes. Forged, seldom, from a complaint: no. Taken back by people: not even to look."""
    found = kept(facts())
    assert {v for v, i in found.items() if i.block} == {
        "win-prizes.example", "198.51.100.7", "2001:db8::7", "sales@trial7.example",
    }  # fmt: skip
    assert {v: i.role for v, i in found.items() if not i.block} == {
        "far.example": "destination",
        "info@gateway.example": "forged",
        "https://win-prizes.example:8443/go/now": "link",
        "a1@trial7.example": "message",
    }
    assert shared(facts(), OPEN, "amber").left_out == 4  # the IP taken back, the customer's two, the stranger's one


@pytest.mark.parametrize("tlp", LEVELS)
@pytest.mark.parametrize("format_", FORMATS)
def test_customers_and_people_never_leave(format_: str, tlp: str) -> None:
    """Neither impersonated customers nor their accounts, readers, reporters and strangers, under any marking."""
    for kind in ("domain", "ip", "address") if format_ == "blocklist" else ("",):
        text = written(format_, tlp=tlp, kind=kind).lower()
        for secret in ("acme", "anna", "boss", "victim", "paolo", "rossi", "t-7", "shop", "203.0.113.9"):
            assert secret not in text


def test_what_the_provider_knows_to_be_a_customers_stays() -> None:
    """Also of customers who were not impersonated: their stolen accounts, their hosts, links to their sites."""
    rules = Rules(
        lambda _v, _t: "", lambda d: d.endswith(("trial7.example", "win-prizes.example")), ("gateway.example",)
    )
    assert set(kept(facts(), rules)) == {"198.51.100.7", "2001:db8::7", "far.example", "info@gateway.example"}


def test_users_of_a_mailbox_provider_are_customers() -> None:
    """In its own domain only functions are the provider's; whoever was forged besides is a person."""
    forged = [counted(f"{who}@gateway.example") for who in ("info", "No-Reply", "paperino1234", "mario.rossi")]
    found = kept(facts(spoofed_addresses=forged))
    assert {v for v, i in found.items() if i.role == "forged"} == {"info@gateway.example", "no-reply@gateway.example"}


def test_a_guard_has_the_last_word() -> None:
    """What a guard would refuse today is no indicator, even if it was blocked."""
    rules = Rules(lambda verb, target: "protected" if (verb, target) == ("domain.block", "win-prizes.example") else "",
                  lambda _d: False, ("gateway.example",))  # fmt: skip
    assert "win-prizes.example" not in kept(facts(), rules)
    text = written("blocklist", rules=rules, kind="domain")
    assert [line for line in text.splitlines() if not line.startswith("#")] == []


def test_public_markings_tell_less() -> None:
    """CLEAR and GREEN: only what may be blocked and the provider's own forged addresses; nothing of innocent mail."""
    found = kept(facts(), tlp="green")
    assert {v for v, i in found.items() if not i.block} == {"info@gateway.example"}
    assert all(i.innocent is None for i in found.values())
    assert kept(facts())["win-prizes.example"].innocent == 10


def test_what_was_taken_back_does_not_come_in_by_another_door() -> None:
    """The IP whose block was undone is a relay of the complaint too."""
    relays = [{"ip": "203.0.113.9", "by": "mx.other.example"}, {"ip": "203.0.113.10", "by": "out.gateway.example"}]
    found = kept(facts(relays=relays))
    assert "203.0.113.9" not in found
    assert {v: i.role for v, i in found.items() if i.role == "relay"} == {
        "203.0.113.10": "relay",
        "mx.other.example": "relay",
    }
    assert not found["mx.other.example"].block


def test_without_a_log_the_destinations_are_those_who_complained() -> None:
    """Their domains are no indicators; what was blocked all the same is."""
    found = kept(facts(from_log=False))
    assert "far.example" not in found
    assert found["win-prizes.example"].block


def test_a_link_loses_what_may_name_its_reader() -> None:
    urls = ["http://x.example/a?id=me@far.example", "http://u:p@x.example/#me", "ftp://x.example", "http://[::1]/x",
            "javascript:alert(1)", "http://x.example/a b\nc", "http://acme.example/x",
            "https://gateway.example/x"]  # fmt: skip
    data = facts()
    data["complaints"][0]["indicators"] = [{"type": "url", "value": u} for u in urls]
    links = {v for v, i in kept(data).items() if i.kind == "url"}
    assert links == {"http://x.example/a", "http://x.example/", "http://[::1]/x"}


def test_csv() -> None:
    """One row each, values raw, and with --defang nothing to click."""
    rows = list(csv.DictReader(io.StringIO(written("csv"))))
    assert rows[0] == {
        "type": "domain", "value": "win-prizes.example", "role": "destination", "block": "yes", "messages": "90",
        "innocent": "10", "first_seen": "2025-04-13T18:00:00Z", "last_seen": "2025-04-15T16:20:00.250000Z",
        "confidence": "0.92", "incident": "INC-2025-0001", "tlp": "TLP:AMBER",
    }  # fmt: skip
    assert {r["type"] for r in rows} == {"domain", "ip", "address", "url", "message_id"}
    assert {r["type"] for r in csv.DictReader(io.StringIO(written("csv", kind="ip")))} == {"ip"}
    defanged = list(csv.DictReader(io.StringIO(written("csv", defang=True))))
    assert defanged[0]["value"] == "win-prizes[.]example"


def objects(text: str) -> dict[str, list[Facts]]:
    """The objects of a bundle by type."""
    found: dict[str, list[Facts]] = {}
    for one in json.loads(text)["objects"]:
        found.setdefault(one["type"], []).append(one)
    return found


@pytest.mark.parametrize("tlp", LEVELS)
def test_stix_is_valid(tlp: str) -> None:
    """By OASIS' validator with all its warnings as errors, but for the advice to make ids at random (103)."""
    text = written("stix", tlp=tlp)
    result = validate_string(text, ValidationOptions(version="2.1", strict=True, disabled=["103"]))
    assert result.is_valid, [str(e) for e in result.errors]
    found = objects(text)
    assert found["marking-definition"][0]["id"] == MARKINGS[tlp]
    assert found["marking-definition"][0]["extensions"].popitem()[1]["tlp_2_0"] == tlp
    assert {i["name"] for i in found["indicator"]} == {v for v, i in kept(facts(), tlp=tlp).items() if i.block}
    known = {o["id"] for each in found.values() for o in each}
    assert set(found["report"][0]["object_refs"]) == known - {MARKINGS[tlp], found["report"][0]["id"]}
    assert all({r["source_ref"], r["target_ref"]} <= known for r in found["relationship"])


def test_the_validator_is_awake() -> None:
    text = written("stix").replace('"pattern_type": "stix",', "")
    assert not validate_string(text, ValidationOptions(version="2.1")).is_valid


def test_stix_without_any_indicator_is_valid() -> None:
    """An incident of which nothing may leave."""
    rules = Rules(lambda _v, _t: "no", lambda _d: True, ())
    text = written("stix", rules=rules, tlp="clear")
    assert validate_string(text, ValidationOptions(version="2.1", strict=True, disabled=["103"])).is_valid
    assert "indicator" not in objects(text)


def test_ids_are_the_same_each_time_and_other_for_others() -> None:
    """UUIDv5: imported twice it is one; of another incident or organisation it is another."""
    text = written("stix")
    assert text == written("stix")
    found = {o["id"] for each in objects(text).values() for o in each}
    assert {uuid.UUID(i.split("--")[1]).version for i in found if not i.startswith("marking-")} == {5}
    other = facts() | {"incident": "INC-2025-0002"}
    shared_ids = found & {o["id"] for each in objects(written("stix", other)).values() for o in each}
    assert {i.split("--")[0] for i in shared_ids} == {
        "marking-definition", "identity", "domain-name", "ipv4-addr", "ipv6-addr", "email-addr", "url",
    }  # fmt: skip


def test_observables_have_the_ids_that_everybody_gives_them() -> None:
    """The example of the standard for an IPv4 address, computed by its rules."""
    found = objects(written("stix", facts(source_ips=[counted("198.51.100.3")])))
    assert found["ipv4-addr"][0]["id"] == "ipv4-addr--" + str(
        uuid.uuid5(uuid.UUID("00abedb4-aa42-466c-9c01-fed23315a9b7"), '{"value":"198.51.100.3"}')
    )
    assert found["ipv4-addr"][0]["id"] == "ipv4-addr--28bb3599-77cd-5a82-a950-b5bc3caf07c4"


@given(NASTY, st.sampled_from(["domain", "address", "url"]))
@example("x'] OR [file:name = 'y", "domain")
@example("\\", "address")
def test_a_pattern_holds_one_value_whatever_it_is(value: str, kind: str) -> None:
    """Escaped, it is one comparison of a valid pattern."""
    plain = "".join(c for c in value if c.isprintable())
    text = pattern(Indicator(kind, plain, "sender"))
    assert run_validator(text, stix_version="2.1") == []
    strings = re.findall(r"'((?:[^'\\]|\\.)*)'", text)
    assert {re.sub(r"\\(.)", r"\1", s) for s in strings} == {plain}


def test_networks_are_matched_as_such() -> None:
    found = objects(written("stix", facts(source_ips=[counted("198.51.100.0/24")])))
    assert found["indicator"][1]["pattern"] == "[ipv4-addr:value ISSUBSET '198.51.100.0/24']"


def test_misp_loads_it() -> None:
    """PyMISP reads the event; only what may be blocked goes to detection; times and tags arrive."""
    event = MISPEvent()
    event.load(written("misp"))
    assert event.info == "INC-2025-0001: Spam through us"
    assert {t.name for t in event.tags} == {"tlp:amber", 'rsit:abusive-content="spam"'}
    assert not event.published
    assert {a.value for a in event.attributes if a.to_ids} == {v for v, i in kept(facts()).items() if i.block}
    assert {a.type for a in event.attributes} == {"domain", "ip-src", "email-src", "url", "email-message-id"}
    first = next(a for a in event.attributes if a.value == "win-prizes.example")
    assert first.first_seen.isoformat() == "2025-04-13T18:00:00+00:00"
    assert first.comment == "destination: 90 messages, 10 others that a block would hit"
    assert written("misp") == written("misp")
    assert json.loads(written("misp", tlp="red"))["Event"]["distribution"] == "0"


def lines(text: str, mark: str = "#") -> list[str]:
    """The lines of a block list that are no comment."""
    return [line for line in text.splitlines() if not line.startswith(mark)]


@pytest.mark.parametrize(
    ("kind", "style", "expected"),
    [
        ("domain", "plain", ["win-prizes.example"]),
        ("ip", "plain", ["198.51.100.7", "2001:db8::7"]),
        ("address", "rspamd", ["sales@trial7.example"]),
        ("domain", "postfix", ["win-prizes.example\tREJECT", ".win-prizes.example\tREJECT"]),
        ("ip", "postfix", ["198.51.100.7\tREJECT", "2001:db8::7\tREJECT"]),
    ],
)
def test_block_lists(kind: str, style: str, expected: list[str]) -> None:
    """One value a line, in order, under a head that says whose it is, of which incident, and when."""
    text = written("blocklist", kind=kind, style=style)
    assert lines(text) == expected
    head = [line for line in text.splitlines() if line.startswith("#")]
    assert head[0] == "# Example Mail, incident INC-2025-0001, TLP:AMBER"
    assert head[1].endswith(f"as of 2025-04-19T04:59:00.123456Z: {len(kept_of(kind))}")


def kept_of(kind: str) -> list[str]:
    """What may be blocked of that kind."""
    return [v for v, i in kept(facts()).items() if i.block and i.kind == kind]


@pytest.mark.parametrize(
    ("ip", "owner"),
    [
        ("198.51.100.7", "32.7.100.51.198.rpz-ip"),
        ("198.51.100.0/24", "24.0.100.51.198.rpz-ip"),
        ("2001:db8::7", "128.7.zz.db8.2001.rpz-ip"),
        ("2001:db8::/32", "32.zz.db8.2001.rpz-ip"),
        ("2001:db8:1:2:3:4:5:6", "128.6.5.4.3.2.1.db8.2001.rpz-ip"),
    ],
)
def test_a_response_policy_zone(ip: str, owner: str) -> None:
    """Domains with what is below them; addresses backwards, the zeros of IPv6 as zz."""
    data = facts(source_ips=[counted(ip)])
    text = written("blocklist", data, kind="ip", style="rpz")
    assert lines(text, ";")[-1] == f"{owner}\tCNAME\t."
    assert lines(text, ";")[:3] == [
        "$TTL 300", "@\tIN\tSOA\tlocalhost. hostmaster.localhost. ( 1745038740 3600 600 86400 300 )",
        "@\tIN\tNS\tlocalhost.",
    ]  # fmt: skip
    assert [str(name) for name in dns.zone.from_text(text, origin="rpz.example").nodes] == ["@", owner]
    zone = lines(written("blocklist", data, kind="domain", style="rpz"), ";")
    assert zone[3:] == ["win-prizes.example\tCNAME\t.", "*.win-prizes.example\tCNAME\t."]


@given(NASTY, NASTY, st.sampled_from(["plain", "postfix", "rspamd", "rpz"]))
@example("x", "#x@trial7.example", "plain")
@example("x", "!x@trial7.example", "plain")
@example("x", "/x/@trial7.example", "postfix")
def test_nothing_gets_into_a_block_list_but_values(text: str, value: str, style: str) -> None:
    """Neither by the incident's name nor by a value: every line is a comment or one well-formed value."""
    rows = [counted(v) for v in (value, f"{value}@trial7.example", f"{value}.example", "198.51.100.9")]
    data = facts(destination_domains=rows, source_ips=rows, sender_addresses=rows) | {"incident": text, "title": text}
    for kind in ("domain", "ip", "address") if style != "rpz" else ("domain", "ip"):
        out = written("blocklist", data, kind=kind, style=style)
        mark = ";" if style == "rpz" else "#"
        assert out == "".join(f"{line}\n" for line in out.split("\n")[:-1])
        for line in lines(out, mark)[3 if style == "rpz" else 0 :]:
            said, *rest = line.split("\t")
            assert rest in ([], ["REJECT"], ["CNAME", "."])
            if style == "rpz":
                assert re.fullmatch(r"(\*\.)?[a-z0-9._-]+", said)
            elif kind == "ip":
                ipaddress.ip_network(said)
            else:
                assert re.fullmatch(r"\.?[A-Za-z0-9_][A-Za-z0-9._+=~&@-]*", said)


@given(NASTY, NASTY)
def test_hostile_text_in_the_other_formats(text: str, value: str) -> None:
    """CSV has no formula and no more rows; STIX and MISP stay JSON that says the same, with nothing invisible in it."""
    rows = [counted(v) for v in (value, f"{value}@trial7.example", "198.51.100.9")]
    data = facts(destination_domains=rows, source_ips=rows, sender_addresses=rows) | {"incident": text, "title": text}
    found = kept(data)
    for row in csv.reader(io.StringIO(written("csv", data))):
        assert len(row) == 11
        assert not any(cell.lstrip().startswith(("=", "+", "-", "@", "|", "%")) for cell in row)
    assert len(list(csv.reader(io.StringIO(written("csv", data))))) == len(found) + 1
    for format_ in ("stix", "misp"):
        out = written(format_, data)
        assert out.isascii()
        assert not {unicodedata.category(c) for c in _strings(json.loads(out))} & clean.HIDDEN


def _strings(value: Any) -> str:
    """All text in a JSON value."""
    if isinstance(value, dict):
        return "".join(f"{k}{_strings(v)}" for k, v in value.items())
    return "".join(map(_strings, value)) if isinstance(value, list) else value if isinstance(value, str) else ""


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        ("ip", "::ffff:198.51.100.7", "198.51.100.7"),
        ("ip", "198.51.100.7/24", None),
        ("ip", "198.51.100.007", None),
        ("domain", "Bücher.Example.", "xn--bcher-kva.example"),
        ("domain", "198.51.100.7", None),
        ("domain", "com", None),
        ("address", "A.B+c@Bücher.example", "a.b+c@xn--bcher-kva.example"),
        ("address", '"a b"@x.example', None),
        ("address", "a@b@x.example", None),
    ],
)
def test_one_spelling(kind: str, text: str, expected: str | None) -> None:
    assert spelled(kind, text) == expected


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"format_": "xlsx"}, "there is csv, stix, misp, blocklist"),
        ({"format_": "csv", "kind": "account"}, "there is domain"),
        ({"format_": "blocklist"}, "holds one kind: domain, ip, address"),
        ({"format_": "blocklist", "kind": "url"}, "holds one kind"),
        ({"format_": "blocklist", "kind": "address", "style": "rpz"}, "holds one kind: domain, ip"),
        ({"format_": "blocklist", "kind": "ip", "style": "dns"}, "there is plain"),
        ({"format_": "stix", "defang": True}, "read by machines"),
    ],
)
def test_what_there_is_not_is_refused(more: Mapping[str, Any], said: str) -> None:
    """With what there is, and a command to type."""
    with pytest.raises(UsageError, match=said) as refused:
        written(**more)
    assert refused.value.hint.startswith("irtool indicators ")


def test_markings_by_any_of_their_names() -> None:
    assert [level(t) for t in ("TLP:AMBER+STRICT", "white", " Red ")] == ["amber+strict", "clear", "red"]
    with pytest.raises(UsageError, match="there is clear"):
        level("purple")


def test_two_thousand_addresses_at_once() -> None:
    """A list that is cut is still whole JSON, with the largest first."""
    many = Shared(tuple(Indicator("ip", f"198.51.{n // 250}.{n % 250}", "source", n, block=True) for n in range(2000)))
    text = export(many, envelope(facts(), "x", "clear"), "stix")
    assert len(objects(text)["indicator"]) == 2000
