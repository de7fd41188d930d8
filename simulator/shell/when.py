"""Points in time as people write them: date(1) -d, touch(1) -d, find(1) -newermt. All in UTC."""

from __future__ import annotations

import calendar
import re
import time
from dataclasses import dataclass, replace

_MONTHS = {name.lower(): number for number, name in enumerate("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), 1)}
_DAYS = {name: number for number, name in enumerate("mon tue wed thu fri sat sun".split())}
_UNITS = {"sec": 1, "second": 1, "min": 60, "minute": 60, "hour": 3600, "day": 86400, "week": 604800, "fortnight": 1209600}
_WORDS = {"now": 0, "today": 0, "tomorrow": 86400, "yesterday": -86400}
_ORDINALS = {"last": -1, "this": 0, "next": 1, "first": 1, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8,
             "ninth": 9, "tenth": 10, "eleventh": 11, "twelfth": 12}  # fmt: skip
_ZONES = {"utc": 0, "gmt": 0, "z": 0, "cet": 3600, "cest": 7200, "est": -18000, "edt": -14400, "pst": -28800, "pdt": -25200}
_TOKEN = re.compile(
    r"\s*(?:(?P<epoch>@-?\d+(?:\.\d+)?)|(?P<iso>\d{4}-\d{1,2}-\d{1,2})(?:[T](?=\d))?|(?P<us>\d{1,2}/\d{1,2}(?:/\d{2,4})?)"
    r"|(?P<clock>\d{1,2}:\d\d(?::\d\d(?:[.,]\d+)?)?)\s*(?P<half>[ap]m\b)?|(?P<zone>(?<=[\d: ])[+-]\d\d:?\d\d(?!\d))"
    r"|(?P<digits>\d{8})(?:[ T]?(?P<packed>\d{4}(?:\d\d)?)\b)?|(?P<number>[+-]?\s*\d+)|(?P<word>[a-zA-Z]+\.?)|,)",
    re.I,
)


class NotADate(ValueError):
    """The text is no date."""


@dataclass(frozen=True, slots=True)
class _Moment:
    year: int
    month: int
    day: int
    seconds: float
    zone: int = 0
    shift: float = 0.0
    months: int = 0
    weekday: int = -1
    weeks: int = 0
    clock_given: bool = False
    date_given: bool = False


def parse(text: str, now: float) -> float:
    """The moment in epoch seconds. Raises NotADate."""
    today = time.gmtime(now)
    moment = _Moment(today.tm_year, today.tm_mon, today.tm_mday, now % 86400)
    match = re.fullmatch(r"\s*@(-?\d+(?:\.\d+)?)\s*", text)
    if match:
        return float(match[1])
    at, tokens = 0, []
    stripped = text.rstrip()
    while at < len(stripped):
        match = _TOKEN.match(stripped, at)
        if match is None or match.end() == at:
            raise NotADate(text)
        tokens.append(match)
        at = match.end()
    if not stripped.strip():
        return _value(replace(moment, seconds=0.0))
    return _value(_read(moment, tokens, text))


def _read(moment: _Moment, tokens: list[re.Match[str]], text: str) -> _Moment:
    index = 0
    while index < len(tokens):
        token = tokens[index]
        if token["iso"]:
            year, month, day = map(int, token["iso"].split("-"))
            moment = replace(moment, year=year, month=month, day=day, date_given=True)
        elif token["us"]:
            parts = [int(part) for part in token["us"].split("/")]
            moment = replace(moment, month=parts[0], day=parts[1], year=parts[2] if len(parts) > 2 else moment.year, date_given=True)
        elif token["clock"]:
            moment = replace(moment, seconds=_clock(token["clock"], token["half"]), clock_given=True)
        elif token["zone"]:
            digits = token["zone"].replace(":", "")
            moment = replace(moment, zone=int(digits[0] + "1") * (int(digits[1:3]) * 3600 + int(digits[3:5]) * 60))
        elif token["digits"]:
            moment = _packed(moment, token)
        elif token["number"]:
            moment, index = _number(moment, tokens, index, text)
        elif token["word"]:
            moment, index = _word(moment, tokens, index, text)
        index += 1
    return moment


def _clock(text: str, half: str | None) -> float:
    hour, minute, *second = text.replace(",", ".").split(":")
    value = int(hour)
    if half:
        value = value % 12 + (12 if half.lower() == "pm" else 0)
    if value > 23 or int(minute) > 59 or (second and float(second[0]) >= 61):
        raise NotADate(text)
    return value * 3600 + int(minute) * 60 + (float(second[0]) if second else 0.0)


def _packed(moment: _Moment, token: re.Match[str]) -> _Moment:
    digits, packed = token["digits"], token["packed"]
    moment = replace(moment, year=int(digits[:4]), month=int(digits[4:6]), day=int(digits[6:]), date_given=True)
    if packed:
        seconds = int(packed[4:6] or 0)
        return replace(moment, seconds=int(packed[:2]) * 3600 + int(packed[2:4]) * 60 + seconds, clock_given=True)
    return moment


def _following(tokens: list[re.Match[str]], index: int) -> str:
    return (tokens[index + 1]["word"] or "").lower().rstrip(".") if index + 1 < len(tokens) else ""


def _number(moment: _Moment, tokens: list[re.Match[str]], index: int, text: str) -> tuple[_Moment, int]:
    """A number: of units, of a day before or after a month's name, or a year."""
    value, word = int(re.sub(r"\s", "", tokens[index]["number"])), _following(tokens, index)
    if word[:3] in _MONTHS and not word.startswith(("mont", "min", "sec")):
        return replace(moment, day=value, date_given=True), index
    if word in ("am", "pm"):
        return replace(moment, seconds=value % 12 * 3600.0 + (43200 if word == "pm" else 0), clock_given=True), index + 1
    if word and (_unit(word) or word.startswith(("month", "year"))):
        sign = -1 if _following(tokens, index + 1) == "ago" else 1
        return _shifted(moment, value * sign, word), index + (2 if sign < 0 else 1)
    if 1000 <= value <= 9999:
        return replace(moment, year=value, date_given=True), index
    raise NotADate(text)


def _unit(word: str) -> int:
    return _UNITS.get(word) or _UNITS.get(word.removesuffix("s")) or 0


def _shifted(moment: _Moment, count: int, word: str) -> _Moment:
    if word.startswith("month"):
        return replace(moment, months=moment.months + count)
    if word.startswith("year"):
        return replace(moment, months=moment.months + 12 * count)
    return replace(moment, shift=moment.shift + count * _unit(word))


def _word(moment: _Moment, tokens: list[re.Match[str]], index: int, text: str) -> tuple[_Moment, int]:
    word = tokens[index]["word"].lower().rstrip(".")
    if word in _WORDS:
        return replace(moment, shift=moment.shift + _WORDS[word]), index
    if word in ("noon", "midnight"):
        return replace(moment, seconds=43200.0 if word == "noon" else 0.0, clock_given=True), index
    if word in _ORDINALS:
        return _ordinal(moment, tokens, index, _ORDINALS[word], text)
    if word[:3] in _MONTHS and (word[:3] == word or len(word) > 3) and not _unit(word) and not word.startswith("mont"):
        return _month(moment, tokens, index, _MONTHS[word[:3]])
    if word[:3] in _DAYS and not _unit(word):
        return replace(moment, weekday=_DAYS[word[:3]]), index
    if word in _ZONES:
        return replace(moment, zone=_ZONES[word]), index
    if _unit(word) or word.startswith(("month", "year")):
        sign = -1 if _following(tokens, index) == "ago" else 1
        return _shifted(moment, sign, word), index + (1 if sign < 0 else 0)
    if word == "t" or word in ("at", "on", "of", "and"):
        return moment, index
    raise NotADate(text)


def _ordinal(moment: _Moment, tokens: list[re.Match[str]], index: int, count: int, text: str) -> tuple[_Moment, int]:
    word = _following(tokens, index)
    if word[:3] in _DAYS and not _unit(word):
        return replace(moment, weekday=_DAYS[word[:3]], weeks=count), index + 1
    if not _unit(word) and not word.startswith(("month", "year")):
        raise NotADate(text)
    return _shifted(moment, count, word), index + 1


def _month(moment: _Moment, tokens: list[re.Match[str]], index: int, month: int) -> tuple[_Moment, int]:
    following = tokens[index + 1] if index + 1 < len(tokens) else None
    if following is not None and following["number"] and int(re.sub(r"\s", "", following["number"])) <= 31:
        return replace(moment, month=month, day=int(re.sub(r"\s", "", following["number"])), date_given=True), index + 1
    return replace(moment, month=month, date_given=True), index


def _value(moment: _Moment) -> float:
    seconds = moment.seconds
    if (moment.date_given or moment.weekday >= 0) and not moment.clock_given:
        seconds = 0.0
    if not 1 <= moment.month <= 12:
        raise NotADate(f"month {moment.month}")
    year, month = moment.year, moment.month + moment.months
    year, month = year + (month - 1) // 12, (month - 1) % 12 + 1
    if not 1 <= moment.day <= 31 or (not moment.months and moment.day > calendar.monthrange(year, month)[1]):
        raise NotADate(f"{year}-{month}-{moment.day}")
    base = calendar.timegm((year, month, 1, 0, 0, 0)) + (moment.day - 1) * 86400
    if moment.weekday >= 0:
        ahead = (moment.weekday - time.gmtime(base).tm_wday) % 7
        weeks = moment.weeks - (1 if moment.weeks > 0 and ahead else 0)
        base += (ahead + 7 * weeks) * 86400
    return base + seconds - moment.zone + moment.shift


# -- formats ------------------------------------------------------------------------------------------------------------

_FORMAT = re.compile(r"%([-_0^#]*)(\d*)(:*)([EO]?)([a-zA-Z%+])")
_PADS = {"-": "", "_": " ", "0": "0"}
_NUMERIC = {"d": (2, "0"), "e": (2, " "), "H": (2, "0"), "I": (2, "0"), "k": (2, " "), "l": (2, " "), "m": (2, "0"), "M": (2, "0"), "S": (2, "0"),
            "j": (3, "0"), "y": (2, "0"), "C": (2, "0"), "U": (2, "0"), "V": (2, "0"), "W": (2, "0"), "g": (2, "0"), "G": (4, "0"), "Y": (4, "0"),
            "u": (1, "0"), "w": (1, "0"), "q": (1, "0")}  # fmt: skip
_COMPOSED = {"c": "%a %b %e %H:%M:%S %Y", "D": "%m/%d/%y", "F": "%Y-%m-%d", "T": "%H:%M:%S", "R": "%H:%M", "r": "%I:%M:%S %p", "x": "%m/%d/%y",
             "X": "%H:%M:%S", "h": "%b", "+": "%a %b %e %H:%M:%S %Z %Y"}  # fmt: skip


def format_time(text: str, when: float) -> str:
    """date(1)'s FORMAT: strftime(3) with GNU's flags, %N, %s, %:z and %P."""
    moment = time.gmtime(int(when // 1))

    def value(match: re.Match[str]) -> str:
        flags, width, colons, _, letter = match.groups()
        made, size, pad = _directive(letter, moment, when, colons)
        for flag in flags:
            pad = _PADS.get(flag, pad)
        if letter == "N" and width:
            return made[: int(width)]
        size = int(width) if width else size
        if pad == "" or (letter in ("N", "s") and not width):
            made = made.lstrip("0") or "0" if pad == "" and letter in _NUMERIC else made
        else:
            made = made.rjust(size, pad or " ")
        return made.upper() if "^" in flags else made.swapcase() if "#" in flags else made

    return _FORMAT.sub(value, text)


def _directive(letter: str, moment: time.struct_time, when: float, colons: str) -> tuple[str, int, str]:
    """The value of a directive, its usual width, and what fills it up."""
    if letter in _COMPOSED:
        return format_time(_COMPOSED[letter], when), 0, " "
    if letter in _NUMERIC:
        size, pad = _NUMERIC[letter]
        return _number_text(letter, moment), size, pad
    words = {
        "%": "%", "n": "\n", "t": "\t", "s": str(int(when // 1)), "N": f"{int(when % 1 * 1e9):09d}", "Z": "UTC",
        "z": {"": "+0000", ":": "+00:00", "::": "+00:00:00", ":::": "+00"}[colons[:3]], "P": "am" if moment.tm_hour < 12 else "pm",
    }  # fmt: skip
    if letter in words:
        return words[letter], 0, " "
    if letter in "aAbBp":
        return time.strftime(f"%{letter}", moment), 0, " "
    return f"%{letter}", 0, " "


def _number_text(letter: str, moment: time.struct_time) -> str:
    if letter in "ekl":
        return str(moment.tm_mday if letter == "e" else moment.tm_hour if letter == "k" else (moment.tm_hour % 12 or 12))
    if letter == "C":
        return str(moment.tm_year // 100)
    if letter == "q":
        return str((moment.tm_mon + 2) // 3)
    return time.strftime(f"%{letter}", moment)
