"""A message as mailboxes, files and programs get it: with a From line, Return-Path:, X-Original-To: and Delivered-To: in front.

Which of these, and what is quoted in the text, is a set of options; local(8), virtual(8) and the flags= of pipe(8) choose.
"""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass
from enum import Flag, auto
from typing import Final

from simulator.mail.quoting import quote_822_local


class Copy(Flag):
    """What is added to the message or changed in it."""

    FROM = auto()
    RETURN_PATH = auto()
    ORIG_RCPT = auto()
    DELIVERED = auto()
    QUOTE = auto()
    DOT = auto()
    BLANK = auto()


#: The message as it is.
PLAIN: Final = Copy(0)
#: What a mailbox file wants.
MBOX: Final = Copy.FROM | Copy.QUOTE | Copy.BLANK | Copy.RETURN_PATH | Copy.ORIG_RCPT | Copy.DELIVERED
#: What a Maildir wants.
MAILDIR: Final = Copy.RETURN_PATH | Copy.ORIG_RCPT | Copy.DELIVERED

_FROM_LINE = re.compile(rb"^From ", re.M)
_DOT_LINE = re.compile(rb"^\.", re.M)


@dataclass(frozen=True, slots=True)
class Envelope:
    """What the added lines tell; `original` is empty where postconf(5) enable_original_recipient is off."""

    sender: str
    original: str
    delivered: str
    now: float


def mail_copy(message: bytes, envelope: Envelope, options: Copy, eol: str = "\n", null_sender: str = "MAILER-DAEMON") -> bytes:
    """The copy; the message's own lines end with a newline, those of the copy with `eol`."""
    text = message if message.endswith(b"\n") or not message else message + b"\n"
    if Copy.QUOTE in options:
        text = _FROM_LINE.sub(b">From ", text)
    if Copy.DOT in options:
        text = _DOT_LINE.sub(b"..", text)
    if Copy.BLANK in options:
        text += b"\n"
    head = "".join(f"{line}\n" for line in _head(envelope, options, null_sender))
    copy = head.encode("utf-8", "surrogateescape") + text
    return copy if eol == "\n" else copy.replace(b"\n", eol.encode("utf-8", "surrogateescape"))


def _head(envelope: Envelope, options: Copy, null_sender: str) -> list[str]:
    lines = []
    sender = quote_822_local(envelope.sender) if envelope.sender else ""
    if Copy.FROM in options:
        moment = datetime.datetime.fromtimestamp(envelope.now, datetime.UTC)
        lines.append(f"From {sender or null_sender}  {moment.ctime()}")
    if Copy.RETURN_PATH in options:
        lines.append(f"Return-Path: <{sender}>")
    if Copy.ORIG_RCPT in options and envelope.original:
        lines.append(f"X-Original-To: {quote_822_local(envelope.original)}")
    if Copy.DELIVERED in options:
        lines.append(f"Delivered-To: {quote_822_local(envelope.delivered)}")
    return lines
