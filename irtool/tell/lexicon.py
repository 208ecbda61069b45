"""The words by which figures, dates and claims are recognised in a text, whatever of our languages it is written in.

One list for all languages: people write notes in the language that they think in.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

MONTHS: Mapping[str, int] = {
    name: n
    for n, names in enumerate(
        (
            "january jan gennaio gen januar jänner janvier janv enero ene",
            "february feb febbraio februar février févr fév fevrier fevr febrero",
            "march mar marzo märz mär mars",
            "april apr aprile avril avr abril abr",
            "may maggio mag mai mayo",
            "june jun giugno giu juni juin junio",
            "july jul luglio lug juli juillet juil julio",
            "august aug agosto ago août aout",
            "september sep sept settembre set septembre septiembre",
            "october oct ottobre ott oktober okt octobre octubre",
            "november nov novembre noviembre",
            "december dec dicembre dic dezember dez décembre déc decembre diciembre",
        ),
        start=1,
    )
    for name in names.split()
}

UNITS: Mapping[str, int] = {
    word: seconds
    for seconds, words in {
        604_800: "week weeks settimana settimane woche wochen semaine semaines semana semanas",
        86_400: "d g j day days giorno giorni tag tage tagen jour jours día días dia dias",
        3_600: "h hour hours ora ore stunde stunden std heure heures hora horas",
        60: "min mins minute minutes minuto minuti minuten minutos",
        1: "s sec second seconds secondo secondi sekunde sekunden sek seconde secondes segundo segundos",
    }.items()
    for word in words.split()
}

_NUMBERS: Mapping[int, str] = {
    1: "one un uno una un' ein eine einen einer einem une",
    2: "two due zwei deux dos",
    3: "three tre drei trois tres",
    4: "four quattro vier quatre cuatro",
    5: "five cinque fünf cinq cinco",
    6: "six sei sechs seis",
    7: "seven sette sieben sept siete",
    8: "eight otto acht huit ocho",
    9: "nine nove neun neuf nueve",
    10: "ten dieci zehn dix diez",
    11: "eleven undici elf onze once",
    12: "twelve dodici zwölf douze doce",
    13: "thirteen tredici dreizehn treize trece",
    14: "fourteen quattordici vierzehn quatorze catorce",
    15: "fifteen quindici fünfzehn quinze quince",
    16: "sixteen sedici sechzehn seize dieciséis",
    17: "seventeen diciassette siebzehn diecisiete",
    18: "eighteen diciotto achtzehn dieciocho",
    19: "nineteen diciannove neunzehn diecinueve",
    20: "twenty venti zwanzig vingt veinte",
    24: "ventiquattro vierundzwanzig veinticuatro",
    30: "thirty trenta dreißig trente treinta",
    40: "forty quaranta vierzig quarante cuarenta",
    50: "fifty cinquanta fünfzig cinquante cincuenta",
    100: "hundred cento hundert cent cien ciento",
}
NUMBERS: Mapping[str, int] = {word: n for n, words in _NUMBERS.items() for word in words.split()}

SCALES: Mapping[str, int] = {
    word: factor
    for factor, words in {
        1_000: "thousand mila tausend tsd mille mil",
        1_000_000: "million millions milione milioni millionen mio millón millones",
        1_000_000_000: "billion billions miliardo miliardi milliarde milliarden milliard milliards",
    }.items()
    for word in words.split()
} | {"mil millones": 1_000_000_000}

BOUNDS: Mapping[str, str] = {
    phrase: sign
    for sign, phrases in {
        "<": "less than|within|under|meno di|entro|in meno di|weniger als|unter|binnen|innerhalb von|"
        "moins de|moins d'|moins d’|en moins de|en moins d'|en moins d’|dans un délai de|"
        "menos de|en menos de|dentro de",
        ">": "more than|over|at least|più di|oltre|almeno|mehr als|über|mindestens|plus de|plus d'|plus d’|"
        "au moins|más de|al menos",
        "~": "about|around|roughly|nearly|almost|circa|quasi|etwa|ungefähr|rund|knapp|fast|"
        "environ|presque|près de|près d'|près d’|quelque|"
        "unos|unas|alrededor de|aproximadamente|casi|cerca de",
    }.items()
    for phrase in phrases.split("|")
}

ZONES: Mapping[str, int] = {
    "utc": 0, "gmt": 0, "z": 0, "cet": 60, "mez": 60, "cest": 120, "mesz": 120, "eet": 120, "eest": 180, "bst": 60,
    "msk": 180, "ist": 330, "jst": 540, "est": -300, "edt": -240, "cst": -360, "cdt": -300, "mst": -420, "mdt": -360,
    "pst": -480, "pdt": -420, "brt": -180,
}  # fmt: skip
"""Minutes east of UTC. Abbreviations are ambiguous; these are the readings that mail headers mean."""

NOUNS: Mapping[str, str] = {
    "ips": r"ips?\b|ip[- ]addr\w*|ip[- ]adress\w*|indirizz\w+ ip|adresses? ip|direcci\w+ ip",
    "customers": r"customers?|client[ei]?s?\b|\w*kunden?|clientes?",
    "accounts": r"accounts?|\w*kont(?:o|en)|comptes?|cuentas?",
    "messages": r"messages?|e-?mails?|mails?|messaggi\w*|\w*nachricht\w*|courriels?|mensajes?|correos?|pourriels?|spam",
    "addresses": r"address\w*|indirizz\w*|\w*adress\w*|direcci\w*",
    "domains": r"\w*domains?|domini\w*|\w*domänen?|domaines?|dominios?",
    "complaints": r"complaints?|segnalazion\w*|beschwerden?|signalements?|plaintes?|denuncias?|quejas?",
    "notices": r"notices?|comunicazion\w*|mitteilung\w*|benachrichtigung\w*|notifications?|avis\b|avisos?"
    r"|notificaci\w*",
    "relays": r"relays?|relais",
}
"""What is counted, as the word that follows the number. The first that fits counts."""

_BLOCK = r"(?:block|blocc|blocag|sperr|gesperr|geblockt|bloqu)\w*"
_DONE = (
    r"(?:chang|modif|fix|deploy|implement|updat|introdu|appl|cambi|aggiorn|änder|geänder|corrig|corrett|déploy|renforc|durci|restri[zc]"
    r"|angepasst|eingeführt|umgesetzt|behoben|korrig|actualiz|aplic)\w*"
)
_RULE = (
    r"(?:rule|polic|logic|criteri|regol|pol[ií]tic|regel|richtlini|règle|regla|spoof|autori[sz]|authori[sz]|permiss"
    r"|berechtig|restri[zc])\w*"
)
_SEND = (
    r"(?:send|sent|spam|abus|campa|kampa|invi|sfrutt|versend|versand|verschick|gesend|gesandt|envo|envi|messag"
    r"|mail|nachricht)\w*"
)
_BEGIN = r"(?:began|begin|start|inizi|cominci|beg[ao]nn|début|démarr|commenc|comenz|comienz|empez|empiez|inici)\w*"
_SEEN = r"(?:first|earliest|primo|prim[ae]|erste\w*|premi[eè]r\w*|primer\w*)\W+(?:\w+\W+){0,3}?"
_TRACE = r"(?:traces?|tracc\w+|spuren?|rastros?)\b.{0,140}?(?:since|fin da|sin da|seit|depuis|desde)"

TOPICS: Mapping[str, re.Pattern[str]] = {
    topic: re.compile(pattern, re.IGNORECASE | re.DOTALL)
    for topic, pattern in {
        "account_created": r"\A(?=.*\b(?:account|\w*kont[oe]|compte|cuenta)\w*)"
        r"(?=.*\b(?:creat|creó|cread|crear|regist|erstellt|angelegt|eingerichtet|eröffnet|cré[éea]|ouvert|abiert)\w*)",
        "campaign_start": rf"\b{_BEGIN}\W+(?:\w+\W+){{0,5}}?{_SEND}|\b{_SEND}\W+(?:\w+\W+){{0,2}}?{_BEGIN}"
        rf"|\b{_SEEN}(?:{_SEND}|seen)|\b{_TRACE}",
        "last_account_disabled": r"\A(?=.*\b(?:account|\w*kont[oe]|compte|cuenta)\w*)"
        r"(?=.*\b(?:disabl|disattiv|deaktiv|gesperrt|désactiv|desactiv|suspend|suspens|sospes[oi]|sospend)\w*)",
        "last_address_block": rf"\A(?=.*\b{_BLOCK})(?=.*(?:\bips?\b|\baddress|\bindirizz|adress|\bdirecci))",
        "last_domain_block": rf"\A(?=.*\b{_BLOCK})(?=.*\b(?:\w*domain|domin|\w*domän)\w*)",
        "policy": rf"\A(?=.*\b{_RULE})(?=.*\b{_DONE})",
        "customers_told": r"\A(?=.*\b(?:customer|client|kunde|kunden)\w*)"
        r"(?=.*\b(?:notif|inform|told|avvis|benachrichtig|unterrichtet|averti|avis|préven)\w*)",
        "aware": r"\b(?:aware|pres[ao] atto|prende atto|kenntnis|erfuhr|pr(?:is|end|it) connaissance|conocimiento"
        r"|tuvo constancia)",
    }.items()
}
"""What a sentence is about, if it tells when something happened. The marks of a story are named as there."""
