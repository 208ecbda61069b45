"""What triage could not answer, in French. Triage says it in English; the figures in the sentences are kept."""

from __future__ import annotations

_LISTS = {
    "accounts": "comptes",
    "source ips": "IP d’origine",
    "sender addresses": "adresses d’expéditeur",
    "spoofed addresses": "adresses usurpées",
    "destination domains": "domaines de destination",
}

GAPS: dict[str, str] = {
    r"The log has no time: .*": (
        "Le journal n’indique pas l’heure : il a été examiné en entier, et ni le premier ni le dernier message ne "
        "sont connus."
    ),
    r"The log has no account: the accounts are those that own .*": (
        "Le journal n’indique pas le compte : les comptes retenus sont ceux auxquels appartiennent les domaines de "
        "l’en-tête Sender ; on ne sait pas ce qu’ils ont envoyé par ailleurs."
    ),
    r"The log has no account: .*": (
        "Le journal n’indique pas le compte : on ne sait pas quels comptes ont envoyé la campagne, et l’envoi au nom "
        "d’autrui n’a pas pu être recherché."
    ),
    r"The log has no source IP: .*": ("Le journal n’indique pas l’IP d’origine : on ne sait pas quelles IP bloquer."),
    r"The log has no envelope sender: .*": (
        "Le journal n’indique pas l’expéditeur d’enveloppe : les envois relayés avec un expéditeur nul n’ont pas pu "
        "être recherchés."
    ),
    r"The log has no From header: .*": (
        "Le journal n’indique pas l’en-tête From : on ne sait pas au nom de qui les messages ont été envoyés."
    ),
    r"The log has no Sender header: every message counts .*": (
        "Le journal n’indique pas l’en-tête Sender : chaque message compte comme s’il ne "
        "l’avait pas, et les règles à partir de 2019 paraissent donc plus strictes."
    ),
    r"The log has no Sender header: .*": (
        "Le journal n’indique pas l’en-tête Sender : l’envoi au nom d’autrui n’a pas pu être recherché."
    ),
    r"The log has no recipient: .*": (
        "Le journal n’indique pas le destinataire : on ne sait pas qui a reçu la campagne."
    ),
    r"The log has no recipient domain: .*": (
        "Le journal n’indique pas le domaine du destinataire : on ne sait pas quelle destination bloquer."
    ),
    r"The log has no subject: .*": (
        "Le journal n’indique pas l’objet : les messages n’ont pas pu être reconnus par celui-ci."
    ),
    r"The log has no message-id: .*": (
        "Le journal n’indique pas le Message-ID : le message signalé n’a pas pu être retrouvé."
    ),
    r"There is no gateway log: .*": (
        "Il n’y a pas de journal de passerelle : on ne sait ni combien de messages ont été envoyés, ni depuis quand, "
        "ni par quels autres comptes ; les chiffres portent sur les signalements."
    ),
    r"There is no directory: .*": (
        "Il n’y a pas d’annuaire des comptes : on ne sait pas à quels comptes et à quels clients appartiennent les "
        "domaines."
    ),
    r"The directory lists no domains: .*": (
        "L’annuaire ne contient aucun domaine : les expéditeurs usurpés ne se distinguent pas des expéditeurs "
        "légitimes."
    ),
    r"The log has (?P<n>\d+) messages since (?P<since>\S.{,40}?), none of this campaign: .*": (
        "Messages présents dans le journal : {n}, à compter de {since}, dont aucun de cette campagne ; les chiffres "
        "portent sur les signalements."
    ),
    r"The log has no messages at all since (?P<since>\S.{,40}?), none of this campaign: .*": (
        "Le journal ne contient aucun message à compter de {since} : les chiffres portent sur les signalements."
    ),
    r"No account: (?P<n>\d+) messages of the campaign .*": (
        "Sans compte : {n} messages de la campagne n’en portent aucun dans le journal ; on ignore qui les a envoyés."
    ),
    r"Left out: (?P<n>\d+) messages of (?P<m>\d+) other accounts .*": (
        "Laissés de côté : {n} messages de {m} autres comptes suivent le même schéma, mais trop peu d’éléments les "
        "relient au signalement."
    ),
    **{
        rf"There are (?P<n>\d+) {english}: only the (?P<most>\d+) .*": (
            f"{french[0].upper()}{french[1:]} : leur nombre est de {{n}} ; la liste s’arrête à {{most}}, par nombre de "
            "messages décroissant."
        )
        for english, french in _LISTS.items()
    },
}
"""Pattern of the whole English sentence -> the French one, with its named groups."""
