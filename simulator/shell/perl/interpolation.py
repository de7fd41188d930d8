"""Variables in Perl's strings: where one begins, and how far it reaches."""

from __future__ import annotations

import re

#: A backslash sequence, or the beginning of a variable.
INTERPOLATED = re.compile(
    r"(\\.)|(\$#\{|\$#\$?\w+|[$@]\{|[$@]\$+\w+|\$(?:::)?[A-Za-z_]\w*(?:::\w+)*|\$\d+|\$[&!@$0,;./\\](?!\w)|\$\$|\@[A-Za-z_]\w*|\$[)|]?$|\$[)|])", re.S
)
_SUBSCRIPT = re.compile(r"(?:->)?(\[(?:-?\d+(?:\s*(?:,|\.\.)\s*-?\d+)*|\$\w+|\$#\w+|\$\w+\s*[-+]\s*\d+)\]|\{(?:[\w-]+|\$\w+|\"[^\"]*\"|'[^']*')\})")


def variable_source(text: str, match: re.Match[str], regex: bool) -> tuple[str, int]:
    """The variable as source, with the subscripts that follow it (`$h{key}[0]`, `$x->{y}`, `@{[ ... ]}`), and its end."""
    source, at = match[2], match.end()
    if source.endswith("{"):
        end = _balanced(text, at - 1)
        inner = text[at : end - 1]
        source, at = (f"{source[:-1]}{inner}" if re.fullmatch(r"\w+", inner) else text[match.start() : end]), end
    while source.startswith(("$", "@")) and re.match(r"[$@]+#?[A-Za-z_{$]", source):
        following = _SUBSCRIPT.match(text, at)
        if following is None or (regex and re.fullmatch(r"\{\d*,?\d*\}", following[1])):
            break
        source, at = source + following[0], following.end()
    return source, at


def _balanced(text: str, start: int) -> int:
    """The place after the brace that closes the one at `start`."""
    depth = 0
    for index in range(start, len(text)):
        depth += (text[index] == "{") - (text[index] == "}")
        if depth == 0:
            return index + 1
    return len(text)
