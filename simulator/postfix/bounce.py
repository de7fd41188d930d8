"""NAME
    bounce - Postfix delivery status reports

SYNOPSIS
    bounce    unix  -       -       y       -       0       bounce
    defer     unix  -       -       y       -       0       bounce
    trace     unix  -       -       y       -       0       bounce

DESCRIPTION
    Keeps a log of recipients for each message in the directory of its service name (bounce/QID: could not be delivered,
    defer/QID: will be tried again, trace/QID: delivery reports), and writes notifications from them: to the sender of mail
    that cannot be delivered or is late, to the sender of a bounce's bounce nothing, to postmaster what notify_classes says.
    NOTIFY= and RET= of the sender are respected; a message above bounce_size_limit comes back with its headers alone.

LOG
    QID: sender non-delivery notification: NEWID
    QID: sender delay notification: NEWID
    QID: sender delivery status notification: NEWID
    QID: postmaster non-delivery notification: NEWID
    QID: postmaster delay notification: NEWID
    warning: QID: undeliverable postmaster notification discarded

DIFFERS FROM POSTFIX
    In nothing that is known.
"""

from __future__ import annotations

from typing import ClassVar, Final

from simulator.mail.address import casefold
from simulator.postfix.bounce_notify import Notification, Original
from simulator.postfix.daemon import Daemon, request
from simulator.postfix.lib.bounce_log import LogEntry, decode_entries, encode_entry
from simulator.postfix.lib.bounce_template import DELAY, FAILURE, SUCCESS, VERIFY, BounceTemplates, Template
from simulator.postfix.lib.delivery import NOTIFY_DELAY, NOTIFY_FAILURE, RECORD, RET_FULL, RET_HDRS, USER_VERIFY, Fate, Recipient
from simulator.postfix.lib.main_cf import read_until_cool
from simulator.postfix.lib.name_mask import required_names
from simulator.postfix.lib.post_mail import PostMail
from simulator.postfix.lib.verp import verp_sender

#: postconf(5) notify_classes.
_CLASSES: Final = ("bounce", "policy", "protocol", "resource", "software", "2bounce", "delay", "data")
_NOTIFY_ANY: Final = 15


class Bounce(Daemon):
    """The services bounce, defer and trace."""

    program: ClassVar[str] = "bounce"
    process_limit: ClassVar[int | None] = 0

    def start(self) -> None:
        params = self.params
        self.templates = BounceTemplates.built_in(params["header_from_format"] != "standard")
        path = params["bounce_template_file"]
        if path:
            for data in read_until_cool(self.fs, path):
                self.templates.load(data.decode("utf-8", "surrogateescape"), path, self.log.warning)
        self.compatible = params.bool("backwards_bounce_logfile_compatibility")
        self.double_bounce = f"{params['double_bounce_sender']}@{params['myhostname']}"

    def template(self, kind: str) -> Template:
        """The template for a kind of notification."""
        return self.templates.get(kind, self.log.warning)

    def notifies(self, *classes: str) -> bool:
        """Does postmaster want to know? An unknown word in notify_classes is fatal."""
        wanted = required_names("notify_classes", _CLASSES, self.params["notify_classes"])
        return not wanted.isdisjoint(classes)

    # -- logs -----------------------------------------------------------------------------------------------------------

    @request
    def append(self, flags: int, queue_id: str, recipient: Recipient, fate: Fate) -> bool:
        """Add a recipient to the log of this service."""
        try:
            self.spool.append(self.service_name, queue_id, encode_entry(recipient, fate, self.compatible))
        except OSError as error:
            self.fatal(f"open file {self.service_name} {queue_id}: {error.strerror}")
        return True

    def entries(self, queue_id: str) -> list[LogEntry] | None:
        """What the log says; None if there is no log."""
        if not self.spool.exists(self.service_name, queue_id):
            return None
        return decode_entries(self.spool.read(self.service_name, queue_id), self.service_name)

    # -- requests -------------------------------------------------------------------------------------------------------

    @request
    def flush(
        self,
        queue: str,
        queue_id: str,
        encoding: str,
        smtputf8: int,
        sender: str,
        envid: str,
        ret: int,
        verp_delimiters: str = "",
        clean: bool = False,
    ) -> bool:
        """Send the log to the sender and remove it."""
        original = Original(self, queue, queue_id, smtputf8, envid)
        entries = self.entries(queue_id)
        if verp_delimiters and entries is not None:
            done = self._flush_verp(original, entries, encoding, sender, ret, verp_delimiters)
        else:
            done = self._flush(original, entries, encoding, sender, ret)
        if done or clean:
            self.spool.remove(self.service_name, queue_id)
        return done

    def _flush(self, original: Original, entries: list[LogEntry] | None, encoding: str, sender: str, ret: int) -> bool:
        kind, queue_id = "non-delivery", original.queue_id
        if casefold(sender) == casefold(self.double_bounce):
            self.log.warning(f"{queue_id}: undeliverable postmaster notification discarded")
            return True
        notice = Notification(self, original, entries, self.template(FAILURE), encoding)
        if not sender:
            if not self.notifies("bounce", "2bounce"):
                return True
            return self._to_postmaster(notice, "2bounce_notice_recipient", RET_FULL, kind)
        if not self._to_sender(notice, sender, NOTIFY_FAILURE, ret or RET_FULL, kind):
            return False
        if self.notifies("bounce") and not self._to_postmaster(notice, "bounce_notice_recipient", RET_HDRS, kind):
            self.log.warning(f"{queue_id}: postmaster notice failed while bouncing to {sender}")
        return True

    def _flush_verp(
        self, original: Original, entries: list[LogEntry], encoding: str, sender: str, ret: int, delimiters: str
    ) -> bool:
        """A notification for each recipient, to an address that tells which one."""
        for entry in entries:
            notice = Notification(self, original, [entry], self.template(FAILURE), encoding)
            if not entry.dsn_notify or entry.dsn_notify & NOTIFY_FAILURE:
                to = verp_sender(delimiters, sender, entry.recipient)
                if not self._to_sender(notice, to, _NOTIFY_ANY, ret or RET_FULL, "non-delivery"):
                    return False
            if self.notifies("bounce") and not self._to_postmaster(notice, "bounce_notice_recipient", RET_HDRS, "non-delivery"):
                self.log.warning(f"{original.queue_id}: postmaster notice failed while bouncing to {sender}")
        return True

    @request
    def one(
        self, queue: str, queue_id: str, encoding: str, smtputf8: int, sender: str, envid: str, ret: int, recipient: Recipient, fate: Fate
    ) -> bool:
        """Notify of one recipient at once, without a log."""
        original = Original(self, queue, queue_id, smtputf8, envid)
        entry = decode_entries(encode_entry(recipient, fate, False), "bounce")[0]
        if sender and entry.dsn_notify and not entry.dsn_notify & NOTIFY_FAILURE:
            return True
        return self._flush(original, [entry], encoding, sender, ret)

    @request
    def warn(self, queue: str, queue_id: str, encoding: str, smtputf8: int, sender: str, envid: str, ret: int) -> bool:
        """Tell the sender that a message is late; the log stays."""
        if casefold(sender) == casefold(self.double_bounce):
            self.log.warning(f"{queue_id}: undeliverable postmaster notification discarded")
            return True
        original = Original(self, queue, queue_id, smtputf8, envid)
        notice = Notification(self, original, self.entries(queue_id), self.template(DELAY), encoding)
        if not sender:
            return not self.notifies("delay") or self._to_postmaster(notice, "delay_notice_recipient", RET_FULL, "delay")
        if not self._to_sender(notice, sender, NOTIFY_DELAY, RET_HDRS, "delay"):
            return False
        if self.notifies("delay") and not self._to_postmaster(notice, "delay_notice_recipient", RET_HDRS, "delay"):
            self.log.warning(f"{queue_id}: postmaster notice failed while warning {sender}")
        return True

    @request
    def report_trace(
        self, queue: str, queue_id: str, encoding: str, smtputf8: int, sender: str, envid: str, ret: int, flags: int = 0
    ) -> bool:
        """Send a report of deliveries (sendmail -v, -bv, NOTIFY=SUCCESS) and remove the log."""
        from_address = ""
        if casefold(sender) == casefold(self.double_bounce):
            self.log.info(f"{queue_id}: not sending trace/success notification for double-bounce message")
            return True
        if not sender:
            if not self.notifies("2bounce"):
                self.log.info(f"{queue_id}: not sending trace/success notification for single-bounce message")
                self.spool.remove(self.service_name, queue_id)
                return True
            sender, from_address = self.params["2bounce_notice_recipient"], self.double_bounce
        entries = self.entries(queue_id)
        if entries is None:
            return True
        original = Original(self, queue, queue_id, smtputf8, envid)
        kind = VERIFY if flags & (USER_VERIFY | RECORD) else SUCCESS
        notice = Notification(self, original, entries, self.template(kind), encoding)
        done = self._send(notice, from_address, sender, False, _NOTIFY_ANY, RET_HDRS, "sender delivery status notification")
        if done:
            self.spool.remove(self.service_name, queue_id)
        return done

    # -- letters --------------------------------------------------------------------------------------------------------

    def _to_sender(self, notice: Notification, sender: str, wanted: int, ret: int, kind: str) -> bool:
        return self._send(notice, "", sender, False, wanted, ret, f"sender {kind} notification")

    def _to_postmaster(self, notice: Notification, parameter: str, ret: int, kind: str) -> bool:
        postmaster = self.params[parameter]
        return self._send(notice, self.double_bounce, postmaster, True, _NOTIFY_ANY, ret, f"postmaster {kind} notification")

    def _send(
        self, notice: Notification, sender: str, recipient: str, postmaster: bool, wanted: int, ret: int, what: str
    ) -> bool:
        """Post a notification. True when it is in the queue, or when nobody wants to be notified."""
        queue_id = notice.original.queue_id
        # All is ready before the letter is begun: a template may be so wrong that this process ends.
        lines = [*notice.header(recipient, postmaster), *(() if postmaster else notice.boilerplate())]
        letter = PostMail.open(self, sender, recipient, "bounce", smtputf8=notice.original.smtputf8)
        if letter is None:
            return False
        letter.lines(lines)
        if not notice.applies(wanted):
            letter.cancel()
            return True
        letter.lines(notice.report(wanted))
        letter.records(notice.original_part(ret))
        outcome = letter.close()
        if outcome.status:
            return False
        self.log.info(f"{queue_id}: {what}: {outcome.queue_id}")
        self.trace("notified", queue_id, what=what, recipient=recipient, notification=outcome.queue_id)
        return True
