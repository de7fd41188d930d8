"""How a lookup table is opened: the DICT_FLAG_... of dict(3), and their names as log lines show them."""

from __future__ import annotations

from typing import Final

DUP_WARN: Final = 1 << 0
DUP_IGNORE: Final = 1 << 1
TRY0NULL: Final = 1 << 2
TRY1NULL: Final = 1 << 3
#: Keys are fixed texts: partial addresses and parent domains make sense.
FIXED: Final = 1 << 4
#: Keys are patterns: only complete names are looked up.
PATTERN: Final = 1 << 5
LOCK: Final = 1 << 6
DUP_REPLACE: Final = 1 << 7
NO_REGSUB: Final = 1 << 11
NO_PROXY: Final = 1 << 12
NO_UNAUTH: Final = 1 << 13
FOLD_FIX: Final = 1 << 14
FOLD_MUL: Final = 1 << 15
BULK_UPDATE: Final = 1 << 17
UTF8_REQUEST: Final = 1 << 19
SRC_RHS_IS_FILE: Final = 1 << 21

#: What a table for security-sensitive data asks for, such as alias_maps: no $1, no proxy, nothing unauthenticated.
PARANOID: Final = NO_REGSUB | NO_PROXY | NO_UNAUTH
#: How most parameters of the form ..._maps are opened.
MAPS: Final = LOCK | FOLD_FIX | UTF8_REQUEST
#: What makes one open table another than the next, for proxymap(8); the rest is how it is asked.
INSTANCE: Final = ~(
    FIXED | PATTERN | FOLD_FIX | FOLD_MUL | LOCK | DUP_REPLACE | DUP_WARN | DUP_IGNORE | PARANOID | UTF8_REQUEST
)

_NAMES: Final = (
    (DUP_WARN, "warn_dup"),
    (DUP_IGNORE, "ignore_dup"),
    (TRY0NULL, "try0null"),
    (TRY1NULL, "try1null"),
    (FIXED, "fixed"),
    (PATTERN, "pattern"),
    (LOCK, "lock"),
    (DUP_REPLACE, "replace"),
    (NO_REGSUB, "no_regsub"),
    (NO_PROXY, "no_proxy"),
    (NO_UNAUTH, "no_unauth"),
    (FOLD_FIX, "fold_fix"),
    (FOLD_MUL, "fold_mul"),
    (BULK_UPDATE, "bulk_update"),
    (UTF8_REQUEST, "utf8_request"),
    (SRC_RHS_IS_FILE, "src_rhs_is_file"),
)


def flags_text(flags: int) -> str:
    """`lock|fold_fix|utf8_request`."""
    return "|".join(name for bit, name in _NAMES if flags & bit)
