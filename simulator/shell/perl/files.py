"""Perl's functions about files: perlfunc(1)."""

from __future__ import annotations

import functools
import posixpath
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from simulator.shell.perl import handles
from simulator.shell.perl.functions import UNDERSCORE, Function, argument, failed, handle_of
from simulator.shell.perl.machine import Flat, Value
from simulator.shell.perl.nodes import Node
from simulator.shell.perl.text import number, string

if TYPE_CHECKING:
    from simulator.shell.perl.interpreter import Interpreter


def _open(perl: Interpreter, node: Node, want: str) -> Value:
    target = node.args[0]
    if len(node.args) > 2:
        mode = re.sub(r":.*", "", string(perl.scalar(node.args[1]))).strip()
        names = perl.lists(node.args[2:])
        name = " ".join(string(value) for value in names) if mode in ("-|", "|-") else string(names[0])
    else:
        mode, name = handles.split_mode(string(argument(perl, node, 1)))
    if mode not in ("<", ">", ">>", "+<", "-|", "|-"):
        raise perl.die(f"Unknown open() mode '{mode}'")
    try:
        handle = handles.open_handle(perl.p, mode, name)
    except OSError as error:
        return failed(perl, error)
    if target.kind in ("handle", "user", "string"):
        perl.files[target.text] = handle
    else:
        perl.assign(target, handle)
    return True


def _close(perl: Interpreter, node: Node, want: str) -> Value:
    handle = handle_of(perl, node)
    status = handles.close(perl.p, handle) if handle else None
    if status is None:
        return False
    perl.globals["$?"] = status
    return status == 0


def _eof(perl: Interpreter, node: Node, want: str) -> Value:
    handle = handle_of(perl, node) or perl.files["STDIN"]
    return handle.at >= len(handle.text)


def _file_operation(perl: Interpreter, node: Node, want: str) -> Value:
    """unlink, mkdir, rmdir, rename, chmod, chown, symlink, link, utime: how many succeeded."""
    fs, cred = perl.p.fs, perl.p.cred
    values = perl.lists(node.args) or [perl.scalar(UNDERSCORE)]

    def path(value: Value) -> str:
        return posixpath.join(perl.p.cwd, string(value))

    def when(value: Value) -> float:
        return number(value) or perl.p.clock.now

    operations: dict[str, list[Callable[[], None]]] = {
        "unlink": [functools.partial(fs.unlink, path(value), cred) for value in values],
        "mkdir": [lambda: fs.mkdir(path(values[0]), cred, int(number(values[1])) if len(values) > 1 else 0o777)],
        "rmdir": [lambda: fs.rmdir(path(values[0]), cred)], "rename": [lambda: fs.rename(path(values[0]), path(values[1]), cred)],
        "symlink": [lambda: fs.symlink(string(values[0]), path(values[1]), cred)], "link": [lambda: fs.link(path(values[0]), path(values[1]), cred)],
        "chmod": [functools.partial(fs.chmod, path(value), int(number(values[0])), cred) for value in values[1:]],
        "chown": [functools.partial(fs.chown, path(value), int(number(values[0])), int(number(values[1])), cred) for value in values[2:]],
        "utime": [functools.partial(fs.utime, path(value), when(values[0]), when(values[1]), cred) for value in values[2:]],
    }  # fmt: skip
    count = 0
    for operation in operations[node.text]:
        try:
            operation()
            count += 1
        except OSError as error:
            failed(perl, error)
    return count


def _stat(perl: Interpreter, node: Node, want: str) -> Value:
    try:
        entry = perl.p.fs.stat(posixpath.join(perl.p.cwd, string(argument(perl, node))), perl.p.cred, node.text == "stat")
    except OSError as error:
        failed(perl, error)
        return Flat([])
    return Flat(
        [46, entry.ino, entry.mode, entry.nlink, entry.uid, entry.gid, 0, entry.size, int(entry.atime), int(entry.mtime), int(entry.ctime), 4096, 8]
    )


FILES: dict[str, Function] = {
    "open": _open, "close": _close, "eof": _eof, "stat": _stat, "lstat": _stat,
    **dict.fromkeys(("unlink", "mkdir", "rmdir", "rename", "chmod", "chown", "symlink", "link", "utime"), _file_operation),
}  # fmt: skip
