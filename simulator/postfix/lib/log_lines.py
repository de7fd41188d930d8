"""The texts of log lines that several daemons share, one function a line. A daemon's own texts stand in its module."""

from __future__ import annotations

import re
from typing import Final

from simulator.mail.quoting import quote_822_local
from simulator.postfix.lib.delivery import Recipient, Stamps

_MILLION: Final = 1_000_000
#: Addresses that need no quotes; most do not.
_PLAIN_ADDRESS: Final = re.compile(r"[A-Za-z0-9]+(?:\.[A-Za-z0-9]+)*(?:@[A-Za-z0-9.]*)?")


def pretty_seconds(duration: float, significant: int = 2, decimals: int = 2) -> str:
    """A delay with few digits: "0.01", "3.1", "40" (postconf(5) delay_logging_resolution_limit: `decimals`)."""
    if duration < 0.5 / 10**decimals:
        return "0"
    microseconds = round(duration * _MILLION)
    seconds, rest = divmod(microseconds, _MILLION)
    resolution, width = _MILLION // 10**decimals, 10**significant
    if resolution < _MILLION:
        if seconds > 0:
            scale = 1
            while seconds >= scale and scale <= width // 10:
                scale *= 10
            resolution = _MILLION // width * scale
        else:
            while rest >= width * resolution:
                resolution *= 10
    if resolution > 1:
        rest += resolution // 2
        if rest >= _MILLION:
            seconds, rest = seconds + 1, rest - _MILLION
    if rest < resolution:
        return str(seconds)
    digits, unit = "", _MILLION // 10
    while rest >= resolution and unit > 0:
        digits += str(rest // unit)
        rest, unit = rest % unit, unit // 10
    return f"{seconds}.{digits}"


def log_address(address: str, form: str = "external") -> str:
    """An address as log lines show it: postconf(5) info_log_address_format."""
    if form == "internal" or not address or _PLAIN_ADDRESS.fullmatch(address):
        return address
    return quote_822_local(address)


def delays(stamps: Stamps, now: float, decimals: int) -> str:
    """`delay=0.02, delays=0.01/0/0/0.01`: total; before, in and after the queue manager; connecting, delivering."""
    end = stamps.deliver_done or now
    before = queued = connecting = delivering = 0.0
    if not stamps.active_arrival:
        before = end - stamps.incoming_arrival
    else:
        before = stamps.active_arrival - stamps.incoming_arrival
        queued = (stamps.agent_handoff or end) - stamps.active_arrival
        if stamps.agent_handoff:
            connecting = stamps.conn_setup_done - stamps.agent_handoff if stamps.conn_setup_done else 0.0
            delivering = end - (stamps.conn_setup_done or stamps.agent_handoff)
    total = pretty_seconds(end - stamps.incoming_arrival, decimals=decimals)
    parts = "/".join(pretty_seconds(part, decimals=decimals) for part in (before, queued, connecting, delivering))
    return f"delay={total}, delays={parts}"


def delivery_head(queue_id: str, recipient: Recipient, relay: str, form: str) -> str:
    """What the line about a recipient's fate begins with."""
    line = f"{queue_id}: to=<{log_address(recipient.address, form)}>"
    if recipient.orig_address and recipient.address.casefold() != recipient.orig_address.casefold():
        line += f", orig_to=<{log_address(recipient.orig_address, form)}>"
    return f"{line}, relay={relay}"


def delivery(
    queue_id: str, recipient: Recipient, relay: str, stamps: Stamps, now: float, dsn: str, status: str, text: str, form: str, decimals: int
) -> str:
    """The one line that tells a recipient's fate."""
    line = delivery_head(queue_id, recipient, relay, form)
    if stamps.reuse_count:
        line += f", conn_use={stamps.reuse_count + 1}"
    return f"{line}, {delays(stamps, now, decimals)}, dsn={dsn}, status={status} ({text})"


def queue_active(queue_id: str, sender: str, size: int, recipients: int, queue: str) -> str:
    """qmgr(8) has opened a message."""
    return f"{queue_id}: from=<{sender}>, size={size}, nrcpt={recipients} (queue {queue})"


def removed(queue_id: str) -> str:
    """qmgr(8) or postsuper(1) has removed a message."""
    return f"{queue_id}: removed"


def table_changed(table: str) -> str:
    """A daemon ends because a lookup table is a newer one."""
    return f"table {table} has changed -- restarting"


def connect_failed(attempt: int, where: str, reason: str) -> str:
    """A service of master.cf cannot be reached: mail_connect_wait(3)."""
    return f"connect #{attempt} to subsystem {where}: {reason}"


def premature_end(path: str) -> str:
    """A service ended before it had answered: attr_scan(3)."""
    return f"premature end-of-input on {path} socket while reading input attribute name"


def requires_limit(service: str, limit: int) -> str:
    """A program with one process or any number of them finds another limit in master.cf."""
    return f"service {service} requires a process limit of {limit}"


def requires_privilege(service: str) -> str:
    """A program that must start as root does not."""
    return f"service {service} requires privileged operation"


def legacy(what: str) -> str:
    """An old default is in force because of compatibility_level, and it made a difference: COMPATIBILITY_README."""
    return f"using backwards-compatible default setting {what}"
