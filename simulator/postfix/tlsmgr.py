"""NAME
    tlsmgr - Postfix TLS session cache and PRNG manager

SYNOPSIS
    tlsmgr    unix  -       -       y       1000?   1       tlsmgr

DESCRIPTION
    Gives entropy to programs that speak TLS, and keeps their session caches and ticket keys. Without it smtpd(8) and smtp(8)
    offer no encryption.

DIFFERS FROM POSTFIX
    A modelled handshake needs no entropy, and sessions are remembered by the programs themselves: this service has nothing
    to do. It is asked for all the same, so that it is missed when it is not in master.cf.
"""

from __future__ import annotations

from typing import ClassVar

from simulator.postfix.daemon import Daemon


class Tlsmgr(Daemon):
    """The service tlsmgr."""

    program: ClassVar[str] = "tlsmgr"
    process_limit: ClassVar[int | None] = 1
    multi: ClassVar[bool] = True
