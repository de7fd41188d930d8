"""The transcript that smtp(8) mails to the postmaster after a conversation in which something went wrong (notify_classes)."""

from __future__ import annotations

from collections.abc import Iterator

from simulator.postfix.lib.printable import line_wrap, printable

_WIDTH, _INDENT = 78, 4


def transcript(
    mail_name: str, protocol: str, name: str, history: list[str], sender: str, recipient: str, obsolete_from: bool = False
) -> Iterator[str]:
    """The lines of the notice, headers first."""
    if obsolete_from:
        yield f"From: {sender} (Mail Delivery System)"
        yield f"To: {recipient} (Postmaster)"
    else:
        yield f"From: Mail Delivery System <{sender}>"
        yield f"To: Postmaster <{recipient}>"
    yield f"Subject: {mail_name} {protocol.upper()} client: errors from {name}"
    yield ""
    yield f"Unexpected response from {name}."
    yield ""
    yield "Transcript of session follows."
    yield ""
    for line in history:
        yield from (f" {part}" for part in line_wrap(printable(line), _WIDTH, _INDENT))
    yield ""
    yield "For other details, see the local mail logfile"
