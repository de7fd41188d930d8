"""The colours of jq 1.6, as it writes them to a terminal: jq(1), COLORS."""

from __future__ import annotations

import json
import re

_RESET, _FRAME, _KEY = "\x1b[0m", "\x1b[1;39m", "\x1b[34;1m"
_STRING, _NULL, _PLAIN = "\x1b[0;32m", "\x1b[1;30m", "\x1b[0;39m"
_TOKEN = re.compile(
    r"""(?P<string>"(?:\\.|[^"\\])*")|(?P<empty>\{\}|\[\])|(?P<close>\s*[\]}])|(?P<mark>[\[{,]|: ?)|(?P<space>\s+)|(?P<word>[^\s\[\]{},:"]+)"""
)


def coloured(text: str, raw: bool = False) -> str:
    """JSON values, one after the other, with jq's colours; `raw` texts lose their quotation marks."""
    parts: list[str] = []
    stack: list[str] = []
    key_follows = False
    for match in _TOKEN.finditer(text):
        kind, token = match.lastgroup, match[0]
        if key_follows and kind == "string":
            parts.append(f"{_RESET}{_KEY}{token}{_RESET}")
            key_follows = False
        elif kind == "string":
            parts.append(str(json.loads(token, strict=False)) if raw and not stack else f"{_STRING}{token}{_RESET}")
        elif kind == "word":
            parts.append(f"{_NULL if token == 'null' else _PLAIN}{token}{_RESET}")
        elif kind == "empty":
            parts.append(f"{_FRAME}{token}{_RESET}")
        elif kind == "close":
            stack = stack[:-1]
            parts.append(f"{_FRAME}{token[:-1]}{_FRAME}{token[-1]}{_RESET}")
        elif kind == "mark":
            if token in "[{":
                stack.append(token)
            key_follows = token in "{," and stack[-1:] == ["{"]
            parts.append(f"{_FRAME}{token}{_RESET if token[0] == ':' else ''}")
        else:
            parts.append(token)
    return "".join(parts)
