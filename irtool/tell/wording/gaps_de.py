"""What triage could not answer, in German. Triage says it in English; the figures in the sentences are kept."""

from __future__ import annotations

_LISTS = {
    "accounts": "Konten",
    "source ips": "Quell-IPs",
    "sender addresses": "Absenderadressen",
    "spoofed addresses": "gefälschte Adressen",
    "destination domains": "Zieldomains",
}

GAPS: dict[str, str] = {
    r"The log has no time: .*": (
        "Das Log enthält keine Zeitangaben: Es wurde vollständig durchsucht, und weder die erste noch die letzte "
        "Nachricht ist bekannt."
    ),
    r"The log has no account: the accounts are those that own .*": (
        "Das Log enthält kein Konto: Als Konten gelten diejenigen, denen die Domains in Sender, Umschlagabsender und "
        "Von gehören; was sie sonst gesendet haben, ist nicht bekannt."
    ),
    r"The log has no account: .*": (
        "Das Log enthält kein Konto: Es ist nicht bekannt, welche Konten die Kampagne gesendet haben, und nach Mail in "
        "fremdem Namen konnte nicht gesucht werden."
    ),
    r"The log has no source IP: .*": (
        "Das Log enthält keine Quell-IP: Es ist nicht bekannt, welche IPs zu sperren sind."
    ),
    r"The log has no envelope sender: .*": (
        "Das Log enthält keinen Umschlagabsender: Nach Mail mit leerem Absender (Null-Sender) konnte nicht gesucht "
        "werden."
    ),
    r"The log has no From header: .*": (
        "Das Log enthält keine From-Kopfzeile: Es ist nicht bekannt, in wessen Namen gesendet wurde."
    ),
    r"The log has no Sender header: every message counts .*": (
        "Das Log enthält keinen Sender-Header: Jede Nachricht zählt so, als "
        "hätte sie keinen; die Regeln ab 2019 wirken daher strenger."
    ),
    r"The log has no Sender header: .*": (
        "Das Log enthält keine Sender-Kopfzeile: Nach Mail in fremdem Namen konnte nicht gesucht werden."
    ),
    r"The log has no recipient: .*": (
        "Das Log enthält keinen Empfänger: Es ist nicht bekannt, wer die Kampagne erhalten hat."
    ),
    r"The log has no recipient domain: .*": (
        "Das Log enthält keine Empfängerdomain: Es ist nicht bekannt, welches Ziel zu sperren ist."
    ),
    r"The log has no subject: .*": (
        "Das Log enthält keinen Betreff: Die Nachrichten konnten nicht daran erkannt werden."
    ),
    r"The log has no message-id: .*": (
        "Das Log enthält keine Message-ID: Die Nachricht aus der Beschwerde konnte nicht gesucht werden."
    ),
    r"There is no gateway log: .*": (
        "Es gibt kein Gateway-Log: Es ist nicht bekannt, wie viele Nachrichten seit wann und von welchen anderen "
        "Konten gesendet wurden; gezählt sind die Beschwerden."
    ),
    r"There is no directory: .*": (
        "Es gibt kein Kontenverzeichnis: Es ist nicht bekannt, zu welchen Konten und Kunden die Domains gehören."
    ),
    r"The directory lists no domains: .*": (
        "Das Kontenverzeichnis enthält keine Domains: Gefälschte Absender lassen sich nicht von rechtmäßigen "
        "unterscheiden."
    ),
    r"The log has (?P<n>\d+) messages since (?P<since>\S.{,40}?), none of this campaign: .*": (
        "Das Log enthält {n} Nachrichten seit {since}, keine davon aus dieser Kampagne: Gezählt sind die Beschwerden."
    ),
    r"The log has no messages at all since (?P<since>\S.{,40}?), none of this campaign: .*": (
        "Das Log enthält seit {since} überhaupt keine Nachrichten: Gezählt sind die Beschwerden."
    ),
    r"No account: (?P<n>\d+) messages of the campaign .*": (
        "Ohne Konto: {n} Nachrichten der Kampagne tragen im Protokoll keines; wer sie gesendet hat, ist nicht bekannt."
    ),
    r"Left out: (?P<n>\d+) messages of (?P<m>\d+) other accounts .*": (
        "Nicht mitgezählt: {n} Nachrichten von {m} anderen Konten zeigen dasselbe Muster, hängen aber zu schwach mit "
        "der Beschwerde zusammen."
    ),
    **{
        rf"There are (?P<n>\d+) {english}: only the (?P<most>\d+) .*": (
            f"{german[0].upper()}{german[1:]}: Es sind {{n}}; aufgeführt sind nur die {{most}} mit den meisten "
            "Nachrichten."
        )
        for english, german in _LISTS.items()
    },
}
"""Pattern of the whole English sentence -> the German one, with its named groups."""
