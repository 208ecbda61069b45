"""Whether notices leave by a way of their own, and what else can be wrong with them, before the night it matters."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Iterable, Iterator, Mapping
from email.utils import parseaddr

from irtool.adapters.smtp import route
from irtool.config import Config, NoticeSettings
from irtool.errors import ConfigError, IrtoolError
from irtool.records import Json
from irtool.wiring.letters import templates
from irtool.wiring.plumbing import post_office, signing
from irtool.wiring.templating import entries, faults

Finding = tuple[str, str, str]
"""Level (ok, warn, fault), what was found, what to do."""

_QUEUE = "postfix-queue"
_SAMPLE = b"From: irtool <irtool@localhost.invalid>\r\nSubject: doctor\r\n\r\nA sample.\r\n"


def checks(
    config: Config, campaigns: Iterable[Mapping[str, Json]], txt: Callable[..., bytes] | None = None
) -> Iterator[Finding]:
    """All that can be said about the way notices take. `campaigns` are the findings of the incidents; `txt` looks a
    TXT record up, without it the DNS does."""
    notices = config.settings.notices
    if notices is None:
        return
    try:
        post_office(config, notices)
        way = route(notices.smtp)
    except (ConfigError, IrtoolError) as error:
        yield "fault", error.message, error.hint
        return
    if not way.folder:
        yield from _separate(config, notices, way.host, campaigns)
    yield from _signed(config, notices, txt)
    yield from _returns(notices)


def _separate(
    config: Config, notices: NoticeSettings, host: str, campaigns: Iterable[Mapping[str, Json]]
) -> Iterator[Finding]:
    """Notices must not leave through what is being abused, nor through a relay that the campaign used."""
    here = _addresses(host)
    for name in notices.gateway:
        if _same(host, here, name):
            yield (
                "fault",
                f"notices.smtp is {host}, which is {name} of the gateway itself: what is blocked there stops them too",
                "send notices by another server: notices: {smtp: …}",
            )
            return
    relays = {str(r.get(k) or "") for f in campaigns for r in _rows(f.get("relays")) for k in ("by", "ip")} - {""}
    for name in sorted(relays):
        if _same(host, here, name):
            yield "fault", f"notices.smtp is {host}, a relay of a campaign ({name})", "send notices by another server"
            return
    if any(c.kind == _QUEUE for c in config.connectors()) and any(a.is_loopback for a in here):
        yield (
            "warn",
            f"notices.smtp is {host}, and so is the queue that playbooks hold and purge",
            "send notices by another server, for the day this one is the gateway",
        )
        return
    believed = [
        n for n in config.settings.trusted_relays if host.lower() == n.lower() or host.lower().endswith(f".{n.lower()}")
    ]
    if believed:
        yield "warn", f"notices.smtp is {host}, one of trusted_relays ({believed[0]})", "is it the gateway itself?"
    elif not notices.gateway:
        yield (
            "warn",
            "nobody can tell whether notices leave through the gateway that is being abused",
            "name its hosts and networks: notices: {gateway: [out1.gateway.example, 192.0.2.0/24]}",
        )
    else:
        yield "ok", f"notices leave by {host}, which is not the gateway", ""


def _same(host: str, here: set[ipaddress.IPv4Address | ipaddress.IPv6Address], name: str) -> bool:
    """Whether the host is that name, or in that network, or resolves to the same address."""
    if host.lower().rstrip(".") == name.lower().rstrip("."):
        return True
    try:
        network = ipaddress.ip_network(name, strict=False)
    except ValueError:
        return bool(here & _addresses(name))
    return any(a in network for a in here if a.version == network.version)


def _addresses(host: str) -> set[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    """What the host resolves to; nothing if it does not."""
    try:
        found = socket.getaddrinfo(host, None, proto=socket.IPPROTO_TCP)
    except (OSError, UnicodeError):
        return set()
    return {ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found}


def _signed(config: Config, notices: NoticeSettings, txt: Callable[..., bytes] | None) -> Iterator[Finding]:
    domain = parseaddr(notices.from_)[1].rpartition("@")[2].lower()
    sign = signing(config, notices)
    if notices.dkim is None or sign is None:
        return
    from irtool.adapters.signing import verifies

    by = notices.dkim.domain.lower()
    place = f"{notices.dkim.selector}._domainkey.{by}"
    if domain != by and not domain.endswith(f".{by}"):
        yield (
            "warn",
            f"notices are from {domain} and signed by {by}: DMARC takes that for no signature at all",
            f"notices: {{dkim: {{domain: {domain}, …}}}}",
        )
    elif not verifies(sign(_SAMPLE), txt):
        yield "warn", f"receivers cannot check our signature: {place} does not publish this key", "publish it as TXT"
    else:
        yield "ok", f"notices are signed, and receivers find the key at {place}", ""


def _returns(notices: NoticeSettings) -> Iterator[Finding]:
    bounces = notices.bounces_to
    if bounces and "@" not in bounces:
        yield "fault", f"notices.bounces_to: {bounces} is no address", "bounces_to: bounces@gateway.example"


def template_checks(config: Config) -> Iterator[Finding]:
    """Every template of mail that may be used, with all its faults."""
    mails = [e for e in entries(config) if e.is_mail]
    wrong = [line for e in mails for line in faults(templates(config), e)]
    for line in wrong:
        yield "fault", line, "irtool templates check"
    own = sum(e.own is not None for e in mails)
    if not wrong:
        yield "ok", f"{len(mails)} templates of mail, {own} your own, no faults", ""


def _rows(value: Json) -> list[dict[str, Json]]:
    return [v for v in value if isinstance(v, dict)] if isinstance(value, list) else []
