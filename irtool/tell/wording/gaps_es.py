"""What triage could not answer, in Spanish. Triage says it in English; the figures in the sentences are kept."""

from __future__ import annotations

_LISTS = {
    "accounts": "cuentas",
    "source ips": "IP de origen",
    "sender addresses": "direcciones de remitente",
    "spoofed addresses": "direcciones falsificadas",
    "destination domains": "dominios de destino",
}

GAPS: dict[str, str] = {
    r"The log has no time: .*": (
        "El registro no indica la hora: se examinó por completo, y no se conocen ni el primer mensaje ni el último."
    ),
    r"The log has no account: the accounts are those that own .*": (
        "El registro no indica la cuenta: se toman como cuentas aquellas a las que pertenecen los dominios de Sender, "
        "del remitente del sobre y de From; se desconoce qué más enviaron."
    ),
    r"The log has no account: .*": (
        "El registro no indica la cuenta: se desconoce qué cuentas enviaron la campaña, y no se pudo buscar el correo "
        "enviado en nombre de otros."
    ),
    r"The log has no source IP: .*": "El registro no indica la IP de origen: se desconoce qué IP hay que bloquear.",
    r"The log has no envelope sender: .*": (
        "El registro no indica el remitente del sobre: no se pudo buscar el correo enviado con remitente nulo."
    ),
    r"The log has no From header: .*": "El registro no indica el encabezado From: se desconoce a quién se suplantó.",
    r"The log has no Sender header: every message counts .*": (
        "El registro no indica el encabezado Sender: cada mensaje cuenta como si "
        "no lo tuviera, por lo que las reglas desde 2019 parecen más severas."
    ),
    r"The log has no Sender header: .*": (
        "El registro no indica el encabezado Sender: no se pudo buscar el correo enviado en nombre de otros."
    ),
    r"The log has no recipient: .*": "El registro no indica el destinatario: se desconoce quién recibió la campaña.",
    r"The log has no recipient domain: .*": (
        "El registro no indica el dominio del destinatario: se desconoce qué destino hay que bloquear."
    ),
    r"The log has no subject: .*": ("El registro no indica el asunto: no fue posible reconocer por él los mensajes."),
    r"The log has no message-id: .*": (
        "El registro no indica el Message-ID: no se pudo buscar el mensaje de la denuncia."
    ),
    r"There is no gateway log: .*": (
        "No hay registro de la pasarela de correo: se desconoce cuántos mensajes se enviaron, desde cuándo y desde qué "
        "otras cuentas; los recuentos se refieren a las denuncias."
    ),
    r"There is no directory: .*": (
        "No hay directorio de cuentas: se desconoce a qué cuentas y clientes pertenecen los dominios."
    ),
    r"The directory lists no domains: .*": (
        "El directorio no contiene dominios: no se distinguen los remitentes falsificados de los legítimos."
    ),
    r"The log has (?P<n>\d+) messages since (?P<since>\S.{,40}?), none of this campaign: .*": (
        "El registro contiene {n} mensajes desde {since}, ninguno de esta campaña: los recuentos se refieren a las "
        "denuncias."
    ),
    r"The log has no messages at all since (?P<since>\S.{,40}?), none of this campaign: .*": (
        "El registro no contiene ningún mensaje desde {since}: los recuentos se refieren a las denuncias."
    ),
    r"No account: (?P<n>\d+) messages of the campaign .*": (
        "Sin cuenta: {n} mensajes de la campaña no llevan ninguna en el registro; no se sabe quién los envió."
    ),
    r"Left out: (?P<n>\d+) messages of (?P<m>\d+) other accounts .*": (
        "Sin contar: {n} mensajes de otras {m} cuentas muestran el mismo patrón, pero su relación con la denuncia es "
        "demasiado débil."
    ),
    **{
        rf"There are (?P<n>\d+) {english}: only the (?P<most>\d+) .*": (
            f"{spanish[0].upper()}{spanish[1:]}: son {{n}}; solo se enumeran los {{most}} casos con más mensajes."
        )
        for english, spanish in _LISTS.items()
    },
}
"""Pattern of the whole English sentence -> the Spanish one, with its named groups."""
