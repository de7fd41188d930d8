"""What the checks say about what they saw, in both languages."""

from __future__ import annotations

SEEN: dict[str, dict[str, str]] = {
    "mail": {"en": "the probe arrived {found} times in {place} (expected: {wanted})",
             "de": "die Probe kam {found}-mal in {place} an (erwartet: {wanted})"},
    "header": {"en": "the probe in {place} lacks the line {wanted!r}", "de": "der Probe in {place} fehlt die Zeile {wanted!r}"},
    "no event": {"en": "the daemons report no such step for the probe: {wanted}",
                 "de": "die Dienste melden keinen solchen Schritt für die Probe: {wanted}"},
    "reply": {"en": "{command}: the server answers {found!r}", "de": "{command}: der Server antwortet {found!r}"},
    "offered": {"en": "EHLO lists {found}", "de": "EHLO nennt {found}"},
    "not offered": {"en": "EHLO does not list {found}", "de": "EHLO nennt {found} nicht"},
    "value": {"en": "{place}: {name} = {found}", "de": "{place}: {name} = {found}"},
    "definitions": {"en": "{name} is set {found} times in main.cf", "de": "{name} steht {found}-mal in main.cf"},
    "stopped": {"en": "{name} is not running", "de": "{name} läuft nicht"},
    "pid": {"en": "the master process is {found}, at the start it was {wanted}", "de": "der master-Prozess ist {found}, am Anfang war es {wanted}"},
    "lookup": {"en": "{key} in {table}: {found!r}", "de": "{key} in {table}: {found!r}"},
    "rebuilt": {"en": "after rebuilding, {key} in {table} would be {found!r}", "de": "neu gebaut wäre {key} in {table}: {found!r}"},
    "missing": {"en": "{path} does not exist", "de": "{path} gibt es nicht"},
    "file": {"en": "{path}: owner {owner}, mode {mode}", "de": "{path}: Eigentümer {owner}, Rechte {mode}"},
    "changed": {"en": "{path} is not as it was at the start", "de": "{path} ist nicht mehr wie am Anfang"},
    "same": {"en": "{path} is as it was", "de": "{path} ist wie zuvor"},
    "queue": {"en": "in the queue: {found}", "de": "in der Warteschlange: {found}"},
    "lost": {"en": "no longer in the queue: {found}", "de": "nicht mehr in der Warteschlange: {found}"},
    "output": {"en": "`{command}` prints {found!r}", "de": "`{command}` gibt {found!r} aus"},
    "complaint": {"en": "`postfix check` says: {found}", "de": "`postfix check` sagt: {found}"},
    "well": {"en": "the server is sound", "de": "der Server ist in Ordnung"},
    "unsettled": {"en": "mail for {place} did not get through: {found}", "de": "Mail an {place} kam nicht durch: {found}"},
}  # fmt: skip


def seen(key: str, language: str, /, **values: object) -> str:
    """The sentence for what was seen. Raises KeyError for a key or language that is not there."""
    return SEEN[key][language].format(**values)
