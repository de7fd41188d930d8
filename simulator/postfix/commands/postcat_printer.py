"""What postcat(1) prints of a queue file: its records, as far as they belong to the wanted parts."""

from __future__ import annotations

import re
from collections.abc import Callable

from simulator.mail.date import ctime
from simulator.postfix.commands.command import Command
from simulator.postfix.commands.postcat_records import RECORD_NAMES, UNKNOWN, RecordReader
from simulator.postfix.lib import records
from simulator.postfix.lib.msg import Fatal
from simulator.postfix.lib.printable import is_header
from simulator.postfix.lib.records import BadRecord

_PARTS = frozenset("beh")
_TEXT = (records.CONTINUED, records.LINE)
_SIZE = re.compile(rb"\s*(-?\d+)(?:\s+(-?\d+))?")
_LEADING_NUMBER = re.compile(r"\s*(-?\d+)")
_LAST_SECOND = 2**37


def _time(text: str) -> str:
    """asctime(3) of the number that a text begins with."""
    found = _LEADING_NUMBER.match(text)
    seconds = int(found[1]) if found else 0
    return ctime(min(max(seconds, 0), _LAST_SECOND)) + "\n"


class Printer:
    """Prints files; what is printed of each depends on where in the message it is: "envelope", "header" or "body"."""

    def __init__(self, command: Command, letters: set[str], offset: int) -> None:
        self.command, self.msg = command, command.msg
        self.parts = letters & _PARTS or _PARTS
        self.letters, self.start_offset = letters, offset
        self.verbose = "v" in letters
        self.pending: list[str] = []
        self.state, self.previous = "envelope", ""
        self.data_offset = self.data_size = -1
        self.structure: dict[str, Callable[[bytes], bool]] = {
            records.MESSAGE: self.message,
            records.EXTRACTED: self.extracted,
            records.END: self.end,
            records.POINTER: self.pointer,
            records.SIZE: self.size,
        }

    # -- output: what is not flushed is lost when the program ends -----------------------------------------------------

    def put(self, text: str) -> None:
        """Print, into a buffer."""
        self.pending.append(text)

    def flush(self) -> None:
        """Let it be seen."""
        self.command.process.out("".join(self.pending))
        self.pending.clear()

    @property
    def prints(self) -> bool:
        """Is this part of the message wanted?"""
        return self.state[0] in self.parts

    def prefix(self, kind: str) -> str:
        """-o, -d."""
        offset = f"{self.reader.offset:9d} " if "o" in self.letters else ""
        return offset + (f"{ord(kind):3d} " if "d" in self.letters else "")

    def marker(self, kind: str, text: str) -> None:
        """`*** MESSAGE CONTENTS file ***`, if the envelope is wanted."""
        if "e" in self.parts:
            self.put(f"{self.prefix(kind)}*** {text} {self.reader.path} ***\n")
            self.flush()

    # -- files ----------------------------------------------------------------------------------------------------------

    def show(self, data: bytes, path: str, seekable: bool = True) -> None:
        """One file. Raises Fatal."""
        self.reader = RecordReader(data, path, seekable, self.verbose, self.msg.warning)
        offset = self.start_offset
        if not seekable and offset > len(data):
            raise Fatal(f"{path}: skip {offset} bytes failed after {len(data)}")
        if offset == 0 and data[:1] and data[:1].decode("latin-1") not in records.ENVELOPE_TYPES + "\0":
            self.msg.warning(f"{path}: input is not a valid queue file")
            return
        if offset == 0 and "e" in self.parts:
            self.put(f"*** ENVELOPE RECORDS {path} ***\n")
        self.state, self.previous = "envelope", ""
        self.data_offset = self.data_size = -1
        self.reader.start(offset)
        while (found := self.reader.next()) is not None:
            if not self.record(*found):
                return

    def record(self, kind: str, value: bytes) -> bool:
        """One record; False: nothing that follows is wanted. Raises Fatal."""
        if kind in _TEXT:
            if not self.text_state(value):
                return False
        elif kind in self.structure:
            return self.structure[kind](value)
        if self.prints:
            self.put(self.prefix(kind))
            self.plain(kind, value)
            self.flush()
        return True

    def skip_text(self) -> None:
        """Go to the end of the message text where its size is known. Raises Fatal."""
        if self.data_offset >= 0 and self.data_size >= 0:
            self.reader.seek(self.data_offset + self.data_size)

    def text_state(self, value: bytes) -> bool:
        """A line that is no header line begins the body."""
        text = value.decode("utf-8", "surrogateescape")
        in_header = self.state == "header" and self.parts & {"b", "h"} and self.previous != records.CONTINUED
        if not in_header or is_header(text) or text[:1] in (" ", "\t"):
            return True
        self.state = "body"
        if not self.prints:
            if "e" not in self.parts:
                return False
            self.skip_text()
        return True

    def message(self, value: bytes) -> bool:
        """The text begins."""
        if self.state != "envelope":
            self.msg.warning(f"{self.reader.path}: out-of-order message content marker")
        self.marker(records.MESSAGE, "MESSAGE CONTENTS")
        if not self.parts & {"b", "h"}:
            self.skip_text()
        self.state = "header"
        return True

    def extracted(self, value: bytes) -> bool:
        """The text has ended."""
        if self.state == "envelope":
            self.msg.warning(f"{self.reader.path}: out-of-order extracted segment marker")
        if self.prints and self.previous == records.CONTINUED:
            self.put("\n")
        self.marker(records.EXTRACTED, "HEADER EXTRACTED")
        self.state = "envelope"
        return self.prints

    def end(self, value: bytes) -> bool:
        """The file ends."""
        if self.state != "envelope":
            self.msg.warning(f"{self.reader.path}: out-of-order message end marker")
        self.marker(records.END, "MESSAGE FILE END")
        return "r" in self.letters

    def pointer(self, value: bytes) -> bool:
        """Seen with -v only: else the reader follows it."""
        self.structural(records.POINTER, value)
        if "r" not in self.letters and not self.reader.jump(value):
            raise Fatal("bad pointer record, or input is not seekable")
        return True

    def size(self, value: bytes) -> bool:
        """Where the text is, for those who do not want the envelope."""
        self.structural(records.SIZE, value)
        if self.data_size >= 0 or self.data_offset >= 0:
            self.msg.warning("file contains multiple size records")
            return True
        found = _SIZE.match(value)
        self.data_size = int(found[1]) if found else -1
        self.data_offset = int(found[2]) if found and found[2] else -1
        if self.data_offset <= 0 or self.data_size <= 0:
            self.msg.warning(f"invalid size record: {value[:100].decode('utf-8', 'surrogateescape')}")
        if "e" not in self.parts:
            self.reader.seek(max(self.data_offset, 0))
            self.state = "header"
        return True

    def structural(self, kind: str, value: bytes) -> None:
        """A record that has an effect, printed as others."""
        if self.prints:
            self.put(f"{self.prefix(kind)}{RECORD_NAMES[kind]}: {_c_string(value)}\n")
            self.flush()

    # -- records that are only printed ----------------------------------------------------------------------------------

    def plain(self, kind: str, value: bytes) -> None:
        """The record's name and value."""
        self.previous = kind
        text = value.decode("utf-8", "surrogateescape")
        name = RECORD_NAMES.get(kind, UNKNOWN)
        if kind in (records.TIME, records.WARN):
            self.put(f"{name}: {_time(text)}")
        elif kind == records.CONTINUED:
            self.continued(text)
        elif kind == records.LINE:
            self.put(f"{name}: {text}\n" if self.verbose else text + "\n")
        elif kind == records.ATTRIBUTE:
            self.attribute(name, value)
        else:
            self.put(f"{name}: {text if kind == records.PADDING else _c_string(value)}\n")

    def continued(self, text: str) -> None:
        """Text without an end of line; in an envelope the same letter means a filter."""
        in_envelope = self.state == "envelope"
        label = "content_filter: " if in_envelope else "unterminated_text: " if self.verbose else ""
        self.put(label + text)
        if in_envelope or self.verbose or "o" in self.letters:
            self.previous = ""
            self.put("\n")

    def attribute(self, label: str, value: bytes) -> None:
        """name=value"""
        try:
            name, text = records.split_attribute(value)
        except BadRecord as error:
            self.msg.warning(f"{self.reader.path}: malformed attribute: {error}: {value[:100].decode('utf-8', 'surrogateescape')}")
            return
        self.put(f"{name}: {_time(text)}" if name == "create_time" else f"{label}: {name}={text}\n")


def _c_string(value: bytes) -> str:
    return value.partition(b"\0")[0].decode("utf-8", "surrogateescape")
