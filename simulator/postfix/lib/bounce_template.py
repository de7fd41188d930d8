"""Texts of delivery status notifications: the built-in ones, and those of postconf(5) bounce_template_file, bounce(5).

    templates = BounceTemplates.built_in()
    templates.load(text, "/etc/postfix/bounce.cf", warn)       # the file's templates replace the built-in ones
    templates.failure.headers(...), templates.failure.expand(params, warn)
    templates.dump(warn), templates.expand(params, warn)       # postconf -t, postconf -b

A template of the file is looked at when it is first needed; one with a mistake in it is ignored, with a warning. An unknown
or malformed $name in its text is fatal.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from simulator.postfix.lib.expansion import expand
from simulator.postfix.lib.header_opts import header_name_length
from simulator.postfix.lib.msg import Fatal

if TYPE_CHECKING:
    from simulator.postfix.lib.parameters import Parameters

Warn = Callable[[str], None]

FAILURE, DELAY, SUCCESS, VERIFY = "failure", "delay", "success", "verify"
CLASSES: Final = (FAILURE, DELAY, SUCCESS, VERIFY)
_DIVISORS: Final = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86400, "weeks": 604800}
_TIMES: Final = ("delay_warning_time", "maximal_queue_lifetime")
_BLANKS: Final = " \t\n\v\f\r"
_FROM: Final = "Mail Delivery System <MAILER-DAEMON>"
_OLD_FROM: Final = "MAILER-DAEMON (Mail Delivery System)"

_GREETING: Final = ("This is the mail system at host $myhostname.", "")
_HELP: Final = (
    "For further assistance, please send mail to postmaster.",
    "",
    "If you do so, please include this problem report. You can",
    "delete your own text from the attached returned message.",
    "",
)
_SIGNATURE: Final = ("                   The mail system",)
_TEXTS: Final[dict[str, tuple[str, ...]]] = {
    FAILURE: (
        *_GREETING,
        "I'm sorry to have to inform you that your message could not",
        "be delivered to one or more recipients. It's attached below.",
        "",
        *_HELP,
        *_SIGNATURE,
    ),
    DELAY: (
        *_GREETING,
        "####################################################################",
        "# THIS IS A WARNING ONLY.  YOU DO NOT NEED TO RESEND YOUR MESSAGE. #",
        "####################################################################",
        "",
        "Your message could not be delivered for more than $delay_warning_time_hours hour(s).",
        "It will be retried until it is $maximal_queue_lifetime_days day(s) old.",
        "",
        *_HELP,
        *_SIGNATURE,
    ),
    SUCCESS: (
        *_GREETING,
        "Your message was successfully delivered to the destination(s)",
        "listed below. If the message was delivered to mailbox you will",
        "receive no further notifications. Otherwise you may still receive",
        "notifications of mail delivery errors from other systems.",
        "",
        *_SIGNATURE,
    ),
    VERIFY: (*_GREETING, "Enclosed is the mail delivery report that you requested.", "", *_SIGNATURE),
}
_SUBJECTS: Final = {
    FAILURE: ("Undelivered Mail Returned to Sender", "Postmaster Copy: Undelivered Mail"),
    DELAY: ("Delayed Mail (still being retried)", "Postmaster Warning: Delayed Mail"),
    SUCCESS: ("Successful Mail Delivery Report", None),
    VERIFY: ("Mail Delivery Status Report", None),
}


@dataclass(frozen=True, slots=True)
class Template:
    """One notification: headers and text, $name not yet expanded. `raw` is what the file says, as long as nobody needed it."""

    kind: str
    subject: str
    postmaster_subject: str | None
    text: tuple[str, ...]
    origin: str = "[built-in]"
    charset: str = "us-ascii"
    encoding: str = "7bit"
    sender: str = _FROM
    raw: str | None = None

    @classmethod
    def built_in(cls, kind: str, old_from: bool = False) -> Template:
        """The text that comes with Postfix."""
        subject, postmaster_subject = _SUBJECTS[kind]
        return cls(kind, subject, postmaster_subject, _TEXTS[kind], sender=_OLD_FROM if old_from else _FROM)

    def expand(self, params: Parameters, warn: Warn) -> list[str]:
        """The lines of the text with parameters filled in. Raises Fatal."""
        lines = []
        for line in self.text:
            done = expand(line, _Lookup(self, params, warn).find, warn)
            if done.error:
                raise Fatal(f"{self.origin}: bad $name syntax in {self.kind} template: {line}")
            if done.undefined:
                raise Fatal(f"{self.origin}: undefined $name in {self.kind} template: {line}")
            lines.append(done.text)
        return lines

    def dump(self) -> list[str]:
        """The template as a bounce_template_file has it."""
        head = [f"Charset: {self.charset}", f"From: {self.sender}", f"Subject: {self.subject}"]
        if self.postmaster_subject:
            head.append(f"Postmaster-Subject: {self.postmaster_subject}")
        return [*head, "", *self.text]


@dataclass(slots=True)
class _Lookup:
    template: Template
    params: Parameters
    warn: Warn

    def find(self, name: str, test: bool) -> str | None:
        for parameter in _TIMES:
            if name.startswith(parameter + "_"):
                return self._time(parameter, name)
        if name not in self.params:
            return None
        value = self.params[name]
        if name in ("myhostname", "mydomain") and value.isascii() and "xn--" in value:
            return value.encode("ascii").decode("idna")
        return value

    def _time(self, parameter: str, name: str) -> str:
        suffix = name[len(parameter) + 1 :]
        if suffix not in _DIVISORS:
            raise Fatal(f'{self.template.origin}: unrecognized suffix "{suffix}" in parameter "{name}"')
        value, divisor = self.params.time(parameter), _DIVISORS[suffix]
        result = value // divisor
        origin, kind = self.template.origin, self.template.kind
        if result > 999 and divisor < _DIVISORS["days"]:
            self.warn(f'{origin}: excessive result "{result}" in {kind} template conversion of parameter "{name}"')
            self._advise("increase", suffix, name)
        elif result == 0 and value and divisor > 1:
            self.warn(f'{origin}: zero result in {kind} template conversion of parameter "{name}"')
            self._advise("reduce", suffix, name)
        return str(result)

    def _advise(self, verb: str, suffix: str, name: str) -> None:
        self.warn(f'please {verb} time unit "{suffix}" of "{name}" in {self.template.kind} template')
        self.warn("for instructions see the bounce(5) manual")


@dataclass(slots=True)
class BounceTemplates:
    """The four templates of one process."""

    templates: dict[str, Template] = field(default_factory=dict)
    old_from: bool = False

    @classmethod
    def built_in(cls, old_from: bool = False) -> BounceTemplates:
        """Those that come with Postfix. `old_from`: postconf(5) header_from_format is not "standard"."""
        return cls({kind: Template.built_in(kind, old_from) for kind in CLASSES}, old_from)

    def load(self, text: str, path: str, warn: Warn) -> None:
        """Read a bounce_template_file. Raises Fatal for what is no template file at all."""
        lines = text.removesuffix("\n").split("\n")
        number = 0
        while number < len(lines):
            line = lines[number]
            number += 1
            if not line.strip(_BLANKS) or line.lstrip(_BLANKS).startswith("#"):
                continue
            name, equals, value = line.partition("=")
            name, value = name.strip(), value.strip()
            if not name or not equals:
                reason = "missing '=' after attribute name" if name else "missing attribute name"
                raise Fatal(f'{path}, line {number + 1}: {reason}: "{line}"')
            if value.startswith("<<"):
                value, number = _here_document(value[2:].lstrip(), lines, number, path, warn)
            kind = name.removesuffix("_template")
            if kind == name or kind not in CLASSES:
                warn(f"{path}, line {number + 1}: unknown template name: {name} -- ignoring this template")
                continue
            self.templates[kind] = replace(Template.built_in(kind, self.old_from), origin=path, raw=value)

    def get(self, kind: str, warn: Warn) -> Template:
        """The template for a kind of notification; one from the file is parsed now."""
        template = self.templates[kind]
        if template.raw is not None:
            template = self.templates[kind] = _parsed(template, warn) or Template.built_in(kind, self.old_from)
        return template

    def dump(self, warn: Warn) -> str:
        """All templates, as postconf(1) -t prints them."""
        return "\n".join(self._here(f"{kind}_template", self.get(kind, warn).dump()) for kind in CLASSES)

    def expand(self, params: Parameters, warn: Warn) -> str:
        """All texts, as postconf(1) -b prints them. Raises Fatal."""
        return "\n".join(self._here(f"expanded_{kind}_text", self.get(kind, warn).expand(params, warn)) for kind in CLASSES)

    @staticmethod
    def _here(name: str, lines: list[str]) -> str:
        return "".join(f"{line}\n" for line in (f"{name} = <<EOF", *lines, "EOF"))


def _here_document(marker: str, lines: list[str], number: int, path: str, warn: Warn) -> tuple[str, int]:
    """The lines up to one that is the marker, and the number of the line after it."""
    if not marker:
        raise Fatal(f"{path}, line {number + 1}: missing end marker after <<")
    if not marker[0].isalnum():
        raise Fatal(f"{path}, line {number + 1}: malformed end marker after <<")
    collected: list[str] = []
    buffer = lines[number - 1] + "\0"
    place = buffer.rindex(marker)
    while number < len(lines):
        line = lines[number]
        number += 1
        if line == marker:
            return "\n".join(collected), number
        collected.append(line)
        buffer = line + "\0" + buffer[len(line) + 1 :]
    # Postfix shows what its line buffer holds, at this time, where the marker once stood.
    warn(f'{path}, line {number + 1}: missing "{buffer[place:].partition(chr(0))[0]}" end marker')
    return "\n".join(collected), number


def _parsed(template: Template, warn: Warn) -> Template | None:
    """The template with its headers and text taken apart; None, after a warning, if it has a mistake."""
    where = f"in {template.kind} template"
    lines = (template.raw or "").split("\n")
    changes: dict[str, str] = {}
    while lines and (length := header_name_length(lines[0])):
        label, value = lines[0][:length], lines[0][length:].lstrip(":" + _BLANKS)
        trouble = _header_trouble(template, label, value)
        if trouble:
            warn(f'{template.origin}: {trouble.format(f"{chr(34)}{label}{chr(34)}")} {where} -- ignoring this template')
            return None
        changes[_LABELS[label.lower()]] = value
        lines.pop(0)
    while lines and not lines[0].strip(_BLANKS):
        lines.pop(0)
    if not lines:
        warn(f"{template.origin}: missing message text {where} -- ignoring this template")
        return None
    if not all(line.isascii() for line in lines):
        if changes.get("charset", "us-ascii").lower() == "us-ascii":
            warn(f"{template.origin}: 8-bit message text {where}")
            warn("please specify a charset value other than us-ascii")
            warn("-- ignoring this template for now")
            return None
        changes["encoding"] = "8bit"
    return replace(template, raw=None, text=tuple(lines), **changes)


_LABELS: Final = {"charset": "charset", "from": "sender", "subject": "subject", "postmaster-subject": "postmaster_subject"}


def _header_trouble(template: Template, label: str, value: str) -> str:
    """What is wrong with a header of a template; {} stands for its label."""
    if not value:
        return "empty {} header value"
    if not value.isascii():
        return "non-ASCII {} header value"
    if label.lower() not in _LABELS:
        return "unknown {} header label"
    if label.lower() == "postmaster-subject" and template.postmaster_subject is None:
        return "inapplicable {} header label"
    return ""
