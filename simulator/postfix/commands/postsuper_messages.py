"""What postsuper(1) does with messages that are named: delete, requeue, hold, release, expire."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from simulator.postfix.commands.postsuper_files import Files, Tally, holds_messages
from simulator.postfix.lib.queue_id import is_valid
from simulator.postfix.lib.spool import DEFERRED, HOLD, MAILDROP

#: A message may move to another queue while it is looked for.
_TRIES = 2


class Messages:
    """Actions on one message; `queues` are looked through in this order."""

    def __init__(self, files: Files, queues: list[str], tally: Tally) -> None:
        self.files, self.queues, self.tally = files, queues, tally
        self.actions: dict[str, Callable[[str], None]] = {
            "d": self.delete,
            "r": self.requeue,
            "h": self.hold,
            "H": self.release,
            "e": self.expire,
            "f": self.expire_and_release,
        }

    def each(self, letter: str, queue_ids: Iterable[str]) -> None:
        """Do what an option says with each of these messages. Raises Fatal."""
        for queue_id in queue_ids:
            self.actions[letter](queue_id)

    def _is_valid(self, queue_id: str) -> bool:
        if not is_valid(queue_id):
            self.files.msg.warning(f"invalid mail queue id: {queue_id}")
            return False
        return True

    def _places(self, queue_id: str, besides: tuple[str, ...] = ()) -> Iterator[str]:
        for _ in range(_TRIES):
            for queue in self.queues:
                if queue in besides or not holds_messages(queue):
                    continue
                path = self.files.open_ok(queue, queue_id)
                if path is not None:
                    yield path

    def delete(self, queue_id: str) -> None:
        """Remove the logs, then the message."""
        if not self._is_valid(queue_id):
            return
        for path in self._places(queue_id):
            for log in self.files.logs_of(queue_id):
                self.files.remove(log)
            if self.files.remove(path):
                self.files.msg.info(f"{queue_id}: removed")
                self.files.note("deleted", queue_id)
                self.tally.deleted += 1
                return

    def requeue(self, queue_id: str) -> None:
        """Move the message to maildrop: pickup(8) copies it into a new one."""
        if not self._is_valid(queue_id):
            return
        target = self.files.spool.relative(MAILDROP, queue_id)
        for path in self._places(queue_id, besides=(MAILDROP,)):
            if self.files.rename(path, target):
                self.files.touch(target)
                self.files.msg.info(f"{queue_id}: requeued")
                self.files.note("requeued", queue_id)
                self.tally.requeued += 1
                return

    def hold(self, queue_id: str) -> None:
        """Move the message to hold; not from maildrop, for what lies there has not been checked yet."""
        if not self._is_valid(queue_id):
            return
        for path in self._places(queue_id, besides=(MAILDROP, HOLD)):
            if self.files.rename(path, self.files.spool.relative(HOLD, queue_id)):
                self.files.msg.info(f"{queue_id}: placed on hold")
                self.files.note("held", queue_id)
                self.tally.held += 1
                return

    def release(self, queue_id: str) -> None:
        """Move the message from hold to deferred."""
        if not self._is_valid(queue_id) or HOLD not in self.queues:
            return
        path = self.files.open_ok(HOLD, queue_id)
        if path is not None and self.files.rename(path, self.files.spool.relative(DEFERRED, queue_id)):
            self.files.msg.info(f"{queue_id}: released from hold")
            self.files.note("released", queue_id)
            self.tally.released += 1

    def expire(self, queue_id: str) -> None:
        """Mark the message: qmgr(8) returns it when it looks at it next."""
        if not self._is_valid(queue_id):
            return
        for path in self._places(queue_id, besides=(MAILDROP,)):
            if self.files.expire(path):
                self.files.msg.info(f"{queue_id}: expired")
                self.files.note("told to expire", queue_id)
                self.tally.expired += 1
                return

    def expire_and_release(self, queue_id: str) -> None:
        """Both; a bad id is complained about twice."""
        self.expire(queue_id)
        self.release(queue_id)
