"""The text of a delivery status notification: multipart/report of RFC 3462, message/delivery-status of RFC 3464. Part of bounce(8)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from simulator.mail.date import mail_date
from simulator.mail.quoting import quote_822_local
from simulator.postfix.lib import records
from simulator.postfix.lib.bounce_template import DELAY, FAILURE, Template
from simulator.postfix.lib.delivery import RET_HDRS
from simulator.postfix.lib.header_opts import find, header_name_length
from simulator.postfix.lib.printable import line_wrap
from simulator.postfix.lib.queue_file import QueueFile, text_record
from simulator.postfix.lib.records import BadRecord, Record

if TYPE_CHECKING:
    from simulator.postfix.bounce import Bounce
    from simulator.postfix.lib.bounce_log import LogEntry

_LENGTH, _INDENT = 79, 4
# mail_name becomes part of an RFC 822 atom.
_ATOM: Final = str.maketrans(" \t\r\n()<>@,;:\\\".[]", "-" * 17)


class Original:
    """The message that a notification is about: as much of it as can be read."""

    def __init__(self, bounce: Bounce, queue: str, queue_id: str, smtputf8: int, envid: str) -> None:
        self.bounce, self.queue_id, self.smtputf8, self.envid = bounce, queue_id, smtputf8, envid
        self.arrival_time, self.sender, self.size = 0.0, "", 0
        self.content: list[Record] = []
        self.found = bounce.spool.exists(queue, queue_id)
        if self.found:
            self._read(bounce.spool.read(queue, queue_id))

    def _read(self, data: bytes) -> None:
        try:
            file = QueueFile.parse(data, with_content=True)
        except BadRecord:
            return
        self.arrival_time, self.size = file.arrival_time, file.size.data_size
        if file.sender is not None:
            self.sender = quote_822_local(file.sender or self._mailer_daemon())
        self.content = file.content_records

    def _mailer_daemon(self) -> str:
        return f"MAILER-DAEMON@{self.bounce.params['myhostname']}"

    def message_id(self) -> str:
        """The Message-Id, for References and In-Reply-To."""
        for kind, data in self.content:
            text = data.decode("utf-8", "surrogateescape")
            if kind == records.LINE and header_name_length(text):
                known = find(text)
                value = text.partition(":")[2].strip()
                if known is not None and known.name == "Message-Id":
                    if value.startswith("<") and value.endswith(">"):
                        return value
                    self.bounce.log.warning(f"{self.queue_id}: ignoring malformed Message-ID")
            elif not text[:1].isspace():
                break
        return ""


class Notification:
    """A notification in the making: from a log, for one message."""

    def __init__(self, bounce: Bounce, original: Original, entries: list[LogEntry] | None, template: Template, encoding: str) -> None:
        self.bounce, self.original, self.entries, self.template = bounce, original, entries, template
        params = bounce.params
        self.myhostname = params["myhostname"]
        self.mail_name = params["mail_name"].translate(_ATOM)
        self.mime_encoding = "8bit" if params.bool("smtputf8_enable") else encoding
        self.eight_bit = bool(self.mime_encoding) and self.mime_encoding != "7bit"
        self.boundary = f"{original.queue_id}.{int(bounce.clock.now)}/{self.myhostname}"

    def wanted(self, mask: int) -> list[LogEntry]:
        """The recipients whose NOTIFY= wants this notification."""
        return [entry for entry in self.entries or () if not entry.dsn_notify or entry.dsn_notify & mask]

    def applies(self, mask: int) -> bool:
        """Is there anything to tell? A failure without a log is told, too: better than silence."""
        return bool(self.wanted(mask)) or (self.entries is None and self.template.kind == FAILURE)

    def _utf8(self, address: str) -> str:
        return "utf-8" if self.original.smtputf8 and not address.isascii() else "rfc822"

    def _wrap(self, text: str) -> list[str]:
        return line_wrap(text, _LENGTH, _INDENT)

    # -- parts ----------------------------------------------------------------------------------------------------------

    def header(self, recipient: str, postmaster: bool) -> Iterator[str]:
        """The message header and the begin of the part for humans."""
        template = self.template
        subject = template.postmaster_subject if postmaster and template.postmaster_subject else template.subject
        yield f"From: {template.sender}"
        yield f"Subject: {subject}"
        yield f"To: {quote_822_local(recipient)}"
        if self.bounce.params.bool("enable_threaded_bounces") and (message_id := self.original.message_id()):
            yield f"References: {message_id}"
            yield f"In-Reply-To: {message_id}"
        yield f"Auto-Submitted: {'auto-generated' if postmaster else 'auto-replied'}"
        yield "MIME-Version: 1.0"
        yield "Content-Type: multipart/report; report-type=delivery-status;"
        yield f'\tboundary="{self.boundary}"'
        if self.mime_encoding:
            yield f"Content-Transfer-Encoding: {template.encoding if self.mime_encoding == '7bit' else self.mime_encoding}"
        yield from ("", "This is a MIME-encapsulated message.", "", f"--{self.boundary}", "Content-Description: Notification")
        us_ascii = template.charset.lower() == "us-ascii"
        charset = template.charset if not us_ascii else "utf-8" if self.eight_bit else "us-ascii"
        yield f"Content-Type: text/plain; charset={charset}"
        if self.eight_bit:
            yield f"Content-Transfer-Encoding: {self.mime_encoding}"
        yield ""

    def boilerplate(self) -> list[str]:
        """The text of the template."""
        return self.template.expand(self.bounce.params, self.bounce.log.warning)

    def report(self, mask: int) -> Iterator[str]:
        """What happened, for humans and for programs."""
        if self.entries is None:
            yield from ("", "\t--- Delivery report unavailable ---")
        for entry in self.wanted(mask):
            expanded = f" (expanded from <{entry.orig_address}>)" if entry.orig_address else ""
            yield ""
            yield from self._wrap(f"<{entry.address}>{expanded}: {entry.reason}")
        yield from self._report_header()
        for entry in self.wanted(mask):
            yield from self._recipient(entry)

    def _report_header(self) -> Iterator[str]:
        original = self.original
        requested = original.smtputf8 & 1
        yield from ("", f"--{self.boundary}", "Content-Description: Delivery report")
        yield f"Content-Type: message/{'global-' if requested else ''}delivery-status"
        if self.eight_bit and requested:
            yield f"Content-Transfer-Encoding: {self.mime_encoding}"
        yield ""
        yield f"Reporting-MTA: dns; {self.myhostname}"
        if original.envid:
            yield f"Original-Envelope-Id: {original.envid}"
        yield f"X-{self.mail_name}-Queue-ID: {original.queue_id}"
        if original.sender:
            yield f"X-{self.mail_name}-Sender: {self._utf8(original.sender)}; {original.sender}"
        if original.arrival_time > 0:
            yield f"Arrival-Date: {mail_date(original.arrival_time)}"

    def _recipient(self, entry: LogEntry) -> Iterator[str]:
        yield ""
        yield f"Final-Recipient: {self._utf8(entry.address)}; {entry.address}"
        if entry.dsn_orcpt:
            yield f"Original-Recipient: {entry.dsn_orcpt}"
        elif entry.orig_address:
            yield f"Original-Recipient: {self._utf8(entry.orig_address)}; {entry.orig_address}"
        yield f"Action: {'failed' if self.template.kind == FAILURE else entry.action}"
        yield f"Status: {entry.status}"
        if entry.mta_type and entry.mta_name:
            yield from self._wrap(f"Remote-MTA: {entry.mta_type}; {entry.mta_name}")
        if entry.diagnostic_type and entry.diagnostic_text:
            yield from self._wrap(f"Diagnostic-Code: {entry.diagnostic_type}; {entry.diagnostic_text}")
        else:
            yield from self._wrap(f"Diagnostic-Code: X-{self.mail_name}; {entry.reason}")
        if self.template.kind == DELAY:
            until = int(self.original.arrival_time) + self.bounce.params.time("maximal_queue_lifetime")
            yield f"Will-Retry-Until: {mail_date(until)}"

    def original_part(self, ret: int) -> Iterator[Record]:
        """The message itself, or its headers alone."""
        original = self.original
        limit = self.bounce.params.int("bounce_size_limit")
        headers_only = ret == RET_HDRS or (limit > 0 and original.found and not 0 < original.size <= limit)
        for text in self._original_header(headers_only):
            yield text_record(records.LINE, text)
        if not original.content:
            yield text_record(records.LINE, "\t--- Undelivered message unavailable ---")
            return
        yield text_record(records.LINE, f"Return-Path: <{original.sender}>")
        for kind, data in original.content:
            if headers_only and data[:1] not in (b" ", b"\t") and not header_name_length(data.decode("utf-8", "surrogateescape")):
                break
            yield kind, data
        yield text_record(records.LINE, "")
        yield text_record(records.LINE, f"--{self.boundary}--")

    def _original_header(self, headers_only: bool) -> Iterator[str]:
        undelivered = "Undelivered " if self.template.kind in (FAILURE, DELAY) else ""
        yield from ("", f"--{self.boundary}")
        yield f"Content-Description: {undelivered}{'Message Headers' if headers_only else 'Message'}"
        if self.original.smtputf8 & 1:
            yield f"Content-Type: message/{'global-headers' if headers_only else 'global'}"
        else:
            yield f"Content-Type: {'text/rfc822-headers' if headers_only else 'message/rfc822'}"
        if self.eight_bit:
            yield f"Content-Transfer-Encoding: {self.mime_encoding}"
        yield ""
