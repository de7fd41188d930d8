"""The sentences of `why`, in English and German. Names in braces are the facts of a step."""

from __future__ import annotations

from typing import Final

LANGUAGES: Final = ("en", "de")

#: Sentences by what happened.
SENTENCES: Final[dict[str, tuple[str, str]]] = {
    "picked up": (
        "{user} handed it in on {host} with the sendmail command; the envelope sender is <{sender}>. Queue id {queue_id}.",
        "{user} hat sie auf {host} mit dem Kommando sendmail aufgegeben; der Umschlagabsender ist <{sender}>. Queue-ID {queue_id}.",
    ),
    "receiving": (
        "{host} took it from {client} by SMTP, envelope sender <{sender}>. Queue id {queue_id}.",
        "{host} hat sie von {client} per SMTP angenommen, Umschlagabsender <{sender}>. Queue-ID {queue_id}.",
    ),
    "internal": ("On {host} it has the queue id {queue_id}.", "Auf {host} hat sie die Queue-ID {queue_id}."),
    "permitted": ("smtpd let {client} send to this recipient: {restriction}.", "smtpd ließ {client} an diesen Empfänger senden: {restriction}."),
    "rejected": (
        "smtpd on {host} refused it from {client} at {where}: {reply}",
        "smtpd auf {host} hat sie von {client} bei {where} abgelehnt: {reply}",
    ),
    "would have rejected": (
        "smtpd on {host} would have refused it (warn_if_reject): {reply}",
        "smtpd auf {host} hätte sie abgelehnt (warn_if_reject): {reply}",
    ),
    "decided": ("Decided by {restriction} in {parameter}.", "Entschieden hat {restriction} in {parameter}."),
    "decided by table": (
        "Decided by {restriction} in {parameter}: {table} says {value} for {key}.",
        "Entschieden hat {restriction} in {parameter}: {table} sagt {value} zu {key}.",
    ),
    "not in table": (
        "Decided by {restriction}: {table} does not know {key}.",
        "Entschieden hat {restriction}: {table} kennt {key} nicht.",
    ),
    "mapped": ("{table} turned {key} into {result}.", "{table} machte aus {key} die Adresse {result}."),
    "mapped sender": ("{table} turned the sender {key} into {result}.", "{table} machte aus dem Absender {key} die Adresse {result}."),
    "copied": ("{table} adds a copy for {result}.", "{table} fügt eine Kopie für {result} hinzu."),
    "content": ("{table} matched \"{text}\": {action} {argument}", "{table} traf auf \"{text}\" zu: {action} {argument}"),
    "class": ("{domain} stands in {parameter}: {meaning}.", "{domain} steht in {parameter}: {meaning}."),
    "class default": (
        "{domain} is in none of this host's lists (mydestination, virtual_*_domains, relay_domains): the mail goes on to another host.",
        "{domain} steht in keiner Liste dieses Hosts (mydestination, virtual_*_domains, relay_domains): Die Mail geht weiter an einen anderen Host.",
    ),
    "by MX": (
        "No relayhost and no transport_maps entry: the DNS names the next host, by the MX records of {nexthop}.",
        "Kein relayhost, kein Eintrag in transport_maps: Das DNS nennt den nächsten Host, mit den MX-Records von {nexthop}.",
    ),
    "next hop": ("{parameter} makes {nexthop} the next host.", "{parameter} macht {nexthop} zum nächsten Host."),
    "outvoted": ("{parameter} names {nexthop}, but a table decides:", "{parameter} nennt {nexthop}, aber eine Tabelle entscheidet:"),
    "transport": ("{parameter} sends it by {transport} to {nexthop}.", "{parameter} schickt sie mit {transport} an {nexthop}."),
    "moved": ("{parameter} says that the user has moved to {value}.", "{parameter} sagt, dass der Benutzer umgezogen ist: {value}."),
    "put off": ("{parameter} puts it off until the queue is flushed.", "{parameter} schiebt sie auf, bis die Warteschlange angestoßen wird."),
    "mailbox": ("{parameter} names the place: {path}.", "{parameter} nennt den Ort: {path}."),
    "aliased": ("The alias {key} says: {result}.", "Der Alias {key} sagt: {result}."),
    "forward file": ("{path} says: {result}.", "{path} sagt: {result}."),
    "include file": ("The list {path} was read.", "Die Liste {path} wurde gelesen."),
    "forwarded": ("It goes on as a new message, {new}:", "Sie geht als neue Nachricht weiter, {new}:"),
    "sent": ("{daemon} delivered it: {reason}.", "{daemon} hat sie zugestellt: {reason}."),
    "sent on": ("{daemon} gave it to {relay}, which answered: {reason}.", "{daemon} hat sie an {relay} übergeben; die Antwort: {reason}."),
    "deferred": (
        "It could not be delivered and had to wait ({times}): {reason}.",
        "Sie war nicht zustellbar und musste warten ({times}): {reason}.",
    ),
    "bounced": ("{daemon} returned it as undeliverable: {reason}.", "{daemon} hat sie als unzustellbar zurückgegeben: {reason}."),
    "SOFTBOUNCE": ("It would have bounced, but soft_bounce keeps it: {reason}.", "Sie wäre zurückgegangen, aber soft_bounce behält sie: {reason}."),
    "deliverable": ("Only asked: it could be delivered. {reason}.", "Nur gefragt: Sie wäre zustellbar. {reason}."),
    "undeliverable": ("Only asked: it could not be delivered. {reason}.", "Nur gefragt: Sie wäre nicht zustellbar. {reason}."),
    "no such user": (
        "There is no alias and no user {user} on {host}, and no luser_relay for such mail.",
        "Auf {host} gibt es weder einen Alias noch einen Benutzer {user}, und keinen luser_relay für solche Mail.",
    ),
    "next attempt": (
        "It is due again at {when}; the first queue run after that takes it.",
        "Sie ist um {when} wieder fällig; der erste Lauf durch die Warteschlange danach nimmt sie.",
    ),
    "expired": (
        "After {age} the queue manager gave up: {parameter} is reached.",
        "Nach {age} gab der Queue-Manager auf: {parameter} ist erreicht.",
    ),
    "force-expired": ("postsuper told the queue manager to give up.", "postsuper hat den Queue-Manager aufgeben lassen."),
    "notified": (
        "bounce(8) wrote a {what} to {recipient}: {notification} ({fate}).",
        "bounce(8) schrieb eine {what} an {recipient}: {notification} ({fate}).",
    ),
    "on hold": ("It lies on hold until postsuper -H releases it.", "Sie liegt in hold, bis postsuper -H sie freigibt."),
    "held": ("{user} put it on hold with postsuper -h.", "{user} hat sie mit postsuper -h angehalten."),
    "released": ("{user} released it with postsuper -H.", "{user} hat sie mit postsuper -H freigegeben."),
    "deleted": ("{user} deleted it with postsuper -d.", "{user} hat sie mit postsuper -d gelöscht."),
    "requeued": (
        "{user} sent it through the queue again with postsuper -r.",
        "{user} hat sie mit postsuper -r noch einmal durch die Warteschlange geschickt.",
    ),
    "told to expire": ("{user} marked it as expired with postsuper -e.", "{user} hat sie mit postsuper -e für abgelaufen erklärt."),
    "refused": ("cleanup(8) did not take it: {reason}", "cleanup(8) hat sie nicht angenommen: {reason}"),
    "discarded": ("It was discarded.", "Sie wurde verworfen."),
    "not tried": ("No delivery was tried yet.", "Noch kein Zustellversuch."),
}

#: What the class of a domain means: postconf(5), ADDRESS_CLASS_README.
CLASSES: Final[dict[str, tuple[str, str]]] = {
    "mydestination": ("local(8) delivers to the users of this host", "local(8) stellt den Benutzern dieses Hosts zu"),
    "virtual_alias_domains": (
        "such addresses exist only as aliases in virtual_alias_maps",
        "solche Adressen gibt es nur als Aliasse in virtual_alias_maps",
    ),
    "virtual_mailbox_domains": ("virtual_transport delivers to mailboxes without users", "virtual_transport stellt in Postfächer ohne Benutzer zu"),
    "relay_domains": ("this host passes it on to the domain's own server", "dieser Host gibt sie an den Server der Domain weiter"),
}

#: What a restriction means: postconf(5).
RESTRICTIONS: Final[dict[str, tuple[str, str]]] = {
    "permit_mynetworks": ("the client's address is in mynetworks", "die Adresse des Clients steht in mynetworks"),
    "permit_sasl_authenticated": ("the client has logged in", "der Client hat sich angemeldet"),
    "permit_auth_destination": ("the recipient's domain is one of this host's", "die Domain des Empfängers gehört zu diesem Host"),
    "reject_unauth_destination": (
        "the recipient's domain is in none of this host's lists, and nothing before allowed the client to relay",
        "die Domain des Empfängers steht in keiner Liste dieses Hosts, und nichts davor erlaubte dem Client das Weiterleiten",
    ),
    "reject_unlisted_recipient": (
        "the recipient's domain is this host's, so the address must exist here",
        "die Domain gehört diesem Host, also muss es die Adresse hier geben",
    ),
    "reject_unknown_sender_domain": ("the DNS does not know the sender's domain", "das DNS kennt die Domain des Absenders nicht"),
    "reject_non_fqdn_sender": ("the sender's domain is not complete", "die Domain des Absenders ist nicht vollständig"),
    "reject_unknown_client_hostname": ("the client's address has no matching name", "zur Adresse des Clients gibt es keinen passenden Namen"),
}
RESTRICTIONS["defer_unauth_destination"] = RESTRICTIONS["reject_unauth_destination"]

WORDS: Final[dict[str, tuple[str, str]]] = {
    "nothing": ("Nothing is known of {subject}.", "Von {subject} ist nichts bekannt."),
    "default": ("main.cf does not set it, so the default holds", "nicht in main.cf gesetzt, also gilt die Vorgabe"),
    "no line": (
        "no such line there now: the compiled table is older, or it was changed since",
        "dort steht jetzt keine solche Zeile: Die gebaute Tabelle ist älter, oder es wurde seither geändert",
    ),
    "once": ("one attempt, {first}", "ein Versuch, {first}"),
    "often": ("{count} attempts from {first} to {last}", "{count} Versuche von {first} bis {last}"),
    "waiting": ("waiting", "wartet"),
    "rejected": ("rejected", "abgelehnt"),
    "somebody": ("uid {uid}", "uid {uid}"),
}


def pick(pair: tuple[str, str], language: str) -> str:
    """The text in that language. Raises ValueError for one that is not spoken here."""
    if language not in LANGUAGES:
        raise ValueError(f"no language {language!r}; there are {', '.join(LANGUAGES)}")
    return pair[LANGUAGES.index(language)]
