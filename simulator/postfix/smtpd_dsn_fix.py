"""Enhanced status codes that fit what is refused: a table may say 5.1.1 of a sender, yet RFC 3463 means recipients by it."""

from __future__ import annotations

SENDER = "Sender address"
RECIPIENT = "Recipient address"

#: Last digits of a 1.x code -> code for a sender, code for a recipient (RFC 3463 3.2).
_ADDRESS_CODES = {
    "1": ("4.1.7", "4.1.1"),
    "2": ("4.1.8", "4.1.2"),
    "3": ("4.1.7", "4.1.3"),
    "4": ("4.1.7", "4.1.4"),
    "5": ("4.1.0", "4.1.5"),
    "6": ("4.1.7", "4.1.6"),
    "7": ("4.1.7", "4.1.3"),
    "8": ("4.1.8", "4.1.2"),
}
_OTHER = ("4.1.0", "4.1.0")


def dsn_fix(code: str, reply_class: str) -> str:
    """The code for `reply_class`. The first digit of a changed code is that of the SMTP reply, so only the rest counts."""
    if code[1:4] != ".1.":
        return code
    sender, recipient = _ADDRESS_CODES.get(code[4:], _OTHER)
    return {SENDER: sender, RECIPIENT: recipient}.get(reply_class, "4.0.0")
