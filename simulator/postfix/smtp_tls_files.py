"""The files of smtp(8)'s side of TLS: trust anchors, and a certificate for servers that ask for one. Read at the process's start;
when one is missing or broken there is no TLS at all.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from cryptography import x509

from simulator.postfix.smtp_parameters import ClientParameters
from simulator.postfix.smtpd_tls_keys import KeyFiles, NoTls, load_anchors

Read = Callable[[str], bytes]
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """What a process has read."""

    anchors: tuple[x509.Certificate, ...] = ()
    chains: tuple[tuple[str, ...], ...] = ()

    @property
    def own_chain(self) -> tuple[str, ...]:
        """The client's certificate and its issuers (PEM); none without smtp_tls_cert_file."""
        return self.chains[0] if self.chains else ()

    def __deepcopy__(self, memo: object) -> TlsFiles:
        return self


def load_files(settings: ClientParameters, read: Read, warn: Say, info: Say) -> TlsFiles | None:
    """The files that main.cf names; None, after words in the log, when TLS cannot work with them."""
    files = KeyFiles(
        tuple(filter(None, re.split(r"[,\s]+", settings["tls_chain_files"]))),
        (settings["tls_cert_file"], settings["tls_key_file"]),
        (settings["tls_dcert_file"], settings["tls_dkey_file"]),
        (settings["tls_eccert_file"], settings["tls_eckey_file"]),
    )
    try:
        anchors = load_anchors(settings["tls_CAfile"], settings["tls_CApath"], read)
        return TlsFiles(anchors, tuple(files.load(read, warn).values()))
    except NoTls as trouble:
        if trouble.text:
            (info if trouble.info else warn)(trouble.text)
        for line in trouble.library:
            warn(f"TLS library problem: {line}")
        return None
