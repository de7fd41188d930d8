"""NAME
    posttls-finger - probe the TLS properties of an ESMTP or LMTP server

SYNOPSIS
    posttls-finger [options] [inet:]domain[:port] [match ...]

DESCRIPTION
    The real program connects to the mail exchangers of a domain and tells what a Postfix SMTP client sees of their TLS.
    It is not simulated here: `openssl s_client -starttls smtp` or `swaks --tls` show much of the same.

DIFFERS FROM POSTFIX
    It only says that it is not simulated.
"""

from __future__ import annotations

from simulator.unix.program import Process, program


@program("/usr/sbin/posttls-finger", package="postfix")
def main(process: Process) -> int:
    """Say so."""
    process.err("simulator: posttls-finger is not simulated\n")
    return 1
