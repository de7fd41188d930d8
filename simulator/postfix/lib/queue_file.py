"""Queue files: what lies in maildrop, incoming, active, deferred and hold, in the real format.

    message = QueueFile.parse(fs.read(path))
    message.sender, message.recipients, message.content(), message.attributes["rewrite_context"]

A program that submits mail (postdrop(1)) writes `submission(...)` into maildrop; cleanup(8) makes the queue file proper,
whose first record tells sizes and counts. Both are parsed here. Addresses and attributes are texts (utf-8, surrogateescape).

    maildrop:  T time, A rewrite_context=local, F full name, S sender, [R recipient ...], M, N/L text, X, [R ...], E
    the queue: C sizes, T time, A create_time, F, A ..., S, [W warn time], A dsn_orig_rcpt, O, R ..., M, N/L, X, ..., E
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from simulator.postfix.lib import records
from simulator.postfix.lib.recipient import (
    NOTIFY_DELAY,
    NOTIFY_FAILURE,
    NOTIFY_NEVER,
    NOTIFY_SUCCESS,
    RET_FULL,
    RET_HDRS,
    Recipient,
)
from simulator.postfix.lib.records import BadRecord, Record, decode, split_attribute

__all__ = [
    "NOTIFY_DELAY", "NOTIFY_FAILURE", "NOTIFY_NEVER", "NOTIFY_SUCCESS", "RET_FULL", "RET_HDRS", "SIZE_RECORD_LENGTH", "QueueFile",
    "Recipient", "SizeRecord", "attribute_record", "content_at", "submission", "text_record", "time_record",
]

_SIZE_WIDTH = 15
#: Where the type byte of the size record ends and its payload begins: the record is rewritten in place.
SIZE_RECORD_LENGTH = 2 + 6 * _SIZE_WIDTH + 5


@dataclass(frozen=True, slots=True)
class SizeRecord:
    """The first record of a queue file: sizes, and hints for qmgr(8)."""

    data_size: int = 0
    data_offset: int = 0
    recipient_count: int = 0
    qmgr_flags: int = 0
    content_length: int = 0
    smtputf8: int = 0

    def encode(self) -> bytes:
        numbers = (self.data_size, self.data_offset, self.recipient_count, self.qmgr_flags, self.content_length, self.smtputf8)
        return records.encode(records.SIZE, " ".join(f"{number:{_SIZE_WIDTH}d}" for number in numbers).encode())

    @classmethod
    def parse(cls, data: bytes) -> SizeRecord:
        """Raises ValueError."""
        numbers = [int(word) for word in data.split()]
        if len(numbers) < 3:
            raise ValueError("weird size record")
        return cls(*numbers[:6])


_CLIENT = ("client_name", "client_address", "client_port", "helo_name", "protocol_name")
Facts = tuple[str, str, str, str, str, str, str, str, str, str]
_SASL = ("sasl_method", "sasl_username", "sasl_sender")


@dataclass(slots=True)
class QueueFile:
    """A parsed queue file. Raises BadRecord from `parse` when it is damaged or incomplete."""

    data: bytes
    size: SizeRecord = field(default_factory=SizeRecord)
    arrival_time: float = 0.0
    create_time: int = 0
    sender: str | None = None
    full_name: str = ""
    recipients: list[Recipient] = field(default_factory=list)
    attributes: dict[str, str] = field(default_factory=dict)
    dsn_envid: str = ""
    dsn_ret: int = 0
    verp_delimiters: str = ""
    filter_transport: str = ""
    redirect: str = ""
    warn_time: int = 0
    warn_offset: int = 0
    trace_flags_offset: int = 0
    content_records: list[Record] = field(default_factory=list)
    complete: bool = False
    _facts: Facts | None = None

    @classmethod
    def parse(cls, data: bytes, path: str = "", with_content: bool = False) -> QueueFile:
        """Read the envelope; of the message only its place, unless `with_content` (or there is no size record: maildrop)."""
        message = cls(data)
        _Reader(message, path, with_content).read()
        return message

    def __deepcopy__(self, memo: dict[int, object]) -> QueueFile:
        """A parsed file is not changed any more: forks share it."""
        return self

    @classmethod
    def salvage(cls, data: bytes, path: str) -> tuple[QueueFile, str]:
        """What can be read of a file that may be damaged, and what is wrong with it."""
        message = cls(data)
        try:
            _Reader(message, path, False).read()
        except BadRecord as problem:
            return message, str(problem)
        return message, ""

    @property
    def todo(self) -> list[Recipient]:
        """Recipients that still wait."""
        return [recipient for recipient in self.recipients if not recipient.done]

    @property
    def trace_flags(self) -> int:
        value = self.attributes.get("trace_flags", "0")
        return int(value) if value.isdigit() else 0

    @property
    def facts(self) -> Facts:
        """What delivery agents are told of the client, in the order of DeliveryRequest's fields from client_name on."""
        if self._facts is None:
            get = self.attributes.get
            # Mail that came through a content filter keeps the first client's name.
            name, address, port, helo, protocol = (get(f"log_{word}") or get(word, "") for word in _CLIENT)
            method, username, sender = (get(word, "") for word in _SASL)
            ident, context = get("log_ident", ""), get("rewrite_context", "local")
            self._facts = (name, address, port, helo, protocol, method, username, sender, ident, context)
        return self._facts

    @property
    def content_length(self) -> int:
        """The message size that log and mailq show."""
        return self.size.content_length or self.size.data_size

    def content(self) -> bytes:
        """Header and body, lines ended by a newline."""
        if self.content_records:
            return records.text_of(self.content_records)
        return content_at(self.data, self.size.data_offset, self.size.data_size)


def content_at(data: bytes, data_offset: int, data_size: int) -> bytes:
    """The message text between two places of a queue file (DeliveryRequest.data_offset, data_size)."""
    part = data[data_offset : data_offset + data_size]
    return records.text_of((kind, text) for _, kind, text in decode(part))


class _Reader:
    """Goes through the records once: what belongs to the next recipient is kept until its R record."""

    def __init__(self, message: QueueFile, path: str, with_content: bool) -> None:
        self.message, self.path, self.with_content = message, path, with_content
        self.orig, self.orcpt, self.notify = "", "", 0

    def read(self) -> None:
        message, data, offset = self.message, self.message.data, 0
        in_content = False
        while True:
            for start, kind, value in decode(data, offset, self.path):
                if in_content:
                    in_content = kind != records.EXTRACTED
                    if in_content:
                        message.content_records.append((kind, value))
                    continue
                if kind == records.END:
                    message.complete = True
                    return
                if kind == records.MESSAGE:
                    if message.size.data_offset and not self.with_content:
                        offset = message.size.data_offset + message.size.data_size
                        break
                    in_content = True
                    continue
                self.take(start, kind, value)
            else:
                return

    def take(self, offset: int, kind: str, value: bytes) -> None:
        name = ""
        if kind == records.ATTRIBUTE:
            name, text = split_attribute(value)
            kind = records.ATTRIBUTE_TYPES.get(name, kind)
        else:
            text = value.decode("utf-8", "surrogateescape")
        if kind == records.ATTRIBUTE:
            self.attribute(offset, name, text)
        elif kind in _RECIPIENT_TYPES:
            self.recipient(offset, kind, text)
        else:
            self.envelope(offset, kind, text)

    def recipient(self, offset: int, kind: str, text: str) -> None:
        if kind == records.ORIGINAL_RECIPIENT:
            self.orig = text
        elif kind == records.DSN_ORCPT:
            self.orcpt = text
        elif kind == records.DSN_NOTIFY:
            self.notify = int(text) if text.isdigit() else 0
        else:
            done = kind != records.RECIPIENT
            self.message.recipients.append(Recipient(text, self.orig, self.orcpt, self.notify, offset, done))
            self.orig, self.orcpt, self.notify = "", "", 0

    def attribute(self, offset: int, name: str, text: str) -> None:
        if name == "trace_flags":
            self.message.trace_flags_offset = offset
        # What was extracted from the content overrides the envelope's encoding; of all others the first instance counts.
        if name == "encoding":
            self.message.attributes[name] = text
        else:
            self.message.attributes.setdefault(name, text)

    def envelope(self, offset: int, kind: str, text: str) -> None:
        message = self.message
        if kind == records.SIZE:
            if not message.size.data_offset:
                try:
                    message.size = SizeRecord.parse(text.encode())
                except ValueError as error:
                    raise BadRecord(f"invalid size record: {text[:100]}") from error
        elif kind == records.TIME:
            message.arrival_time = message.arrival_time or _time(text)
        elif kind == records.CREATE_TIME:
            message.create_time = message.create_time or int(text or 0)
        elif kind == records.FROM:
            message.sender = text if message.sender is None else message.sender
        elif kind == records.WARN:
            if not message.warn_offset:
                message.warn_offset, message.warn_time = offset, int(text)
        elif kind == records.DSN_RET:
            message.dsn_ret = int(text) if text.isdigit() else 0
        elif kind in _PLAIN:
            setattr(message, _PLAIN[kind], text)


_RECIPIENT_TYPES = frozenset(
    (records.RECIPIENT, records.DONE, records.CANCELED_RECIPIENT, records.ORIGINAL_RECIPIENT, records.DSN_ORCPT, records.DSN_NOTIFY)
)
_PLAIN = {
    records.FULL_NAME: "full_name",
    records.VERP: "verp_delimiters",
    records.FILTER: "filter_transport",
    records.REDIRECT: "redirect",
    records.DSN_ENVID: "dsn_envid",
}


def _time(text: str) -> float:
    seconds, _, microseconds = text.partition(" ")
    return int(seconds or 0) + int(microseconds or 0) / 1e6


def time_record(when: float) -> Record:
    """The `T` record of an arrival time: seconds and microseconds."""
    seconds = int(when)
    return records.TIME, f"{seconds} {round((when - seconds) * 1e6) % 1_000_000}".encode()


def attribute_record(name: str, value: str) -> Record:
    """An `A` record."""
    return records.ATTRIBUTE, f"{name}={value}".encode("utf-8", "surrogateescape")


def text_record(kind: str, text: str) -> Record:
    """A record whose data is text."""
    return kind, text.encode("utf-8", "surrogateescape")


def submission(
    when: float,
    sender: str,
    recipients: Iterable[str],
    message: Iterable[Record],
    envelope: Iterable[Record] = (),
    extracted: Iterable[str] = (),
    full_name: str = "",
) -> bytes:
    """A file for maildrop, as sendmail(1) and postdrop(1) make it.

    `envelope` holds further records that follow the full name and the sender (attributes, DSN, VERP), `message` the text
    as records (`records.text_records`), `extracted` recipients that `sendmail -t` found in the header.
    """
    parts: list[Record] = [time_record(when), attribute_record("rewrite_context", "local")]
    parts += [text_record(records.FULL_NAME, full_name), text_record(records.FROM, sender), *envelope]
    parts += [text_record(records.RECIPIENT, address) for address in recipients]
    parts += [(records.MESSAGE, b""), *message, (records.EXTRACTED, b"")]
    parts += [text_record(records.RECIPIENT, address) for address in extracted]
    return records.encode_all([*parts, (records.END, b"")])


def without_done(recipient: Recipient) -> Recipient:
    """The recipient as one that still waits."""
    return replace(recipient, done=False)
