"""Perl's functions: perlfunc(1)."""

from __future__ import annotations

import base64
import functools
import math
import posixpath
import re
import time
from collections.abc import Callable
from typing import Any

from simulator.shell.perl import handles
from simulator.shell.perl.handles import Handle
from simulator.shell.perl.interpreter import Code, ExitPerl, Flat, Interpreter
from simulator.shell.perl.nodes import Node, NotSimulated
from simulator.shell.perl.text import number, pattern, sprintf, string, truth
from simulator.shell.when import format_time

Value = Any
Function = Callable[[Interpreter, Node, str], Value]
_UNDERSCORE = Node("scalar", 0, text="_")


def _argument(perl: Interpreter, node: Node, index: int = 0) -> Value:
    """An argument in scalar context; $_ where the first is missing."""
    return perl.scalar(node.args[index]) if index < len(node.args) else perl.scalar(_UNDERSCORE) if index == 0 else None


def _text(function: Callable[[str], Value]) -> Function:
    return lambda perl, node, want: function(string(_argument(perl, node)))


def _numeric(function: Callable[[float], Value]) -> Function:
    return lambda perl, node, want: function(number(_argument(perl, node)))


def _array(perl: Interpreter, node: Node) -> list[Value]:
    """The array that push, pop and their like work on."""
    target = node.args[0].args[0] if node.args[0].kind == "my" else node.args[0]
    if target.kind == "array":
        return perl.array(target.text)
    if target.kind == "deref_array":
        return perl._container(target.args[0], list)  # noqa: SLF001 - the same machine, split in two files
    raise NotSimulated(f"{node.text} on {target.kind}", node.line)


def _push(perl: Interpreter, node: Node, want: str) -> Value:
    array, values = _array(perl, node), perl.lists(node.args[1:])
    array[len(array) if node.text == "push" else 0 : 0 if node.text == "unshift" else len(array)] = values
    return len(array)


def _pop(perl: Interpreter, node: Node, want: str) -> Value:
    array = _array(perl, node) if node.args else perl.array("_" if perl.depth else "ARGV")
    return (array.pop(0) if node.text == "shift" else array.pop()) if array else None


def _splice(perl: Interpreter, node: Node, want: str) -> Value:
    array, rest = _array(perl, node), perl.lists(node.args[1:])
    start = int(number(rest[0])) if rest else 0
    start = start + len(array) if start < 0 else min(start, len(array))
    count = int(number(rest[1])) if len(rest) > 1 else len(array) - start
    end = start + count if count >= 0 else len(array) + count
    gone = array[start:end]
    array[start:end] = rest[2:]
    return Flat(gone) if want == "list" else gone[-1] if gone else None


def _split(perl: Interpreter, node: Node, want: str) -> Value:
    first = node.args[0]
    text = string(_argument(perl, node, 1)) if len(node.args) > 1 else string(perl.scalar(_UNDERSCORE))
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
    text, start = string(_argument(perl, node)), int(number(_argument(perl, node, 1)))
    start = max(0, start + len(text)) if start < 0 else start
    length = _argument(perl, node, 2)
    end = len(text) if length is None else start + int(number(length)) if number(length) >= 0 else len(text) + int(number(length))
    if len(node.args) > 3:
        perl.assign(node.args[0], text[:start] + string(_argument(perl, node, 3)) + text[end:])
    return text[start : max(start, end)] if start <= len(text) else None


def _index(perl: Interpreter, node: Node, want: str) -> Value:
    text, word = string(_argument(perl, node)), string(_argument(perl, node, 1))
    where = _argument(perl, node, 2)
    if node.text == "index":
        return text.find(word, int(number(where)))
    return text.rfind(word) if where is None else text.rfind(word, 0, int(number(where)) + len(word))


def _chomp(perl: Interpreter, node: Node, want: str) -> Value:
    target = node.args[0] if node.args else _UNDERSCORE
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


def _keys(perl: Interpreter, node: Node, want: str) -> Value:
    target = node.args[0]
    table = perl.hash(target.text) if target.kind == "hash" else perl._container(target.args[0], dict) if target.kind == "deref_hash" else None  # noqa: SLF001
    if table is None:
        array = _array(perl, node)
        found: list[Value] = list(range(len(array))) if node.text == "keys" else list(array)
    else:
        found = list(table) if node.text == "keys" else list(table.values())
    return Flat(found) if want == "list" else len(found)


def _each(perl: Interpreter, node: Node, want: str) -> Value:
    target = node.args[0]
    table = perl.hash(target.text)
    seen = perl.globals.setdefault("each", {})
    position = seen.get(target.text, 0)
    pairs = list(table.items())
    if position >= len(pairs):
        seen.pop(target.text, None)
        return Flat([])
    seen[target.text] = position + 1
    return Flat(list(pairs[position]))


def _place(perl: Interpreter, node: Node) -> tuple[Value, Value]:
    """The container and the key of `exists $h{x}`, `delete $a->[0]`."""
    target = node.args[0]
    if target.kind == "key":
        return perl.hash(target.text), string(perl.scalar(target.args[0]))
    if target.kind == "index":
        return perl.array(target.text), int(number(perl.scalar(target.args[0])))
    if target.kind == "deref_key":
        return perl._container(target.args[0], dict), string(perl.scalar(target.args[1]))  # noqa: SLF001
    raise NotSimulated(f"{node.text} on {target.kind}", node.line)


def _exists(perl: Interpreter, node: Node, want: str) -> Value:
    if node.args[0].kind == "user":
        return node.args[0].text in perl.subs
    container, key = _place(perl, node)
    return key in container if isinstance(container, dict) else -len(container) <= key < len(container)


def _delete(perl: Interpreter, node: Node, want: str) -> Value:
    container, key = _place(perl, node)
    return container.pop(key, None) if isinstance(container, dict) else container.pop(key)


def _defined(perl: Interpreter, node: Node, want: str) -> Value:
    if node.args and node.args[0].kind == "user":
        return node.args[0].text in perl.subs
    if node.args and node.args[0].kind == "array":
        return bool(perl.array(node.args[0].text))
    return _argument(perl, node) is not None


def _undef(perl: Interpreter, node: Node, want: str) -> Value:
    if node.args:
        target = node.args[0]
        if target.kind == "array":
            perl.array(target.text).clear()
        elif target.kind == "hash":
            perl.hash(target.text).clear()
        else:
            perl.assign(target, None)
    return None


def _sort(perl: Interpreter, node: Node, want: str) -> Value:
    if node.kind == "with_block":
        values = perl.lists(node.args[1:])

        def order(one: Value, two: Value) -> int:
            perl.globals["$a"], perl.globals["$b"] = one, two
            return int(number(perl.block(node.args[0])))

        return Flat(sorted(values, key=functools.cmp_to_key(order)))
    return Flat(sorted(perl.lists(node.args), key=string))


def _reverse(perl: Interpreter, node: Node, want: str) -> Value:
    values = perl.lists(node.args)
    return Flat(values[::-1]) if want == "list" else "".join(string(value) for value in values)[::-1]


def _each_item(perl: Interpreter, node: Node) -> list[tuple[Value, Value]]:
    """For map and grep: each value with what the block or expression makes of it."""
    values = perl.lists(node.args[1:])
    body, found = node.args[0], []
    perl.scopes.append({"$_": None})
    try:
        for value in values:
            perl.scopes[-1]["$_"] = value
            made = perl.block(body) if body.kind == "block" else perl.eval(body, "list" if node.text == "map" else "scalar")
            found.append((value, made))
    finally:
        perl.scopes.pop()
    return found


def _map(perl: Interpreter, node: Node, want: str) -> Value:
    out = [part for _, made in _each_item(perl, node) for part in (made if isinstance(made, Flat) else [made])]
    return Flat(out) if want == "list" else len(out)


def _grep(perl: Interpreter, node: Node, want: str) -> Value:
    found = [value for value, made in _each_item(perl, node) if truth(made[-1] if isinstance(made, Flat) and made else None if isinstance(made, Flat) else made)]
    if node.text in ("first", "any", "all"):
        return (found[0] if found else None) if node.text == "first" else bool(found)
    return Flat(found) if want == "list" else len(found)


# -- files --------------------------------------------------------------------------------------------------------------


def _failed(perl: Interpreter, error: OSError) -> bool:
    perl.globals["$!"] = error.errno or 0
    return False


def _open(perl: Interpreter, node: Node, want: str) -> Value:
    target = node.args[0]
    if len(node.args) > 2:
        mode = re.sub(r":.*", "", string(perl.scalar(node.args[1]))).strip()
        names = perl.lists(node.args[2:])
        name = " ".join(string(value) for value in names) if mode in ("-|", "|-") else string(names[0])
    else:
        mode, name = handles.split_mode(string(_argument(perl, node, 1)))
    if mode not in ("<", ">", ">>", "+<", "-|", "|-"):
        raise perl.die(f"Unknown open() mode '{mode}'")
    try:
        handle = handles.open_handle(perl.p, mode, name)
    except OSError as error:
        return _failed(perl, error)
    if target.kind in ("handle", "user", "string"):
        perl.files[target.text] = handle
    else:
        perl.assign(target, handle)
    return True


def _handle_of(perl: Interpreter, node: Node) -> Handle | None:
    target = node.args[0] if node.args else Node("handle", node.line, text="ARGV")
    return perl.files.get(target.text) if target.kind in ("handle", "user") else perl.handle(perl.scalar(target))


def _close(perl: Interpreter, node: Node, want: str) -> Value:
    handle = _handle_of(perl, node)
    status = handles.close(perl.p, handle) if handle else None
    if status is None:
        return False
    perl.globals["$?"] = status
    return status == 0


def _eof(perl: Interpreter, node: Node, want: str) -> Value:
    handle = _handle_of(perl, node) or perl.files["STDIN"]
    return handle.at >= len(handle.text)


def _file_operation(perl: Interpreter, node: Node, want: str) -> Value:
    """unlink, mkdir, rmdir, rename, chmod, chown, symlink, link, utime: how many succeeded."""
    fs, cred = perl.p.fs, perl.p.cred
    values = perl.lists(node.args) or [perl.scalar(_UNDERSCORE)]

    def path(value: Value) -> str:
        return posixpath.join(perl.p.cwd, string(value))

    operations: dict[str, list[Callable[[], None]]] = {
        "unlink": [functools.partial(fs.unlink, path(value), cred) for value in values],
        "mkdir": [lambda: fs.mkdir(path(values[0]), cred, int(number(values[1])) if len(values) > 1 else 0o777)],
        "rmdir": [lambda: fs.rmdir(path(values[0]), cred)], "rename": [lambda: fs.rename(path(values[0]), path(values[1]), cred)],
        "symlink": [lambda: fs.symlink(string(values[0]), path(values[1]), cred)], "link": [lambda: fs.link(path(values[0]), path(values[1]), cred)],
        "chmod": [functools.partial(fs.chmod, path(value), int(number(values[0])), cred) for value in values[1:]],
        "chown": [functools.partial(fs.chown, path(value), int(number(values[0])), int(number(values[1])), cred) for value in values[2:]],
        "utime": [functools.partial(fs.utime, path(v), number(values[0]) or perl.p.clock.now, number(values[1]) or perl.p.clock.now, cred) for v in values[2:]],
    }  # fmt: skip
    count = 0
    for operation in operations[node.text]:
        try:
            operation()
            count += 1
        except OSError as error:
            _failed(perl, error)
    return count


def _stat(perl: Interpreter, node: Node, want: str) -> Value:
    try:
        entry = perl.p.fs.stat(posixpath.join(perl.p.cwd, string(_argument(perl, node))), perl.p.cred, node.text == "stat")
    except OSError as error:
        _failed(perl, error)
        return Flat([])
    return Flat([46, entry.ino, entry.mode, entry.nlink, entry.uid, entry.gid, 0, entry.size, int(entry.atime), int(entry.mtime), int(entry.ctime), 4096, 8])


# -- processes, time ----------------------------------------------------------------------------------------------------


def _system(perl: Interpreter, node: Node, want: str) -> Value:
    words = [string(value) for value in perl.lists(node.args)]
    try:
        done = perl.p.run(["/bin/sh", "-c", words[0]] if len(words) == 1 else words)
    except OSError as error:
        _failed(perl, error)
        perl.globals["$?"] = -1
        return -1
    perl.p.relay(done)
    perl.globals["$?"] = done.exit_code << 8
    if node.text == "exec":
        raise ExitPerl(done.exit_code)
    return done.exit_code << 8


def _exit(perl: Interpreter, node: Node, want: str) -> Value:
    raise ExitPerl(int(number(perl.scalar(node.args[0]))) if node.args else 0)


def _die(perl: Interpreter, node: Node, want: str) -> Value:
    text = "".join(string(value) for value in perl.lists(node.args)) or ("Died" if node.text == "die" else "Warning: something's wrong")
    perl.line = node.line
    death = perl.die(text)
    if node.text == "die":
        raise death
    perl.p.err(str(death))
    return True


def _time(perl: Interpreter, node: Node, want: str) -> Value:
    when = number(perl.scalar(node.args[0])) if node.args else perl.p.clock.now
    if want != "list":
        return format_time("%a %b %e %H:%M:%S %Y", when)
    moment = time.gmtime(when)
    return Flat([moment.tm_sec, moment.tm_min, moment.tm_hour, moment.tm_mday, moment.tm_mon - 1, moment.tm_year - 1900, (moment.tm_wday + 1) % 7,
                 moment.tm_yday - 1, 0])  # fmt: skip


def _strftime(perl: Interpreter, node: Node, want: str) -> Value:
    import calendar

    values = [value if isinstance(value, str) else number(value) for value in perl.lists(node.args)]
    seconds, minute, hour, day, month, year = (int(number(value)) for value in values[1:7])
    return format_time(string(values[0]), calendar.timegm((year + 1900, month + 1, day, hour, minute, seconds)))


def _sleep(perl: Interpreter, node: Node, want: str) -> Value:
    length = number(_argument(perl, node))
    perl.p.sleep(length)
    return int(length)


def _sprintf(perl: Interpreter, node: Node, want: str) -> Value:
    values = perl.lists(node.args)
    return sprintf(string(values[0]), values[1:]) if values else ""


def _ref(perl: Interpreter, node: Node, want: str) -> Value:
    value = _argument(perl, node)
    return "ARRAY" if isinstance(value, list) else "HASH" if isinstance(value, dict) else "CODE" if isinstance(value, Code) else "GLOB" if isinstance(value, Handle) else ""


def _encode(perl: Interpreter, node: Node, want: str) -> Value:
    """MIME::Base64's encode_base64: lines of 76, or with the given end."""
    values = perl.lists(node.args)
    end = string(values[1]) if len(values) > 1 else "\n"
    text = base64.b64encode(_bytes(string(values[0]))).decode()
    return "".join(text[at : at + 76] + end for at in range(0, len(text), 76))


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _decode(perl: Interpreter, node: Node, want: str) -> Value:
    body = re.sub(r"[^A-Za-z0-9+/]", "", string(_argument(perl, node)))
    return base64.b64decode(body + "=" * (-len(body) % 4)).decode("utf-8", "surrogateescape")


def _account(perl: Interpreter, node: Node, want: str) -> Value:
    value, users = _argument(perl, node), perl.p.host.users
    user = users.by_uid(int(number(value))) if node.text == "getpwuid" else users.by_name(string(value))
    if user is None:
        return Flat([]) if want == "list" else None
    if want != "list":
        return user.name if node.text == "getpwuid" else user.uid
    return Flat([user.name, "x", user.uid, user.gid, "", "", user.gecos, user.home, user.shell])


def _random(perl: Interpreter, node: Node, want: str) -> Value:
    return perl.p.host.lab.random.random() * (number(perl.scalar(node.args[0])) or 1 if node.args else 1)


def _nothing(perl: Interpreter, node: Node, want: str) -> Value:
    return 1


def _extreme(perl: Interpreter, node: Node, want: str) -> Value:
    values = [number(value) for value in perl.lists(node.args)]
    return {"max": max, "min": min, "sum": sum}[node.text](values) if values else None


def _uniq(perl: Interpreter, node: Node, want: str) -> Value:
    found = list(dict.fromkeys(string(value) for value in perl.lists(node.args)))
    return Flat(found) if want == "list" else len(found)


BUILTINS: dict[str, Function] = {
    "length": lambda perl, node, want: None if _argument(perl, node) is None else len(string(_argument(perl, node))), "uc": _text(str.upper), "lc": _text(str.lower),
    "fc": _text(str.lower), "ucfirst": _text(lambda text: text[:1].upper() + text[1:]), "lcfirst": _text(lambda text: text[:1].lower() + text[1:]),
    "quotemeta": _text(lambda text: re.sub(r"(\W)", r"\\\1", text)), "ord": _text(lambda text: ord(text[0]) if text else 0), "chr": _numeric(lambda value: chr(int(value))),
    "hex": _text(lambda text: int(text.removeprefix("0x") or "0", 16)), "oct": _text(lambda text: int(text, 16 if text.startswith("0x") else 8) if text else 0),
    "abs": _numeric(abs), "int": _numeric(int), "sqrt": _numeric(math.sqrt), "floor": _numeric(math.floor), "ceil": _numeric(math.ceil), "sin": _numeric(math.sin),
    "cos": _numeric(math.cos), "exp": _numeric(math.exp), "log": _numeric(math.log), "scalar": lambda perl, node, want: perl.scalar(node.args[0]), "defined": _defined,
    "undef": _undef, "ref": _ref, "push": _push, "unshift": _push, "pop": _pop, "shift": _pop, "splice": _splice, "split": _split, "join": _join, "substr": _substr,
    "index": _index, "rindex": _index, "chomp": _chomp, "chop": _chomp, "keys": _keys, "values": _keys, "each": _each, "exists": _exists, "delete": _delete,
    "sort": _sort, "sort BLOCK": _sort, "reverse": _reverse, "map": _map, "map BLOCK": _map, "grep": _grep, "grep BLOCK": _grep, "first BLOCK": _grep,
    "any BLOCK": _grep, "all BLOCK": _grep, "open": _open, "close": _close, "eof": _eof, "unlink": _file_operation, "mkdir": _file_operation, "rmdir": _file_operation,
    "rename": _file_operation, "chmod": _file_operation, "chown": _file_operation, "symlink": _file_operation, "link": _file_operation, "utime": _file_operation,
    "stat": _stat, "lstat": _stat, "system": _system, "exec": _system, "exit": _exit, "die": _die, "warn": _die, "time": lambda perl, node, want: int(perl.p.clock.now),
    "localtime": _time, "gmtime": _time, "strftime": _strftime, "sleep": _sleep, "sprintf": _sprintf, "encode_base64": _encode, "decode_base64": _decode,
    "getpwnam": _account, "getpwuid": _account, "rand": _random, "srand": _nothing, "binmode": _nothing, "flock": _nothing, "select": _nothing, "umask": _nothing,
    "max": _extreme, "min": _extreme, "sum": _extreme, "uniq": _uniq, "basename": _text(posixpath.basename), "dirname": _text(lambda text: posixpath.dirname(text) or "."),
    "hostname": lambda perl, node, want: perl.p.host.hostname, "wantarray": lambda perl, node, want: want == "list",
}  # fmt: skip
