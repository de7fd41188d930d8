"""What the daemons have in common that qmgr(8) gives messages to: local virtual pipe smtp lmtp error retry discard."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, ClassVar

from simulator.postfix.daemon import CONNECT_ATTEMPTS, CONNECT_PAUSE, Daemon, ServiceUnavailable
from simulator.postfix.lib import log_lines
from simulator.postfix.lib.delivery import DeliveryRequest, Fate, Recipient
from simulator.postfix.lib.msg import Fatal


class DeliveryAgent(Daemon):
    """A daemon that qmgr(8) gives messages to: local virtual pipe smtp lmtp error retry discard."""

    #: postconf(5): the table that may change what is reported.
    status_filter_parameter: ClassVar[str] = "default_delivery_status_filter"

    def deliver(self, request: DeliveryRequest) -> Coroutine[Any, Any, None] | None:
        """Deliver to request.recipients and report each of them exactly once."""
        raise NotImplementedError(self.program)

    def report(self, request: DeliveryRequest, recipient: Recipient, fate: Fate) -> bool:
        """The fate of a recipient: log it, mark it done in the queue file or leave it there. True when it is done."""
        done = self.reporter.report(request.flags, request.queue_id, request.stamps, recipient, fate)
        request.settled.add(recipient.offset)
        if not done:
            request.deferred += 1
        elif recipient.offset:
            self.mark_done(request, recipient)
        return done

    def mark_done(self, request: DeliveryRequest, recipient: Recipient) -> None:
        """Turn the recipient's record in the queue file into a "done" record."""
        path = self.spool.path(request.queue_name, request.queue_id)
        if self.fs.exists(path):
            self.fs.pwrite(path, recipient.offset, b"D", self.cred)

    def status_filter(self) -> Any:
        from simulator.postfix.lib.status_filter import open_status_filter

        return open_status_filter(self, self.status_filter_parameter)

    # -- between qmgr(8) and deliver() ----------------------------------------------------------------------------------

    def take(self, request: DeliveryRequest, done: Callable[[Any, DeliveryRequest, bool], None], token: Any) -> None:
        """qmgr(8) hands over a request; `done(token, request, crashed)` is called when it has been dealt with."""
        self.busy = True
        self.master.begin_delivery(request.queue_id)
        request.stamps.agent_handoff = self.clock.now
        self._deliver(1, request, done, token)

    def _deliver(self, attempt: int, request: DeliveryRequest, done: Callable[[Any, DeliveryRequest, bool], None], token: Any) -> None:
        try:
            work = self.deliver(request)
        except ServiceUnavailable as trouble:
            self._deliver_later(attempt, trouble, request, done, token)
            return
        except Fatal as fatal:
            self._crashed(fatal, request, done, token)
            return
        if work is None:
            self._finished(request, done, token)
        else:
            self.clock.spawn(self._converse(work, request, done, token))

    def _deliver_later(
        self, attempt: int, trouble: ServiceUnavailable, request: DeliveryRequest, done: Callable[[Any, DeliveryRequest, bool], None], token: Any
    ) -> None:
        line = log_lines.connect_failed(attempt, trouble.path, trouble.reason)
        if trouble.reason and attempt > CONNECT_ATTEMPTS:
            self._crashed(Fatal(line), request, done, token)
            return
        if trouble.reason:
            self.log.warning(line)
            attempt += 1
        request.recipients = [recipient for recipient in request.recipients if recipient.offset not in request.settled]
        self.clock.call_later(CONNECT_PAUSE, self._deliver, attempt, request, done, token)

    async def _converse(
        self,
        work: Coroutine[Any, Any, None],
        request: DeliveryRequest,
        done: Callable[[Any, DeliveryRequest, bool], None],
        token: Any,
    ) -> None:
        try:
            await work
        except ServiceUnavailable as trouble:
            self._deliver_later(1, trouble, request, done, token)
            return
        except Fatal as fatal:
            self._crashed(fatal, request, done, token)
            return
        self._finished(request, done, token)

    def _crashed(self, fatal: Fatal, request: DeliveryRequest, done: Callable[[Any, DeliveryRequest, bool], None], token: Any) -> None:
        self.master.end_delivery(request.queue_id)
        self.die(fatal)
        done(token, request, True)

    def _finished(self, request: DeliveryRequest, done: Callable[[Any, DeliveryRequest, bool], None], token: Any) -> None:
        self.master.end_delivery(request.queue_id)
        if self.ended:
            return
        done(token, request, False)
        self.release()
