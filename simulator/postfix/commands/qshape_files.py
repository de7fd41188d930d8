"""Queue files as qshape(1) finds and reads them: like find(1), and with a rough look at the records."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass

from simulator.postfix.lib import records
from simulator.postfix.lib.queue_file import QueueFile
from simulator.postfix.lib.records import BadRecord
from simulator.unix.program import Process

#: The line of the script where Perl says that its complaints come from.
_FIND_LINE = 375
_NAME = re.compile(r"[A-Za-z0-9]{6,}\Z")
#: Complete, and no mark that others may write or execute it: a file that is to expire is passed over.
_MODE_MASK, _MODE = 0o733, 0o700


@dataclass(frozen=True, slots=True)
class Envelope:
    """What is counted of a message. Without a time it cannot be, which Perl warns of."""

    time: int | None
    sender: str = ""
    recipients: tuple[str, ...] = ()


class Finder:
    """Goes through directories that are given relative to `directory`."""

    def __init__(self, process: Process, directory: str) -> None:
        self.process, self.directory = process, directory

    def files(self, name: str) -> Iterator[str]:
        """The paths of all files below, or the file itself."""
        path = posixpath.join(self.directory, name) if name else ""
        try:
            entry = self.process.fs.stat(path, self.process.cred, follow=False)
        except OSError as error:
            self._complain(f"Can't stat {name}: {error.strerror}")
            return
        if entry.is_dir:
            yield from self._below(path, name.rstrip("/") or "/")
        else:
            yield path

    def _complain(self, text: str) -> None:
        self.process.err(f"{text}\n at {self.process.argv[0]} line {_FIND_LINE}.\n")

    def _below(self, path: str, shown: str) -> Iterator[str]:
        try:
            entries = self.process.fs.scandir(path, self.process.cred)
        except OSError as error:
            self._complain(f"Can't cd to {shown}: {error.strerror}")
            return
        for name, inode in entries:
            if inode.kind == "d":
                yield from self._below(f"{path}/{name}", f"{shown}/{name}")
            else:
                yield f"{path}/{name}"

    def envelope(self, path: str) -> Envelope | None:
        """What the file tells; None if it is no queue file that counts."""
        if not _NAME.match(posixpath.basename(path)):
            return None
        try:
            entry = self.process.fs.stat(path, self.process.cred, follow=False)
            if not entry.is_file or entry.mode & _MODE_MASK != _MODE:
                return None
            data = self.process.fs.read(path, self.process.cred)
        except OSError:
            return None
        kind = data[:1].decode("latin-1")
        if kind == records.SIZE:
            return _read(data)
        # Mail in maildrop begins with its time, which the script does not know.
        return Envelope(None) if kind else None


def _read(data: bytes) -> Envelope | None:
    try:
        message = QueueFile.parse(data)
    except BadRecord:
        return None
    todo = tuple(recipient.address for recipient in message.todo)
    if not message.complete or message.sender is None or not todo:
        return None
    return Envelope(int(message.arrival_time), message.sender, todo)
