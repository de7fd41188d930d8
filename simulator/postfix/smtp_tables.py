"""The lookup tables and certificate files of a process of smtp(8), opened at its start."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from simulator.mail.quoting import unquote_822_local
from simulator.net import certificates
from simulator.postfix.lib.delivery import DeliveryRequest
from simulator.postfix.lib.mail_addr_map import NotAnAddress, map_address
from simulator.postfix.lib.tables import Maps, StringList, TableContext, TableError, mail_addr_find
from simulator.postfix.lib.tables.flags import LOCK, MAPS
from simulator.postfix.smtp_chat import StreamTrouble
from simulator.postfix.smtp_filter import BODY_CHECKS, PARAMETERS, Checks
from simulator.postfix.smtp_parameters import ClientParameters
from simulator.postfix.smtp_session import SmtpSession
from simulator.postfix.smtp_tls_policy import LookupProblem, Policy
from simulator.unix.fs import ROOT

if TYPE_CHECKING:
    from cryptography import x509

    from simulator.postfix.daemon import Changeable
    from simulator.postfix.smtp import Smtp


class PolicyTable:
    """smtp_tls_policy_maps as `Policies` asks it."""

    def __init__(self, maps: Maps) -> None:
        self.maps = maps

    def find(self, key: str) -> str | None:
        """Raises LookupProblem."""
        try:
            return self.maps.find(key)
        except TableError as error:
            raise LookupProblem(str(error)) from error


class ClientTables:
    """All tables of one process."""

    def __init__(self, daemon: Smtp, settings: ClientParameters) -> None:
        self.daemon = daemon
        self.settings = settings
        self.context = TableContext(daemon.host, ROOT, daemon.params, daemon.log.warning, daemon.program, daemon.log.error)
        self._maps: list[Maps] = []
        policy = self._open("tls_policy_maps", MAPS)
        per_site = self._open("tls_per_site", MAPS)
        self.tls_policy = PolicyTable(policy) if policy else None
        self.tls_per_site = PolicyTable(per_site) if per_site else None
        self.passwords = self._passwords()
        self.ehlo_maps = self._open("discard_ehlo_keyword_address_maps", LOCK)
        self.generic_maps = self._open("generic_maps", MAPS)
        self.propagate = "generic" in daemon.params["propagate_unmatched_extensions"].replace(",", " ").split()
        self.mechanisms = self._list("sasl_mechanism_filter") if settings.bool("sasl_auth_enable") else None
        self.cached_destinations = self._list("connection_cache_destinations")
        self.checks = self._checks()

    def _open(self, name: str, flags: int) -> Maps | None:
        value = self.settings[name]
        if not value.strip():
            return None
        maps = Maps(self.settings.of(name), value, self.context, flags)
        self._maps.append(maps)
        return maps

    def _list(self, name: str) -> StringList | None:
        value = self.settings[name]
        return StringList(self.settings.of(name), value, self.context) if value.strip() else None

    def all(self) -> Iterator[Changeable]:
        """What may change on disk."""
        yield from self._maps

    def _checks(self) -> Checks:
        headers = {block: maps for block, name in PARAMETERS.items() if (maps := self._open(name, LOCK)) is not None}
        return Checks(headers, self._open(BODY_CHECKS, LOCK))

    # Passwords

    def _passwords(self) -> Maps | None:
        if not self.settings.bool("sasl_auth_enable"):
            return None
        if not self.settings["sasl_password_maps"].strip():
            name = self.settings.of("sasl_password_maps")
            self.daemon.fatal(f"specify a password table via the `{name}' configuration parameter")
        return self._open("sasl_password_maps", MAPS)

    def password(self, request: DeliveryRequest, session: SmtpSession) -> tuple[str, str] | None:
        """`user:password` for the sender, the server's name or the destination. Raises StreamTrouble."""
        if self.passwords is None:
            return None
        try:
            value = self._sender_password(request.sender) or self.passwords.find(session.server.host) or self.passwords.find(session.destination)
        except TableError:
            self.daemon.log.warning(f"{request.queue_id}: {self.settings.of('sasl_password_maps')} lookup error")
            raise StreamTrouble("data") from None
        if value is None:
            return None
        user, _, password = value.partition(":")
        return user, password

    def _sender_password(self, sender: str) -> str | None:
        assert self.passwords is not None
        if self.daemon.protocol != "smtp" or not self.daemon.params.bool("smtp_sender_dependent_authentication") or not sender:
            return None
        found = mail_addr_find(self.passwords, sender)
        return found[0] if found else None

    # Others

    def ehlo_discard(self, address: str) -> str:
        """smtp_discard_ehlo_keywords for a server. Raises StreamTrouble."""
        if self.ehlo_maps is not None:
            try:
                found = self.ehlo_maps.find(address)
            except TableError:
                raise StreamTrouble("data") from None
            if found is not None:
                return found
        return self.settings["discard_ehlo_keywords"]

    def generic(self, address: str) -> str:
        """smtp_generic_maps. A table that cannot be read is fatal: the address must not get out."""
        assert self.generic_maps is not None
        title = self.settings.of("generic_maps")
        try:
            found = map_address(self.daemon, self.generic_maps, address, self.propagate)
        except (TableError, NotAnAddress):
            self.daemon.fatal(f"{title} map lookup problem for {address}")
        if not found:
            return address
        if len(found) > 1:
            self.daemon.log.warning(f"multi-valued {title} result for {address}")
        return unquote_822_local(found[0])

    # Certificates

    def _read(self, path: str) -> str | None:
        try:
            return self.daemon.fs.read(path).decode("utf-8", "replace")
        except OSError:
            return None

    def trust_anchors(self, policy: Policy, chain: tuple[str, ...]) -> list[x509.Certificate]:
        """What a server's chain is checked against."""
        files = policy.tafile or tuple(self.settings["tls_trust_anchor_file"].replace(",", " ").split())
        if files and policy.level in ("verify", "secure"):
            return [one for path in files for one in certificates.load_bundle(self._read(path) or "")]
        directory = self.settings["tls_CApath"]
        found = list(self.daemon.tls_files.anchors) if self.daemon.tls_files is not None else []
        if directory:
            found += certificates.directory_anchors(self._read, self.daemon.chroot + directory, chain)
        return found
