"""What Perl does with strings and numbers: conversion, interpolation, patterns, sprintf."""

from __future__ import annotations

import functools
import re

from simulator.shell.perl.nodes import NotSimulated

_NUMERIC = re.compile(r"\s*([-+]?(?:\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?))")
_POSIX = {
    "alpha": "a-zA-Z", "digit": "0-9", "alnum": "a-zA-Z0-9", "upper": "A-Z", "lower": "a-z", "space": r"\s", "punct": r"!-/:-@\[-`{-~",
    "xdigit": "0-9a-fA-F",
    "word": r"\w", "blank": r" \t", "cntrl": r"\x00-\x1f\x7f", "print": r"\x20-\x7e", "graph": r"\x21-\x7e",
}  # fmt: skip
_FORMAT = re.compile(r"%([-+ 0#]*)(\*|\d+)?(?:\.(\*|\d+))?([hlqLV]*)([a-zA-Z%])")


def number(value: object) -> float | int:
    """A value as a number; text counts as far as it looks like one."""
    if isinstance(value, (int, float)):
        return value
    if value is None:
        return 0
    match = _NUMERIC.match(str(value))
    if match is None:
        return 0
    return int(match[1]) if re.fullmatch(r"[-+]?\d+", match[1]) else float(match[1])


def string(value: object) -> str:
    """A value as text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else ""
    if isinstance(value, float):
        if value != value or value in (float("inf"), float("-inf")):
            return "NaN" if value != value else "Inf" if value > 0 else "-Inf"
        return str(int(value)) if value == int(value) and abs(value) < 1e15 else f"{value:.15g}"
    if isinstance(value, list):
        return f"ARRAY(0x{0x55D0000 + len(value):x})"
    if isinstance(value, dict):
        return f"HASH(0x{0x55D0000 + len(value):x})"
    return str(value)


def truth(value: object) -> bool:
    """Perl's truth: all but undef, 0, "0" and the empty text."""
    if isinstance(value, (list, dict)):
        return True
    return string(value) not in ("", "0")


@functools.lru_cache(maxsize=256)
def pattern(source: str, flags: str, line: int) -> re.Pattern[str]:
    """A Perl pattern as Python's. Raises NotSimulated for what Python cannot read."""
    text = re.sub(r"\[:(\w+):\]", lambda match: _POSIX.get(match[1], ""), source)
    text = text.replace(r"\z", r"\Z").replace(r"\A", r"\A").replace(r"\h", r"[ \t]").replace(r"\R", r"(?:\r\n|\n|\r)")
    text = re.sub(r"(?<!\\)\\Z", r"(?=\\n?\\Z)", text) if r"\Z" in source else text
    text = re.sub(r"\(\?<(\w+)>", r"(?P<\1>", text)
    text = re.sub(r"(?<!\\)\$(?=\)|$|\|)", r"(?=\\n?\\Z)" if "m" not in flags else "$", text)
    options = sum({"i": re.I, "m": re.M, "s": re.S, "x": re.X}.get(flag, 0) for flag in set(flags))
    try:
        return re.compile(text, options)
    except re.error as error:
        raise NotSimulated(f"the pattern /{source}/ ({error})", line) from None


def sprintf(form: str, values: list[object]) -> str:
    """sprintf(3) with Perl's conversions."""
    rest = list(values)

    def take() -> object:
        return rest.pop(0) if rest else None

    def convert(match: re.Match[str]) -> str:
        flags, width, precision, _, letter = match.groups()
        if letter == "%":
            return "%"
        width = str(int(number(take()))) if width == "*" else width or ""
        precision = str(int(number(take()))) if precision == "*" else precision
        value = take()
        dot = f".{precision}" if precision is not None else ""
        if letter in "sv":
            return f"%{flags}{width}{dot}s" % string(value)
        if letter == "c":
            return f"%{flags}{width}s" % chr(int(number(value)))
        if letter in "diuxXob":
            whole = int(number(value))
            if letter == "b":
                return f"%{flags}{width}s" % f"{whole:b}"
            return f"%{flags}{width}{dot}{'d' if letter in 'diu' else letter}" % whole
        return f"%{flags}{width}{dot}{letter}" % float(number(value)) if letter in "eEfFgG" else match[0]

    return _FORMAT.sub(convert, form)


_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "a": "\a", "e": "\x1b", "f": "\f", "b": "\b"}


def unescape(text: str) -> str:
    """The backslash sequences of a double-quoted string, without variables."""

    def value(match: re.Match[str]) -> str:
        if match[1] is not None:
            return chr(int(match[1] or "0", 16))
        if match[2] is not None:
            return chr(int(match[2], 16))
        if match[3] is not None:
            return chr(int(match[3], 8))
        return _ESCAPES.get(match[4], match[4])

    return re.sub(r"\\(?:x\{([0-9a-fA-F]*)\}|x([0-9a-fA-F]{1,2})|([0-7]{1,3})|(.))", value, text, flags=re.S)


def transliteration(source: str, target: str, flags: str) -> tuple[list[str], list[str]]:
    """tr///: the two lists of characters."""

    def expand(text: str) -> list[str]:
        text = unescape(text)
        out: list[str] = []
        index = 0
        while index < len(text):
            if index + 2 < len(text) and text[index + 1] == "-":
                out += [chr(code) for code in range(ord(text[index]), ord(text[index + 2]) + 1)]
                index += 3
            else:
                out.append(text[index])
                index += 1
        return out

    one, two = expand(source), expand(target)
    if not two and "d" not in flags:
        two = one
    if len(two) < len(one) and two and "d" not in flags:
        two += [two[-1]] * (len(one) - len(two))
    return one, two
