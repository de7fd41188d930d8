"""Deferred mail whose turn has come while its transport or destination is out of use. Part of qmgr(8).

Such mail goes to error(8) under the name of retry, defer(8) notes why, and it is deferred again: days of this are the life of
a queue behind a dead relay. Where nothing else can happen it is done here in one go. Log, files and trace are the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from simulator.postfix.daemon import Daemon, ServiceUnavailable
from simulator.postfix.lib import log_lines
from simulator.postfix.lib.bounce_log import encode_entry
from simulator.postfix.lib.delivery import Deferred, Recipient
from simulator.postfix.lib.spool import ACTIVE, DEFER, DEFERRED
from simulator.postfix.qmgr_message import RETRY, ActiveMessage

if TYPE_CHECKING:
    from simulator.postfix.lib.queue_file import QueueFile
    from simulator.postfix.qmgr import Qmgr

#: More messages than that take the long way.
_MOST: Final = 20_000
_ERROR: Final = "error"


@dataclass(slots=True)
class _Left:
    """A message as it was left in the deferred queue. `version` tells whether anybody has touched its file since."""

    version: tuple[int, int]
    file: QueueFile
    todo: list[Recipient]
    active_line: str
    heads: list[str]
    fates: list[Deferred] = field(default_factory=list)
    entries: bytes = b""


class Again:
    """The messages that one queue manager has deferred and may defer again without a closer look."""

    def __init__(self, qmgr: Qmgr) -> None:
        self.qmgr = qmgr
        self.left: dict[str, _Left] = {}
        self.agent: Daemon | None = None
        self.when = 0.0

    def note(self, message: ActiveMessage) -> None:
        """A message has been put back into the deferred queue."""
        file, qmgr, queue_id = message.file, self.qmgr, message.queue_id
        self.left.pop(queue_id, None)
        special = message.trace_flags or message.verp_delimiters or file.redirect or file.filter_transport or file.warn_time > 0
        # A file in which recipients were marked as done is read again first.
        if special or len(self.left) >= _MOST or qmgr.spool.read(DEFERRED, queue_id) != file.data:
            return
        form = qmgr.active.address_form
        sender = log_lines.log_address(message.sender, form)
        line = log_lines.queue_active(queue_id, sender, file.content_length, file.size.recipient_count, ACTIVE)
        heads = [log_lines.delivery_head(queue_id, recipient, "none", form) for recipient in file.todo]
        self.left[queue_id] = _Left(self._version(queue_id), file, file.todo, line, heads)

    def _version(self, queue_id: str) -> tuple[int, int]:
        return self.qmgr.fs.version(self.qmgr.spool.path(DEFERRED, queue_id))

    def defer(self, queue_id: str) -> bool:
        """Defer a message whose time has come once more. False: it has to be looked at."""
        left = self.left.get(queue_id)
        if left is None or left.version != self._version(queue_id) or queue_id in self.qmgr.master.in_delivery:
            self.left.pop(queue_id, None)
            return False
        now = self.qmgr.clock.now
        message = ActiveMessage(queue_id, left.file, 0, now, 0, 0)
        lifetime = self.qmgr.active.lifetime if message.sender else self.qmgr.active.bounce_lifetime
        agent = self._agent()
        if agent is None or now >= left.file.create_time + lifetime:
            return False
        fates = self._fates(message, left, agent)
        if fates is None:
            return False
        self._log(message, left, fates, agent)
        self._store(message, left, fates)
        agent.service.released(agent)
        return True

    def _agent(self) -> Daemon | None:
        """A process of error(8), if there is one without a queue before it. Looked for once in a while, not for each message."""
        now, agent = self.qmgr.clock.now, self.agent
        if now == self.when and agent is not None and not agent.ended and not agent.retiring and not agent.busy:
            agent.use_count += 1
            return agent
        self.when, self.agent = now, self._free_agent()
        return self.agent

    def _free_agent(self) -> Daemon | None:
        transport = self.qmgr.scheduler.transport(RETRY)
        if transport.dead or any(destination.dead for destination in transport.destinations.values()):
            return None
        try:
            self.qmgr.router.prepare()
            service = self.qmgr.master.service(f"private/{RETRY}")
            ready = service.program == _ERROR and not service.backlog
            return service.process() if ready else None
        except ServiceUnavailable:
            return None

    def _fates(self, message: ActiveMessage, left: _Left, agent: Daemon) -> list[Deferred] | None:
        fates = []
        for recipient in left.todo:
            fate = self.qmgr.router.suspended(message, recipient)
            if fate is None or agent.flushes(recipient.domain):
                return None
            fates.append(fate)
        return fates

    def _log(self, message: ActiveMessage, left: _Left, fates: list[Deferred], agent: Daemon) -> None:
        qmgr, file = self.qmgr, left.file
        qmgr.log.info(left.active_line)
        qmgr.trace("active", message.queue_id, sender=file.sender, size=file.content_length, recipients=file.size.recipient_count)
        delay = log_lines.pretty_seconds(message.active_time - file.arrival_time, decimals=agent.reporter.decimals)
        for head, recipient, fate in zip(left.heads, left.todo, fates, strict=True):
            agent.log.info(f"{head}, delay={delay}, delays={delay}/0/0/0, dsn={fate.dsn}, status=deferred ({fate.text})")
            agent.trace(
                "deferred", message.queue_id, recipient=recipient.address, orig_recipient=recipient.orig_address, relay="none", dsn=fate.dsn,
                reason=fate.text, delays=f"delay={delay}, delays={delay}/0/0/0",
            )  # fmt: skip

    def _store(self, message: ActiveMessage, left: _Left, fates: list[Deferred]) -> None:
        qmgr, queue_id = self.qmgr, message.queue_id
        if fates != left.fates:
            left.fates = fates
            told = zip(left.todo, fates, strict=True)
            left.entries = b"".join(encode_entry(recipient, fate.acting("delayed"), qmgr.compatible_logs) for recipient, fate in told)
        qmgr.spool.write(DEFER, queue_id, left.entries)
        delay = qmgr.active.backoff(left.file)
        when = int(message.active_time) + delay
        qmgr.fs.utime(qmgr.spool.path(DEFERRED, queue_id), when, when, qmgr.cred)
        left.version = self._version(queue_id)
        qmgr.trace("postponed", queue_id, delay=delay)
