"""The logs that bounce(8) keeps of the recipients of one message: bounce/QID, defer/QID, trace/QID in the spool.

Each entry is a line for humans and `name=value` lines between blank lines. showq(8), postcat(1) readers and the
notifications read them; a learner may look at them too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from simulator.mail.quoting import quote_822_local
from simulator.postfix.lib.delivery import Fate, Recipient
from simulator.postfix.lib.delivery_status import default_action
from simulator.postfix.lib.printable import printable

#: Status and action of entries that name none, by log.
_DEFAULTS: Final = {"defer": ("4.0.0", "delayed")}
_OTHER_DEFAULTS: Final = ("5.0.0", "failed")


@dataclass(frozen=True, slots=True)
class LogEntry:
    """What the log says of one recipient. Addresses are in quoted form."""

    address: str
    orig_address: str = ""
    dsn_orcpt: str = ""
    dsn_notify: int = 0
    offset: int = 0
    status: str = ""
    action: str = ""
    diagnostic_type: str = ""
    diagnostic_text: str = ""
    mta_type: str = ""
    mta_name: str = ""
    reason: str = ""

    @property
    def recipient(self) -> Recipient:
        return Recipient(self.address, self.orig_address, self.dsn_orcpt, self.dsn_notify, self.offset)


def encode_entry(recipient: Recipient, fate: Fate, compatible: bool = True) -> bytes:
    """The entry for a recipient. `compatible`: postconf(5) backwards_bounce_logfile_compatibility."""
    address = quote_822_local(recipient.address) if recipient.address else ""
    lines = [""]
    if compatible:
        lines.append(f"<{address}>: {fate.text}")
    lines.append(f"recipient={address or '<>'}")
    if recipient.orig_address and recipient.orig_address.casefold() != recipient.address.casefold():
        lines.append(f"original_recipient={quote_822_local(recipient.orig_address)}")
    pairs = (
        ("offset", str(recipient.offset or "")),
        ("dsn_orig_rcpt", recipient.dsn_orcpt),
        ("notify_flags", str(recipient.dsn_notify or "")),
        ("status", fate.dsn),
        ("action", default_action(fate)),
    )
    lines += [f"{name}={value}" for name, value in pairs if value]
    if all(fate.diagnostic):
        lines += [f"diag_type={fate.diagnostic[0]}", f"diag_text={fate.diagnostic[1]}"]
    if all(fate.mta):
        lines += [f"mta_type={fate.mta[0]}", f"mta_mname={fate.mta[1]}"]
    lines += [f"reason={fate.text}", "", ""]
    return "\n".join(lines).encode("utf-8", "surrogateescape")


_FIELDS: Final = {
    "recipient": "address",
    "original_recipient": "orig_address",
    "dsn_orig_rcpt": "dsn_orcpt",
    "status": "status",
    "action": "action",
    "diag_type": "diagnostic_type",
    "diag_text": "diagnostic_text",
    "mta_type": "mta_type",
    "mta_mname": "mta_name",
    "reason": "reason",
}


def decode_entries(data: bytes, log: str) -> list[LogEntry]:
    """All entries of a log (`log` is its queue: bounce, defer or trace). What makes no sense is skipped."""
    entries: list[LogEntry] = []
    values: dict[str, str] = {}
    for line in [*data.decode("utf-8", "surrogateescape").split("\n"), ""]:
        if line:
            _take(printable(line), values)
        elif values:
            entries.append(_entry(values, log))
            values = {}
    return entries


def _take(line: str, values: dict[str, str]) -> None:
    if line.startswith("<"):
        address, found, reason = line[1:].partition(">: ")
        if found:
            values.update(address=address or "(MAILER-DAEMON)", reason=reason.lstrip())
        return
    name, equals, value = line.partition("=")
    if not equals:
        return
    field = _FIELDS.get(name.strip(), name.strip())
    values[field] = value.strip() or ("(MAILER-DAEMON)" if field in ("address", "orig_address") else "")


def _entry(values: dict[str, str], log: str) -> LogEntry:
    status, action = _DEFAULTS.get(log, _OTHER_DEFAULTS)
    known = {field: values[field] for field in _FIELDS.values() if values.get(field)}
    numbers = {"dsn_notify": _number(values.get("notify_flags", "")), "offset": _number(values.get("offset", ""))}
    placeholders = {"address": "(recipient address unavailable)", "status": status, "action": action, "reason": "(description unavailable)"}
    return LogEntry(**(placeholders | known), **numbers)  # type: ignore[arg-type]


def _number(text: str) -> int:
    return int(text) if text.isdigit() else 0
