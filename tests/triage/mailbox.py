"""One person's mailbox, made from a seed: unrelated mail of every day, and campaigns in between, with the truth."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

BEGIN = datetime(2025, 10, 1, 6, tzinfo=UTC)
OWNER = "anna.verdi@posta-rapida.it"
ALIASES = (OWNER, OWNER, OWNER, "anna@posta-rapida.it", "anna.verdi+shop@posta-rapida.it")
FREE = (
    ("gmail.com", "mail-ej1-f{n}.google.com", "209.85.218.{n}"),
    ("gmail.com", "mail-wr1-f{n}.google.com", "209.85.221.{n}"),
    ("outlook.com", "mail-am7eur03olkn{n}.outbound.protection.outlook.com", "40.92.59.{n}"),
    ("hotmail.it", "mail-db8eur05olkn{n}.outbound.protection.outlook.com", "40.92.89.{n}"),
    ("libero.it", "smtp-{n}.italiaonline.it", "213.209.10.{n}"),
    ("yahoo.com", "sonic{n}.consmr.mail.ne1.yahoo.com", "66.163.184.{n}"),
    ("icloud.com", "p-east1-{n}.smtp.icloud.com", "17.58.63.{n}"),
    ("provincia-net.it", "smtp{n}.provincia-net.it", "80.12.242.{n}"),
)
SERVICES = (
    ("o{n}.ptr.sendgrid.net", "167.89.100.{n}", "sendgrid.net", "u{k}.ct.sendgrid.net", None),
    (
        "mail{n}.atl261.mcsv.net",
        "198.2.180.{n}",
        "mail{n}.atl261.mcsv.net",
        "shop.us{n}.list-manage.com",
        "MailChimp Mailer - **CID{k}**",
    ),
    ("a{n}-9.smtp-out.amazonses.com", "54.240.9.{n}", "amazonses.com", "awstrack.me", None),
    ("m{n}.mailgun.net", "159.135.228.{n}", "mailgun.org", "email.mg.shop.example", None),
    ("out{n}.inviopro.it", "185.58.7.{n}", "inviopro.it", "clic.inviopro.it", "InvioPro 4.{n}"),
)
MAILERS = (
    None,
    None,
    "Microsoft Outlook 16.0",
    "Microsoft Outlook 16.0",
    "Apple Mail (2.3774.600.62)",
    "iPhone Mail (22A3354)",
    "Roundcube Webmail/1.6.5",
    "PHPMailer 6.9.1 (https://github.com/PHPMailer/PHPMailer)",
    "Zimbra 8.8.15_GA_4562",
)
SUBJECTS = (
    "Fattura",
    "Hello",
    "Re: ordine",
    "Newsletter",
    "Conferma",
    "Invoice",
    "Aggiornamento",
    "Promemoria",
    "Ciao",
    "Your order",
    "Documenti",
    "R: preventivo",
)
FOOTERS = (
    "https://www.facebook.com/pages/{k}",
    "https://t.co/{k}",
    "https://bit.ly/{k}",
    "https://www.w3.org/TR/xhtml1",
    "https://fonts.googleapis.com/css?family=Roboto",
    "https://d{k}.cloudfront.net/logo.png",
    "https://www.instagram.com/x{k}",
    "https://aka.ms/{k}",
    "https://drive.google.com/file/{k}",
)
SYLLABLES = (
    "ba be bi bo ca co da de fa fi ga go la le li lo ma me mi mo na no pa po ra re ri ro sa se si so ta te ti to va vi"
)


@dataclass(frozen=True)
class Mail:
    """One message, and the campaign that it is of ("" for none)."""

    name: str
    content: bytes
    campaign: str


@dataclass(slots=True)
class Draft:
    """What a message is made of; the envelope sender is the From unless it is said."""

    sender: str
    subject: str
    helo: str
    ip: str
    rdns: str | None = None
    envelope: str | None = None
    mailer: str | None = None
    reply_to: str | None = None
    links: tuple[str, ...] = ()
    login: str | None = None
    """`by` of a hop below, at which somebody logged in, and from where."""
    login_ip: str = ""
    own_id: bool = True


class Maker:
    """Draws from one seed."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self._number = 0

    def word(self, count: int = 3) -> str:
        return "".join(self.chance.choice(SYLLABLES.split()) for _ in range(count))

    def domain(self) -> str:
        return f"{self.word(4)}{self.chance.randrange(99)}.{self.chance.choice(['it', 'com', 'net', 'eu', 'de'])}"

    def ip(self) -> str:
        return ".".join(str(self.chance.randrange(1, 255)) for _ in range(4)).replace("10.", "45.", 1)

    def sentence(self) -> str:
        return " ".join(self.word(self.chance.randrange(1, 5)) for _ in range(self.chance.randrange(3, 8))).capitalize()

    def mail(self, draft: Draft, campaign: str) -> Mail:
        self._number += 1
        chance, to = self.chance, self.chance.choice(ALIASES)
        at = BEGIN + timedelta(minutes=chance.randrange(60 * 24 * 25))
        when = format_datetime(at)
        envelope = draft.sender if draft.envelope is None else draft.envelope
        lines = [
            f"Return-Path: <{envelope}>",
            f"Delivered-To: {OWNER}",
            f"Received: from mx{chance.randrange(1, 5)}.posta-rapida.it (10.2.0.{chance.randrange(9)})",
            f"\tby store{chance.randrange(9)}.posta-rapida.it with LMTP id {self.word()}; {when}",
            f"Received: from {draft.helo} ({draft.rdns or 'unknown'} [{draft.ip}])",
            f"\tby mx{chance.randrange(1, 5)}.posta-rapida.it (Postfix) with ESMTPS id {chance.randrange(16**9):X}",
            f"\tfor <{to}>; {when}",
        ]
        if draft.login:
            lines += [
                f"Received: from {draft.helo} (unknown [{draft.login_ip or self.ip()}])",
                f"\tby {draft.login} (Postfix) with ESMTPSA id {chance.randrange(16**9):X}; {when}",
            ]
        id_domain = draft.sender.rpartition("@")[2] if draft.own_id else "posta-rapida.it"
        lines += [
            f"Message-ID: <{self.word(6)}.{self._number}@{id_domain}>",
            f"From: {self.word().title()} {self.word().title()} <{draft.sender}>",
            f"To: {to}",
            f"Subject: {draft.subject}",
            f"Date: {when}",
            *([f"X-Mailer: {draft.mailer}"] if draft.mailer else []),
            *([f"Reply-To: {draft.reply_to}"] if draft.reply_to else []),
            "MIME-Version: 1.0",
            "Content-Type: text/plain; charset=utf-8",
            "",
            self.sentence(),
            *draft.links,
            "",
        ]
        return Mail(f"cur/{self._number}.M{self.word()}:2,S", "\r\n".join(lines).encode(), campaign)

    def footers(self) -> tuple[str, ...]:
        count = self.chance.randrange(4)
        return tuple(one.format(k=self.word(4)) for one in self.chance.sample(FOOTERS, count))

    def subject(self) -> str:
        return self.chance.choice(SUBJECTS) if self.chance.random() < 0.4 else self.sentence()


def person(made: Maker) -> Draft:
    """Somebody with a mailbox at a provider, big or small, whose few outbound hosts all of them share."""
    domain, host, ip = made.chance.choice(FREE)
    n = made.chance.randrange(1, 4)
    host = host.format(n=n)
    return Draft(
        f"{made.word()}.{made.word()}@{domain}",
        made.subject(),
        host,
        ip.format(n=n),
        host,
        mailer=made.chance.choice(MAILERS),
        links=made.footers(),
        login="smtp.gmail.com" if domain == "gmail.com" and made.chance.random() < 0.5 else None,
    )


def newsletter(made: Maker) -> Draft:
    """A shop, by way of a mailing service that many shops use."""
    n, k, domain = made.chance.randrange(1, 4), made.word(4), made.domain()
    host, ip, bounce, click, mailer = (one and one.format(n=n, k=k) for one in made.chance.choice(SERVICES))
    return Draft(
        f"news@{domain}",
        made.subject(),
        host or "",
        ip or "",
        host,
        f"bounce+{k}@{bounce}",
        mailer,
        links=(f"https://{click}/{k}", f"https://{domain}/{k}", *made.footers()),
    )


def office(made: Maker) -> Draft:
    """A small firm, through the submission host that its provider's other customers use too."""
    domain, n = made.domain(), made.chance.randrange(1, 4)
    relay = made.chance.choice(["smtpdh{n}.ad.aruba.it", "authsmtp{n}.register.it", "smtp{n}.provincia-net.it"])
    ip = f"62.149.155.{n}" if "aruba" in relay else f"81.88.48.{n}" if "register" in relay else f"80.12.242.{n}"
    host = relay.format(n=n)
    return Draft(
        f"{made.word()}@{domain}",
        made.subject(),
        host,
        ip,
        host,
        mailer=made.chance.choice(MAILERS),
        links=(f"https://www.{domain}", *made.footers()),
        login=host,
    )


def stray(made: Maker) -> Draft:
    """A single piece of spam, from a machine of its own."""
    domain = made.domain()
    sender = f"{made.word()}@{made.chance.choice([domain, domain, 'gmail.com', 'libero.it'])}"
    return Draft(
        sender,
        made.subject(),
        f"{made.word()}.{made.domain()}",
        made.ip(),
        None,
        mailer=made.chance.choice(MAILERS),
        links=(f"http://{made.domain()}/{made.word()}", *made.footers()),
        own_id=made.chance.random() < 0.6,
    )


def botnet(made: Maker) -> Callable[[], Draft]:
    """One landing page and a few subjects; senders and machines change with every message."""
    landing, subjects = made.domain(), [made.sentence() for _ in range(made.chance.randrange(1, 4))]
    return lambda: Draft(
        f"{made.word()}@{made.chance.choice([made.domain(), 'gmail.com'])}",
        made.chance.choice(subjects),
        f"{made.word()}.{made.domain()}",
        made.ip(),
        links=(f"http://{made.word()}.{landing}/{made.word()}", *made.footers()),
        own_id=made.chance.random() < 0.6,
    )


def stolen_login(made: Maker) -> Callable[[], Draft]:
    """One relay that somebody else's login is used at, in the names of many; the subject is the local part."""
    relay = f"mail.{made.domain()}"

    def draft() -> Draft:
        local = f"{made.word()}{made.chance.randrange(9999)}"
        return Draft(
            f"{local}@libero.it",
            local,
            relay,
            made.ip(),
            None,
            login=relay,
            mailer="Microsoft Windows Live Mail 16.4.3522",
            links=(f"http://{made.domain()}/{made.word()}",),
        )

    return draft


def snowshoe(made: Maker) -> Callable[[], Draft]:
    """A domain bought for it, a handful of addresses in a row, every subject another."""
    domain, net = (
        made.domain(),
        f"{made.chance.randrange(20, 200)}.{made.chance.randrange(255)}.{made.chance.randrange(255)}",
    )
    mailer = made.chance.choice(MAILERS)

    def draft() -> Draft:
        n = made.chance.randrange(2, 40)
        return Draft(
            f"{made.word()}@{domain}",
            made.sentence(),
            f"m{n}.{domain}",
            f"{net}.{n}",
            f"m{n}.{domain}",
            mailer=mailer,
            links=(f"http://{made.word()}.{domain}/{made.word()}", *made.footers()),
        )

    return draft


def fraud(made: Maker) -> Callable[[], Draft]:
    """Every message from another free mailbox and with another subject; the answers go to one."""
    answers = (
        f"{made.word()}.{made.word()}{made.chance.randrange(99)}@{made.chance.choice(['gmail.com', 'yandex.com'])}"
    )

    def draft() -> Draft:
        one = person(made)
        one.reply_to, one.subject = answers, made.sentence()
        return one

    return draft


CAMPAIGNS = (botnet, stolen_login, snowshoe, fraud)
EVERYDAY = ((60, person), (60, newsletter), (40, office), (40, stray))


def mailbox(seed: int, campaigns: int = 3) -> list[Mail]:
    """200 unrelated messages and that many campaigns of 5 to 20, shuffled."""
    made = Maker(seed)
    found = list(_all(made, campaigns))
    made.chance.shuffle(found)
    return found


def _all(made: Maker, campaigns: int) -> Iterator[Mail]:
    for count, kind in EVERYDAY:
        yield from (made.mail(kind(made), "") for _ in range(count))
    for kind in made.chance.sample(CAMPAIGNS, campaigns):
        draft = kind(made)
        yield from (made.mail(draft(), kind.__name__) for _ in range(made.chance.randrange(5, 21)))
