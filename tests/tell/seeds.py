"""The two incidents that irtool grew up with, written into a real journal as their people would have.

Times and figures are those of the public texts. What the texts contradict themselves in can be written too.
"""
# ruff: noqa: E501 (a paragraph is one line, as people type it)

from __future__ import annotations

import json
import os
import pwd
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from irtool import config
from irtool.adapters.journal import SqliteJournal
from irtool.intake import read_complaints
from irtool.records import (
    AccountFinding,
    Change,
    Complaint,
    Counted,
    CustomerFinding,
    Entry,
    Event,
    Findings,
    Hop,
    Json,
    Plan,
    PlanStep,
    Playbook,
    to_json,
)
from irtool.run.opening import open_incident, record_plan
from irtool.tell.parts import split
from irtool.wiring.evidence import Evidence

SOPHOS_ORG: Mapping[str, Json] = {"name": "Sophos", "domains": ["sophos.com"], "languages": ["it"], "contact": ""}
LIBERO_ORG: Mapping[str, Json] = {"name": "Yarix", "domains": ["libero.it"], "languages": ["it"], "contact": ""}
STAFF = ("alice", "bruno")


def utc(text: str) -> datetime:
    """`2025-04-14 15:54` in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def configure(folder: Path, org: Mapping[str, Json]) -> None:
    """An irtool.yaml, so that the command can be typed in the folder; all its people are who runs the tests."""
    me = pwd.getpwuid(os.getuid()).pw_name
    people = {name: {"os_user": me, "groups": ["soc"]} for name in STAFF}
    (folder / "irtool.yaml").write_text(json.dumps({"org": dict(org), "journal": "./irtool.db", "people": people}))


class Pen:
    """Writes into a journal whose clock is set to when things were written down."""

    def __init__(self, folder: Path, began: datetime) -> None:
        self.now = began
        self.journal = SqliteJournal(folder / "irtool.db", now=lambda: self.now)
        self.incident = ""

    def at(self, text: str) -> Pen:
        """From now on it is then."""
        self.now = utc(text)
        return self

    def add(self, kind: str, data: object = None, **more: object) -> Event:
        """One event."""
        body = to_json(data or {})
        assert isinstance(body, dict)
        return self.journal.append(self.incident, Entry(kind, body, **more))[0]  # type: ignore[arg-type]

    def note(self, text: str, at: str, offset: str = "", **more: Json) -> Event:
        """What somebody saw or did, written down later."""
        when = datetime.fromisoformat(at + (offset or "+00:00"))
        return self.add(
            "note.added", {"text": text, **more}, actor="alice", source="person", occurred_at=when, offset=offset
        )

    def part(self, name: str, text: str, lang: str = "it", style: str = "", **more: Json) -> Event:
        """A part of the report."""
        words, sources = split(text)
        data = {"part": name, "lang": lang, "style": style, "text": words, "sources": sources, "supersedes": None}
        return self.add("report.part", data | more, actor="alice", source="person")

    def plan(self, *steps: PlanStep) -> None:
        """What is to be done."""
        plan = Plan("email-abuse", "0" * 64, "1" * 64, self.now, steps)
        record_plan(self.journal, self.incident, plan, "alice")

    def do(self, step: PlanStep, until: str) -> None:
        """All changes of the step, the last one at that time."""
        last = utc(until)
        for n, change in enumerate(step.changes):
            self.now = last - timedelta(seconds=len(step.changes) - 1 - n)
            key = {"change": to_json(change), "before": {}, "key": change.id}
            self.add("change.intended", key, step=step.id, item=change.item)
            self.add("change.done", {"after": change.after, "effective": True}, step=step.id, item=change.item)

    def events(self) -> list[Event]:
        """All of it."""
        return list(self.journal.events(self.incident))


def _step(name: str, title: str, verb: str, targets: Mapping[str, str], after: str = "blocked") -> PlanStep:
    changes = tuple(
        Change(name, t, verb, t, "gateway", "do", before="absent", after=after, label=label)
        for t, label in targets.items()
    )
    return PlanStep(name, title, verb, "self", "continue", f"hash-{name}", changes)


def _book(name: str, title: str) -> Playbook:
    return Playbook(name=name, title=title, owner="", approvers="", inputs=(), limits={}, steps=(), text="", sha256="0" * 64, path="")  # fmt: skip


def _sophos_findings() -> Findings:
    first, last = utc("2025-04-13 18:00"), utc("2025-04-15 16:31")
    trials = tuple(
        AccountFinding(
            f"trial-{n:02d}", plan="trial", messages=79_000, confidence=0.97, first_seen=first,
            evidence="null envelope, own Sender", created=utc("2025-04-02 09:12") + timedelta(hours=9 * n),
        )
        for n in range(24)
    )  # fmt: skip
    customers = tuple(
        CustomerFinding(
            f"C{n:02d}", f"Cliente {n} S.p.A.", f"cliente{n}.example", "it", f"sicurezza@cliente{n}.example",
            messages=8 if n == 1 else 2, first_seen=utc("2025-04-13 19:00"), last_seen=utc("2025-04-14 18:00"),
        )
        for n in range(1, 13)
    )  # fmt: skip
    return Findings(
        messages=1_900_000, first_seen=first, last_seen=last, accounts=trials,
        source_ips=tuple(Counted(f"198.51.100.{n}", 20_000) for n in range(1, 90)),
        sender_addresses=tuple(Counted(f"office@trial-{n:02d}.example", 79_000) for n in range(24)),
        spoofed_addresses=(Counted("info@sophos.com", 1_200_000), Counted("news@sophos.com", 699_970)),
        destination_domains=(Counted("spam-destination.example", 1_900_000, first, last),),
        affected_customers=customers, signatures=("null-envelope-foreign-from",), log_rows=9_000_000, from_log=True,
    )  # fmt: skip


def _sophos_complaint() -> Complaint:
    return Complaint(
        source="reddit.txt", sha256="ab" * 32, size=900, format="text", subject="Spam from info@sophos.com",
        received_at=utc("2025-04-14 15:54"), reporter="/u/jegraves", envelope_from="", envelope_null=True,
        from_=("info@sophos.com",), sender=("office@trial-00.example",),
        hops=(Hop(1, helo="gateway", ip="198.51.100.7", by="mx.elsewhere.example", with_="ESMTPS",
                  time=utc("2025-04-14 12:31")),),
    )  # fmt: skip


def sophos(folder: Path, *, contradictions: bool = False) -> Pen:
    """The incident of April 2025 as the table of the advisory has it, with the parts that only people know."""
    configure(folder, SOPHOS_ORG)
    pen = Pen(folder, utc("2025-04-14 16:52"))
    pen.incident = open_incident(
        pen.journal, _book("email-abuse", "Spam sent through our own mail service"), [_sophos_complaint()],
        _sophos_findings(), inputs={}, by="alice", door="terminal", began=pen.now,
    )  # fmt: skip
    pen.at("2025-04-14 17:06")
    pen.note("Sophos IDR avvia l'indagine coinvolgendo le principali parti interessate", "2025-04-14T17:05")
    found = _sophos_findings()
    domains = _step("block-domains", "Block the destination", "domain.block", {found.destination_domains[0].value: ""})
    spoof = _step("no-spoofing", "No one sends as sophos.com", "policy.set", {"spoofing-of-sophos.com": ""}, "set")
    ips = _step("block-ips", "Block the IPs", "ip.block", {c.value: "" for c in found.source_ips})
    addresses = _step("block-addresses", "Block the addresses", "address.block",
                      {c.value: "" for c in found.sender_addresses})  # fmt: skip
    accounts = _step("disable-trials", "Disable the trials", "account.disable",
                     {a.id: "" for a in found.accounts}, "disabled")  # fmt: skip
    notices = _step("notify", "Tell the customers", "notice.send",
                    {c.id: c.name for c in found.affected_customers}, "sent")  # fmt: skip
    trials = _step("no-trial-outbound", "No outbound mail from trials", "policy.set", {"trial-outbound": ""}, "set")
    pen.at("2025-04-14 18:40").plan(domains, spoof, ips, addresses, accounts, notices, trials)
    pen.at("2025-04-14 18:41").add("run.started", {"by": "alice"}, actor="alice")
    pen.do(domains, "2025-04-14 19:07")
    pen.do(spoof, "2025-04-15 06:00")
    pen.do(ips, "2025-04-15 16:32")
    pen.do(addresses, "2025-04-15 16:33")
    pen.do(accounts, "2025-04-17 11:51")
    pen.do(notices, "2025-04-17 14:20")
    pen.do(trials, "2025-04-19 04:59")
    pen.at("2025-04-19 05:10").add("run.ended", {"outcome": "done", "exit_code": 0})
    _sophos_parts(pen.at("2025-04-22 09:00"), contradictions=contradictions)
    return pen


def _sophos_parts(pen: Pen, *, contradictions: bool) -> None:
    wrong = contradictions
    pen.note("/u/jegraves #credit", "2025-04-22T09:00")
    pen.part("impact", "I messaggi erano spam non malevolo. Il Supporto Sophos ha informato tutti i clienti coinvolti.")
    pen.part("root_cause", f"""Al lancio del servizio il sistema inoltrava un messaggio solo se il mittente della busta (o l'intestazione "Da", se il mittente era NULL) e l'indirizzo IP appartenevano al cliente associato al dominio. Questo portava al rifiuto dei messaggi inoltrati, ad esempio degli inviti del calendario.

Nel 2019 la logica è cambiata: oltre al mittente della busta e all'intestazione "Da" viene considerata l'intestazione del Mittente. Un utente che riceve un invito esterno del calendario da example.org può così inoltrarlo a un amico di example.com, a patto che l'intestazione del Mittente appartenga al cliente.

Un mittente malintenzionato poteva perciò registrarsi per un account di prova gratuita e inviare un messaggio con mittente NULL, un'intestazione del Mittente del dominio dell'account di prova e un indirizzo "Da" gestito da altri clienti (principalmente sophos.com).

Gli autori hanno registrato il loro primo account di prova gratuita il 2 aprile 2025, sembra in una prima fase sperimentale. Non hanno cominciato a inviare attivamente spam fino al {"12" if wrong else "13"} aprile 2025, limitando il periodo totale di utilizzo improprio a meno di due giorni.
Source: 2019 = storia delle modifiche alla regola di inoltro""")  # fmt: skip
    if wrong:
        pen.part("resolution", """Il 15 aprile 2025 sono state intraprese azioni immediate per bloccare i domini e gli indirizzi IP associati ai cybercriminali e per disattivare 24 account associati alle attività di spam.

Il 16 aprile 2025 sono stati implementati cambiamenti nella logica primaria per risolvere questo incidente.

Il 18 aprile 2025 è stata applicata una terza modifica per mitigare i casi futuri di utilizzo improprio, negando agli account di prova gratuita l'autorizzazione di inviare e-mail in uscita.
Source: 16 aprile 2025 e 18 aprile 2025 = bozza dell'avviso""")  # fmt: skip
    else:
        pen.part("resolution", """La logica introdotta nel 2019 è ora più restrittiva: quando il mittente della busta risulta NULL, il dominio dell'intestazione "Da" deve appartenere allo stesso cliente dell'intestazione del Mittente. Gli inviti del calendario restano possibili; imitare altri domini gestiti da Sophos Email non lo è più.

Gli account di prova gratuita non sono più autorizzati a inviare e-mail in uscita: vale per tutti quelli creati da ora in poi, a meno che non vengano creati da un Partner o da un Rivenditore Sophos.
Source: 2019 = storia delle modifiche alla regola di inoltro""")  # fmt: skip
    pen.part("credits", "/u/jegraves ha ricevuto un premio nell'ambito del nostro programma Bug Bounty.", consent=True)
    pen.part("actions", "Migliorare il rilevamento delle attività sospette provenienti dagli account di prova gratuita, analizzando i comportamenti degli account fin dalla creazione | Sophos Email | 31 dicembre 2025")  # fmt: skip
    pen.part(
        "contact",
        """Per domande e assistenza in merito a questo incidente: Supporto tecnico Sophos.

- Invia un caso: accedi al Portale del Supporto tecnico e scegli Assistenza, Crea ticket di supporto
- Clienti MDR: la dashboard di MDR, oppure il contatto Sophos dedicato per la risposta alle minacce""",
    )


_LIBERO_HOPS = (
    ("7cho-me.com", "85.65.59.147.dynamic.barak-online.net", "85.65.59.147", "r3.kawaz.jp", "ESMTPA", "19E99E83CED1",
     "Sat, 17 May 2014 21:59:37 +0900 (JST)", "2014-05-17T21:59:37+09:00"),
    ("7cho-me.com", "unknown", "112.171.218.7", "r3.kawaz.jp", "ESMTPA", "E9C16C5BEF1E",
     "Fri, 30 May 2014 08:17:15 +0900 (JST)", "2014-05-30T08:17:15+09:00"),
    ("tafner.com.br", "unknown", "113.16.185.65", "servidor.tafner.com.br", "ESMTPA", "7B796208985",
     "Thu, 29 May 2014 01:07:31 -0300 (BRT)", "2014-05-29T01:07:31-03:00"),
    ("7cho-me.com", "unknown", "178.88.90.195", "r3.kawaz.jp", "ESMTPA", "69F40C5BF190",
     "Fri, 30 May 2014 11:40:53 +0900 (JST)", "2014-05-30T11:40:53+09:00"),
    ("gmo-seo.jp", "unknown", "178.122.55.251", "gmotech.jp", "ESMTP", "7E0971188406",
     "Thu, 29 May 2014 23:18:38 +0900 (JST)", "2014-05-29T23:18:38+09:00"),
    ("mustlovewine.com", None, "109.86.164.213", "server1.commentspot.net", "esmtpa", "1WqABD-0000h0-0r",
     "Thu, 29 May 2014 16:56:15 -0700", "2014-05-29T16:56:15-07:00"),
    ("weissy.com", "frequenciless-standing.volia.net", "93.73.165.90", "websitetickets.com", "ESMTPA", "34CA41DB2614",
     "Thu, 29 May 2014 12:22:35 -0400 (EDT)", "2014-05-29T12:22:35-04:00"),
)  # fmt: skip
_LIBERO_IDS = ("<6b2daac63ab3e8955fa9b2ddd3a1b768@7cho-me.com>", "<2eb8469b285a8b6a9e0c185bfca62cd7@7cho-me.com>")


def _received(helo: str, rdns: str | None, ip: str, by: str, with_: str, queue: str, raw: str) -> str:
    """The header as the relay wrote it: Postfix, and once Exim with its IP written twice."""
    if rdns is None:
        return (
            f"Received: from [{ip}{ip}] (helo={helo})\r\n\tby {by} with {with_} (Exim 4.67)\r\n\t(envelope-from )\r\n"
            f"\tid {queue}; {raw}\r\n"
        )
    return f"Received: from {helo} ({rdns} [{ip}])\r\n\tby {by} (Postfix) with {with_} id {queue};\r\n\t{raw}\r\n"


def libero_mail(n: int) -> bytes:
    """One of the seven messages that the bulletin shows, with the features that it tells of."""
    *hop, _iso = _LIBERO_HOPS[n]
    user = f"paperino{1234 + n}"
    message_id = f"Message-ID: {_LIBERO_IDS[n]}\r\n" if n < len(_LIBERO_IDS) else "Message-ID: \r\n"
    text = (
        f"{_received(*hop)}{message_id}From: {user}@libero.it\r\nTo: contatto@altrove.example\r\n"  # type: ignore[arg-type]
        f"Subject: {user}\r\nX-Mailer: Microsoft Windows Live Mail 16.4.3522.110\r\n"
        "X-MimeOLE: Produced By Microsoft MimeOLE V16.4.3522.110\r\nMIME-Version: 1.0\r\n"
        "Content-Type: text/plain\r\n\r\nhttp://compromised-site.example/x/\r\n"
    )
    return text.encode()


def libero(folder: Path, *, contradictions: bool = False) -> Pen:
    """The campaign of May 2014 as the seven headers of the bulletin tell it."""
    configure(folder, LIBERO_ORG)
    pen = Pen(folder, utc("2014-05-30 09:30"))
    complaints = read_complaints([(f"{n + 1}.eml", libero_mail(n)) for n in range(len(_LIBERO_HOPS))], ["libero.it"])
    evidence = Evidence(config.load(folder / "irtool.yaml"))
    complaints, found = evidence.triage(complaints, timedelta(days=30), pen.now, None)
    pen.incident = open_incident(
        pen.journal, _book("spoofed-campaign", "Our users' addresses forged elsewhere"), complaints, found,
        inputs={}, by="alice", door="terminal", began=pen.now,
    )  # fmt: skip
    pen.at("2014-05-30 10:00")
    if contradictions:
        pen.note("Trovate tracce dell'invio di questa tipologia di mail da account libero.it fin da sabato 17 maggio 2014 alle ore 05:59:47", "2014-05-17T05:59:47", "+02:00")  # fmt: skip
    pen.part("overview", """L'unica pubblicazione ufficiale al momento compare sul blog di libero.it (blog.libero.it/mondolibero/12829388.html); la Polizia Postale non ha ancora ricevuto una risposta formale al quesito scritto posto al provider.
Source: 12829388 = indirizzo della pagina del blog""")  # fmt: skip
    pen.part("recognise", "La posta appare, o la si vuol far apparire, come spedita da Windows Live Mail. La macchina che spedisce utilizza contatti reali dell'utente: l'aspetto che può trarre in inganno.")  # fmt: skip
    pen.part("hypotheses", """Gli indirizzi falsificati del 17 maggio 2014 e del 30 maggio 2014 si somigliano, e il relay è lo stesso: r3.kawaz.jp.

Come può lo spammer essere entrato in possesso dei contatti? Le possibilità a nostro giudizio:

- Malware che ha infettato i pc degli utenti, come suggeriscono gli header che fanno sempre riferimento a Windows Live Mail. Appare però strano che riguardi esclusivamente account di Libero.
- Compromissione di un server di Libero, come suggerisce il fatto che i mittenti sono sempre di Libero: il server web della webmail, o un server di backend (come un DB) dove sono archiviati i contatti. Questa possibilità non è ancora stata smentita.""")  # fmt: skip
    pen.part("contact", "Yarix Security Operation Center, Diego Marson, Yarix Security Manager.")
    return pen
