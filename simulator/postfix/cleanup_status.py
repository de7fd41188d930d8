"""What clients of cleanup(8) may ask for, and what it answers: flags, status bits and their texts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

FLAG_BOUNCE: Final = 1 << 0
FLAG_FILTER: Final = 1 << 1
FLAG_HOLD: Final = 1 << 2
FLAG_DISCARD: Final = 1 << 3
FLAG_BCC_OK: Final = 1 << 4
FLAG_MAP_OK: Final = 1 << 5
FLAG_MILTER: Final = 1 << 6
FLAG_SMTP_REPLY: Final = 1 << 7
FLAG_SMTPUTF8: Final = 1 << 8
FLAG_AUTOUTF8: Final = 1 << 9
FLAG_FILTER_ALL: Final = FLAG_FILTER | FLAG_MILTER
#: For mail from outside, and for mail that Postfix itself makes or forwards.
FLAG_MASK_EXTERNAL: Final = FLAG_FILTER_ALL | FLAG_BCC_OK | FLAG_MAP_OK
FLAG_MASK_INTERNAL: Final = FLAG_MAP_OK
FLAG_MASK_EXTRA: Final = FLAG_HOLD | FLAG_DISCARD

STAT_OK: Final = 0
STAT_BAD: Final = 1 << 0
STAT_WRITE: Final = 1 << 1
STAT_SIZE: Final = 1 << 2
STAT_CONT: Final = 1 << 3
STAT_HOPS: Final = 1 << 4
STAT_RCPT: Final = 1 << 6
STAT_PROXY: Final = 1 << 7
STAT_DEFER: Final = 1 << 8
STAT_NOPERM: Final = 1 << 9
STAT_BARE_LF: Final = 1 << 16
MASK_CANT_BOUNCE: Final = STAT_BAD | STAT_WRITE | STAT_DEFER | STAT_RCPT
MASK_INCOMPLETE: Final = STAT_BAD | STAT_WRITE | STAT_SIZE | STAT_DEFER


@dataclass(frozen=True, slots=True)
class StatusDetail:
    """SMTP reply code, enhanced status code and text of a status bit."""

    status: int
    smtp: int
    dsn: str
    text: str


#: The worst first.
DETAILS: Final = (
    StatusDetail(STAT_DEFER, 451, "4.7.1", "service unavailable"),
    StatusDetail(STAT_PROXY, 451, "4.3.0", "queue file write error"),
    StatusDetail(STAT_BAD, 451, "4.3.0", "internal protocol error"),
    StatusDetail(STAT_RCPT, 550, "5.1.0", "no recipients specified"),
    StatusDetail(STAT_HOPS, 554, "5.4.0", "too many hops"),
    StatusDetail(STAT_SIZE, 552, "5.3.4", "message file too big"),
    StatusDetail(STAT_CONT, 550, "5.7.1", "message content rejected"),
    StatusDetail(STAT_WRITE, 451, "4.3.0", "queue file write error"),
    StatusDetail(STAT_NOPERM, 550, "5.7.1", "service denied"),
    StatusDetail(STAT_BARE_LF, 521, "5.5.2", "bare <LF> received"),
)
SUCCESS: Final = StatusDetail(STAT_OK, 250, "2.0.0", "Success")


def status_detail(status: int) -> StatusDetail:
    """The worst of what the bits say."""
    return next((detail for detail in DETAILS if status & detail.status), SUCCESS)


def status_text(status: int) -> str:
    """The same as text alone."""
    return status_detail(status).text


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answer of cleanup(8): 0 or status bits, the queue id, and a reason ("5.7.1 message content rejected") if it has one."""

    status: int
    queue_id: str
    reason: str = ""


#: postconf(5) receive_override_options: what each name switches off.
_TRANSPARENCY: Final = {
    "no_unknown_recipient_checks": 0,
    "no_address_mappings": FLAG_BCC_OK | FLAG_MAP_OK,
    "no_header_body_checks": FLAG_FILTER,
    "no_milters": FLAG_MILTER,
}


def input_transparency(options: str) -> int:
    """The flags that receive_override_options takes away. Raises Fatal for an unknown name."""
    from simulator.postfix.lib.name_mask import required_names

    mask = 0
    for name in required_names("receive_override_options", _TRANSPARENCY, options):
        mask |= _TRANSPARENCY[name]
    return mask
