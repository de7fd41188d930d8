"""Values that are the content of files: `postmap -F`, tls_server_sni_maps. dict_file(3)."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING

from simulator.mail.message import decode, encode
from simulator.postfix.lib.logical_lines import clip, tokens

if TYPE_CHECKING:
    from simulator.postfix.lib.tables.context import TableContext


class BadValue(Exception):
    """The text says what is wrong with a value."""


def file_to_base64(context: TableContext, names: str) -> str:
    """The files that a value names, as one BASE64 text. Raises BadValue."""
    paths = tokens(names)
    if not paths:
        raise BadValue(f"empty pathname list: >>{names}<<'")
    parts = []
    for path in paths:
        try:
            parts.append(context.fs.read(context.path(path), context.cred))
        except IsADirectoryError as error:
            raise BadValue(f"read {path}: {error.strerror}") from None
        except OSError as error:
            raise BadValue(f"open {path}: {error.strerror}") from None
    return base64.b64encode(b"\n".join(parts)).decode()


def base64_to_text(value: str) -> str:
    """The content back. Raises BadValue."""
    try:
        return decode(base64.b64decode(encode(value), validate=True))
    except binascii.Error:
        raise BadValue(f"malformed BASE64 value: {clip(value, 30)}") from None
