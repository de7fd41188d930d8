"""Mail that local(8) sends on as a new message: through cleanup(8), with a Received: and a Delivered-To: line in front.

One message is made for each list or user (what Delivered-To: will say) and each sender. If anything of the recipient has to
wait, none of them is sent: the next attempt will make them again.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from simulator.mail.address import casefold
from simulator.mail.date import mail_date
from simulator.postfix.cleanup_status import FLAG_AUTOUTF8, FLAG_BOUNCE, FLAG_MASK_INTERNAL, FLAG_SMTPUTF8, Outcome
from simulator.postfix.daemon import ServiceUnavailable
from simulator.postfix.lib import records
from simulator.postfix.lib.delivery import DeliveryRequest, Sent
from simulator.postfix.lib.queue_file import attribute_record, text_record, time_record
from simulator.postfix.lib.reason import Reason
from simulator.postfix.lib.records import Record, decode
from simulator.postfix.local_notify import without_success

if TYPE_CHECKING:
    from simulator.postfix.local import Local
    from simulator.postfix.local_state import LocalDelivery, State

_SMTPUTF8_REQUESTED = 1


@dataclass(slots=True)
class ForwardedMessage:
    """A new message: cleanup's session, the envelope so far, and when it was begun."""

    session: Any
    posted: float
    envelope: list[Record] = field(default_factory=list)


class Forwards:
    """The new messages for one recipient, by Delivered-To: address and sender."""

    def __init__(self, agent: Local, request: DeliveryRequest) -> None:
        self.agent = agent
        self.request = request
        self.messages: dict[tuple[str, str], ForwardedMessage] = {}

    def append(self, state: State) -> bool:
        """Add an address to the message that it belongs to. False when cleanup(8) cannot be reached."""
        key = (state.delivered or "", state.sender)
        if key not in self.messages:
            try:
                self.messages[key] = self._begin(state.sender)
            except ServiceUnavailable as trouble:
                self.agent.log.warning(f"connect to {trouble.path}: {trouble.reason}")
                return False
        recipient, envelope = state.recipient, self.messages[key].envelope
        if recipient.dsn_orcpt:
            envelope.append(attribute_record("dsn_orig_rcpt", recipient.dsn_orcpt))
        if recipient.dsn_notify:
            envelope.append(attribute_record("notify_flags", str(recipient.dsn_notify)))
        if recipient.orig_address:
            envelope.append(text_record(records.ORIGINAL_RECIPIENT, recipient.orig_address))
        envelope.append(text_record(records.RECIPIENT, recipient.address))
        return True

    def _begin(self, sender: str) -> ForwardedMessage:
        agent, request = self.agent, self.request
        classes = agent.params["smtputf8_autodetect_classes"].replace(",", " ").split()
        flags = FLAG_BOUNCE | FLAG_MASK_INTERNAL
        flags |= FLAG_AUTOUTF8 if agent.params.bool("smtputf8_enable") and {"forward", "all"} & set(classes) else 0
        flags |= FLAG_SMTPUTF8 if request.smtputf8 & _SMTPUTF8_REQUESTED else 0
        session = agent.call(agent.params["cleanup_service_name"]).open(flags)
        message = ForwardedMessage(session, agent.clock.now, [time_record(agent.clock.now), text_record(records.FROM, sender)])
        attributes = {
            "ret_flags": str(request.dsn_ret or ""),
            "envelope_id": request.dsn_envid,
            "log_client_name": request.client_name,
            "log_client_address": request.client_address,
            "log_protocol_name": request.protocol_name,
            "log_helo_name": request.helo_name,
            "sasl_method": request.sasl_method,
            "sasl_username": request.sasl_username,
            "sasl_sender": request.sasl_sender,
            "log_ident": request.log_ident,
            "rewrite_context": request.rewrite_context,
        }
        message.envelope += [attribute_record(name, value) for name, value in attributes.items() if value]
        return message

    async def finish(self, job: LocalDelivery, state: State, done: bool) -> bool:
        """Send the messages, or forget them if part of the recipient is not done. `state` is that of the original recipient."""
        for (delivered, _), message in self.messages.items():
            if done:
                done = await self._send(job, state, delivered, message)
            else:
                message.session.abort()
        self.messages.clear()
        return done

    async def _send(self, job: LocalDelivery, state: State, delivered: str, message: ForwardedMessage) -> bool:
        outcome = await self._feed(message.session, [*message.envelope, *self._content(job, delivered, message)])
        if outcome.status:
            return False
        self.agent.trace("forwarded", self.request.queue_id, recipient=state.recipient.address, new=outcome.queue_id)
        told = state.to(dsn_notify=without_success(state.recipient.dsn_notify))
        return job.report(told, Sent("2.0.0", f"forwarded as {outcome.queue_id}", job.relay, action="relayed"))

    def _content(self, job: LocalDelivery, delivered: str, message: ForwardedMessage) -> list[Record]:
        params, request = self.agent.params, self.request
        head = [
            f"Received: by {params['myhostname']} ({params['mail_name']})",
            f"\tid {message.session.queue_id}; {mail_date(message.posted)}",
        ]
        if "forward" in job.settings.delivered_header:
            head.append(f"Delivered-To: {casefold(delivered)}")
        text = decode(request.queue_data[request.data_offset : request.data_offset + request.data_size])
        lines = [(kind, data) for _, kind, data in text if kind in (records.LINE, records.CONTINUED)]
        content = [text_record(records.LINE, line) for line in head] + lines
        return [(records.MESSAGE, b""), *content, (records.EXTRACTED, b""), (records.END, b"")]

    async def _feed(self, session: Any, everything: list[Record]) -> Outcome:
        answer: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        session.cleanup.feed(session, everything, answer.set_result)
        return await answer


def deliver_indirect(job: LocalDelivery, state: State) -> bool:
    """Send the address a message of its own."""
    if job.seen(f"indirect {state.recipient.address}"):
        return True
    if job.request.trace_only:
        return job.report(state, Sent("2.0.0", f"forwards to {state.recipient.address}", job.relay))
    if not job.forwards.append(state):
        return job.fail(state, Reason("4.3.0", "unable to forward message"))
    return True
