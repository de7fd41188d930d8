"""What smtpd(8) offers of TLS, read once at the start of a process: postconf(5) smtpd_tls_security_level and its kin, TLS_README."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from cryptography import x509

from simulator.net.tls import Service
from simulator.postfix.lib.msg import Fatal
from simulator.postfix.lib.parameters import Parameters
from simulator.postfix.smtp_tls import protocol_versions, valid_protocols
from simulator.postfix.smtpd_tls_keys import KeyFiles, NoTls, Read, Say, load_anchors

_LEVELS = ("none", "may", "encrypt")
#: Levels that make sense for a client only: the server takes them for "encrypt".
_STRONGER = ("fingerprint", "verify", "secure")


@dataclass(frozen=True, slots=True)
class TlsSettings:
    """What an smtpd(8) process offers. `engine` is None where STARTTLS is offered but cannot work."""

    offered: bool = False
    required: bool = False
    wrapped: bool = False
    ask: bool = False
    require_certificate: bool = False
    engine: Engine | None = None

    def __deepcopy__(self, memo: object) -> TlsSettings:
        return self


@dataclass(frozen=True, slots=True)
class Engine:
    """Certificates and trust anchors, loaded."""

    chains: dict[str, tuple[str, ...]]
    anchors: tuple[x509.Certificate, ...]
    versions: tuple[str, ...]
    ask: bool
    ticket_key: str

    def service(self) -> Service:
        """The server's side of a handshake."""
        return Service(self.chains.get("RSA", ()), self.chains.get("ECDSA", ()), self.versions, (), self.ask, self.ticket_key)


def load_settings(params: Parameters, read: Read, has_entropy: Callable[[], bool], warn: Say, info: Say, ticket_key: str) -> TlsSettings:
    """What main.cf says, and the certificates. Raises Fatal for an unknown level."""
    wrapped = params.bool("smtpd_tls_wrappermode")
    offered, required = _level(params, wrapped, warn)
    required = required or wrapped
    offered = offered or required
    if not offered:
        return TlsSettings()
    require = params.bool("smtpd_tls_req_ccert")
    ask = params.bool("smtpd_tls_ask_ccert") or (required and require)
    engine = None
    try:
        engine = _load_engine(params, required, ask, read, has_entropy, warn, ticket_key)
    except NoTls as trouble:
        if trouble.text:
            (info if trouble.info else warn)(trouble.text)
        for line in trouble.library:
            warn(f"TLS library problem: {line}")
    return TlsSettings(offered, required, wrapped, ask, required and require, engine)


def _level(params: Parameters, wrapped: bool, warn: Say) -> tuple[bool, bool]:
    """(offered, required) by smtpd_tls_security_level, or by the older smtpd_use_tls and smtpd_enforce_tls."""
    level = params["smtpd_tls_security_level"]
    if wrapped or not level:
        return params.bool("smtpd_use_tls"), params.bool("smtpd_enforce_tls")
    known = level.lower()
    if known in _STRONGER:
        warn(f'smtpd_tls_security_level: unsupported TLS level "{level}", using "encrypt"')
        return True, True
    if known not in _LEVELS:
        raise Fatal(f'Invalid TLS level "{level}"')
    return known != "none", known == "encrypt"


def _load_engine(params: Parameters, required: bool, ask: bool, read: Read, has_entropy: Callable[[], bool], warn: Say, ticket_key: str) -> Engine:
    """Raises NoTls."""
    none = params["smtpd_tls_cert_file"].lower() == "none"
    files = KeyFiles(
        tuple(filter(None, re.split(r"[, \t\r\n]+", params["smtpd_tls_chain_files"]))),
        ("" if none else params["smtpd_tls_cert_file"], params["smtpd_tls_key_file"]),
        (params["smtpd_tls_dcert_file"], params["smtpd_tls_dkey_file"]),
        (params["smtpd_tls_eccert_file"], params["smtpd_tls_eckey_file"]),
    )
    have = any(pair[0] for pair in (files.rsa, files.dsa, files.ecdsa))
    if files.chain_files and have:
        warn(
            "Both smtpd_tls_chain_files and one or more of the legacy  smtpd_tls_cert_file, smtpd_tls_eccert_file or "
            "smtpd_tls_dcert_file are non-empty; the legacy  parameters will be ignored"
        )
    have = have or bool(files.chain_files)
    if not have and ask:
        warn("Need a server cert to request client certs")
    if not required and params.bool("smtpd_tls_req_ccert"):
        warn("Can't require client certs unless TLS is required")
    if not have and (not none or ask):
        raise NoTls("No server certs available. TLS won't be enabled")
    text = params["smtpd_tls_mandatory_protocols" if required else "smtpd_tls_protocols"]
    versions = protocol_versions(text)
    if not valid_protocols(text):
        raise NoTls(f'Invalid TLS protocol list "{text}": disabling TLS support')
    if not has_entropy():
        raise NoTls("no entropy for TLS key generation: disabling TLS support")
    anchors = load_anchors(params["smtpd_tls_CAfile"], params["smtpd_tls_CApath"], read)
    return Engine(files.load(read, warn), anchors, versions, ask, ticket_key)
