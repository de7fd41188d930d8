"""The message headers that Postfix knows, and what it does with each.

SENDER and RECIPIENT headers hold addresses that are rewritten; EXTRACT headers give the recipients of `sendmail -t`;
RESENT headers belong to a message that was sent on (RFC 5322 3.6.6); MIME headers describe a body part.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

SENDER: Final = 1
RECIPIENT: Final = 2
EXTRACT: Final = 4
RESENT: Final = 8
MIME: Final = 16


@dataclass(frozen=True, slots=True)
class HeaderOptions:
    """A known header: its name in the usual spelling, and flags."""

    name: str
    flags: int


_VISIBLE = RECIPIENT | EXTRACT
KNOWN: Final[dict[str, HeaderOptions]] = {
    name.lower(): HeaderOptions(name, flags)
    for name, flags in (
        ("Apparently-To", RECIPIENT),
        ("Bcc", _VISIBLE),
        ("Cc", _VISIBLE),
        ("Content-Description", MIME),
        ("Content-Disposition", MIME),
        ("Content-ID", MIME),
        ("Content-Length", 0),
        ("Content-Transfer-Encoding", MIME),
        ("Content-Type", MIME),
        ("Delivered-To", 0),
        ("Disposition-Notification-To", SENDER),
        ("Date", 0),
        ("Errors-To", SENDER),
        ("From", SENDER),
        ("Mail-Followup-To", SENDER),
        ("Message-Id", 0),
        ("MIME-Version", MIME),
        ("Received", 0),
        ("Reply-To", SENDER),
        ("Resent-Bcc", _VISIBLE | RESENT),
        ("Resent-Cc", _VISIBLE | RESENT),
        ("Resent-Date", RESENT),
        ("Resent-From", SENDER | RESENT),
        ("Resent-Message-Id", RESENT),
        ("Resent-Reply-To", RECIPIENT | RESENT),
        ("Resent-Sender", SENDER | RESENT),
        ("Resent-To", _VISIBLE | RESENT),
        ("Return-Path", SENDER),
        ("Return-Receipt-To", SENDER),
        ("Sender", SENDER),
        ("To", _VISIBLE),
    )
}

_NAME = re.compile(r"([!-9;-~]+)[ \t]*:")


def header_name_length(line: str) -> int:
    """How long the name of the header is that this line begins; 0 if it begins none. Blanks before the colon are allowed."""
    match = _NAME.match(line)
    return len(match[1]) if match else 0


def find(header: str) -> HeaderOptions | None:
    """The entry for a header line or name; None for an unknown header."""
    return KNOWN.get(header.partition(":")[0].rstrip(" \t").lower())
