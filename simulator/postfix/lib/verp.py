"""Variable envelope return paths: every recipient has a sender address of its own. postconf(5) default_verp_delimiters."""

from __future__ import annotations

from simulator.mail.address import split_address
from simulator.postfix.lib.queue_file import Recipient


def delimiters_ok(delimiters: str, allowed: str) -> bool:
    """Two characters out of postconf(5) verp_delimiter_filter?"""
    return len(delimiters) == 2 and all(char in allowed for char in delimiters)


def verp_sender(delimiters: str, sender: str, recipient: Recipient) -> str:
    """`owner+user=host@domain` for sender owner@domain and recipient user@host, as the recipient was before aliases."""
    local, domain = split_address(sender)
    user, host = split_address(recipient.orig_address or recipient.address)
    told = user if not host else f"{user}{delimiters[1]}{host}"
    address = f"{local}{delimiters[0]}{told}"
    return address if not domain else f"{address}@{domain}"
