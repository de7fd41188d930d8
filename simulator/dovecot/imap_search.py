"""SEARCH keys (RFC 3501 6.4.4), shared by IMAP and doveadm: words become a question that a message answers."""

from __future__ import annotations

import calendar
import time
from collections.abc import Callable

from simulator.dovecot.imap_mime import body, field_value, sent_or_none
from simulator.dovecot.imap_words import Word
from simulator.dovecot.mailbox import Mail, Mailbox

#: (mailbox, sequence number, message) -> does it match?
Test = Callable[[Mailbox, int, Mail], bool]
_FLAG_KEYS = {"ANSWERED": "\\Answered", "DELETED": "\\Deleted", "DRAFT": "\\Draft", "FLAGGED": "\\Flagged", "SEEN": "\\Seen"}
_HEADER_KEYS = {"FROM": "From", "TO": "To", "CC": "Cc", "BCC": "Bcc", "SUBJECT": "Subject"}
_DATE_KEYS = ("SINCE", "BEFORE", "ON", "SENTSINCE", "SENTBEFORE", "SENTON", "SAVEDSINCE", "SAVEDBEFORE", "SAVEDON")
_MOST_NUMBERS = 100_000


class UnknownKey(Exception):
    """The text is that of the error."""


def numbers(text: str, last: int) -> list[tuple[int, int]]:
    """A set of numbers as ranges: `1:3,5,*`. Raises UnknownKey."""
    found: list[tuple[int, int]] = []
    for one in text.split(","):
        low, colon, high = one.partition(":")
        ends = [last if word == "*" else int(word) if word.isdigit() else -1 for word in ((low, high) if colon else (low, low))]
        if min(ends) < 0 or (0 in ends and "*" not in one):
            raise UnknownKey("Invalid messageset")
        found.append((min(ends), max(ends)))
    return found


def inside(ranges: list[tuple[int, int]], number: int) -> bool:
    return any(low <= number <= high for low, high in ranges)


class Query:
    """Reads search words one after another."""

    def __init__(self, words: list[Word], now: float, doveadm: bool = False) -> None:
        self.words = list(words)
        self.now = now
        self.doveadm = doveadm
        self.mailboxes: list[str] = []

    def all(self) -> Test:
        """All keys together. Raises UnknownKey."""
        tests: list[Test] = []
        while self.words:
            tests.append(self._key())
        return lambda box, number, mail: all(test(box, number, mail) for test in tests)

    def _argument(self, key: str) -> str:
        if not self.words or not isinstance(self.words[0], str):
            raise UnknownKey(f"Missing argument for {key}" if not self.doveadm else f"Missing parameter for argument {key}")
        return str(self.words.pop(0))

    def _key(self) -> Test:
        word = self.words.pop(0)
        if isinstance(word, list):
            inner = Query(word, self.now, self.doveadm)
            test = inner.all()
            self.mailboxes += inner.mailboxes
            return test
        key = str(word).upper()
        if key in ("ALL", "CHARSET"):
            if key == "CHARSET":
                self._argument(key)
            return lambda box, number, mail: True
        if key in ("NOT",):
            inner_test = self._key()
            return lambda box, number, mail: not inner_test(box, number, mail)
        if key == "OR":
            first, second = self._key(), self._key()
            return lambda box, number, mail: first(box, number, mail) or second(box, number, mail)
        return self._flag(key) or self._text(key) or self._other(key, str(word))

    def _flag(self, key: str) -> Test | None:
        wanted = key.removeprefix("UN")
        if wanted in _FLAG_KEYS:
            flag, there = _FLAG_KEYS[wanted], not key.startswith("UN")
            return lambda box, number, mail: (flag in mail.flags) == there
        if key in ("RECENT", "OLD"):
            return lambda box, number, mail: mail.recent == (key == "RECENT")
        if key == "NEW":
            return lambda box, number, mail: mail.recent and "\\Seen" not in mail.flags
        if key in ("KEYWORD", "UNKEYWORD"):
            name = self._argument(key)
            return lambda box, number, mail: (name in mail.flags) == (key == "KEYWORD")
        return None

    def _text(self, key: str) -> Test | None:
        if key in _HEADER_KEYS or key == "HEADER":
            field = self._argument(key) if key == "HEADER" else _HEADER_KEYS[key]
            wanted = self._argument(key).lower()
            return lambda box, number, mail: (
                wanted in (field_value(box.wire(mail), field) or "\0").lower() if wanted else field_value(box.wire(mail), field) is not None
            )
        if key in ("BODY", "TEXT"):
            needle = self._argument(key).encode("utf-8", "surrogateescape").lower()
            return lambda box, number, mail: needle in (body(box.wire(mail)) if key == "BODY" else box.wire(mail)).lower()
        if key in ("LARGER", "SMALLER"):
            size = _size(self._argument(key))
            return lambda box, number, mail: (box.virtual(mail) > size) if key == "LARGER" else (box.virtual(mail) < size)
        return None

    def _other(self, key: str, word: str) -> Test:
        if key in _DATE_KEYS:
            return self._date(key, self._argument(key))
        if key == "UID":
            ranges = self._argument(key)
            return lambda box, number, mail: inside(numbers(ranges, box.uidnext - 1), mail.uid)
        if key == "MAILBOX" and self.doveadm:
            name = self._argument(key)
            self.mailboxes.append(name)
            return lambda box, number, mail: box.name == ("INBOX" if name.upper() == "INBOX" else name) or "*" in name or "%" in name
        if key[:1].isdigit() or key[:1] == "*":
            numbers(word, 1)
            return lambda box, number, mail: inside(numbers(word, len(box.mails)), number)
        raise UnknownKey(f"Unknown argument {key}")

    def _date(self, key: str, text: str) -> Test:
        day = self._day(text)
        kind = key.removeprefix("SENT").removeprefix("SAVED")

        def test(box: Mailbox, number: int, mail: Mail) -> bool:
            when = mail.received if not key.startswith("SENT") else sent_time(box.wire(mail), mail.received)
            return when >= day if kind == "SINCE" else when < day if kind == "BEFORE" else day <= when < day + 86400

        return test

    def _day(self, text: str) -> float:
        units = {
            "d": 86400,
            "day": 86400,
            "days": 86400,
            "h": 3600,
            "hours": 3600,
            "mins": 60,
            "m": 60,
            "w": 604800,
            "weeks": 604800,
            "s": 1,
            "secs": 1,
        }
        digits = text[: len(text) - len(text.lstrip("0123456789"))]
        if self.doveadm and digits and text[len(digits) :] in units:
            return self.now - int(digits) * units[text[len(digits) :]]
        for pattern in ("%d-%b-%Y", "%Y-%m-%d", "%Y-%m-%d %H:%M:%S"):
            try:
                return float(calendar.timegm(time.strptime(text, pattern)))
            except ValueError:
                continue
        if self.doveadm and text.isdigit():
            return float(text)
        raise UnknownKey(f"Invalid search date parameter: {text}")


def sent_time(data: bytes, default: float) -> float:
    """The moment of the Date header."""
    found = sent_or_none(data)
    return default if found is None else found


def _size(text: str) -> int:
    factor = {"K": 1024, "M": 1024**2, "G": 1024**3, "B": 1}.get(text[-1:].upper(), 0)
    digits = text[:-1] if factor else text
    if not digits.isdigit():
        raise UnknownKey("Invalid search size parameter: " + text)
    return int(digits) * (factor or 1)
