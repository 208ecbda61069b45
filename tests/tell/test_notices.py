"""Notices: one customer's data, their language, whole 7-bit messages that a person can read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from email import message_from_bytes, message_from_string
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest

from irtool.errors import StepFailed, UsageError
from irtool.records import Event, Json
from irtool.tell import variables as documented
from irtool.tell.notices import CORRECTION, NOTICE, OWN, Letterhead, Wanted, digest, notice, preview, variables
from irtool.tell.notices import write as write_notice
from irtool.tell.story import story

DATE = datetime(2025, 4, 17, 12, 0, tzinfo=UTC)
SENDER = "Sicurezza è qui <security@gateway.example>"
Notice = Callable[..., str]


@pytest.fixture
def write(sophos: list[Event], templates: Sequence[Path], org: Mapping[str, Json]) -> Notice:
    """A notice with the shipped templates."""

    def one(customer: Mapping[str, Json], **more: Any) -> str:
        return notice(sophos, customer, **{"templates": templates, "org": org, "sender": SENDER, "date": DATE, **more})

    return one


@pytest.fixture
def customers(sophos: list[Event]) -> list[dict[str, Any]]:
    """The twelve, as the findings have them."""
    facts: Any = story(sophos)
    return list(facts["campaign"]["affected_customers"])


def read(message: str) -> EmailMessage:
    """As a mail program reads it."""
    return message_from_bytes(message.encode("ascii"), policy=default)


def plain(mail: EmailMessage) -> str:
    """Its text."""
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def page(mail: EmailMessage) -> str:
    """Its HTML."""
    body = mail.get_body(("html",))
    assert body is not None
    return str(body.get_content())


def test_whole_message(write: Notice, customers: list[dict[str, Any]]) -> None:
    """7-bit, CRLF, short lines, and all headers that a notice needs."""
    text = write(customers[2])
    assert text.isascii()
    assert text.replace("\r\n", "").count("\n") == 0
    assert max(map(len, text.split("\r\n"))) <= 998
    mail = read(text)
    assert mail.defects == []
    assert mail["From"] == "Sicurezza è qui <security@gateway.example>"
    assert mail["To"] == "Azienda 3 però & Söhne <admin@customer3.example>"
    assert mail["Subject"] == "Messaggi inviati a nome di customer3.example (INC-2025-0001)"
    assert mail["Date"].datetime == DATE
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["MIME-Version"] == "1.0"
    assert mail.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    assert {part.get_content_charset() for part in mail.iter_parts()} == {"utf-8"}
    assert "2 messaggi con indirizzi mittenti nel vostro dominio customer3.example" in " ".join(plain(mail).split())
    assert max(map(len, plain(mail).splitlines())) <= 72


@pytest.mark.parametrize(
    ("locale", "question"),
    [
        ("it", "SIETE STATI VOI?"),
        ("it-CH", "SIETE STATI VOI?"),
        ("en", "WAS IT YOU"),
        ("de-AT", "WAREN SIE DAS"),
        ("es_MX", "¿FUE USTED?"),
        ("tlh", "WAS IT YOU"),
        ("", "WAS IT YOU"),
    ],
)
def test_language_of_the_customer(write: Notice, customers: list[dict[str, Any]], locale: str, question: str) -> None:
    """Theirs if there is a template, else English."""
    assert question in plain(read(write({**customers[0], "locale": locale})))


@pytest.mark.parametrize("lang", ["en", "it"])
def test_only_their_own_data(write: Notice, customers: list[dict[str, Any]], lang: str) -> None:
    """No other customer, no total, no account, no staff."""
    mail = read(write(customers[0], lang=lang))
    body = plain(mail) + page(mail)
    assert "customer1.example" in body
    assert "8 messa" in body
    for other in (
        "customer2",
        "customer11",
        "Azienda 2",
        "1.9",
        "1,9",
        "30",
        "24",
        "trial",
        "alice",
        "bob",
        "win-prizes",
    ):
        assert other not in body, other


def test_answers_every_question(write: Notice, customers: list[dict[str, Any]]) -> None:
    """What happened, was it you, what we did, what to do, what is not known, when again, is this genuine."""
    body = plain(read(write(customers[0], lang="en")))
    headings = [line for line in body.splitlines() if line.isupper()]
    assert headings == [
        "WHAT HAPPENED",
        "WAS IT YOU, AND WERE YOU BROKEN INTO?",
        "WHAT WE HAVE DONE SO FAR",
        "WHAT YOU SHOULD DO",
        "WHAT WE DO NOT KNOW YET",
        "WHEN YOU WILL HEAR FROM US AGAIN",
        "HOW TO CHECK THAT THIS MAIL IS GENUINE",
    ]
    assert "We disabled accounts that were used to send it." in body
    assert "waiting to be sent" not in body
    assert "http" not in body


def test_claims_only_what_is_done(
    make_incident: Callable[[str], list[Event]],
    templates: Sequence[Path],
    org: Mapping[str, Json],
    customers: list[Any],
) -> None:
    """Before anything was blocked the notice does not say that it was."""
    text = notice(make_incident("x"), customers[0], lang="en", templates=templates, org=org, sender=SENDER, date=DATE)
    body = plain(read(text))
    assert "are working on stopping the senders" in body
    assert "We block" not in body
    assert "disabled" not in body


def test_own_account_among_the_senders(write: Notice, customers: list[dict[str, Any]]) -> None:
    """A customer whose account sent some of it is not told that it has nothing to do with them."""
    body = " ".join(plain(read(write({**customers[0], "id": "trial3"}, lang="en"))).split())
    assert "left through an account of yours" in body
    assert "nothing to do with yours" not in body
    assert "Change the passwords" in body


def test_same_events_same_bytes(write: Notice, customers: list[dict[str, Any]]) -> None:
    """Deterministic, with a Message-ID of its own for each customer and kind of notice."""
    assert write(customers[0]) == write(customers[0])
    ids = {read(write(c, template=t))["Message-ID"] for c in customers[:11] for t in (NOTICE, CORRECTION)}
    assert len(ids) == 22
    assert all(i.startswith("<irtool.INC-2025-0001.") and i.endswith("@gateway.example>") for i in ids)


def test_correction_refers_to_the_notice(write: Notice, customers: list[dict[str, Any]]) -> None:
    """So that mail programs show them together."""
    correction = read(write(customers[0], template=CORRECTION, lang="en"))
    assert correction["Subject"] == "Correction: mail sent in the name of customer1.example (INC-2025-0001)"
    assert correction["In-Reply-To"] == read(write(customers[0]))["Message-ID"]
    assert correction["References"] == correction["In-Reply-To"]
    assert "We withdraw that message" in plain(correction)


@pytest.mark.parametrize("contact", [None, "", "  "])
def test_no_contact(write: Notice, customers: list[dict[str, Any]], contact: str | None) -> None:
    """The customer is named, and what to do."""
    with pytest.raises(StepFailed, match=r"Azienda 1 .* \(c01\) has no contact") as caught:
        write({**customers[0], "contact": contact})
    assert "directory" in caught.value.hint


@pytest.mark.parametrize(
    "contact",
    [
        "nobody",
        "a@b.example, c@d.example",
        "a@b.example\r\nBcc: x@y.example",
        "è\u202e@b.example",
        "<b>@c.example",
        f"{'a' * 250}@b.example",
        "@",
        "a@",
        "a b@c.example",
    ],
)
def test_bad_contact(write: Notice, customers: list[dict[str, Any]], contact: str) -> None:
    """Anything but one address is refused, and shown harmlessly."""
    with pytest.raises(StepFailed, match="not one address") as caught:
        write({**customers[0], "contact": contact})
    assert "\n" not in caught.value.message


def test_hostile_customer_data(write: Notice, customers: list[dict[str, Any]]) -> None:
    """A name or domain with line breaks, escapes or template code adds no header and no code."""
    evil = "Evil\r\nBcc: all@x.example\r\n\r\n\x1b[2J {{ 7*7 }} <b>"
    text = write({**customers[0], "name": evil, "domain": evil, "locale": evil}, lang="en")
    mail = read(text)
    assert mail.keys() == read(write(customers[0])).keys()
    assert mail["Bcc"] is None
    assert "\x1b" not in plain(mail) + page(mail)
    assert "{{ 7*7 }}" in plain(mail)
    assert "{{ 7*7 }}" in page(mail)
    assert "<b>" not in page(mail)
    assert "\x1b" not in preview(text)


def test_preview(write: Notice, customers: list[dict[str, Any]]) -> None:
    """Headers and text, decoded."""
    lines = preview(write(customers[2])).splitlines()
    assert lines[0] == "From: Sicurezza è qui <security@gateway.example>"
    assert lines[1] == "To: Azienda 3 però & Söhne <admin@customer3.example>"
    assert "vi scriviamo perché qualcuno ha abusato del nostro servizio di posta e" in lines


def test_own_template(
    tmp_path: Path, write: Notice, templates: Sequence[Path], customers: list[dict[str, Any]]
) -> None:
    """A template without a subject line is refused by name."""
    mine = tmp_path / "notices" / "en" / "mine.txt.j2"
    mine.parent.mkdir(parents=True)
    mine.write_text("Dear {{ customer.name }}\n")
    with pytest.raises(UsageError, match=r"mine\.txt\.j2:1 .*Subject"):
        write(customers[0], template="mine", templates=[tmp_path, *templates])
    mine.write_text("Subject: Hello\n\nDear {{ customer.name }}\n")
    assert read(write(customers[0], template="mine", templates=[tmp_path, *templates]))["Subject"] == "Hello"


def letterhead(templates: Sequence[Path], org: Mapping[str, Json], **genuine: Any) -> Letterhead:
    return Letterhead(templates, org, SENDER, genuine)


def test_what_is_not_the_customers_own_never_reaches_a_template(
    sophos: list[Event], templates: Sequence[Path], org: Mapping[str, Json], customers: list[dict[str, Any]]
) -> None:
    """Who else sent, where to, samples: a finding has them, a template cannot print them."""
    row = {**customers[0], "sent_by": [{"value": "trial3"}], "destinations": [{"value": "win-prizes.example"}]}
    values = variables(story(sophos), row, letterhead(templates, org), Wanted(), "en", {})
    own = values["customer"]
    assert isinstance(own, dict)
    assert set(own) == set(OWN)
    assert set(values) == set(documented.NOTICE)
    assert "trial3" not in str(values)


def test_every_way_to_see_that_it_is_genuine(
    sophos: list[Event], templates: Sequence[Path], org: Mapping[str, Json], customers: list[dict[str, Any]]
) -> None:
    """From the configuration, in the reader's language; a language without a text gets the English one."""
    paper = letterhead(
        templates, org, phone="+39 02 1234567", url="gateway.example/security", pgp="0123 4567",
        text={"en": "Signed with S/MIME.", "it": "Firmato con S/MIME."},
    )  # fmt: skip
    for lang, text in (("it", "Firmato con S/MIME."), ("en", "Signed with S/MIME."), ("de", "S/MIME.")):
        mail = read(write_notice(story(sophos), customers[0], paper, Wanted(lang=lang), DATE))
        for body in (plain(mail), page(mail)):
            for shown in ("+39 02 1234567", "gateway.example/security", "0123 4567", text):
                assert shown in body


def test_an_address_in_letters_beyond_ascii(write: Notice, customers: list[dict[str, Any]]) -> None:
    """The domain as the DNS has it; with a user part in such letters the headers are UTF-8, the rest stays 7-bit."""
    assert read(write({**customers[0], "contact": "info@società.example"}))["To"].addresses[0].domain == (
        "xn--societ-nta.example"
    )
    text = write({**customers[0], "contact": "però@società.example"})
    assert not text.isascii()
    assert "però@xn--societ-nta.example" in text
    assert message_from_string(text, policy=default)["To"].addresses[0].addr_spec == "però@xn--societ-nta.example"


def test_the_digest_covers_every_branch_and_no_date(
    make_incident: Callable[[str], list[Event]],
    sophos: list[Event],
    tmp_path: Path,
    templates: Sequence[Path],
    org: Mapping[str, Json],
    customers: list[dict[str, Any]],
) -> None:
    """The same before and after containment; another one once any word of the template changes, shown or not."""
    own = tmp_path / "notices" / "en" / "customer-notice.txt.j2"
    own.parent.mkdir(parents=True)
    shipped = (templates[0] / "notices/en/customer-notice.txt.j2").read_text()
    own.write_text(shipped)
    paper = letterhead([tmp_path, *templates], org)
    wanted = Wanted(lang="en")

    def now(events: list[Event] = sophos, customer: Mapping[str, Json] = customers[0]) -> str:
        return digest(story(events), customer, paper, wanted)

    before = now()
    assert now(make_incident("x")) == before
    seen = {before}
    for old, new in (
        ("We disabled accounts", "We closed accounts"),
        ("are working on stopping", "may stop"),
        ("Subject: Mail", "Subject: Post"),
    ):
        own.write_text(shipped.replace(old, new))
        seen.add(now())
    own.write_text(shipped)
    seen.add(now(customer={**customers[0], "contact": "other@customer1.example"}))
    seen.add(now(customer={**customers[0], "messages": 9}))
    assert len(seen) == 6
    assert now() == before


def test_a_test_goes_elsewhere_and_is_marked(
    sophos: list[Event], templates: Sequence[Path], org: Mapping[str, Json], customers: list[dict[str, Any]]
) -> None:
    paper = letterhead(templates, org)
    real = read(write_notice(story(sophos), customers[0], paper, Wanted(lang="en"), DATE))
    test = read(write_notice(story(sophos), customers[0], paper, Wanted(lang="en"), DATE, "me@gateway.example"))
    assert test["To"] == "me@gateway.example"
    assert test["Subject"] == f"TEST: {real['Subject']}"
    assert test["Message-ID"] != real["Message-ID"]
    assert plain(test) == plain(real)
