"""The records that queue files and mail submissions consist of: one type letter, a length, the data.

The length is written in groups of seven bits, lowest first; the eighth bit says that more follows. A queue file is
envelope records, an `M`, the message as `N` and `L` records, an `X`, records that were extracted from the message, an `E`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

SIZE: Final = "C"
TIME: Final = "T"
CREATE_TIME: Final = "c"
FULL_NAME: Final = "F"
INSPECTOR: Final = "I"
FILTER: Final = "L"
FROM: Final = "S"
DONE: Final = "D"
RECIPIENT: Final = "R"
ORIGINAL_RECIPIENT: Final = "O"
CANCELED_RECIPIENT: Final = "/"
WARN: Final = "W"
ATTRIBUTE: Final = "A"
KILLED: Final = "K"
REDIRECT: Final = ">"
FLAGS: Final = "f"
MESSAGE: Final = "M"
CONTINUED: Final = "L"
LINE: Final = "N"
PADDING: Final = "w"
EXTRACTED: Final = "X"
RETURN_RECEIPT: Final = "r"
ERRORS_TO: Final = "e"
PRIORITY: Final = "P"
POINTER: Final = "p"
VERP: Final = "V"
DSN_RET: Final = "<"
DSN_ENVID: Final = "i"
DSN_ORCPT: Final = "o"
DSN_NOTIFY: Final = "n"
END: Final = "E"

#: What may stand in each part of a queue file; the first letter ends the part.
ENVELOPE_TYPES: Final = "MCTcFILSDRO/WVA>K<ion"
CONTENT_TYPES: Final = "XLNw"
EXTRACT_TYPES: Final = "EDRO/PreAFIL>Kon"
#: What postdrop(1) lets users write.
POST_ENVELOPE_TYPES: Final = "MFSRVAin"
POST_CONTENT_TYPES: Final = "XLN"
POST_EXTRACT_TYPES: Final = "EAR"

#: Attributes that stand for a record type of their own: an older Postfix can still read the file.
ATTRIBUTE_TYPES: Final[dict[str, str]] = {
    "dsn_orig_rcpt": DSN_ORCPT,
    "notify_flags": DSN_NOTIFY,
    "envelope_id": DSN_ENVID,
    "ret_flags": DSN_RET,
    "create_time": CREATE_TIME,
}

Record = tuple[str, bytes]
_MAX_LENGTH_BITS = 32


class BadRecord(ValueError):
    """The bytes are not a sequence of records. The text is that of Postfix's warning."""


def encode(kind: str, data: bytes = b"") -> bytes:
    """One record as bytes."""
    length = len(data)
    if length < 128:
        return bytes((ord(kind), length)) + data
    head = bytearray((ord(kind),))
    while length >= 128:
        head.append(length & 127 | 128)
        length >>= 7
    head.append(length)
    return bytes(head) + data


def encode_all(records: Iterable[Record]) -> bytes:
    """Several records as bytes."""
    return b"".join(encode(kind, data) for kind, data in records)


def decode(data: bytes, offset: int = 0, path: str = "") -> Iterator[tuple[int, str, bytes]]:
    """The records from `offset` on as (offset, type, data). Raises BadRecord at the place where the bytes make no sense."""
    end = len(data)
    while offset < end:
        start, kind = offset, data[offset]
        length, shift, offset = 0, 0, offset + 1
        while True:
            if shift >= _MAX_LENGTH_BITS:
                raise BadRecord(f"{path}: too many length bits, record type {kind}")
            if offset >= end:
                raise BadRecord(f"{path}: unexpected EOF reading length, record type {kind}")
            byte = data[offset]
            offset += 1
            length |= (byte & 127) << shift
            if byte < 128:
                break
            shift += 7
        if offset + length > end:
            raise BadRecord(f"{path}: unexpected EOF in data, record type {kind} length {length}")
        yield start, chr(kind), data[offset : offset + length]
        offset += length


def text_records(text: bytes, line_limit: int = 2048) -> list[Record]:
    """Message text as records: a record a line; a line longer than postconf(5) line_length_limit in several."""
    records: list[Record] = []
    lines = text.split(b"\n")
    unterminated = lines.pop()
    for line in lines:
        while len(line) > line_limit:
            records.append((CONTINUED, line[:line_limit]))
            line = line[line_limit:]
        records.append((LINE, line))
    while unterminated:
        records.append((CONTINUED, unterminated[:line_limit]))
        unterminated = unterminated[line_limit:]
    return records


def text_of(records: Iterable[Record]) -> bytes:
    """The message text that records hold; other types among them do not count."""
    parts: list[bytes] = []
    for kind, data in records:
        if kind == LINE:
            parts += (data, b"\n")
        elif kind == CONTINUED:
            parts.append(data)
    return b"".join(parts)


def split_attribute(data: bytes) -> tuple[str, str]:
    """Name and value of an `A` record ("name=value", blanks around both ignored). Raises BadRecord with Postfix's reason."""
    text = data.decode("utf-8", "surrogateescape")
    name, equals, value = text.partition("=")
    if not name.strip():
        raise BadRecord("missing attribute name")
    if not equals:
        raise BadRecord("missing '=' after attribute name")
    return name.strip(), value.strip()
