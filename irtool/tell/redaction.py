"""What may be read outside: the Traffic Light Protocol (TLP 2.0); facts without staff, customers, raw addresses."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from irtool.records import Json
from irtool.tell import clean
from irtool.tell.actions import OUTCOMES
from irtool.tell.story import Facts, rows

LEVELS = ("clear", "green", "amber", "amber+strict", "red")
"""The labels of TLP 2.0, the widest audience first."""

OUTWARD = frozenset({"clear", "green", "amber"})
"""Labels that people outside of the organisation may read: customers must not read of each other, or of our staff."""

Scrub = Callable[[str], str]

_ADDRESS = re.compile(r"[\w.+'-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){0,10}")
_SHORTEST = 3
_FORMS = frozenset(
    {
        *(
            "azienda",
            "banca",
            "bank",
            "client",
            "cliente",
            "compagnie",
            "company",
            "customer",
            "ditta",
            "email",
            "firma",
        ),
        *("agence", "association", "banque", "cabinet", "commune", "entreprise", "établissements", "fondation"),
        *("groupe", "hôpital", "lycée", "mairie", "maison", "université", "ville"),
        *("group", "gruppo", "hotel", "impresa", "mail", "società", "societe", "société", "studio", "verein"),
    }
)
_NO_TEXT = frozenset({"verb", "mark", "format", "with", "status", "did", "step", "connectors", "part", "lang", "style"})
_ANONYMOUS = frozenset({"account.disable", "account.limit", "account.revoke_sessions", "notice.send"})
_OF_ACCOUNT = ("plan", "messages", "first_seen", "last_seen", "created", "confidence", "innocent")
_OF_CUSTOMER = ("locale", "messages", "first_seen", "last_seen")
_OF_COMPLAINT = (
    "format", "date", "received_at", "envelope_null", "ambiguous_from", "from", "sender", "x_mailer", "x_mimeole",
    "hops", "indicators", "signatures", "occurred_at", "offset", "size", "sha256", "subject",
)  # fmt: skip


def marking(level: str) -> str:
    """`TLP:CLEAR`; "" for no label."""
    return f"TLP:{level.upper()}" if level else ""


def outward(level: str) -> bool:
    """Whether the label lets people outside read it."""
    return level in OUTWARD


def redact(facts: Facts, people: Sequence[str], own_domains: Sequence[str], word: str) -> tuple[Facts, Scrub]:
    """The facts for readers outside, and what takes the same names out of any other text.

    Of customers, accounts and people only numbers and times are left. `people` are the staff that irtool.yaml names;
    `word` stands where something was taken out.
    """
    scrub = scrubber(facts, people, own_domains, word)
    campaign = _mapping(facts["campaign"])
    theirs = _domains(campaign)
    kept: Facts = {
        **campaign,
        "accounts": _each(campaign.get("accounts"), _OF_ACCOUNT),
        "affected_customers": _each(campaign.get("affected_customers"), _OF_CUSTOMER),
        "spoofed_addresses": [
            a for a in rows(campaign.get("spoofed_addresses")) if _domain(a.get("value")) not in theirs
        ],
        "campaigns": [],
    }
    found: Facts = {
        **facts,
        "campaign": kept,
        "complaints": [_complaint(c, theirs) for c in rows(facts["complaints"])],
        "actions": {verb: _action(verb, _mapping(a)) for verb, a in _mapping(facts["actions"]).items()},
        "people": _each(facts["people"], ("did", "step", "at")),
        "notes": [{**n, "who": None} for n in rows(facts["notes"])],
        "explained": {},
        "parts": [{**p, "who": None} for p in rows(facts["parts"]) if p["part"] != "credits" or p.get("consent")],
    }
    clear = _texts(found, scrub)
    assert isinstance(clear, dict)  # noqa: S101 (an object stays one)
    return clear, scrub


def scrubber(facts: Facts, people: Sequence[str], own_domains: Sequence[str], word: str) -> Scrub:
    """Takes the names of staff and customers, and every address that is not ours or the attackers', out of a text."""
    names = sorted({n for n in _secrets(facts, people) if len(n) >= _SHORTEST}, key=lambda n: (-len(n), n))
    pattern = re.compile("|".join(rf"(?<!\w){re.escape(n)}(?!\w)" for n in names) or r"(?!)", re.IGNORECASE)
    campaign = _mapping(facts["campaign"])
    theirs, ours = _domains(campaign), {d.lower() for d in own_domains}
    known = {str(a.get("value")).lower() for a in rows(campaign.get("sender_addresses"))}
    known |= {str(c.get("message_id") or "").strip("<> ").lower() for c in rows(facts["complaints"])}

    def address(found: re.Match[str]) -> str:
        domain = _domain(found[0])
        return found[0] if domain not in theirs and (domain in ours or found[0].lower() in known) else word

    return lambda text: pattern.sub(word, _ADDRESS.sub(address, text))


def defanged(value: Json) -> Json:
    """The same data with every indicator in their texts made unclickable."""
    return _texts(value, clean.defang)


def secrets(facts: Facts, people: Sequence[str]) -> frozenset[str]:
    """Every name that readers outside may not see."""
    return frozenset(n for n in _secrets(facts, people) if len(n) >= _SHORTEST)


def _secrets(facts: Facts, people: Sequence[str]) -> Iterator[str]:
    yield from (p.strip() for p in people)
    for row in (*rows(facts["people"]), *rows(facts["notes"]), *rows(facts["parts"])):
        yield str(row.get("who") or "").strip()
    campaign = _mapping(facts["campaign"])
    yield from _domains(campaign)
    for customer in rows(campaign.get("affected_customers")):
        name = str(customer.get("name") or "").strip()
        yield from (name, str(customer.get("contact") or "").strip(), *_first_word(name))
        yield from (str(a.get("value") or "") for a in rows(customer.get("addresses")))
    credited = {str(c).casefold() for c in _list(facts.get("credits"))}
    for complaint in rows(facts["complaints"]):
        told = [str(complaint.get("reporter") or ""), *(str(r) for r in _list(complaint.get("recipients")))]
        yield from (t.strip() for t in told if t.casefold() not in credited)


def _first_word(name: str) -> Iterable[str]:
    """`Acme` for Acme S.p.A., as people call it; not `Bank` for Bank of Somewhere."""
    first = name.split(" ", maxsplit=1)[0].strip(",.")
    return [first] if len(first) > _SHORTEST and first.casefold() not in _FORMS else []


def _domains(campaign: Mapping[str, Json]) -> frozenset[str]:
    found = (str(c.get("domain") or "") for c in rows(campaign.get("affected_customers")))
    return frozenset(d.strip().lower() for each in found for d in each.split(",") if d.strip())


def _domain(address: Json) -> str:
    return str(address or "").rpartition("@")[2].lower()


def _complaint(complaint: Facts, theirs: frozenset[str]) -> Facts:
    kept = _only(complaint, _OF_COMPLAINT)
    for name in ("from", "sender"):
        kept[name] = [a for a in _list(complaint.get(name)) if _domain(a) not in theirs]
    return kept


def _action(verb: str, action: Facts) -> Facts:
    """Of accounts and customers only how many there were of each outcome."""
    if verb not in _ANONYMOUS:
        return action
    hidden: Facts = {o: [None] * len(_list(action.get(o))) for o in OUTCOMES}
    problems: list[Json] = [{**p, "target": None, "reason": None} for p in rows(action.get("problems"))]
    return {**action, **hidden, "problems": problems}


def _each(value: Json, names: Sequence[str]) -> list[Json]:
    return [_only(row, names) for row in rows(value)]


def _only(row: Facts, names: Sequence[str]) -> Facts:
    return {name: row[name] for name in names if name in row}


def _texts(value: Json, change: Callable[[str], str]) -> Json:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [_texts(v, change) for v in value]
    if isinstance(value, dict):
        return {k: v if k in _NO_TEXT else _texts(v, change) for k, v in value.items()}
    return value


def _mapping(value: Json) -> Facts:
    return value if isinstance(value, dict) else {}


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []
