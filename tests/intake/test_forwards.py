"""Spam passed on in the text of a mail: it is the evidence, and whoever passes it on is not the abuser."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from irtool.intake import forwards, read_complaint, read_complaints
from irtool.records import Complaint

OUTER = (
    "Received: from mail-wr1.google.example (mail-wr1.google.example [192.0.2.50]) by mx.gateway.example with ESMTPS"
    " id 7; Mon, 14 Apr 2025 16:05:00 +0000\n"
    "From: Mario Rossi <mario@customer.example>\nTo: {to}\nSubject: {subject}\nMessage-ID: <f@customer.example>\n"
    "Date: Mon, 14 Apr 2025 18:05:00 +0200\nMIME-Version: 1.0\nContent-Type: {kind}; charset=utf-8\n\n{body}\n"
)
LINK = "Win http://landing.evil.example/win today"
TRACE = (
    "Return-Path: <>\nReceived: from mail-gw7.gateway.example (mail-gw7.gateway.example [198.51.100.7])\n"
    "\tby mx1.victim.example (Postfix) with ESMTPS id 4Zb1Qk; Mon, 14 Apr 2025 15:31:09 +0000 (UTC)\n"
    "Received: from a.easy-prize.example (unknown [203.0.113.91])\n"
    "\tby mail-gw7.gateway.example (Postfix) with ESMTPSA id 9ABC; Mon, 14 Apr 2025 15:31:04 +0000\n"
    "From: Prize <info@brand.example>\nSender: promo@easy-prize.example\nTo: anna@victim.example\n"
    "Subject: Claim your prize\nMessage-ID: <abc@easy-prize.example>\n"
)
# What each program writes above the forwarded text.
BLOCKS = {
    "Gmail": "---------- Forwarded message ---------\nFrom: Prize <info@brand.example>\n"
    "Date: Mon, Apr 14, 2025 at 3:31 PM\nSubject: Claim your prize\nTo: <anna@victim.example>\n\n\n",
    "Gmail, Italian": "---------- Forwarded message ---------\nDa: Prize <info@brand.example>\n"
    "Date: lun 14 apr 2025 alle ore 15:31\nSubject: Claim your prize\nTo: <anna@victim.example>\n\n",
    "Outlook": "-----Original Message-----\nFrom: Prize <info@brand.example> \nSent: Monday, 14 April 2025 15:31\n"
    "To: Anna <anna@victim.example>\nSubject: Claim your prize\n\n",
    "Outlook, Italian": "________________________________\nDa: Prize <info@brand.example>\n"
    "Inviato: lunedì 14 aprile 2025 15:31\nA: anna@victim.example <anna@victim.example>\nOggetto: Claim your prize\n\n",
    "Outlook, German": "-----Ursprüngliche Nachricht-----\nVon: Prize <info@brand.example>\n"
    "Gesendet: Montag, 14. April 2025 15:31\nAn: anna@victim.example\nBetreff: Claim your prize\n\n",
    "Outlook, French": "-----Message d'origine-----\nDe : Prize <info@brand.example>\n"
    "Envoyé : lundi 14 avril 2025 15:31\nÀ : anna@victim.example\nObjet : Claim your prize\n\n",
    "Outlook, Spanish": "-----Mensaje original-----\nDe: Prize <info@brand.example>\n"
    "Enviado el: lunes, 14 de abril de 2025 15:31\nPara: anna@victim.example\nAsunto: Claim your prize\n\n",
    "Outlook, Portuguese": "-----Mensagem original-----\nDe: Prize <info@brand.example>\n"
    "Enviada em: segunda-feira, 14 de abril de 2025 15:31\nPara: anna@victim.example\nAssunto: Claim your prize\n\n",
    "Apple, German": "> Anfang der weitergeleiteten Nachricht:\n>\n> Von: Prize <info@brand.example>\n"
    "> Betreff: Claim your prize\n> Datum: 14. April 2025 um 15:31:02 MESZ\n> An: anna@victim.example\n>\n",
    "Thunderbird": "-------- Forwarded Message --------\nSubject: \tClaim your prize\n"
    "Date: \tMon, 14 Apr 2025 15:31:02 +0000\nFrom: \tPrize <info@brand.example>\nTo: \tanna@victim.example\n\n",
    "bold, of HTML made text": "*From:* Prize <info@brand.example>\n\n*Sent:* Monday\n\n*To:* anna@victim.example\n\n"
    "*Subject:* Claim your prize\n\n",
}


def mail(
    body: str,
    *,
    to: str = "abuse@gateway.example",
    subject: str = "spam from you",
    kind: str = "text/plain",
    own: str = "",
) -> Complaint:
    content = OUTER.format(to=to, subject=subject, body=body, kind=kind)
    (found,) = read_complaints([("x.eml", content.encode())], [own] if own else [])
    return found


def values(complaint: Complaint, kind: str) -> set[str]:
    return {one.value for one in complaint.indicators if one.type == kind}


@pytest.mark.parametrize("program", BLOCKS)
def test_what_is_forwarded_in_the_text_is_the_evidence(program: str) -> None:
    found = mail("Please block this. See www.customer.example\n\n" + BLOCKS[program] + LINK)
    assert found.from_ == ("info@brand.example",)
    assert found.subject == "Claim your prize"
    assert found.recipients == ("anna@victim.example",)
    assert found.reporter == "mario@customer.example"
    assert found.received_at is not None
    assert found.hops == ()
    assert values(found, "domain") == {"landing.evil.example"}
    assert values(found, "ip") == set()
    assert not any("customer.example" in one.value or "gateway.example" in one.value for one in found.indicators)
    assert any("ask for it as an attachment" in fault for fault in found.faults)


@pytest.mark.parametrize("subject", ["Fwd: Claim", "FW: Claim", "I: Claim", "WG: Claim", "TR: x", "RV: x", "ENC: x",
                                     "Re: Fwd: x", "R: I: x", "=?utf-8?q?WG=3A_x?=", "[Fwd: x]"])  # fmt: skip
def test_a_forward_to_a_colleague_is_known_by_its_subject(subject: str) -> None:
    body, to = BLOCKS["Gmail"] + LINK, "Carla <carla@mail.gateway.example>"
    assert mail(body, to=to, subject=subject, own="gateway.example").from_ == ("info@brand.example",)
    for own in ("", "victim.example", "way.example"):  # spammers write "Fwd:" to others
        assert mail(body, to=to, subject=subject, own=own).from_ == ("mario@customer.example",)


@pytest.mark.parametrize("to", ["abuse@x.example", "Security Team <security@x.example>", "e-mail.abuse@x.example",
                                "carla@x.example, abuse-it@x.example", "report-spam@x.example"])  # fmt: skip
def test_a_mail_to_an_abuse_desk_is_a_complaint(to: str) -> None:
    assert mail(BLOCKS["Outlook, Italian"], to=to).reporter == "mario@customer.example"


@pytest.mark.parametrize(("to", "subject"), [("anna@victim.example", "Invoice"), ("social@x.example", "In: x"),
                                             ("reporter@x.example", "A: x"), ("phishing@pot", "Fwd: x")])  # fmt: skip
def test_spam_that_quotes_an_innocent_message_does_not_shift_the_blame(to: str, subject: str) -> None:
    """Thread hijackers paste somebody's mail below theirs; nothing in the headers says that this is a complaint."""
    found = mail(BLOCKS["Outlook"] + LINK, to=to, subject=subject)
    assert found.from_ == ("mario@customer.example",)
    assert len(found.hops) == 1


def test_all_headers_pasted_into_a_complaint_are_all_read() -> None:
    for quote in ("", "> "):
        body = "Hello,\nsee www.customer.example\n\n" + "\n".join(quote + line for line in TRACE.splitlines())
        found = mail(f"{body}\n{quote}\n{quote}{LINK}\n")
        assert (found.envelope_null, found.from_) == (True, ("info@brand.example",))
        assert found.sender == ("promo@easy-prize.example",)
        assert [(hop.ip, hop.auth) for hop in found.hops] == [("198.51.100.7", False), ("203.0.113.91", True)]
        assert found.reporter == "mario@customer.example"
        assert values(found, "domain") == {"landing.evil.example"}
        sources = {one.value: one.source for one in found.indicators}
        assert sources["info@brand.example"] == "header From"
        assert sources["203.0.113.91"] == "header Received 2"


WRITTEN = (
    "Dear abuse team,\n\nyour customer at 203.0.113[.]91 sends spam for hxxp://landing[.]evil[.]example/win as\n"
    "info [at] brand [dot] example.\n\n--\nMario Rossi, https://www.customer.example/, mario@customer.example\n"
)


def test_a_complaint_in_words_to_our_own_desk_is_no_abuse() -> None:
    found = mail(WRITTEN, own="gateway.example")
    assert (found.format, found.reporter) == ("text", "mario@customer.example")
    assert (found.from_, found.hops, found.envelope_from, found.subject) == ((), (), None, None)
    assert values(found, "ip") == {"203.0.113.91"}
    assert values(found, "domain") == {"landing.evil.example"}
    assert values(found, "address") == {"info@brand.example"}
    assert found.received_at is not None
    assert any("written by mario@customer.example to an abuse desk" in fault for fault in found.faults)


@pytest.mark.parametrize(("to", "own"), [("abuse@other.example", "gateway.example"), ("carla@gateway.example", ""),
                                         ("carla@gateway.example", "gateway.example")])  # fmt: skip
def test_words_to_others_are_mail(to: str, own: str) -> None:
    found = mail(WRITTEN, to=to, own=own)
    assert (found.format, found.from_, len(found.hops)) == ("eml", ("mario@customer.example",), 1)


@pytest.mark.parametrize(
    "subject", ["Abuse report for 203.0.113.91", "[SpamCop (203.0.113.91)]", "Segnalazione di spam"]
)
def test_where_nobody_said_what_is_ours_a_report_to_a_desk_says_so_itself(subject: str) -> None:
    """Without a configuration the reporter must not read as the abuser either."""
    found = mail(WRITTEN, subject=subject)
    assert (found.format, found.reporter, found.from_) == ("text", "mario@customer.example", ())
    assert values(found, "ip") == {"203.0.113.91"}
    assert "abuse@gateway.example" not in values(found, "address")
    assert mail(WRITTEN, subject="Claim your prize").format == "eml"


def test_whom_it_was_done_to_is_no_source() -> None:
    text = "Source IP: 203.0.113.91\nTarget: 198.51.100.7 (smtp)\nDestination IP: 198.51.100.8\n"
    found = mail(text, subject="Abuse report", own="gateway.example")
    sure = {one.value: one.confidence for one in found.indicators}
    assert sure["203.0.113.91"] >= 0.5
    assert max(sure["198.51.100.7"], sure["198.51.100.8"]) < 0.2


def test_a_list_of_addresses_in_a_csv_file_is_read() -> None:
    body = (
        "--b\nContent-Type: text/plain\n\nsee https://reporter.customer.example/\n--b\n"
        'Content-Type: text/csv\nContent-Disposition: attachment; filename="report.csv"\n\n'
        '"timestamp","ip"\n"2025-10-07 01:02:03","203.0.113.91"\n--b--\n'
    )
    found = mail(body, kind="multipart/mixed; boundary=b", own="gateway.example")
    assert (found.format, values(found, "ip")) == ("text", {"203.0.113.91"})


def test_a_mail_to_our_desk_that_names_nothing_is_mail() -> None:
    assert mail("Please call me.\n", own="gateway.example").format == "eml"


def test_the_log_attached_to_a_complaint_in_words_is_read() -> None:
    body = (
        "--b\nContent-Type: text/plain\n\nsee the log\n--b\n"
        'Content-Type: text/plain\nContent-Disposition: attachment; filename="mail.log"\n\n'
        "Apr 14 15:31 postfix/smtpd: starting\n"
        "Apr 14 15:31 postfix/smtpd: connect from unknown[203.0.113.91]\n--b--\n"
    )
    found = mail(body, kind="multipart/mixed; boundary=b", own="gateway.example")
    sources = {one.value: one.source for one in found.indicators}
    assert sources["203.0.113.91"] == "attachment mail.log line 2"


X_ARF = (
    "From: Blocklist <autogenerated@blocklist.example>\nTo: abuse@gateway.example\nSubject: about 203.0.113.91\n"
    "Date: Mon, 14 Apr 2025 16:00:00 +0000\nX-XARF: PLAIN\nMIME-Version: 1.0\n"
    'Content-Type: multipart/mixed; boundary="b"\n\n'
    "--b\nContent-Type: text/plain; charset=utf-8\n\nDear Sirs,\n"
    '--b\nContent-Type: text/plain; charset=utf-8; name="report.txt"\n\n'
    "---\nReported-From: autogenerated@blocklist.example\nCategory: abuse\nReport-Type: spam\nVersion: 0.2\n"
    "Date: Mon, 14 Apr 2025 15:31:04 +0000\nSource-Type: ip-address\nSource: 203.0.113.91\n"
    "Schema-URL: http://www.x-arf.example/schema/abuse_spam_0.1.2.json\nAttachment: {kind}\n"
    "--b\nContent-Type: {kind}\n\n{content}\n--b--\n"
)


def test_an_x_arf_mail_names_its_source_and_not_its_reporter() -> None:
    log = X_ARF.format(kind="text/plain", content="Apr 14 15:31 connect from 203.0.113.91")
    found = read_complaint("x", log.encode())
    assert (found.format, found.reporter) == ("xarf", "autogenerated@blocklist.example")
    assert values(found, "ip") == {"203.0.113.91"}
    assert values(found, "domain") == values(found, "url") == set()
    assert found.received_at is not None
    assert (found.received_at.hour, found.received_at.minute) == (15, 31)
    assert found.from_ == ()
    spam = X_ARF.format(kind="message/rfc822", content=TRACE + "\nbody")
    found = read_complaint("x", spam.encode())
    assert (found.format, found.from_, len(found.hops)) == ("xarf", ("info@brand.example",), 2)


def test_a_bounce_in_the_old_style_quotes_the_evidence() -> None:
    content = (
        "Return-Path: <>\nFrom: MAILER-DAEMON@mx.victim.example\nTo: info@brand.example\nSubject: failure notice\n"
        f"Date: Mon, 14 Apr 2025 15:32:00 +0000\n\nHi. This is the qmail-send program.\n\n"
        f"--- Below this line is a copy of the message.\n\n{TRACE}\n{LINK}\n"
    )
    found = read_complaint("x", content.encode())
    assert found.sender == ("promo@easy-prize.example",)
    assert found.reporter == "mailer-daemon@mx.victim.example"


HTML = (
    '<html><head><style>p{color:red}</style></head><body><p>Bitte sperren, siehe <a href="http://www.customer.example/">'
    'uns</a></p><hr><div><b>Von:</b> Prize &lt;<a href="mailto:info@brand.example">info@brand.example</a>&gt;<br>\n'
    "<b>Gesendet:</b> Montag, 14. April 2025 15:31<br><b>An:</b> anna@victim.example<br>\n"
    '<b>Betreff:</b> Claim your prize</div><p>Win <a href="http://landing.evil.example/win?a=1">here</a></p></body></html>'
)


def test_a_forward_in_html_keeps_its_links() -> None:
    found = mail(HTML, kind="text/html")
    assert (found.from_, found.recipients) == (("info@brand.example",), ("anna@victim.example",))
    assert values(found, "url") == {"http://landing.evil.example/win?a=1"}


def test_the_links_of_the_html_beside_the_plain_text_count_too() -> None:
    body = (
        "--b\nContent-Type: text/plain; charset=utf-8\n\n" + BLOCKS["Outlook, German"] + "Win here\n"
        "--b\nContent-Type: text/html; charset=utf-8\n\n" + HTML + "\n--b--\n"
    )
    found = mail(body, kind="multipart/alternative; boundary=b")
    assert values(found, "url") == {"http://landing.evil.example/win?a=1"}
    assert len([fault for fault in found.faults if "attachment" in fault]) == 1


def test_of_a_forward_in_a_forward_the_innermost_is_the_evidence() -> None:
    helpdesk = (
        BLOCKS["Outlook"].replace("info@brand.example", "anna@customer.example").replace("Subject: ", "Subject: FW: ")
    )
    assert mail(helpdesk + "see below\n\n" + BLOCKS["Gmail"] + LINK).from_ == ("info@brand.example",)


def test_our_own_words_in_the_thread_are_no_evidence() -> None:
    ours = BLOCKS["Outlook"].replace("info@brand.example", "abuse@gateway.example")
    found = mail("Thank you.\n\n" + ours + "We look into it.\n")
    assert found.from_ == ("mario@customer.example",)
    found = mail("Thank you.\n\n" + ours + "We look into it.\n\n" + BLOCKS["Gmail"] + LINK)
    assert found.from_ == ("info@brand.example",)


def test_an_attached_message_is_better_evidence_than_the_text() -> None:
    body = (
        "--b\nContent-Type: text/plain\n\n" + BLOCKS["Gmail"].replace("info@", "other@") + "\n"
        "--b\nContent-Type: message/rfc822\n\n" + TRACE + "\nbody\n--b--\n"
    )
    found = mail(body, kind="multipart/mixed; boundary=b")
    assert (found.from_, len(found.hops)) == (("info@brand.example",), 2)


@pytest.mark.parametrize("kind", ["text/plain", "application/octet-stream", "text/rfc822-headers"])
def test_attached_headers_alone_are_the_evidence(kind: str) -> None:
    """The file headers.txt that a webmail saves: no empty line ends it."""
    body = (
        "--b\nContent-Type: text/plain\n\nsee the attachment\n--b\n"
        f'Content-Type: {kind}\nContent-Disposition: attachment; filename="headers.txt"\n\n{TRACE}\n--b--\n'
    )
    found = mail(body, kind="multipart/mixed; boundary=b")
    assert (found.from_, len(found.hops), found.reporter) == (("info@brand.example",), 2, "mario@customer.example")


def test_a_forward_pasted_from_a_ticket_is_read() -> None:
    text = "Ticket #4411\nCustomer wrote:\n\n" + BLOCKS["Outlook, Italian"] + LINK
    found = read_complaint("-", text.encode())
    assert (found.format, found.from_, found.subject) == ("text", ("info@brand.example",), "Claim your prize")
    assert "anna@victim.example" not in values(found, "address")


@pytest.mark.parametrize("text", ["From: me\nSubject: x\nTo: you", "Da: noi\nOggetto: x", "Subject: a@b.example\nTo: x",
                                  "To: a@b.example\nFrom: b@c.example"])  # fmt: skip
def test_a_few_words_with_colons_are_no_forward(text: str) -> None:
    assert forwards.find(text) is None


TEXT = st.text(st.sampled_from("FromDaVonDe: <>@ab.\n\r> *Subject\u00a0\u2028"), max_size=300)


@settings(max_examples=200, deadline=None)
@given(TEXT, TEXT)
def test_any_text_is_read_and_its_lines_exist(before: str, after: str) -> None:
    text = before + "\n\n" + BLOCKS["Outlook"] + after
    found = forwards.find(text)
    assert found is not None
    assert found.begin <= len(text.splitlines()) + 1
    assert read_complaints(
        [("x", OUTER.format(to="abuse@x.example", subject="x", kind="text/plain", body=text).encode())]
    )
