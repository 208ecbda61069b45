"""The words in and under the pictures of the report, and what is read out in place of them. The same keys each."""

from __future__ import annotations

from collections.abc import Mapping

PICTURES: Mapping[str, Mapping[str, str]] = {
    "en": {
        "volume.title": "Messages of the campaign over time",
        "volume.axis": "messages in {width}",
        "volume.alt": "Bar chart of the {messages} messages of the campaign, in steps of {width}, from {first} "
        "to {last}. Most were sent in the step that begins on {peak}: {most}.",
        "timeline.title": "How long it took, from the first complaint",
        "timeline.alt": "Chart of the moments of the incident on one time line: {moments}.",
        "hit.title": "Who was impersonated",
        "hit.alt": "Bar chart of {customers} impersonated customers by the messages sent in their name: {rows}.",
        "accounts.title": "Which accounts sent the campaign",
        "accounts.alt": "Bar chart of {accounts} accounts by the messages of the campaign they sent: {rows}.",
        "customer": "Customer {n}",
        "account": "Account {n}",
        "others": "{n} others",
        "after": "{time} after",
        "before": "{time} before",
    },
    "it": {
        "volume.title": "I messaggi della campagna nel tempo",
        "volume.axis": "messaggi in {width}",
        "volume.alt": "Grafico a barre dei {messages} messaggi della campagna, a intervalli di {width}, da {first} "
        "a {last}. L’intervallo con più messaggi, {most}, inizia {peak}.",
        "timeline.title": "Quanto tempo è passato dalla prima segnalazione",
        "timeline.alt": "Grafico dei momenti dell’incidente su una linea del tempo: {moments}.",
        "hit.title": "Chi è stato imitato",
        "hit.alt": "Grafico a barre di {customers} clienti imitati, per messaggi inviati a loro nome: {rows}.",
        "accounts.title": "Quali account hanno inviato la campagna",
        "accounts.alt": "Grafico a barre di {accounts} account, per messaggi della campagna inviati: {rows}.",
        "customer": "Cliente {n}",
        "account": "Account {n}",
        "others": "Altri {n}",
        "after": "{time} dopo",
        "before": "{time} prima",
    },
    "de": {
        "volume.title": "Die Nachrichten der Kampagne im Zeitverlauf",
        "volume.axis": "Nachrichten je Intervall ({width})",
        "volume.alt": "Säulendiagramm der Nachrichten der Kampagne (insgesamt {messages}; Länge eines Intervalls: "
        "{width}), vom {first} bis zum {last}. Das Intervall mit den meisten Nachrichten, {most}, beginnt am {peak}.",
        "timeline.title": "Wie lange es seit der ersten Beschwerde gedauert hat",
        "timeline.alt": "Diagramm der Zeitpunkte des Vorfalls auf einer Zeitachse: {moments}.",
        "hit.title": "In wessen Namen gesendet wurde",
        "hit.alt": "Balkendiagramm der Kunden, in deren Namen gesendet wurde (insgesamt {customers}), nach "
        "Nachrichten: {rows}.",
        "accounts.title": "Welche Konten die Kampagne gesendet haben",
        "accounts.alt": "Balkendiagramm der Konten (insgesamt {accounts}) nach gesendeten Nachrichten der "
        "Kampagne: {rows}.",
        "customer": "Kunde {n}",
        "account": "Konto {n}",
        "others": "{n} weitere",
        "after": "{time} danach",
        "before": "{time} davor",
    },
    "fr": {
        "volume.title": "Les messages de la campagne au fil du temps",
        "volume.axis": "messages par intervalle ({width})",
        "volume.alt": "Histogramme des messages de la campagne ({messages} au total), par intervalles de {width}, du "
        "{first} au {last}. L’intervalle qui en compte le plus, {most}, commence le {peak}.",
        "timeline.title": "Le temps écoulé depuis le premier signalement",
        "timeline.alt": "Graphique des moments de l’incident sur un axe chronologique : {moments}.",
        "hit.title": "Au nom de qui les messages ont été envoyés",
        "hit.alt": "Diagramme à barres des clients dont l’identité a été usurpée ({customers} au total), par messages "
        "envoyés en leur nom : {rows}.",
        "accounts.title": "Les comptes qui ont envoyé la campagne",
        "accounts.alt": "Diagramme à barres des comptes ({accounts} au total), par messages de la campagne "
        "envoyés : {rows}.",
        "customer": "Client {n}",
        "account": "Compte {n}",
        "others": "Autres ({n})",
        "after": "{time} après",
        "before": "{time} avant",
    },
    "es": {
        "volume.title": "Los mensajes de la campaña a lo largo del tiempo",
        "volume.axis": "mensajes por intervalo ({width})",
        "volume.alt": "Gráfico de barras de los mensajes de la campaña ({messages} en total), en intervalos de "
        "{width}, del {first} al {last}. El intervalo con más mensajes, {most}, empieza el {peak}.",
        "timeline.title": "El tiempo transcurrido desde la primera denuncia",
        "timeline.alt": "Gráfico de los momentos del incidente en una línea de tiempo: {moments}.",
        "hit.title": "En nombre de quién se enviaron los mensajes",
        "hit.alt": "Gráfico de barras de los clientes suplantados ({customers} en total), por mensajes enviados "
        "en su nombre: {rows}.",
        "accounts.title": "Las cuentas que enviaron la campaña",
        "accounts.alt": "Gráfico de barras de las cuentas ({accounts} en total), por mensajes de la "
        "campaña enviados: {rows}.",
        "customer": "Cliente {n}",
        "account": "Cuenta {n}",
        "others": "{n} más",
        "after": "{time} después",
        "before": "{time} antes",
    },
}
