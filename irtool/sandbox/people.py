"""Who is in the sandbox: the provider, its customers, the trial accounts behind the campaign. Rows, nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

PROVIDER_ACCOUNT = "0"
PROVIDER_DOMAIN = "gateway.example"
PROVIDER_IP = "192.0.2.25"
PAYING = 2_000
CAMPAIGN_IPS = tuple(f"{net}.{host}" for net in ("198.51.100", "203.0.113") for host in range(10, 100))

_COLOURS = (
    "amber", "azure", "birch", "cedar", "cobalt", "copper", "coral", "crimson", "ebony", "fern", "garnet", "golden",
    "hazel", "indigo", "ivory", "jade", "linden", "maple", "olive", "onyx", "opal", "pearl", "rowan", "ruby",
    "saffron", "sage", "sienna", "silver", "slate", "topaz", "tulip", "umber", "violet", "walnut", "willow", "zinc",
    "acacia", "basil", "clover", "denim",
)  # fmt: skip
_TRADES = (
    "advisers", "analytics", "archive", "atelier", "audio", "bakery", "bikes", "bindery", "brewery", "builders",
    "camping", "catering", "ceramics", "clinic", "college", "couriers", "dental", "dairy", "design", "energy",
    "fabrics", "farms", "films", "fitness", "florist", "forge", "foundry", "freight", "gallery", "glass", "grocers",
    "harbour", "hotels", "housing", "insurance", "joinery", "journal", "kitchens", "laundry", "legal", "library",
    "lighting", "logistics", "marine", "masonry", "metals", "mills", "motors", "museum", "nursery",
)  # fmt: skip
_TRIAL_WORDS = (
    "bright-parcel", "daily-offers", "easy-prize", "fast-depot", "first-reward", "fresh-deals", "gift-corner",
    "happy-box", "instant-post", "lucky-counter", "mega-voucher", "new-courier", "open-bonus", "parcel-hub",
    "post-point", "prime-draw", "quick-claim", "ready-ship", "send-now", "smart-coupon", "star-package",
    "super-lotto", "swift-drop", "win-desk",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Trial:
    """A trial account of the attackers: its own domain and in how many mailboxes of it the Sender header varies."""

    account: str
    domain: str
    mailboxes: int
    created: str


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer that sends its own mail from its own IP; `impersonated` counts the campaign messages in its name."""

    account: str
    name: str
    domain: str
    ip: str
    locale: str = "en"
    contact: str = ""
    impersonated: int = 0


def _trials() -> tuple[Trial, ...]:
    found = []
    for n, word in enumerate(_TRIAL_WORDS):
        created = f"2025-04-{2 + n * 10 // 23:02d}T{7 + n % 11:02d}:{n * 7 % 60:02d}:00Z"
        found.append(Trial(f"T{7001 + n}", f"{word}.example", 1 + n % 2, created))
    return tuple(found)


TRIALS = _trials()


def _impersonated() -> tuple[Customer, ...]:
    rows = (
        ("Banca del Lago", "bancadellago", "it", "sicurezza", 5),
        ("Comune di Valfiorita", "comune-valfiorita", "it", "protocollo", 4),
        ("Northbridge Legal LLP", "northbridge-legal", "en", "it.security", 4),
        ("Officine Meccaniche Rossi", "officine-rossi", "it", "info.sistemi", 3),
        ("Harbour View Hospital", "harbourview-hospital", "en", "postmaster", 3),
        ("Università di Montechiaro", "unimontechiaro", "it", "abuse", 2),
        ("Greenfield Logistics", "greenfield-logistics", "en", "security", 2),
        ("Farmacie Riunite S.p.A.", "farmacie-riunite", "it", "ced", 2),
        ("Lumen Energy", "lumen-energy", "en", "soc", 2),
        ("Editrice Il Ponte", "editrice-ilponte", "it", "redazione", 1),
        ("Wexford Primary Schools", "wexford-schools", "en", "office", 1),
        ("Trasporti Appennino", "trasporti-appennino", "it", "amministrazione", 1),
    )
    return tuple(
        Customer(str(20001 + n), name, f"{word}.example", f"198.18.200.{n + 1}", lang, f"{box}@{word}.example", count)
        for n, (name, word, lang, box, count) in enumerate(rows)
    )


IMPERSONATED = _impersonated()


@cache
def customers() -> tuple[Customer, ...]:
    """All that send innocent mail: 2,000 paying customers, the twelve that were impersonated among them."""
    found = []
    for n in range(PAYING - len(IMPERSONATED)):
        colour, trade = _COLOURS[n % len(_COLOURS)], _TRADES[n // len(_COLOURS)]
        domain = f"{colour}-{trade}.example"
        ip = f"198.18.{n // 200}.{n % 200 + 1}"
        name = f"{colour} {trade}".title()
        found.append(Customer(str(10001 + n), name, domain, ip, ("en", "it")[n % 3 == 0], f"admin@{domain}"))
    return (*found, *IMPERSONATED)


def account_rows() -> list[dict[str, str]]:
    """The rows of the directory's accounts file."""
    rows = [_row(PROVIDER_ACCOUNT, "Example Mail Gateway", "internal", "2012-01-09T09:00:00Z", {"locale": "en"})]
    for n, c in enumerate(customers()):
        created = f"20{14 + n % 11}-{1 + n % 12:02d}-{1 + n % 28:02d}T09:00:00Z"
        partner = f"partner-{n % 40}" if n % 4 == 0 else ""
        rows.append(_row(c.account, c.name, "business", created, _extra(c, partner)))
    rows += [_row(t.account, t.domain, "trial", t.created, {"contact": f"admin@{t.domain}"}) for t in TRIALS]
    rows += [
        _row(f"T{8001 + n}", f"Studio {n + 1}", "trial", f"2025-04-{3 + n:02d}T10:00:00Z", {"partner": f"partner-{n}"})
        for n in range(6)
    ]
    return rows


def domain_rows() -> list[dict[str, str]]:
    """The rows of the directory's domains file."""
    rows = [{"domain": PROVIDER_DOMAIN, "account_id": PROVIDER_ACCOUNT}]
    rows += [{"domain": c.domain, "account_id": c.account} for c in customers()]
    rows += [{"domain": t.domain, "account_id": t.account} for t in TRIALS]
    rows += [{"domain": f"studio-{n + 1}.example", "account_id": f"T{8001 + n}"} for n in range(6)]
    return rows


def _extra(customer: Customer, partner: str) -> Mapping[str, str]:
    return {"locale": customer.locale, "contact": customer.contact, "partner": partner}


def _row(account: str, name: str, plan: str, created: str, extra: Mapping[str, str]) -> dict[str, str]:
    row = {"account_id": account, "name": name, "plan": plan, "status": "active", "created_at": created}
    return row | {key: extra.get(key, "") for key in ("contact", "locale", "partner")}
