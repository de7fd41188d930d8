"""What the exit status of a delivery program means: sysexits.h, from 64 to 78."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class ExitDetail:
    """An enhanced status code (RFC 3463) and a text."""

    dsn: str
    text: str


EX_SOFTWARE: Final = 70
EX_OSERR: Final = 71
EX_IOERR: Final = 74
EX_TEMPFAIL: Final = 75

_DETAILS: Final[dict[int, ExitDetail]] = {
    64: ExitDetail("5.3.0", "command line usage error"),
    65: ExitDetail("5.6.0", "data format error"),
    66: ExitDetail("5.3.0", "cannot open input"),
    67: ExitDetail("5.1.1", "user unknown"),
    68: ExitDetail("5.1.2", "host name unknown"),
    69: ExitDetail("5.3.0", "service unavailable"),
    EX_SOFTWARE: ExitDetail("5.3.0", "internal software error"),
    EX_OSERR: ExitDetail("4.3.0", "system resource problem"),
    72: ExitDetail("5.3.0", "critical OS file missing"),
    73: ExitDetail("5.2.0", "can't create user output file"),
    EX_IOERR: ExitDetail("5.3.0", "input/output error"),
    EX_TEMPFAIL: ExitDetail("4.3.0", "temporary failure"),
    76: ExitDetail("5.5.0", "remote error in protocol"),
    77: ExitDetail("5.7.0", "permission denied"),
    78: ExitDetail("5.3.5", "local configuration error"),
}


def is_known(status: int) -> bool:
    """Is this one of the codes of sysexits.h?"""
    return status in _DETAILS


def exit_detail(status: int) -> ExitDetail:
    """What a status other than 0 stands for."""
    return _DETAILS.get(status) or ExitDetail("5.3.0", f"unknown mail system error {status}")
