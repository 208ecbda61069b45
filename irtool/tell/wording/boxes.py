"""What each part of a report asks of the person who writes it, in every language that reports are written in."""

from __future__ import annotations

from collections.abc import Mapping

BOXES: Mapping[str, Mapping[str, str]] = {
    "en": {
        "summary": "say in two or three sentences what this means for the company and what management has to decide "
        "or know.",
        "impact": "say what recipients and customers noticed, whether any message was malicious, and what the abuse"
        " did to our reputation as a sender.",
        "root_cause": "explain which rule or weakness made the abuse possible, since when it existed, why it had been "
        "introduced, and why it was not noticed earlier.",
        "trigger": "say what set the incident off: what the senders did or what changed, and why then.",
        "actions": "list what will be changed for good, one action per line as: action | owner | due. Think of the "
        "relay rule, of what new and unverified accounts may do, and of how such a campaign will be "
        "noticed before others report it.",
        "went_well": "say what went well.",
        "went_wrong": "say what went wrong or took too long.",
        "lucky": "say where it was luck that it did not become worse.",
        "contact": "say where readers can ask questions about this incident.",
        "hypotheses": "say what the relays have in common, and how the senders may have come by the addresses they "
        "write to.",
    },
    "it": {
        "summary": "indicare in due o tre frasi che cosa significa per l'azienda e che cosa la direzione deve "
        "decidere o sapere.",
        "impact": "indicare che cosa hanno notato destinatari e clienti, se qualche messaggio era malevolo e quali "
        "effetti ha avuto l'abuso sulla nostra reputazione di mittente.",
        "root_cause": "spiegare quale regola o debolezza ha reso possibile l'abuso, da quando esisteva, perché era "
        "stata introdotta e perché non è stata notata prima.",
        "trigger": "indicare che cosa ha scatenato l'incidente: che cosa hanno fatto gli autori o che cosa è "
        "cambiato, e perché proprio allora.",
        "actions": "elencare che cosa verrà cambiato in modo permanente, un'azione per riga nella forma: azione | "
        "responsabile | entro quando. Considerare la regola di inoltro, che cosa possono fare gli account"
        " nuovi e non verificati, e come accorgersi di una campagna simile prima che la segnalino altri.",
        "went_well": "indicare che cosa è andato bene.",
        "went_wrong": "indicare che cosa è andato male o ha richiesto troppo tempo.",
        "lucky": "indicare dove è stata solo la fortuna a evitare il peggio.",
        "contact": "indicare a chi i lettori possono rivolgere domande su questo incidente.",
        "hypotheses": "indicare che cosa hanno in comune i relay e come i mittenti possano essere entrati in possesso "
        "degli indirizzi a cui scrivono.",
    },
    "de": {
        "summary": "in zwei oder drei Sätzen angeben, was das für das Unternehmen bedeutet und was die "
        "Geschäftsleitung entscheiden oder wissen muss.",
        "impact": "angeben, was Empfänger und Kunden bemerkt haben, ob Nachrichten schädlich waren und wie sich der "
        "Missbrauch auf unseren Ruf als Absender ausgewirkt hat.",
        "root_cause": "erklären, welche Regel oder Schwachstelle den Missbrauch ermöglicht hat, seit wann es sie gab, "
        "warum sie eingeführt worden war und warum sie nicht früher aufgefallen ist.",
        "trigger": "angeben, was den Vorfall ausgelöst hat: was die Absender getan haben oder was sich geändert hat, "
        "und warum gerade zu diesem Zeitpunkt.",
        "actions": "auflisten, was dauerhaft geändert wird, eine Maßnahme pro Zeile in der Form: Maßnahme | "
        "verantwortlich | Termin. Zu bedenken sind die Relay-Regel, die Rechte neuer und nicht geprüfter Konten und "
        "wie eine solche Kampagne auffällt, bevor andere sie melden.",
        "went_well": "angeben, was gut gelaufen ist.",
        "went_wrong": "angeben, was schlecht gelaufen ist oder zu lange gedauert hat.",
        "lucky": "angeben, wo es nur Glück war, dass es nicht schlimmer kam.",
        "contact": "angeben, an wen sich Leser mit Fragen zu diesem Vorfall wenden können.",
        "hypotheses": "angeben, was die Relays gemeinsam haben und wie die Absender an die Adressen gelangt sein "
        "könnten, an die sie schreiben.",
    },
    "es": {
        "summary": "indicar en dos o tres frases qué significa esto para la empresa y qué debe decidir o saber la "
        "dirección.",
        "impact": "indicar qué notaron los destinatarios y los clientes, si algún mensaje era malicioso y cómo afectó "
        "el abuso a nuestra reputación como remitente.",
        "root_cause": "explicar qué regla o debilidad hizo posible el abuso, desde cuándo existía, por qué se había "
        "introducido y por qué no se detectó antes.",
        "trigger": "indicar qué desencadenó el incidente: qué hicieron los remitentes o qué cambió, y por qué "
        "precisamente entonces.",
        "actions": "enumerar lo que se cambiará de forma permanente, una acción por línea con el formato: acción | "
        "responsable | plazo. Conviene pensar en la regla de reenvío, en lo que pueden hacer las cuentas nuevas y sin "
        "verificar, y en cómo detectar una campaña así antes de que otros la denuncien.",
        "went_well": "indicar qué salió bien.",
        "went_wrong": "indicar qué salió mal o llevó demasiado tiempo.",
        "lucky": "indicar dónde fue cuestión de suerte que no resultara peor.",
        "contact": "indicar a quién pueden dirigir los lectores sus preguntas sobre este incidente.",
        "hypotheses": "indicar qué tienen en común los relays y cómo pueden haber obtenido los remitentes las "
        "direcciones a las que escriben.",
    },
    "fr": {
        "summary": "indiquer en deux ou trois phrases ce que cela signifie pour l’entreprise et ce que la direction "
        "doit décider ou savoir.",
        "impact": "indiquer ce que les destinataires et les clients ont constaté, si certains messages étaient "
        "malveillants et quel effet l’abus a eu sur notre réputation d’expéditeur.",
        "root_cause": "expliquer quelle règle ou quelle faiblesse a rendu l’abus possible, depuis quand elle existait, "
        "pourquoi elle avait été introduite et pourquoi elle n’a pas été remarquée plus tôt.",
        "trigger": "indiquer ce qui a déclenché l’incident : ce qu’ont fait les expéditeurs ou ce qui a changé, et "
        "pourquoi à ce moment-là.",
        "actions": "dresser la liste de ce qui sera changé durablement, une action par ligne sous la forme : action | "
        "responsable | échéance. Penser à la règle de relais, à ce que peuvent faire les comptes nouveaux et non "
        "vérifiés, et à la manière de repérer une telle campagne avant que d’autres ne la signalent.",
        "went_well": "indiquer ce qui a bien fonctionné.",
        "went_wrong": "indiquer ce qui a mal fonctionné ou pris trop de temps.",
        "lucky": "indiquer où seule la chance a évité le pire.",
        "contact": "indiquer à qui les lecteurs peuvent adresser leurs questions sur cet incident.",
        "hypotheses": "indiquer ce que les relais ont en commun, et comment les expéditeurs ont pu se procurer les "
        "adresses auxquelles ils écrivent.",
    },
}
"""By language and part. Every language has the same parts."""
