"""Message text as headers and body lines, with the structure of MIME: RFC 5322, RFC 2045, RFC 2046.

A `MimeState` is fed with records; it calls its handler for each complete header with the kind of header block (the primary
one, of a body part, of an attached message) and for each body line. What postconf(5) calls header_checks,
mime_header_checks, nested_header_checks and body_checks rests on this.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Protocol

from simulator.postfix.lib import records
from simulator.postfix.lib.header_opts import find, header_name_length

PRIMARY: Final = "primary"
MULTIPART: Final = "multipart"
NESTED: Final = "nested"
_BODY: Final = "body"

#: Problems, the worst first, and how they are told (RFC 3463: 5.6.0).
NESTING: Final = "MIME nesting exceeds safety limit"
TRUNCATED_HEADER: Final = "message header length exceeds safety limit"
EIGHT_BIT_HEADER: Final = "improper use of 8-bit data in message header"
EIGHT_BIT_BODY: Final = "improper use of 8-bit data in message body"
ENCODING_DOMAIN: Final = "invalid message/* or multipart/* encoding domain"
PROBLEMS: Final = (NESTING, TRUNCATED_HEADER, EIGHT_BIT_HEADER, EIGHT_BIT_BODY, ENCODING_DOMAIN)

#: Content-Transfer-Encoding and the domain of what it encodes.
_ENCODINGS: Final = {"7bit": "7bit", "8bit": "8bit", "binary": "binary", "base64": "7bit", "quoted-printable": "7bit"}
_TOKEN = re.compile(r'\s*(?:\((?:[^()\\]|\\.)*\)\s*)*(?:"((?:[^"\\]|\\.)*)"|([^\s()<>@,;:\\"/\[\]?=]+)|([/=;<>@,:\[\]?]))')


#: A quoted-printable line that is longer than this gets a soft break.
_QUOTED_LENGTH: Final = 72


class Handler(Protocol):
    """Who wants to know."""

    def header(self, block: str, text: str) -> None: ...
    def end_of_header(self) -> None: ...
    def body(self, kind: str, data: bytes, offset: int) -> None: ...
    def mime_problem(self, problem: str, text: str) -> None: ...


@dataclass(frozen=True, slots=True)
class MimeOptions:
    """Limits (postconf(5) header_size_limit, mime_nesting_limit, mime_boundary_length_limit) and which problems are reported.
    `downgrade`: content that is announced as 8bit or binary becomes quoted-printable (RFC 2045 6.7)."""

    header_limit: int = 102400
    nesting_limit: int = 100
    boundary_limit: int = 2048
    disabled: bool = False
    report: frozenset[str] = frozenset()
    downgrade: bool = False


@dataclass(slots=True)
class _Level:
    boundary: str
    default_type: tuple[str, str]


class MimeState:
    """Where in a message we are."""

    def __init__(self, handler: Handler, options: MimeOptions) -> None:
        self.handler, self.options = handler, options
        self.problems: set[str] = set()
        self._stack: list[_Level] = []
        self._nesting = -1
        self._header: str | None = None
        self._previous = ""
        self._offset = 0
        self._encoded = b""
        self._enter(PRIMARY, ("text", "plain"))

    def _enter(self, state: str, content_type: tuple[str, str]) -> None:
        self._state, self._type = state, content_type
        self._encoding = self._domain = "7bit"

    # -- input ----------------------------------------------------------------------------------------------------------

    def update(self, kind: str, data: bytes) -> None:
        """The next record; anything but text ends the message."""
        is_text = kind in (records.LINE, records.CONTINUED)
        if not is_text and self._previous == records.CONTINUED:
            self.update(records.LINE, b"")
        if self._state != _BODY and not self._header_line(kind, data, is_text):
            self._previous = kind
            return
        if is_text:
            self._body_line(kind, data)
        self._previous = kind

    def _header_line(self, kind: str, data: bytes, is_text: bool) -> bool:
        """Deal with a line of a header block. True when the block ends here and the line belongs to what follows."""
        text = data.decode("utf-8", "surrogateescape")
        if self._header is not None:
            if is_text and self._previous == records.CONTINUED:
                self._extend(text)
                return False
            if is_text and text[:1] in (" ", "\t") and text:
                self._extend("\n" + text)
                return False
            self._finish_header()
        length = header_name_length(text) if is_text else 0
        if length:
            self._header = text[:length] + text[length:].lstrip(" \t")
            return False
        self._end_block(is_text, text)
        return True

    def _extend(self, text: str) -> None:
        assert self._header is not None
        if len(self._header) < self.options.header_limit:
            self._header += text
        else:
            self._problem(TRUNCATED_HEADER, self._header)

    def _finish_header(self) -> None:
        text, self._header = self._header or "", None
        known = None if self.options.disabled else find(text)
        if known is not None and known.name == "Content-Type":
            self._content_type(text.partition(":")[2])
        elif known is not None and known.name == "Content-Transfer-Encoding":
            word = _words(text.partition(":")[2])[:1]
            if word and word[0].lower() in _ENCODINGS:
                self._encoding = word[0].lower()
                self._domain = _ENCODINGS[self._encoding]
        if EIGHT_BIT_HEADER not in self.problems and not text.isascii():
            self._problem(EIGHT_BIT_HEADER, text)
        if not (self._downgrades and known is not None and known.name == "Content-Transfer-Encoding"):
            self.handler.header(self._state, text)
        self._previous = ""

    @property
    def _downgrades(self) -> bool:
        """Is this part to be converted to 7 bits?"""
        return self.options.downgrade and self._domain != "7bit"

    def _problem(self, problem: str, text: str) -> None:
        if problem in self.options.report:
            self.problems.add(problem)
            self.handler.mime_problem(problem, text)

    def _content_type(self, text: str) -> None:
        words = _words(text)
        main = words[0].lower() if words else ""
        sub = words[2].lower() if len(words) > 2 and words[1] == "/" else ""
        if main not in ("text", "message", "multipart"):
            self._type = ("other", "") if words else self._type
            return
        self._type = (main, sub)
        if main != "multipart":
            return
        default = ("message", "rfc822") if sub == "digest" else ("text", "plain")
        for index, word in enumerate(words[:-2]):
            if word.lower() == "boundary" and words[index + 1] == "=":
                self._push(words[index + 2], default, text)

    def _push(self, boundary: str, default: tuple[str, str], text: str) -> None:
        if self._nesting > self.options.nesting_limit:
            self._problem(NESTING, "Content-Type:" + text)
            return
        self._nesting += 1
        self._stack.append(_Level(boundary[: self.options.boundary_limit], default))

    # -- from header to body --------------------------------------------------------------------------------------------

    def _end_block(self, is_text: bool, text: str) -> None:
        if self._downgrades:
            composite = self._type[0] == "multipart" or (self._type[0] == "message" and self._type[1] != "global")
            self.handler.header(self._state, f"Content-Transfer-Encoding: {'7bit' if composite else 'quoted-printable'}")
        if self._state == PRIMARY:
            self.handler.end_of_header()
        self._check_domain()
        if is_text and not text:
            self._offset = 0
            if self._type == ("message", "rfc822") or (self._type == ("message", "global") and not self._downgrades):
                self._enter(NESTED, ("text", "plain"))
            elif self._type[0] == "multipart":
                self._enter(_BODY, ("other", ""))
            else:
                self._state = _BODY
            return
        if is_text and self._state == PRIMARY:
            # Text directly after the headers: a blank line is supplied, which the message must have (RFC 5322 2.1).
            self._out(records.LINE, b"")
        self._state = _BODY

    def _check_domain(self) -> None:
        main, sub = self._type
        if main == "message" and sub in ("partial", "external-body"):
            bad = self._domain != "7bit"
        else:
            bad = (main == "multipart" or (main, sub) == ("message", "rfc822")) and self._encoding != self._domain
        if bad:
            self._problem(ENCODING_DOMAIN, self._encoding)

    def _body_line(self, kind: str, data: bytes) -> None:
        if self._encoding == "7bit" and EIGHT_BIT_BODY not in self.problems and not data.isascii():
            self._problem(EIGHT_BIT_BODY, data.decode("utf-8", "surrogateescape"))
        if self._stack and self._previous != records.CONTINUED and data[:2] == b"--" and len(data) > 2:
            self._boundary(data.decode("utf-8", "surrogateescape"))
        if self._downgrades:
            self._quote(kind, data)
        else:
            self._out(kind, data)

    def _quote(self, kind: str, data: bytes) -> None:
        """Quoted-printable, with a soft line break where a line gets too long."""
        for byte in data:
            if len(self._encoded) > _QUOTED_LENGTH:
                self._out(records.LINE, self._encoded + b"=")
                self._encoded = b""
            plain = byte == 9 or (32 <= byte <= 126 and byte != 61)
            self._encoded += bytes((byte,)) if plain else b"=%02X" % byte
        if kind == records.LINE:
            line, self._encoded = self._encoded, b""
            if line.endswith((b" ", b"\t")):
                line = line[:-1] + b"=%02X" % line[-1]
            self._out(records.LINE, line)

    def _boundary(self, line: str) -> None:
        for level in reversed(self._stack):
            if not line.startswith(level.boundary, 2):
                continue
            while self._stack[-1] is not level:
                self._pop()
            if line.startswith("--", 2 + len(level.boundary)):
                self._pop()
                self._enter(_BODY, ("other", ""))
            else:
                self._enter(MULTIPART, level.default_type)
            return

    def _pop(self) -> None:
        self._stack.pop()
        self._nesting -= 1

    def _out(self, kind: str, data: bytes) -> None:
        self.handler.body(kind, data, self._offset)
        self._offset += len(data)


def _words(text: str) -> list[str]:
    """Tokens, quoted strings (without quotes) and separators of a structured header."""
    words: list[str] = []
    position = 0
    while match := _TOKEN.match(text, position):
        if match.end() == position:
            break
        position = match.end()
        quoted, token, separator = match.groups()
        words.append(re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else token or separator)
    return words
