"""Dates as mail shows them: RFC 5322 3.3. All hosts of a lab live in UTC."""

from __future__ import annotations

import time


def mail_date(when: float) -> str:
    """`Tue, 24 Nov 2026 13:24:49 +0000 (UTC)`: in Date and Received headers that Postfix writes."""
    moment = time.gmtime(when)
    return time.strftime("%a, ", moment) + str(moment.tm_mday) + time.strftime(" %b %Y %H:%M:%S +0000 (UTC)", moment)


def ctime(when: float) -> str:
    """`Tue Nov 24 13:24:49 2026`: the From_ line of a mailbox, asctime(3)."""
    return time.asctime(time.gmtime(when))
