"""Typed input with pauses: what a shell pipes into a program that talks.

In `{ echo EHLO x; sleep 1; echo QUIT; } | nc host 25` the pause matters: what is sent before the server has spoken is
"improper command pipelining". The left side of a pipe is run first and its output handed over as one text; so a `sleep` in it
leaves a mark in the text instead of waiting, and the program at the right waits where the mark is.
"""

from __future__ import annotations

import re

_MARK = re.compile("\x00\x0epause ([0-9.]+)\x0f\x00")


def pause(seconds: float) -> str:
    """The mark of a pause."""
    return f"\x00\x0epause {seconds:.6g}\x0f\x00"


def segments(text: str) -> list[tuple[float, str]]:
    """The pieces of an input, each with the seconds to wait before it. A pause at the end comes as an empty piece."""
    parts = _MARK.split(text)
    found = [(0.0, parts[0])] if parts[0] else []
    for seconds, piece in zip(parts[1::2], parts[2::2], strict=True):
        if found and not found[-1][1]:
            found[-1] = (found[-1][0] + float(seconds), piece)
        else:
            found.append((float(seconds), piece))
    return found


def plain(text: str) -> str:
    """The text without marks, for a program that reads all its input at once."""
    return _MARK.sub("", text)
