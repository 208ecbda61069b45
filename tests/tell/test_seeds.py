"""The two public texts that irtool grew up with, section by section: every fact of theirs is in ours."""

from __future__ import annotations

import re
from io import BytesIO
from pathlib import Path

import pytest
from pypdf import PdfReader

from irtool.shipped import folder
from irtool.tell.linter import lint
from irtool.tell.report import Order, Written, write
from irtool.tell.story import story
from irtool.wiring.printing import pdf

from . import seeds

TEMPLATES = [folder("templates")]

SOPHOS = {
    "Panoramica": [
        "14 aprile 2025 alle ore 15:54 UTC", "spam", "sophos [PUNTO] com", "58 minuti", "account di prova",
        "lacuna nelle regole che stabiliscono chi può inoltrare posta", "24 account disattivati",
        "2 criteri modificati",
    ],
    "Impatto": [
        "1,9 milioni di messaggi di spam", "non malevolo", "info [CHIOCCIOLA] sophos [PUNTO] com",
        "news [CHIOCCIOLA] sophos [PUNTO] com", "30 messaggi che imitavano i domini di 12 clienti",
        "ha informato tutti i clienti coinvolti",
    ],
    "Cronologia": [
        "2 aprile 2025", "Viene creato il primo degli account",
        "13 aprile 2025, h 18:00 UTC | Il primo messaggio della campagna",
        "14 aprile 2025, h 15:54 UTC | L'abuso ci viene segnalato",
        "14 aprile 2025, h 16:52 UTC | Il nostro team prende atto",
        "14 aprile 2025, h 17:05 UTC | Sophos IDR avvia l'indagine",
        "14 aprile 2025, h 19:07 UTC | 1 dominio di destinazione bloccato",
        "15 aprile 2025, h 06:00 UTC | 1 criterio modificato: spoofing-of-sophos [PUNTO] com",
        "15 aprile 2025, h 16:33 UTC | 24 indirizzi mittenti bloccati",
        "17 aprile 2025, h 11:51 UTC | 24 account disattivati",
        "19 aprile 2025, h 04:59 UTC | 1 criterio modificato: trial-outbound",
        "Presa d'atto del team | 14 aprile 2025, h 16:52 UTC | 58 min | 58 min",
        "Primo blocco attivo | 14 aprile 2025, h 19:07 UTC | 3 h 13 min | 3 h 13 min",
        "IP e indirizzi bloccati | 15 aprile 2025, h 16:33 UTC | 24 h 39 min | 24 h 39 min",
        "Ultimo account disattivato | 17 aprile 2025, h 11:51 UTC | 2 g 19 h 57 min | 2 g 19 h 57 min",
    ],
    "Analisi": [
        "Al lancio del servizio", "mittente della busta", "inviti del calendario", "Nel 2019", "example [PUNTO] org",
        "intestazione del Mittente", "mittente NULL", "2 aprile 2025", "fase sperimentale", "meno di due giorni",
    ],
    "Risoluzione": [
        "1 dominio di destinazione bloccato", "89 IP mittenti bloccati", "24 account disattivati",
        "deve appartenere allo stesso cliente dell'intestazione del Mittente", "Partner", "Rivenditore",
        "Ringraziamo /u/jegraves", "Bug Bounty", "Azioni a lungo termine", "rilevamento delle attività sospette",
    ],
    "Azioni aggiuntive": [
        "eliminare i messaggi", "info [CHIOCCIOLA] sophos [PUNTO] com", "fra il 13 aprile 2025 e il 15 aprile 2025",
        "Supporto tecnico Sophos", "Crea ticket di supporto", "Clienti MDR",
    ],
}  # fmt: skip

LIBERO = {
    "Panoramica": [
        "17 maggio 2014 alle ore 12:59 UTC", "non avviene dai nostri server", "spoofed", "12829388", "Polizia Postale",
    ],
    "Come riconoscerli": [
        "L'oggetto è uguale al nome del mittente", "Microsoft Windows Live Mail 16.4.3522.110",
        "Produced By Microsoft MimeOLE V16.4.3522.110", "contatti reali dell'utente",
    ],
    "Relay e passaggi": [
        "Sat, 17 May 2014 21:59:37 +0900 (JST)", "85.65.59[.]147", "dynamic[.]barak-online[.]net", "19E99E83CED1",
        "Fri, 30 May 2014 08:17:15 +0900 (JST)", "112.171.218[.]7", "E9C16C5BEF1E",
        "Thu, 29 May 2014 01:07:31 -0300 (BRT)", "113.16.185[.]65", "servidor[.]tafner[.]com[.]br", "7B796208985",
        "Fri, 30 May 2014 11:40:53 +0900 (JST)", "178.88.90[.]195", "69F40C5BF190",
        "Thu, 29 May 2014 23:18:38 +0900 (JST)", "178.122.55[.]251", "gmotech[.]jp", "7E0971188406",
        "Thu, 29 May 2014 16:56:15 -0700", "mustlovewine[.]com", "server1[.]commentspot[.]net", "1WqABD-0000h0-0r",
        "Thu, 29 May 2014 12:22:35 -0400 (EDT)", "93.73.165[.]90", "volia[.]net", "websitetickets[.]com",
        "34CA41DB2614", "2014-05-17 12:59:37", "Lo stesso relay, r3 [PUNTO] kawaz [PUNTO] jp, compare in 3 messaggi",
        "17 maggio 2014", "30 maggio 2014", "Malware", "Compromissione", "webmail", "DB",
    ],
    "Indicatori": [
        "6b2daac63ab3e8955fa9b2ddd3a1b768[@]7cho-me[.]com", "2eb8469b285a8b6a9e0c185bfca62cd7[@]7cho-me[.]com",
        "paperino1234[@]libero[.]it",
    ],
    "Che cosa fare": ["Yarix Security Operation Center", "Diego Marson"],
}  # fmt: skip


def text(written: Written) -> str:
    """The Markdown as it reads."""
    return re.sub(r"\\(?=\W)", "", written.md())


def sections(told: str) -> dict[str, str]:
    """The text below each heading."""
    found = re.split(r"^## (.*)$", told, flags=re.MULTILINE)
    return dict(zip(found[1::2], found[2::2], strict=True))


@pytest.mark.parametrize("tlp", ["", "clear", "red"])
def test_the_sophos_advisory(tmp_path: Path, tlp: str) -> None:
    """From the journal alone and the parts that people wrote: as complete as the advisory, and ready to publish."""
    pen = seeds.sophos(tmp_path)
    order = Order("report", "it", tlp, compare=True, people=seeds.STAFF)
    written = write(pen.events(), order, TEMPLATES, seeds.SOPHOS_ORG)
    told = sections(text(written))
    assert list(told) == list(SOPHOS)
    for section, parts in SOPHOS.items():
        for part in parts:
            assert part in told[section], (section, part)
    assert written.boxes == []
    assert lint(story(pen.events())) == []


def test_the_yarix_bulletin(tmp_path: Path) -> None:
    """From seven headers as they were printed, the broken one and the empty Message-IDs among them."""
    pen = seeds.libero(tmp_path)
    written = write(pen.events(), Order("bulletin", "it", "clear", people=seeds.STAFF), TEMPLATES, seeds.LIBERO_ORG)
    told = sections(text(written))
    assert list(told) == list(LIBERO)
    for section, parts in LIBERO.items():
        for part in parts:
            assert part in told[section], (section, part)
    assert written.boxes == []
    assert "05:59" not in text(written)


@pytest.mark.parametrize("seed", ["sophos", "libero"])
@pytest.mark.parametrize("style", ["report", "postmortem", "brief", "bulletin"])
@pytest.mark.parametrize("lang", ["it", "en"])
def test_every_style_tells_either(tmp_path: Path, seed: str, style: str, lang: str) -> None:
    """Checked against the facts, as a page and as data."""
    events = getattr(seeds, seed)(tmp_path).events()
    org = getattr(seeds, f"{seed.upper()}_ORG")
    written = write(events, Order(style, lang, "clear", people=seeds.STAFF), TEMPLATES, org)
    assert written.html(TEMPLATES).startswith("<!doctype html>")
    assert written.md().count("TLP:CLEAR") == 2
    assert str(story(events)["incident"]) in written.json()


def test_the_brief_is_one_page(tmp_path: Path) -> None:
    """On paper, as the PDF has it."""
    pen = seeds.sophos(tmp_path)
    pen.part(
        "summary", "Account di prova hanno inviato spam a nome nostro. L'abuso è contenuto; nessuna decisione aperta."
    )
    written = write(pen.events(), Order("brief", "it", "amber", people=seeds.STAFF), TEMPLATES, seeds.SOPHOS_ORG)
    assert len(PdfReader(BytesIO(pdf(written.html(TEMPLATES)))).pages) == 1
    assert written.boxes == []
