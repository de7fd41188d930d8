"""What postsuper(1) does with whole queues: the check of their structure, and actions on all messages."""

from __future__ import annotations

from simulator.postfix.commands.postsuper_files import Files, Tally, holds_messages, inode_in, is_ready
from simulator.postfix.lib.msg import Fatal
from simulator.postfix.lib.queue_id import hash_key, is_long, is_valid, long_id, short_id
from simulator.postfix.lib.queue_id import separator as place_of_separator
from simulator.postfix.lib.spool import DEFERRED, HOLD, MAILDROP
from simulator.unix.fs import Stat

#: Files that are not complete are left alone for a week.
MAX_TEMPORARY_AGE = 7 * 24 * 3600
#: A file gets a name with this end in a first pass, without it in a second: so two files can change their names.
SUFFIX = "#FIX"
_SHORT_TIME = 5

PURGE, STRUCTURE, REDUNDANT = "purge", "structure", "redundant"


class Queues:
    """One pass over some queues: repairs, or one action on all messages (the letter of its option)."""

    def __init__(self, files: Files, queues: list[str], tally: Tally, verbose: bool = False) -> None:
        self.files, self.spool, self.queues, self.tally = files, files.spool, queues, tally
        self.verbose = verbose
        self.actions: frozenset[str] = frozenset()

    def go_through(self, *actions: str) -> None:
        """Raises Fatal."""
        self.actions = frozenset(actions)
        for queue in self.queues:
            if self.verbose:
                self.files.msg.info(f"queue: {queue}")
            holds_messages(queue)
            hashed = queue in self.spool.hashing.queues
            if hashed and queue == MAILDROP and self.spool.hashing.depth > 0:
                raise Fatal(f"{queue} queue must not be hashed")
            self._directory(queue, queue, 0, self.spool.hashing.depth if hashed else 0)

    def _directory(self, queue: str, directory: str, depth: int, wanted_depth: int) -> None:
        for name in self.files.names(directory):
            path = f"{directory}/{name}"
            if len(name) == 1 and queue != MAILDROP:
                self._directory(queue, path, depth + 1, wanted_depth)
            else:
                self._entry(queue, path, name)
        if depth > wanted_depth:
            self.files.remove_directory(directory)

    def _entry(self, queue: str, path: str, name: str) -> None:
        entry = self.files.stat(path)
        if entry is None:
            return
        if entry.is_dir:
            self._alien_directory(path)
        elif "d" in self.actions:
            if self.files.remove(path) and holds_messages(queue) and is_ready(entry):
                self.tally.deleted += 1
                self.files.note("deleted", name)
        elif not entry.is_file or self._is_stale(queue, entry):
            self.files.remove(path)
        else:
            self._file(queue, path, name, entry)

    def _alien_directory(self, path: str) -> None:
        try:
            self.files.fs.rmdir(self.files.absolute(path), self.spool.cred)
        except FileNotFoundError:
            return
        except OSError as error:
            self.files.msg.warning(f"remove subdirectory {path}: {error.strerror}")

    def _is_stale(self, queue: str, entry: Stat) -> bool:
        if PURGE not in self.actions or not holds_messages(queue) or is_ready(entry):
            return False
        return int(self.files.fs.clock.now) > int(entry.mtime) + MAX_TEMPORARY_AGE

    def _file(self, queue: str, path: str, name: str, entry: Stat) -> None:
        repaired = STRUCTURE in self.actions
        if repaired and name.endswith(SUFFIX):
            name = name.removesuffix(SUFFIX)
            wanted = self._finish_renaming(queue, path, name, entry)
            if wanted is None:
                return
            path = wanted
        if not is_valid(name):
            self._bogus(path)
        elif repaired and holds_messages(queue):
            self._check_inode(queue, path, name, entry)
        elif repaired:
            self._check_place(queue, path, name)
        else:
            self._act(queue, path, name, entry)

    def _bogus(self, path: str) -> None:
        self.files.msg.warning(f"bogus file name: {path}")

    def _finish_renaming(self, queue: str, path: str, name: str, entry: Stat) -> str | None:
        """The second pass: the new path, or None."""
        if not is_valid(name):
            self._bogus(path)
            return None
        if holds_messages(queue):
            try:
                inode = inode_in(name)
            except ValueError:
                self._bogus(path)
                return None
            if inode != entry.ino:
                self.files.msg.warning(f"name/inode mismatch: {path}")
                return None
        wanted = self.spool.relative(queue, name)
        if not self.files.rename(path, wanted):
            return None
        self.tally.inode_fixed += holds_messages(queue)
        return wanted

    def _check_inode(self, queue: str, path: str, name: str, entry: Stat) -> None:
        """A name tells the file's inode number: only so it cannot be the name of two files."""
        try:
            inode = inode_in(name)
        except ValueError:
            self._bogus(path)
            return
        long = is_long(name)
        unwanted = long and not self.spool.long_ids
        if unwanted or (inode != entry.ino and (not long or REDUNDANT in self.actions)):
            self.tally.inode_mismatch += 1
            self._rename_by_inode(queue, path, name, entry)
        else:
            self._check_place(queue, path, name)

    def _rename_by_inode(self, queue: str, path: str, name: str, entry: Stat) -> None:
        new = self._name_for(name, entry.ino)
        for old_log, new_log in zip(self.files.logs_of(name), self.files.logs_of(new), strict=True):
            self.files.rename(old_log, new_log + SUFFIX)
        self.files.rename(path, self.spool.relative(queue, new) + SUFFIX)

    def _name_for(self, name: str, inode: int) -> str:
        place = place_of_separator(name)
        if place < 0:
            return name[:_SHORT_TIME] + short_id(0, inode)[_SHORT_TIME:]
        if self.spool.long_ids:
            return name[:place] + long_id(0, 0, inode)[place_of_separator(long_id(0, 0, inode)) :]
        return short_id(int(hash_key(name), 16), inode)

    def _check_place(self, queue: str, path: str, name: str) -> None:
        """Is the file in the directory that hash_queue_names and hash_queue_depth want?"""
        wanted = self.spool.relative(queue, name)
        if path != wanted:
            self.tally.position_mismatch += 1
            self.files.rename(path, wanted)

    def _act(self, queue: str, path: str, name: str, entry: Stat) -> None:
        """The action on all messages; what lies in maildrop has not been checked and stays there."""
        messages = holds_messages(queue) and queue != MAILDROP
        if "r" in self.actions and messages:
            self.tally.requeued += self._noted("requeued", name, self.files.rename(path, self.spool.relative(MAILDROP, name)))
            return
        if self.actions & {"e", "f"} and messages and is_ready(entry):
            self.tally.expired += self._noted("told to expire", name, self.files.expire(path))
        if "h" in self.actions and messages and queue != HOLD:
            self.tally.held += self._noted("held", name, self.files.rename(path, self.spool.relative(HOLD, name)))
        elif self.actions & {"H", "f"} and queue == HOLD:
            self.tally.released += self._noted("released", name, self.files.rename(path, self.spool.relative(DEFERRED, name)))

    def _noted(self, event: str, queue_id: str, done: bool) -> bool:
        """Tell the trace of what was done; the same answer."""
        if done:
            self.files.note(event, queue_id)
        return done
