"""The message that swaks(1) sends: --data, --header, --add-header, --body, --attach, and what is put in for %TOKENS%."""

from __future__ import annotations

import base64
import datetime
import re
from collections.abc import Callable
from dataclasses import dataclass

from simulator.mua.swaks_options import Settings
from simulator.unix.program import Exit, Process

VERSION = "20201014.0"
_DEFAULT_TYPE = "application/octet-stream"
_TEMPLATE = (
    "Date: %DATE%\\nTo: %TO_ADDRESS%\\nFrom: %FROM_ADDRESS%\\nSubject: test %DATE%\\n"
    "Message-Id: <%MESSAGEID%>\\nX-Mailer: swaks v%SWAKS_VERSION% jetmore.org/john/code/swaks/\\n{mime}%NEW_HEADERS%\\n%BODY%\\n"
)


@dataclass(slots=True)
class _Part:
    content: str
    type: str
    name: str = ""


class MessageMaker:
    """Makes the text of one run, ready for DATA: CR LF line ends, leading dots doubled, a dot at the end."""

    def __init__(self, p: Process, settings: Settings, sender: str, recipient: str, hostname: str, fail: Callable[[str], None]) -> None:
        self.p = p
        self.settings = settings
        self.sender = sender
        self.recipient = recipient
        self.hostname = hostname
        self.fail = fail

    def make(self) -> str:
        body = self._from_file("body", self.settings.get("body")) if "body" in self.settings else "This is a test mailing"
        mime = ""
        if any(key.startswith("attach") for key, _ in self.settings.order):
            body, mime = self._attached(body or "")
        data = self._from_file("data", self.settings.get("data")) if self.settings.get("data") else _TEMPLATE.format(mime=mime)
        if "no_data_fixup" in self.settings:
            return data
        data = data.replace("%BODY%", body).replace("\\n", "\r\n")
        return self._finished(self._with_headers(data))

    # Values

    def _from_file(self, option: str, value: str | None) -> str:
        """`-` is standard input, `@file` a file; a bare name that is a file was one in old times."""
        if not value:
            self.fail(f"Option processing error: option {option} specified with no argument")
            raise Exit(1)
        if value == "-":
            return self.p.stdin
        if value.startswith("@@"):
            return value[1:]
        if value.startswith("@"):
            try:
                return self._read(value[1:])
            except OSError as error:
                self.fail(f"Option processing error: file {value[1:]} not openable for option {option} ({error.strerror})")
                raise Exit(1) from None
        return self._inferred(option, value)

    def _inferred(self, option: str, value: str) -> str:
        warning = f"DEPRECATION WARNING: Inferring a filename from the argument to --{option} will be removed in the future.  "
        warning += "Prefix filenames with '@' instead."
        if option == "data" and not re.search(r"\\n|\n|%NEWLINE%", value):
            self.fail(warning)
            try:
                return self._read(value)
            except OSError as error:
                self.fail(f"{option} option appears to be a file but is not openable: {value} ({error.strerror})")
                raise Exit(1) from None
        if option != "data" and "\n" not in value and value and self.p.fs.exists(self.p.path(value), self.p.cred):
            try:
                content = self._read(value)
            except OSError:
                return value
            self.fail(warning)
            return content
        return value

    def _read(self, name: str) -> str:
        return self.p.read(name).decode("utf-8", "surrogateescape")

    # Attachments

    def _attached(self, body: str) -> tuple[str, str]:
        """The body as a MIME multipart, and the headers that say so."""
        boundary = f"----=_MIME_BOUNDARY_000_{self.p.pid}"
        bodies, others = self._parts()
        bodies = bodies or [_Part(body, "text/plain")]
        alternative = len(bodies) > 1
        if alternative and others:
            inner = f"----=_MIME_BOUNDARY_004_{self.p.pid}"
            text = f'--{boundary}\nContent-Type: multipart/alternative; boundary="{inner}"\n\n'
            text += "".join(_encoded(part, inner, True) for part in bodies) + f"--{inner}--\n"
        else:
            text = "".join(_encoded(part, boundary, True) for part in bodies)
        text += "".join(_encoded(part, boundary, False) for part in others) + f"--{boundary}--\n"
        kind = "multipart/alternative" if alternative and not others else "multipart/mixed"
        return text, f'MIME-Version: 1.0\\nContent-Type: {kind}; boundary="{boundary}"\\n'

    def _parts(self) -> tuple[list[_Part], list[_Part]]:
        bodies: list[_Part] = []
        others: list[_Part] = []
        kind, name = "", ""
        for key, value in self.settings.order:
            if key == "attach_type":
                kind = value
            elif key == "attach_name":
                name = value
            elif key == "attach_body":
                bodies.append(_Part(self._from_file("attach-body", value), kind or "text/plain"))
                kind, name = "", ""
            elif key == "attach":
                content = self._from_file("attach", value)
                if not name and value != "-" and content != value:
                    name = value.rpartition("/")[2]
                others.append(_Part(content, kind or _DEFAULT_TYPE, name))
                name = ""
        return bodies, others

    # Headers

    def _with_headers(self, data: str) -> str:
        """--header replaces a header that is there; what is not there is added, as --add-header adds."""
        match = re.match(r"(.*?)\r?\n\r?\n", data, re.S)
        head, rest = (match[1], data[match.end() :]) if match else (data, "")
        fields = _fields(head)
        added = list(self.settings.values.get("add_header", []))
        for header in (piece for value in self.settings.values.get("header", []) for piece in value.split("\\n")):
            name, colon, _ = header.partition(":")
            place = max((index for index, lines in enumerate(fields) if _name(lines[0]) == name), default=-1)
            if colon and place >= 0:
                fields[place] = [header]
            else:
                added.append(header)
        text = "".join(line + "\r\n" for lines in fields for line in lines)
        new = "".join(line + "\r\n" for line in added)
        text = text.replace("%NEW_HEADERS%", new) if "%NEW_HEADERS%" in text else text + new
        return f"{text}\r\n{rest}"

    def _finished(self, data: str) -> str:
        tokens = {
            "%FROM_ADDRESS%": self.sender, "%TO_ADDRESS%": self.recipient, "%MESSAGEID%": self._message_id(), "%SWAKS_VERSION%": VERSION,
            "%DATE%": self._date(),
        }  # fmt: skip
        data = re.sub(r"\\n|%NEWLINE%", "\r\n", data)
        for token, value in tokens.items():
            data = data.replace(token, value)
        if "no_strip_from" not in self.settings:
            data = re.sub(r"\AFrom [^\n]*\n", "", data)
        data = re.sub(r"\r?\n\.\r?\n?\Z", "", data)
        data = data.replace("\n.", "\n..")
        return re.sub(r"(?<!\r)\n", "\r\n", data) + "\r\n."

    def _moment(self) -> datetime.datetime:
        return datetime.datetime.fromtimestamp(self.p.clock.now, datetime.UTC)

    def _message_id(self) -> str:
        return f"{self._moment():%Y%m%d%H%M%S}.{self.p.pid:06d}@{self.hostname}"

    def _date(self) -> str:
        return f"{self._moment():%a, %d %b %Y %H:%M:%S} +0000"


def _fields(head: str) -> list[list[str]]:
    """The header fields, each with its continuation lines."""
    lines = re.split(r"\r?\n", head)
    while lines and not lines[-1]:
        lines.pop()
    fields: list[list[str]] = []
    for line in lines:
        if line[:1].isspace() and fields:
            fields[-1].append(line)
        else:
            fields.append([line])
    return fields


def _name(line: str) -> str:
    """The name of a header field; nothing if the line is none."""
    match = re.match(r"(\S[^:]+):", line)
    return match[1] if match else ""


def _encoded(part: _Part, boundary: str, is_body: bool) -> str:
    head = f"--{boundary}\nContent-Type: {part.type}"
    if part.type.lower() == "text/plain" and not part.name:
        return f"{head}\n\n{part.content}\n"
    if part.name:
        head += f'; name="{part.name}"\nContent-Description: {part.name}\nContent-Disposition: attachment; filename="{part.name}"\n'
    else:
        head += "\n"
        if not (part.type.lower().startswith("text/") and is_body):
            head += "Content-Disposition: attachment\n"
    content = base64.encodebytes(part.content.encode("utf-8", "surrogateescape")).decode("ascii")
    return f"{head}Content-Transfer-Encoding: BASE64\n\n{content}\n"
