"""What triage could not answer, in Italian. Triage says it in English; the figures in the sentences are kept."""

from __future__ import annotations

_LISTS = {
    "accounts": "account",
    "source ips": "IP di origine",
    "sender addresses": "indirizzi mittenti",
    "spoofed addresses": "indirizzi contraffatti",
    "destination domains": "domini di destinazione",
}

GAPS: dict[str, str] = {
    r"The log has no time: .*": (
        "Il log non riporta l'ora: è stato esaminato per intero, e non si conoscono né il primo né l'ultimo messaggio."
    ),
    r"The log has no account: the accounts are those that own .*": (
        "Il log non riporta l'account: gli account indicati sono quelli a cui appartengono i domini di Sender, busta "
        "e Da."
    ),
    r"The log has no account: .*": (
        "Il log non riporta l'account: non si sa quali account abbiano inviato la campagna, né si è potuto cercare chi "
        "inoltrava a nome di altri."
    ),
    r"The log has no source IP: .*": "Il log non riporta l'IP di origine: non si sa quali IP bloccare.",
    r"The log has no envelope sender: .*": (
        "Il log non riporta il mittente della busta: non si è potuto cercare chi inoltrava con un mittente nullo."
    ),
    r"The log has no From header: .*": "Il log non riporta l'intestazione Da: non si sa chi sia stato imitato.",
    r"The log has no Sender header: every message counts .*": (
        "Il log non riporta l'intestazione Sender: ogni messaggio conta come se non l'avesse, quindi le regole dal "
        "2019 in poi appaiono più severe."
    ),
    r"The log has no Sender header: .*": (
        "Il log non riporta l'intestazione Sender: non si è potuto cercare chi inoltrava a nome di altri."
    ),
    r"The log has no recipient: .*": "Il log non riporta il destinatario: non si sa chi abbia ricevuto la campagna.",
    r"The log has no recipient domain: .*": (
        "Il log non riporta il dominio del destinatario: non si sa quale destinazione bloccare."
    ),
    r"The log has no subject: .*": "Il log non riporta l'oggetto: i messaggi non si sono potuti riconoscere da quello.",
    r"The log has no message-id: .*": (
        "Il log non riporta il message-id: non si è potuto cercare il messaggio della segnalazione."
    ),
    r"There is no gateway log: .*": (
        "Non c'è un log del gateway: non si sa quanti messaggi siano stati inviati, da quando e da quali altri "
        "account; i conteggi riguardano le segnalazioni."
    ),
    r"There is no directory: .*": (
        "Non c'è un elenco degli account: non si sa a quali account e clienti appartengano i domini."
    ),
    r"The directory lists no domains: .*": (
        "L'elenco non riporta domini: i mittenti contraffatti non si distinguono da quelli legittimi."
    ),
    r"The log has (?P<n>\d+) messages since (?P<since>\S.{,40}?), none of this campaign: .*": (
        "Il log ha {n} messaggi dal {since}, nessuno di questa campagna: i conteggi riguardano le segnalazioni."
    ),
    r"The log has no messages at all since (?P<since>\S.{,40}?), none of this campaign: .*": (
        "Il log non ha alcun messaggio dal {since}: i conteggi riguardano le segnalazioni."
    ),
    r"No account: (?P<n>\d+) messages of the campaign .*": (
        "Senza account: {n} messaggi della campagna non ne riportano alcuno nel log; non si sa chi li abbia inviati."
    ),
    r"Left out: (?P<n>\d+) messages of (?P<m>\d+) other accounts .*": (
        "Esclusi: {n} messaggi di {m} altri account mostrano lo stesso schema, ma troppo poco li collega alla "
        "segnalazione."
    ),
    **{
        rf"There are (?P<n>\d+) {english}: only the (?P<most>\d+) .*": (
            f"{italian[0].upper()}{italian[1:]}: sono {{n}}; sono elencati solo i primi {{most}} per numero di "
            "messaggi."
        )
        for english, italian in _LISTS.items()
    },
}
"""Pattern of the whole English sentence -> the Italian one, with its named groups."""
