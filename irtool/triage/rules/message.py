"""The field values of a complaint. All of it is the sender's word; `irtool.intake` has put caps on everything."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

from irtool.intake import addresses, charsets, headers
from irtool.intake.domains import domain_of, registrable
from irtool.records import Complaint, Hop
from irtool.triage.rules.values import AnyValues, Value, Values
from irtool.triage.seeds import Ownership, first_external_ip

Owner = Callable[[str], str | None]
"""domain -> the account that owns it, None if it is not hosted here."""


@dataclass(frozen=True)
class Message:
    """A complaint, and the directory to ask about its domains (None if there is none)."""

    complaint: Complaint
    owner: Owner | None

    @cached_property
    def headers(self) -> Mapping[str, Sequence[str]]:
        """The values of each header, by its name in lower case; empty ones left out."""
        found: dict[str, list[str]] = {}
        for name, value in self.complaint.headers:
            key = name.lower()
            if not value:
                continue
            if key in found:
                found[key].append(value)
            else:
                found[key] = [value]
        return found


def message_values(complaint: Complaint, owner: Owner | None = None) -> AnyValues:
    """The values that signatures ask about."""
    return Values(Message(complaint, owner), _GETTERS, hops=_hops(complaint.hops))


def _hops(hops: Sequence[Hop]) -> Callable[[AnyValues], Sequence[AnyValues]]:
    return lambda around: [Values(hop, _HOP, around=around) for hop in hops]


def _some(*values: Value | None) -> tuple[Value, ...]:
    return tuple(value for value in values if value is not None)


def _unique(values: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for value in values if value))


def _domains(found: Sequence[str]) -> tuple[str, ...]:
    return _unique(domain_of(address) for address in found)


def _registered(found: Sequence[str]) -> tuple[str, ...]:
    return _unique(registrable(domain) or domain for domain in _domains(found))


def _locals(found: Sequence[str]) -> tuple[str, ...]:
    return _unique(address.rpartition("@")[0] for address in found)


def _owners(message: Message, found: Sequence[str]) -> tuple[str, ...]:
    if message.owner is None:
        return ()
    owners = [message.owner(domain) for domain in _domains(found)]
    return tuple(dict.fromkeys(owner for owner in owners if owner is not None))


def _envelope(message: Message) -> tuple[str, ...]:
    return (message.complaint.envelope_from,) if message.complaint.envelope_from else ()


def _header(*names: str) -> Callable[[Message], tuple[Value, ...]]:
    def get(message: Message) -> tuple[Value, ...]:
        return tuple(charsets.decode_words(value) for name in names for value in message.headers.get(name, ()))

    return get


def _from_name(message: Message) -> tuple[str, ...]:
    """The From without its address, quotes and brackets; an address in an encoded word belongs to the name."""
    names = []
    for value in message.headers.get("from", ()):
        shown = charsets.decode_words(value[: headers.MAX_VALUE]).strip()
        cut, _, end = shown.rpartition("<")
        name = cut if ">" in end else shown.replace(addresses.find(value).best or "\0", "")
        names.append(" ".join(name.strip(" \t\"'").split()))
    return _unique(names)


def _name_domains(message: Message) -> tuple[str, ...]:
    shown = [one for name in _from_name(message) for one in addresses.find(name).addresses]
    return _unique(registrable(domain) for domain in _domains(shown))


def _id_domain(message: Message) -> str | None:
    _, at, domain = (message.complaint.message_id or "").rpartition("@")
    return domain if at and domain else None


def _dkim(message: Message) -> tuple[str, ...]:
    tags = [tag for value in message.headers.get("dkim-signature", ()) for tag in value.split(";")[:50]]
    return _unique(tag.partition("=")[2].strip() for tag in tags if tag.partition("=")[0].strip().lower() == "d")


def _indicators(message: Message, kind: str) -> list[str]:
    return [one.value for one in message.complaint.indicators if one.type == kind]


def _url_domains(message: Message) -> tuple[str, ...]:
    hosts = [url.partition("://")[2].partition("/")[0].rpartition("@")[2] for url in _indicators(message, "url")]
    return _unique(registrable(host.partition(":")[0]) for host in hosts)


def moment(complaint: Complaint) -> datetime | None:
    """When the message came: what the newest hop says, then its Date, then the complaint's own."""
    newest = complaint.hops[0].time if complaint.hops else None
    return newest or complaint.date or complaint.received_at


def _day(time: datetime | None) -> str | None:
    return time.astimezone(UTC).date().isoformat() if time else None


_GETTERS: Mapping[str, Callable[[Message], tuple[Value, ...]]] = {
    "env_from": lambda m: _some(m.complaint.envelope_from),
    "env_null": lambda m: _some(m.complaint.envelope_null),
    "env_domain": lambda m: _domains(_envelope(m)),
    "env_owner": lambda m: _owners(m, _envelope(m)),
    "env_registered": lambda m: _registered(_envelope(m)),
    "from": lambda m: m.complaint.from_,
    "from_domain": lambda m: _domains(m.complaint.from_),
    "from_local": lambda m: _locals(m.complaint.from_),
    "from_owner": lambda m: _owners(m, m.complaint.from_),
    "from_registered": lambda m: _registered(m.complaint.from_),
    "from_count": lambda m: (len(m.complaint.from_),),
    "from_ambiguous": lambda m: (m.complaint.ambiguous_from,),
    "from_name": _from_name,
    "from_name_domain": _name_domains,
    "sender": lambda m: m.complaint.sender,
    "sender_domain": lambda m: _domains(m.complaint.sender),
    "sender_local": lambda m: _locals(m.complaint.sender),
    "sender_owner": lambda m: _owners(m, m.complaint.sender),
    "sender_registered": lambda m: _registered(m.complaint.sender),
    "reply_to": lambda m: m.complaint.reply_to,
    "reply_to_domain": lambda m: _domains(m.complaint.reply_to),
    "reply_to_registered": lambda m: _registered(m.complaint.reply_to),
    "account": lambda _: (),
    "directory": lambda m: (m.owner is not None,),
    "subject": lambda m: _some(m.complaint.subject.strip() if m.complaint.subject else None),
    "message_id": lambda m: _some(m.complaint.message_id),
    "message_id_domain": lambda m: _some(_id_domain(m)),
    "message_id_registered": lambda m: _some(registrable(_id_domain(m) or "")),
    "recipient": lambda m: m.complaint.recipients,
    "recipient_domain": lambda m: _domains(m.complaint.recipients),
    "recipient_count": lambda m: (len(m.complaint.recipients),),
    "src_ip": lambda m: _some(first_external_ip(m.complaint.hops, Ownership(None, ()))),
    "size": lambda m: (m.complaint.size,),
    "day": lambda m: _some(_day(moment(m.complaint))),
    "x_mailer": lambda m: _some(m.complaint.x_mailer),
    "x_mimeole": lambda m: _some(m.complaint.x_mimeole),
    "user_agent": _header("user-agent"),
    "content_type": _header("content-type"),
    "auto_submitted": _header("auto-submitted"),
    "precedence": _header("precedence"),
    "list_id": _header("list-id"),
    "list_unsubscribe": _header("list-unsubscribe"),
    "in_reply_to": _header("in-reply-to", "references"),
    "x_php_script": _header("x-php-originating-script", "x-php-script"),
    "dkim_domain": _dkim,
    "header_name": lambda m: tuple(m.headers),
    "url_domain": _url_domains,
    "attachment_sha256": lambda m: tuple(_indicators(m, "sha256")),
    "x_originating_ip": lambda m: tuple(value.strip("[] ") for value in m.headers.get("x-originating-ip", ())),
    "hop_count": lambda m: (len(m.complaint.hops),),
}
_HOP: Mapping[str, Callable[[Hop], tuple[Value, ...]]] = {
    "hop.n": lambda hop: (hop.n,),
    "hop.helo": lambda hop: _some(hop.helo),
    "hop.helo_registered": lambda hop: _some(registrable(hop.helo or "")),
    "hop.rdns": lambda hop: _some(hop.rdns),
    "hop.rdns_registered": lambda hop: _some(registrable(hop.rdns or "")),
    "hop.ip": lambda hop: _some(hop.ip),
    "hop.by": lambda hop: _some(hop.by),
    "hop.by_registered": lambda hop: _some(registrable(hop.by or "")),
    "hop.with": lambda hop: _some(hop.with_),
    "hop.auth": lambda hop: (hop.auth,),
    "hop.tls": lambda hop: (hop.tls,),
    "hop.trusted": lambda hop: (hop.trusted,),
    "hop.day": lambda hop: _some(_day(hop.time)),
}
