"""How postqueue(1) shows the queue: as mailq of old, and as a JSON object a message."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from simulator.mail.date import ctime
from simulator.postfix.lib.printable import printable
from simulator.postfix.lib.spool import ACTIVE, HOLD
from simulator.postfix.showq import QueueEntry

_MARKS = {ACTIVE: "*", HOLD: "!"}
_REASON_WIDTH = 76
_JSON_ESCAPES = {"\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\\": "\\\\", '"': '\\"'}


class Layout:
    """Columns of the traditional report: postconf(5) enable_long_queue_ids makes the first one wider."""

    def __init__(self, long_ids: bool) -> None:
        self.id_width, self.size_width, self.time_width = (17, 8, 19) if long_ids else (11, 7, 20)
        self.heading = (
            ("----Queue ID-----", "--Size--", "---Arrival Time----", "--Sender/Recipient------")
            if long_ids
            else ("-Queue ID-", "--Size--", "----Arrival Time----", "-Sender/Recipient-------")
        )

    def row(self, queue_id: str, size: str, time: str, address: str) -> str:
        """A line with all columns, also of the heading and of recipients."""
        return f"{queue_id:{self.id_width}} {size:>{self.size_width}} {time:{self.time_width}} {address}\n"

    def message(self, entry: QueueEntry) -> Iterator[str]:
        """The lines of a message; a reason stands above the recipients that it is the same for."""
        marks = _MARKS.get(entry.queue, "") + "#" * entry.forced_expire
        when = ctime(entry.arrival_time)
        time = f"{when[: self.time_width]:>{self.time_width}}"
        yield self.row(entry.queue_id + marks, str(entry.size), time, entry.sender)
        shown = ""
        for address, reason in entry.recipients:
            if reason != shown:
                shown = reason
                yield f"({reason or 'reason unavailable'})".rjust(_REASON_WIDTH + 2) + "\n"
            yield self.row("", "", "", address)


def traditional(entries: Iterable[QueueEntry], long_ids: bool) -> Iterator[str]:
    """The report that `mailq` gives, piece by piece."""
    layout = Layout(long_ids)
    count = total = 0
    for entry in entries:
        yield "\n" if count else layout.row(*layout.heading)
        yield from layout.message(entry)
        count += 1
        total += entry.size
    if not count:
        yield "Mail queue is empty\n"
    else:
        yield f"\n-- {total // 1024} Kbytes in {count} Request{'s' if count > 1 else ''}.\n"


def json(entries: Iterable[QueueEntry]) -> Iterator[str]:
    """A line with an object for every message."""
    for entry in entries:
        recipients = ", ".join(_recipient(address, reason) for address, reason in entry.recipients)
        yield (
            f'{{"queue_name": "{entry.queue}", "queue_id": "{_quoted(entry.queue_id)}", "arrival_time": {entry.arrival_time}, '
            f'"message_size": {entry.size}, "forced_expire": {str(entry.forced_expire).lower()}, '
            f'"sender": "{_quoted(entry.sender)}", "recipients": [{recipients}]}}\n'
        )


def _recipient(address: str, reason: str) -> str:
    delay = f', "delay_reason": "{_quoted(reason)}"' if reason else ""
    return f'{{"address": "{_quoted(address)}"{delay}}}'


def _quoted(text: str) -> str:
    return printable("".join(_JSON_ESCAPES.get(char) or _visible(char) for char in text))


def _visible(char: str) -> str:
    return f"\\u{ord(char):04X}" if ord(char) < 32 or ord(char) == 127 else char
