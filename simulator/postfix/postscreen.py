"""NAME
    postscreen - Postfix zombie blocker

SYNOPSIS
    smtp      inet  n       -       y       -       1       postscreen

DESCRIPTION
    Looks at clients before smtpd(8) does: POSTSCREEN_README.

DIFFERS FROM POSTFIX
    It is not simulated. A service that is set up for it in master.cf does not start, and says so in the log; use smtpd(8).
"""

from __future__ import annotations

from typing import ClassVar

from simulator.postfix.daemon import Daemon


class Postscreen(Daemon):
    """The service that is not there."""

    program: ClassVar[str] = "postscreen"
    process_limit: ClassVar[int | None] = 1

    def start(self) -> None:
        self.fatal("simulator: postscreen(8) is not simulated; use smtpd in master.cf")
