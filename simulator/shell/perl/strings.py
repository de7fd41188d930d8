"""Perl's functions about texts: perlfunc(1)."""

from __future__ import annotations

import base64
import math
import posixpath
import re
from typing import TYPE_CHECKING

from simulator.shell.perl.functions import UNDERSCORE, Function, argument, of_number, of_text
from simulator.shell.perl.machine import Flat, Value
from simulator.shell.perl.nodes import Node
from simulator.shell.perl.text import number, pattern, sprintf, string

if TYPE_CHECKING:
    from simulator.shell.perl.interpreter import Interpreter


def _split(perl: Interpreter, node: Node, want: str) -> Value:
    first = node.args[0]
    text = string(argument(perl, node, 1)) if len(node.args) > 1 else string(perl.scalar(UNDERSCORE))
    limit = int(number(perl.scalar(node.args[2]))) if len(node.args) > 2 else 0
    source = string(perl.scalar(first.args[0])) if first.kind == "match" else string(perl.scalar(first))
    if source == " " and first.kind != "match":
        parts = text.split(None, limit - 1 if limit > 0 else -1)
    else:
        compiled = pattern(source, first.more if first.kind == "match" else "", node.line)
        parts = compiled.split(text, maxsplit=max(0, limit - 1)) if text else []
        if parts and source == "":
            parts = list(text)
        elif parts and parts[0] == "" and compiled.match(text) and compiled.match(text)[0] == "":  # type: ignore[index]
            parts = parts[1:]
    if limit == 0:
        while parts and not parts[-1]:
            parts.pop()
    return Flat(parts) if want == "list" else len(parts)


def _join(perl: Interpreter, node: Node, want: str) -> Value:
    values = perl.lists(node.args)
    return string(values[0]).join(string(value) for value in values[1:])


def _substr(perl: Interpreter, node: Node, want: str) -> Value:
    text, start = string(argument(perl, node)), int(number(argument(perl, node, 1)))
    start = max(0, start + len(text)) if start < 0 else start
    length = argument(perl, node, 2)
    end = len(text) if length is None else start + int(number(length)) if number(length) >= 0 else len(text) + int(number(length))
    if len(node.args) > 3:
        perl.assign(node.args[0], text[:start] + string(argument(perl, node, 3)) + text[end:])
    return text[start : max(start, end)] if start <= len(text) else None


def _index(perl: Interpreter, node: Node, want: str) -> Value:
    text, word = string(argument(perl, node)), string(argument(perl, node, 1))
    where = argument(perl, node, 2)
    if node.text == "index":
        return text.find(word, int(number(where)))
    return text.rfind(word) if where is None else text.rfind(word, 0, int(number(where)) + len(word))


def _chomp(perl: Interpreter, node: Node, want: str) -> Value:
    target = node.args[0] if node.args else UNDERSCORE
    inner = target.args[0] if target.kind == "my" else target
    if target.kind == "assign":
        perl.eval(target)
        inner = target.args[0].args[0] if target.args[0].kind == "my" else target.args[0]
    if inner.kind == "array":
        array = perl.array(inner.text)
        array[:] = [string(value).removesuffix("\n") if node.text == "chomp" else string(value)[:-1] for value in array]
        return len(array)
    text = string(perl.scalar(inner))
    cut = text.removesuffix("\n") if node.text == "chomp" else text[:-1]
    if cut != text:
        perl.assign(inner, cut)
    return len(text) - len(cut) if node.text == "chomp" else text[-1:]


def _sprintf(perl: Interpreter, node: Node, want: str) -> Value:
    values = perl.lists(node.args)
    return sprintf(string(values[0]), values[1:]) if values else ""


def _encode(perl: Interpreter, node: Node, want: str) -> Value:
    """MIME::Base64's encode_base64: lines of 76, or with the given end."""
    values = perl.lists(node.args)
    end = string(values[1]) if len(values) > 1 else "\n"
    text = base64.b64encode(_bytes(string(values[0]))).decode()
    return "".join(text[at : at + 76] + end for at in range(0, len(text), 76))


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _decode(perl: Interpreter, node: Node, want: str) -> Value:
    body = re.sub(r"[^A-Za-z0-9+/]", "", string(argument(perl, node)))
    return base64.b64decode(body + "=" * (-len(body) % 4)).decode("utf-8", "surrogateescape")


STRINGS: dict[str, Function] = {
    "uc": of_text(str.upper), "lc": of_text(str.lower), "fc": of_text(str.lower),
    "ucfirst": of_text(lambda text: text[:1].upper() + text[1:]), "lcfirst": of_text(lambda text: text[:1].lower() + text[1:]),
    "length": lambda perl, node, want: None if argument(perl, node) is None else len(string(argument(perl, node))),
    "quotemeta": of_text(lambda text: re.sub(r"(\W)", r"\\\1", text)), "ord": of_text(lambda text: ord(text[0]) if text else 0),
    "chr": of_number(lambda value: chr(int(value))), "hex": of_text(lambda text: int(text.removeprefix("0x") or "0", 16)),
    "oct": of_text(lambda text: int(text, 16 if text.startswith("0x") else 8) if text else 0),
    "abs": of_number(abs), "int": of_number(int), "sqrt": of_number(math.sqrt), "floor": of_number(math.floor), "ceil": of_number(math.ceil),
    "sin": of_number(math.sin), "cos": of_number(math.cos), "exp": of_number(math.exp), "log": of_number(math.log),
    "split": _split, "join": _join, "substr": _substr, "index": _index, "rindex": _index, "chomp": _chomp, "chop": _chomp,
    "sprintf": _sprintf, "encode_base64": _encode, "decode_base64": _decode,
    "basename": of_text(posixpath.basename), "dirname": of_text(lambda text: posixpath.dirname(text) or "."),
}  # fmt: skip
