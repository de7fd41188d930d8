"""The host's files as bashkit's file system: bashkit's C interface "bashkit.FileSystem.v1", filled with ctypes.

bashkit has one file system and no users. Here every call acts with the credentials of whoever sits at the shell, so that
`cat`, a redirection or a glob pattern fails where the user has no right. What bashkit cannot say in its own terms is
translated here and nowhere else:

- mode bits are the *effective* ones of the acting user, repeated for owner, group and others: bashkit's `test -w` and its
  search along PATH look at bits only;
- a program file that bashkit is about to execute (it asks for the attributes, then reads) is read as a one-line script
  that hands the work to the host; all other files give their own bytes. Scripts that stand as command words in the text are
  taken by the shell before (`Shell`), so that they run with their interpreter.
"""

from __future__ import annotations

import ctypes as c
import errno
import posixpath
import re
from collections.abc import Callable
from typing import Any, Protocol

from simulator.shell.octets import bytes_into_bash, bytes_out_of_bash, into_bash, out_of_bash
from simulator.unix.fs import EXECUTE, READ, WRITE, Cred, Fs, Stat

#: How much of an endless device one read gives.
DEVICE_BYTES = 1 << 20
CAPSULE_NAME = b"bashkit.FileSystem.v1"
#: What stands in for a program file, or a script of another interpreter, when bashkit executes it.
EXECUTE_WORD = "__execve"
#: Runs a program under the name that follows: what our functions call.
PROGRAM_WORD = "__program"
#: The standard input of a shell that was given one, as a file.
STDIN_PATH = "/proc/self/fd/0"


class Seat(Protocol):
    """Who sits at the shell: the acting user on a host's files."""

    @property
    def fs(self) -> Fs: ...
    @property
    def cred(self) -> Cred: ...
    @property
    def stdin(self) -> bytes: ...
    def random_bytes(self, count: int) -> bytes: ...


class Text(c.Structure):
    _fields_ = (("ptr", c.c_void_p), ("len", c.c_size_t))


class Error(c.Structure):
    _fields_ = (("kind", c.c_uint32), ("message", Text))


class Metadata(c.Structure):
    _fields_ = (
        ("type", c.c_uint8), ("reserved", c.c_uint8 * 7), ("size", c.c_uint64), ("mode", c.c_uint32),
        ("modified_secs", c.c_int64), ("modified_nanos", c.c_uint32), ("created_secs", c.c_int64), ("created_nanos", c.c_uint32),
    )  # fmt: skip


class Entry(c.Structure):
    _fields_ = (("name", Text), ("metadata", Metadata))


class Entries(c.Structure):
    _fields_ = (("ptr", c.c_void_p), ("len", c.c_size_t))


def _call(*middle: Any) -> Any:
    return c.CFUNCTYPE(c.c_uint32, c.c_void_p, Text, *middle, c.POINTER(Error))


#: The table of functions, in the order of the interface.
_SIGNATURES: dict[str, Any] = {
    "read_file": _call(c.POINTER(Text)), "write_file": _call(Text), "append_file": _call(Text), "mkdir": _call(c.c_bool),
    "remove": _call(c.c_bool), "stat": _call(c.POINTER(Metadata)), "read_dir": _call(c.POINTER(Entries)), "exists": _call(c.POINTER(c.c_bool)),
    "rename": _call(Text), "copy": _call(Text), "symlink": _call(Text), "read_link": _call(c.POINTER(Text)), "chmod": _call(c.c_uint32),
    "free_bytes": c.CFUNCTYPE(None, c.c_void_p, Text), "free_dir_entries": c.CFUNCTYPE(None, c.c_void_p, Entries),
}  # fmt: skip
_COUNTER = c.CFUNCTYPE(None, c.c_void_p)


class Table(c.Structure):
    _fields_ = tuple(_SIGNATURES.items())


class Handle(c.Structure):
    _fields_ = (
        ("version", c.c_uint32), ("reserved", c.c_uint32), ("instance", c.c_void_p), ("retain", _COUNTER), ("release", _COUNTER),
        ("table", c.POINTER(Table)),
    )  # fmt: skip


#: How bashkit's sed names the file that it writes beside the one to be changed.
SED_PREFIX = ".bashkit-sed-"
#: errno to bashkit's kinds; all else is "other" and carries its text.
_KINDS = {
    errno.ENOENT: 1, errno.EEXIST: 2, errno.EACCES: 3, errno.EPERM: 3, errno.EINVAL: 4, errno.EISDIR: 5, errno.ENOTDIR: 6,
    errno.ENOTEMPTY: 7,
}  # fmt: skip
_TYPES = {"d": 1, "l": 2, "p": 3}


def effective_mode(fs: Fs, path: str, entry: Stat, cred: Cred) -> int:
    """What the user may do with a file, as mode bits repeated three times."""
    if cred.uid == 0:
        bits = READ | WRITE | (EXECUTE if entry.is_dir or entry.mode & 0o111 else 0)
    elif entry.uid == cred.uid:
        bits = entry.mode >> 6 & 7
    else:
        bits = (entry.mode >> 3 if cred.in_group(entry.gid) else entry.mode) & 7
    return bits * 0o111


class Files:
    """The exported file system of one interpreter; who acts may change between two commands."""

    def __init__(self, seat: Callable[[], Seat]) -> None:
        self._seat = seat
        self._buffers: dict[int, Any] = {}
        self._asked = ""
        table = {name: _SIGNATURES[name](self._guarded(getattr(self, name))) for name in list(_SIGNATURES)[:-2]}
        table |= {name: _SIGNATURES[name](getattr(self, name)) for name in ("free_bytes", "free_dir_entries")}
        self._table = Table(**table)
        nothing = _COUNTER(lambda _: None)
        self._handle = Handle(1, 0, 1, nothing, nothing, c.pointer(self._table))

    def capsule(self) -> Any:
        """The PyCapsule for bashkit's FileSystem.from_capsule(). This object must outlive it."""
        new = c.pythonapi.PyCapsule_New
        new.restype, new.argtypes = c.py_object, (c.c_void_p, c.c_char_p, c.c_void_p)
        return new(c.addressof(self._handle), CAPSULE_NAME, None)

    def _guarded(self, method: Callable[..., None]) -> Callable[..., int]:
        def call(_: Any, *args: Any) -> int:
            try:
                method(*args[:-1])
            except OSError as error:
                text = error.strerror or str(error)
                args[-1][0] = Error(_KINDS.get(error.errno or 0, 0), self._owned(text.encode()))
                return 1
            return 0

        return call

    def _owned(self, data: bytes) -> Text:
        buffer = c.create_string_buffer(data, max(len(data), 1))
        address = c.addressof(buffer)
        self._buffers[address] = buffer
        return Text(address, len(data))

    # -- the interface --------------------------------------------------------------------------------------------------

    def read_file(self, path: Text, out: Any) -> None:
        name, seat = _text(path), self._seat()
        asked, self._asked = self._asked, ""
        if asked == name:
            shim = self._execution(name, seat)
            if shim:
                out[0] = self._owned(shim)
                return
        if name == STDIN_PATH:
            out[0] = self._owned(bytes_into_bash(seat.stdin))
            return
        entry = seat.fs.stat(name, seat.cred)
        data = self._device(entry, seat) if entry.kind == "c" else seat.fs.read(name, seat.cred)
        out[0] = self._owned(bytes_into_bash(data))

    def _device(self, entry: Stat, seat: Seat) -> bytes:
        if entry.target in ("zero", "full"):
            return bytes(DEVICE_BYTES)
        return seat.random_bytes(DEVICE_BYTES >> 4) if entry.target in ("random", "urandom") else b""

    def _execution(self, name: str, seat: Seat) -> bytes:
        """The one-line script for a program file, or a script of another interpreter, that is about to be executed; b"" for
        what bashkit may run, or was only asked to read."""
        if not seat.fs.access(name, EXECUTE, seat.cred):
            return b""
        if not seat.fs.stat(name, seat.cred).program and not _is_foreign_script(seat.fs.read(name, seat.cred)[:256]):
            return b""
        return f'{EXECUTE_WORD} "$0" "$@"\n'.encode()

    def write_file(self, path: Text, data: Text) -> None:
        seat = self._seat()
        seat.fs.write(_text(path), bytes_out_of_bash(_bytes(data)), seat.cred)

    def append_file(self, path: Text, data: Text) -> None:
        seat = self._seat()
        seat.fs.append(_text(path), bytes_out_of_bash(_bytes(data)), seat.cred)

    def mkdir(self, path: Text, parents: bool) -> None:
        seat = self._seat()
        seat.fs.mkdir(_text(path), seat.cred, parents=parents)

    def remove(self, path: Text, recursive: bool) -> None:
        seat, name = self._seat(), _text(path)
        if recursive:
            seat.fs.rmtree(name, seat.cred)
        elif seat.fs.stat(name, seat.cred, follow=False).is_dir:
            seat.fs.rmdir(name, seat.cred)
        else:
            seat.fs.unlink(name, seat.cred)

    def stat(self, path: Text, out: Any) -> None:
        seat, name = self._seat(), _text(path)
        if name == STDIN_PATH:
            out[0] = Metadata(0, (c.c_uint8 * 7)(), len(seat.stdin), 0o444)
            return
        out[0] = self._metadata(seat, name, seat.fs.stat(name, seat.cred))
        self._asked = name

    def _metadata(self, seat: Seat, name: str, entry: Stat) -> Metadata:
        mode = effective_mode(seat.fs, name, entry, seat.cred)
        whole = int(entry.mtime)
        nanos = int((entry.mtime - whole) * 1e9)
        return Metadata(_TYPES.get(entry.kind, 0), (c.c_uint8 * 7)(), entry.size, mode, whole, nanos, whole, nanos)

    def read_dir(self, path: Text, out: Any) -> None:
        seat, name = self._seat(), _text(path)
        found = []
        for child in reversed(seat.fs.listdir(name, seat.cred)):
            entry = seat.fs.stat(posixpath.join(name, child), follow=False)
            found.append(Entry(self._owned(into_bash(child).encode()), self._metadata(seat, child, entry)))
        array = (Entry * max(len(found), 1))(*found)
        address = c.addressof(array)
        self._buffers[address] = array
        out[0] = Entries(address, len(found))

    def exists(self, path: Text, out: Any) -> None:
        seat, name = self._seat(), _text(path)
        out[0] = name == STDIN_PATH or seat.fs.exists(name, seat.cred)

    def rename(self, old: Text, new: Text) -> None:
        seat, name, target = self._seat(), _text(old), _text(new)
        if posixpath.basename(name).startswith(SED_PREFIX):
            self._like(seat, name, seat.fs.stat(target, seat.cred))
        seat.fs.rename(name, target, seat.cred)

    def _like(self, seat: Seat, name: str, model: Stat) -> None:
        """`sed -i` gives its new file the mode of the old one and, where it may, the owner."""
        if seat.cred.uid == 0:
            seat.fs.chown(name, model.uid, model.gid, seat.cred)
        seat.fs.chmod(name, model.mode, seat.cred)

    def copy(self, old: Text, new: Text) -> None:
        seat = self._seat()
        seat.fs.write(_text(new), seat.fs.read(_text(old), seat.cred), seat.cred)

    def symlink(self, target: Text, path: Text) -> None:
        seat = self._seat()
        seat.fs.symlink(_text(target), _text(path), seat.cred)

    def read_link(self, path: Text, out: Any) -> None:
        seat = self._seat()
        out[0] = self._owned(into_bash(seat.fs.readlink(_text(path), seat.cred)).encode())

    def chmod(self, path: Text, mode: int) -> None:
        seat = self._seat()
        seat.fs.chmod(_text(path), mode, seat.cred)

    def free_bytes(self, _: Any, data: Text) -> None:
        self._buffers.pop(data.ptr, None)

    def free_dir_entries(self, _: Any, entries: Entries) -> None:
        array = self._buffers.pop(entries.ptr, ())
        for index in range(entries.len):
            self._buffers.pop(array[index].name.ptr, None)


def _is_foreign_script(head: bytes) -> bool:
    """Whether a file begins with `#!` and another interpreter than a shell."""
    return head.startswith(b"#!") and not re.match(rb"#!\s*(?:\S*/env\s+)?(?:\S*/)?(?:ba|da|z|k)?sh\b", head)


def _bytes(data: Text) -> bytes:
    return c.string_at(data.ptr, data.len) if data.len else b""


def _text(data: Text) -> str:
    return out_of_bash(_bytes(data).decode("utf-8", "surrogateescape"))
