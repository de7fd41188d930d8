"""The lists and lookup tables of an smtpd(8) process: all are opened at its start, as root, before it goes into its chroot."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol

from simulator.postfix.lib.braces import list_words, unbrace
from simulator.postfix.lib.msg import Fatal
from simulator.postfix.lib.policy_client import PolicyServer
from simulator.postfix.lib.tables import AddressList, DomainList, Maps, StringList, TableContext, TableError
from simulator.postfix.lib.tables.flags import FOLD_FIX, LOCK
from simulator.postfix.smtpd_ehlo import parse_keywords
from simulator.postfix.smtpd_policy import policy_server

if TYPE_CHECKING:
    from simulator.postfix.lib.parameters import Parameters
    from simulator.postfix.smtpd_state import SmtpdState

_PLAIN = LOCK | FOLD_FIX
#: The restriction lists, in the order in which they are read.
RESTRICTION_LISTS = (
    "smtpd_client_restrictions", "smtpd_helo_restrictions", "smtpd_sender_restrictions", "smtpd_relay_restrictions",
    "smtpd_recipient_restrictions", "smtpd_etrn_restrictions", "smtpd_data_restrictions", "smtpd_end_of_data_restrictions",
)  # fmt: skip
#: A list without one of these would let everybody send mail to anywhere.
_REQUIRED = ("reject_unauth_destination", "defer_unauth_destination", "reject", "defer", "defer_if_permit", "check_relay_domains")
_LOGIN_MISMATCH = "reject_sender_login_mismatch"
_LOGIN_MISMATCH_PARTS = ("reject_authenticated_sender_login_mismatch", "reject_unauthenticated_sender_login_mismatch")
_RECIPIENT_MAPS = (
    "local_recipient_maps", "sender_canonical_maps", "recipient_canonical_maps", "canonical_maps", "virtual_alias_maps",
    "virtual_mailbox_maps", "relay_recipient_maps",
)  # fmt: skip


class _Changes(Protocol):
    def changed(self) -> str | None: ...


class SmtpdLists:
    """Opened once."""

    def __init__(self, params: Parameters, context: TableContext, checks: bool = True) -> None:
        """`checks`: also what decides who may do what. Raises Fatal."""
        self.params = params
        self.context = context
        self.access_maps: dict[str, Maps] = {}
        self.policy_servers: dict[str, PolicyServer] = {}
        self.restrictions: dict[str, list[str]] = {}
        self.classes: dict[str, list[str]] = {}
        self.recipient_maps: dict[str, Maps] = {}
        self.local_header_rewrite_clients: list[str] = []
        self._open_dialogue()
        if checks:
            self._open_checks()
            self._read_restrictions()

    def _open_dialogue(self) -> None:
        self.noop_commands = self._strings("smtpd_noop_commands")
        self.forbidden_commands = self._strings("smtpd_forbidden_commands")
        self.verp_clients = self.addresses("smtpd_authorized_verp_clients")
        self.xclient_hosts = self.addresses("smtpd_authorized_xclient_hosts")
        self.xforward_hosts = self.addresses("smtpd_authorized_xforward_hosts")
        self.event_limit_exceptions = self.addresses("smtpd_client_event_limit_exceptions")
        self.bare_newline_exclusions = self.addresses("smtpd_forbid_bare_newline_exclusions")
        self.login_exceptions = self.addresses("smtpd_sasl_exceptions_networks")
        self.mechanism_filter = self._strings("smtpd_sasl_mechanism_filter")
        self.command_filter = self._maps("smtpd_command_filter", _PLAIN)
        self.discard_keywords = parse_keywords(self.params["smtpd_discard_ehlo_keywords"])
        self.discard_keyword_maps = self._maps("smtpd_discard_ehlo_keyword_address_maps", LOCK)
        self.reject_footer_maps = self._maps("smtpd_reject_footer_maps", _PLAIN)

    def _open_checks(self) -> None:
        parents = re.split(r"[,\s]+", self.params["parent_domain_matches_subdomains"])
        self.access_parents = "smtpd_access_maps" in parents
        self.mynetworks = self.addresses("mynetworks")
        self.relay_domains = DomainList("relay_domains", self.params["relay_domains"], self.context)
        self.permit_mx_backup_networks = self.addresses("permit_mx_backup_networks")
        self.relay_clientcerts = self._maps("relay_clientcerts", _PLAIN)
        self.recipient_maps = {name: self._maps(name) for name in _RECIPIENT_MAPS}
        self.rbl_reply_maps = self._maps("rbl_reply_maps")
        self.sender_login_maps = self._maps("smtpd_sender_login_maps")
        self.permit_log = self._strings("smtpd_log_access_permit_actions")

    def _strings(self, name: str) -> StringList:
        return StringList(name, self.params[name], self.context)

    def addresses(self, name: str) -> AddressList:
        """A parameter that is a list of clients."""
        return AddressList(name, self.params[name], self.context)

    def _maps(self, name: str, flags: int | None = None) -> Maps:
        return Maps(name, self.params[name], self.context) if flags is None else Maps(name, self.params[name], self.context, flags)

    def tables(self) -> Iterable[_Changes]:
        """All that may change on disk."""
        yield from self.recipient_maps.values()
        yield from self.access_maps.values()
        yield from (
            self.relay_clientcerts, self.rbl_reply_maps, self.sender_login_maps, self.command_filter, self.discard_keyword_maps,
            self.reject_footer_maps, self.noop_commands, self.forbidden_commands, self.verp_clients, self.xclient_hosts,
            self.xforward_hosts, self.event_limit_exceptions, self.bare_newline_exclusions, self.mynetworks, self.relay_domains,
            self.permit_mx_backup_networks, self.login_exceptions, self.mechanism_filter, self.permit_log,
        )  # fmt: skip

    # -- restrictions ---------------------------------------------------------------------------------------------------

    def _read_restrictions(self) -> None:
        """Raises Fatal for a class without definition and for an open relay."""
        for name in RESTRICTION_LISTS:
            self.restrictions[name] = self._parse(self.params[name])
        for name in filter(None, re.split(r"[,\s]+", self.params["smtpd_restriction_classes"])):
            value = self.params.get(name)
            if not value:
                raise Fatal(f"restriction class `{name}' needs a definition")
            self.classes[name] = self._parse(value)
        self.classes[_LOGIN_MISMATCH] = list(_LOGIN_MISMATCH_PARTS)
        lists = ("smtpd_recipient_restrictions", "smtpd_relay_restrictions")
        if not any(self._has_required(self.restrictions[name]) for name in lists):
            example = ", ".join(_REQUIRED[:-1]) + f" or {_REQUIRED[-1]}"
            where = "smtpd_relay_restrictions or smtpd_recipient_restrictions"
            raise Fatal(f"in parameter {where}, specify at least one working instance of: {example}")
        self.local_header_rewrite_clients = self._parse(self.params["local_header_rewrite_clients"])

    def _parse(self, text: str) -> list[str]:
        """The words of a list; the tables and policy servers among them are opened."""
        words = list_words(text)
        for place, word in enumerate(words):
            if place and words[place - 1].lower() == "check_policy_service":
                if word not in self.policy_servers:
                    self.policy_servers[word] = policy_server(self.params, word)
            elif word.startswith("{") or ":" in word:
                self._open_access_map(word)
        return words

    def _open_access_map(self, word: str) -> None:
        if word.startswith("{"):
            inside, error = unbrace(word)
            found = list_words(inside) if not error else []
            if not found:
                return
            word = found[0]
        if word not in self.access_maps:
            self.access_maps[word] = Maps(word, word, self.context)

    def _has_required(self, words: list[str], depth: int = 0) -> bool:
        rest = iter(range(len(words)))
        for place in rest:
            word = words[place].lower()
            if word == "warn_if_reject" and place + 1 < len(words):
                next(rest)
            elif word == "permit":
                if place + 1 < len(words):
                    self.context.warn(f"restriction `{words[place + 1]}' after `{words[place]}' is ignored")
                return False
            elif word in _REQUIRED or (
                words[place] in self.classes and depth < len(self.classes) and self._has_required(self.classes[words[place]], depth + 1)
            ):
                return True
        return False

    # -- questions about a client ---------------------------------------------------------------------------------------

    def is_noop(self, word: str) -> bool:
        """postconf(5) smtpd_noop_commands. Nobody needs this so much that trouble with a table would matter."""
        return bool(_listed(self.noop_commands, word))

    def is_forbidden(self, word: str) -> bool:
        """postconf(5) smtpd_forbidden_commands."""
        return bool(_listed(self.forbidden_commands, word))

    def logs_permit(self, action: str) -> bool:
        """postconf(5) smtpd_log_access_permit_actions."""
        return bool(_listed(self.permit_log, action))

    def mechanism_allowed(self, name: str) -> bool:
        """postconf(5) smtpd_sasl_mechanism_filter."""
        return bool(_listed(self.mechanism_filter, name))

    def may_verp(self, state: SmtpdState) -> bool | None:
        """postconf(5) smtpd_authorized_verp_clients. None: a table does not answer."""
        return False if state.stand_alone else client_in(self.verp_clients, state)

    def hides_login(self, state: SmtpdState) -> bool | None:
        """postconf(5) smtpd_sasl_exceptions_networks. None: a table does not answer."""
        return client_in(self.login_exceptions, state)

    def discarded(self, address: str) -> frozenset[str] | None:
        """EHLO keywords that are not offered to a client. None: a table does not answer."""
        try:
            found = self.discard_keyword_maps.find(address)
        except TableError:
            return None
        return self.discard_keywords if found is None else parse_keywords(found)

    def footer(self, reply: str) -> str | None:
        """postconf(5) smtpd_reject_footer_maps, smtpd_reject_footer."""
        try:
            found = self.reject_footer_maps.find(reply)
        except TableError:
            found = None  # the footer of all replies does
        return found or self.params["smtpd_reject_footer"] or None


def client_in(clients: AddressList, state: SmtpdState) -> bool | None:
    """Is the client in the list? None: a table does not answer."""
    try:
        return clients.match(state.peer.name, state.peer.address)
    except TableError:
        return None


def _listed(names: StringList, word: str) -> bool | None:
    try:
        return names.match(word)
    except TableError:
        return None
