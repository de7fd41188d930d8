"""From an address to transport, next hop and recipient: the resolver of trivial-rewrite(8)."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from simulator.mail.address import QSTRING, Token, internalize, scan
from simulator.mail.quoting import quote_822_local
from simulator.postfix.lib.mailhost import is_address, is_address_literal, is_utf8_host_name
from simulator.postfix.lib.resolve_reply import (
    CLASS_ALIAS,
    CLASS_DEFAULT,
    CLASS_LOCAL,
    CLASS_RELAY,
    CLASS_VIRTUAL,
    FLAG_ERROR,
    FLAG_FAIL,
    FLAG_ROUTED,
    Resolved,
)
from simulator.postfix.lib.tables import DomainList, Maps, StringList, TableError, mail_addr_find
from simulator.postfix.trivial_rewrite_transport import TransportTable

if TYPE_CHECKING:
    from simulator.postfix.daemon import Changeable
    from simulator.postfix.trivial_rewrite import TrivialRewrite

_CACHE_SIZE = 4096
#: What decided, for the trace: (parameter, key, value).
Cause = tuple[tuple[str, str, str], ...]


#: The recipient of an answer that ended while mydestination was searched; qmgr(8) shows it, and mailq does.
_NO_RECIPIENT = "NEXTRCPT NOT UPDATED"


class _Failure(Exception):
    """A table did not answer: the request ends with FLAG_FAIL. `recipient` is the answer's recipient if it is not the address asked for."""

    def __init__(self, recipient: str = "") -> None:
        super().__init__(recipient)
        self.recipient = recipient


@functools.lru_cache(maxsize=32)
def _answers(identity: tuple[object, ...], prefix: str) -> dict[tuple[str, str], Resolved]:
    """Answers that follow from the parameters alone, for all processes that have read the same ones."""
    return {}


class Resolver:
    """The rules of one set of parameters: the regular ones, or those with the prefix `address_verify_` for probes."""

    def __init__(self, daemon: TrivialRewrite, prefix: str) -> None:
        self.daemon = daemon
        self.prefix = prefix
        params, context = daemon.params, daemon.table_context
        self.local_domains = context.local_domains
        self.alias_domains = StringList("virtual_alias_domains", params["virtual_alias_domains"], context)
        self.mailbox_domains = StringList("virtual_mailbox_domains", params["virtual_mailbox_domains"], context)
        self.relay_domains = DomainList("relay_domains", params["relay_domains"], context)
        self.relocated = Maps("relocated_maps", params["relocated_maps"], context)
        self.sender_relayhost = self._maps("sender_dependent_relayhost_maps")
        self.sender_transport = self._maps("sender_dependent_default_transport_maps")
        self.transports = TransportTable(daemon, prefix + "transport_maps")
        self.helpful = params.bool("helpful_warnings")
        self.cacheable = not self._has_tables()
        self.cache = _answers(params.identity, prefix) if self.cacheable else {}

    def _maps(self, name: str) -> Maps:
        name = self.prefix + name
        return Maps(name, self.daemon.params[name], self.daemon.table_context, no_regsub=True)

    def _has_tables(self) -> bool:
        params = self.daemon.params
        lists = ("mydestination", "virtual_alias_domains", "virtual_mailbox_domains", "relay_domains")
        maps = ("transport_maps", "sender_dependent_relayhost_maps", "sender_dependent_default_transport_maps")
        return any(":" in params[name] or "/" in params[name] for name in lists) or any(
            params[name] for name in ("relocated_maps", *(self.prefix + name for name in maps))
        )

    def tables(self) -> Iterable[Changeable]:
        """Everything that may change on disk."""
        yield from (self.local_domains, self.alias_domains, self.mailbox_domains, self.relay_domains)
        yield from (self.relocated, self.sender_relayhost, self.sender_transport, self.transports)

    # -- the answer -----------------------------------------------------------------------------------------------------

    def resolve(self, sender: str, address: str) -> Resolved:
        """Transport, next hop, recipient and flags."""
        if self.cacheable:
            found = self.cache.get((sender, address))
            if found is not None:
                return found
        warnings = self.daemon.log.warnings
        try:
            answer = self._resolve(sender, address)
        except _Failure as failure:
            return Resolved("", "", failure.recipient or address, FLAG_FAIL)
        # What has to be said is said each time.
        if self.cacheable and warnings == self.daemon.log.warnings:
            if len(self.cache) >= _CACHE_SIZE:
                self.cache.clear()
            self.cache[(sender, address)] = answer
        return answer

    def _resolve(self, sender: str, address: str) -> Resolved:
        recipient, is_local = self._recipient(address)
        domain = recipient.rpartition("@")[2]
        flags = self._syntax_flags(recipient, domain)
        if flags & FLAG_ERROR and not domain.startswith("[") and self._is_numeric(domain):
            recipient, domain, flags = f"{recipient[: -len(domain)]}[{domain}]", f"[{domain}]", 0
            is_local = is_local or self._is_local(domain)
        if flags & FLAG_ERROR:
            return Resolved("", "", recipient, flags | CLASS_DEFAULT)
        if _routed(recipient, domain):
            flags |= FLAG_ROUTED
        answer = self._by_class(sender, recipient, domain, is_local)
        if not answer.flags & CLASS_ALIAS:
            answer = self._by_table(answer, domain)
        answer = self._moved(answer)
        if recipient.startswith("-") and not self.daemon.params.bool("allow_min_user"):
            flags |= FLAG_ERROR
        return replace(answer, flags=answer.flags | flags)

    # -- which domain is it ---------------------------------------------------------------------------------------------

    def _recipient(self, address: str) -> tuple[str, bool]:
        """The address in user@domain form, all local domains stripped but the last; is it local?"""
        tokens = scan(quote_822_local(address))
        domain: list[Token] = []
        for _ in range(len(address) + 100):
            tokens = self._without_dots(tokens)
            at = _last(tokens, "@")
            if at >= 0:
                if at < len(tokens) - 1 and not self._is_local(internalize(tokens[at + 1 :])):
                    return internalize(tokens), False
                domain, tokens = tokens[at:], tokens[:at]
            routed = self._routed_inside(tokens)
            if routed is not None:
                tokens = self.daemon.rewrite_tokens("local", routed)
                continue
            if not tokens or (len(tokens) == 1 and tokens[0].kind == QSTRING and not tokens[0].text):
                tokens = scan(self.daemon.params["empty_address_recipient"])
                continue
            if not domain:
                tokens = [*tokens, Token("@"), *scan(self.daemon.params["myhostname"])]
                continue
            return internalize([*tokens, *domain]), True
        self.daemon.log.warning(f"resolve_addr: <{address}>: giving up after {len(address) + 100} iterations")
        raise _Failure

    def _without_dots(self, tokens: list[Token]) -> list[Token]:
        if len(tokens) > 1 and tokens[-1].kind == "." and _last(tokens, "@") >= 0 and tokens[-2].kind not in ".@":
            tokens = tokens[:-1]
        if tokens and tokens[-1].kind == "@" and self.daemon.params.bool("resolve_null_domain"):
            tokens = tokens[:-1]
        return tokens

    def _routed_inside(self, tokens: list[Token]) -> list[Token] | None:
        """The local part as an address of its own, when it contains a route: user%host, site!user, "user@host"."""
        daemon = self.daemon
        kinds = "@" + "!" * daemon.swap_bangpath + "%" * daemon.percent_hack
        if any(token.kind in kinds for token in tokens if len(token.kind) == 1):
            return tokens
        if len(tokens) != 1 or tokens[0].kind != QSTRING or not daemon.params.bool("resolve_dequoted_address"):
            return None
        local = tokens[0].text
        for operator in "@" + "%" * daemon.percent_hack + "!" * daemon.swap_bangpath:
            place = local.rfind(operator)
            if place >= 0 and operator != "!":
                return scan(quote_822_local(f"{local[:place]}@{local[place + 1 :]}"))
            if place >= 0:
                return scan(local)
        return None

    def _is_local(self, domain: str) -> bool:
        try:
            return self.local_domains.match(domain)
        except TableError as error:
            raise _Failure(_NO_RECIPIENT) from error

    def _syntax_flags(self, recipient: str, domain: str) -> int:
        if domain.startswith("["):
            return 0 if is_address_literal(domain) else FLAG_ERROR
        smtputf8 = self.daemon.params.bool("smtputf8_enable")
        return 0 if is_utf8_host_name(domain, smtputf8) else FLAG_ERROR

    def _is_numeric(self, domain: str) -> bool:
        return self.daemon.params.bool("resolve_numeric_domain") and is_address(domain)

    # -- which class ----------------------------------------------------------------------------------------------------

    def _in(self, domains: Any, name: str, domain: str) -> bool:
        try:
            return bool(domains.match(domain))
        except TableError as error:
            self.daemon.log.warning(f"{name} lookup failure")
            raise _Failure from error

    def _by_class(self, sender: str, recipient: str, domain: str, is_local: bool) -> Resolved:
        params = self.daemon.params
        if is_local:
            self._nag("mydestination", domain, ("virtual_alias_domains", "virtual_mailbox_domains"))
            return self._via("local_transport", domain, (), recipient, CLASS_LOCAL)
        if self._in(self.alias_domains, "virtual_alias_domains", domain):
            self._nag("virtual_alias_domains", domain, ("virtual_mailbox_domains", "relay_domains"))
            where = " in virtual alias table" if params.bool("show_user_unknown_table_name") else ""
            return Resolved("error", f"5.1.1 User unknown{where}", recipient, CLASS_ALIAS, (("virtual_alias_domains", domain, ""),))
        if self._in(self.mailbox_domains, "virtual_mailbox_domains", domain):
            self._nag("virtual_mailbox_domains", domain, ("relay_domains",))
            return self._via("virtual_transport", domain, (), recipient, CLASS_VIRTUAL)
        if self._in(self.relay_domains, "relay_domains", domain):
            return self._via("relay_transport", *self._relayhost(sender, domain), recipient, CLASS_RELAY)
        override = self._for_sender(self.sender_transport, "sender_dependent_default_transport_maps", sender)
        nexthop, why = self._relayhost(sender, domain)
        if override:
            return self._split(self.prefix + "sender_dependent_default_transport_maps", override, nexthop, why, recipient, CLASS_DEFAULT)
        return self._via("default_transport", nexthop, why, recipient, CLASS_DEFAULT)

    def has_class(self, domain: str) -> bool:
        """Is the domain in an address class with an explicit list (or is that unknown): resolve_class(3)?"""
        try:
            return any(one.match(domain) for one in (self.local_domains, self.alias_domains, self.mailbox_domains, self.relay_domains))
        except TableError:
            return True

    def _nag(self, listed: str, domain: str, others: tuple[str, ...]) -> None:
        if not self.helpful:
            return
        lists: dict[str, StringList | DomainList] = {
            "virtual_alias_domains": self.alias_domains,
            "virtual_mailbox_domains": self.mailbox_domains,
            "relay_domains": self.relay_domains,
        }
        for other in others:
            try:
                doubled = lists[other].match(domain)
            except TableError:
                continue
            if doubled:
                self.daemon.log.warning(f"do not list domain {domain} in BOTH {listed} and {other}")

    def _for_sender(self, maps: Maps, name: str, sender: str) -> str:
        """What a sender-dependent table says; nothing for DUNNO."""
        name = self.prefix + name
        suffix = "_maps_lookup_key"
        key = sender or self.daemon.params[_NULL_KEYS[name.removeprefix(self.prefix)] if suffix else name]
        try:
            found = mail_addr_find(maps, key)
        except TableError as error:
            self.daemon.log.warning(f"{name} lookup failure")
            raise _Failure from error
        if found is None:
            return ""
        value: str = found[0]
        if not value:
            self.daemon.log.warning(f"{name}: ignoring null lookup result for {key}")
        return "" if value.casefold() == "dunno" else value

    def _relayhost(self, sender: str, domain: str) -> tuple[str, Cause]:
        """The next hop, and what named it."""
        relay = self._for_sender(self.sender_relayhost, "sender_dependent_relayhost_maps", sender)
        if relay:
            return relay, ((f"{self.prefix}sender_dependent_relayhost_maps", sender, relay),)
        relay = self.daemon.params[self.prefix + "relayhost"]
        return (relay, ((f"{self.prefix}relayhost", "", relay),)) if relay else (domain, ())

    def _via(self, parameter: str, nexthop: str, why: Cause, recipient: str, flag: int) -> Resolved:
        name = self.prefix + parameter
        return self._split(name, self.daemon.params[name], nexthop, why, recipient, flag)

    def _split(self, blame: str, value: str, nexthop: str, why: Cause, recipient: str, flag: int) -> Resolved:
        """`transport:nexthop` of main.cf; the next hop of the class if it names none."""
        transport, _, destination = value.partition(":")
        if not transport:
            self.daemon.log.warning(f"file {self.daemon.master.config_directory}/main.cf: parameter {blame}: null transport is not allowed")
            raise _Failure
        return Resolved(transport, destination or nexthop, recipient, flag, ((blame, "", value), *(() if destination else why)))

    # -- which exceptions -----------------------------------------------------------------------------------------------

    def _by_table(self, answer: Resolved, domain: str) -> Resolved:
        try:
            found = self.transports.find(answer.recipient)
        except TableError as error:
            self.daemon.log.warning(f"{self.prefix}transport_maps lookup failure")
            raise _Failure from error
        if found is None:
            return answer
        cause = (*answer.cause, (f"{self.prefix}transport_maps", answer.recipient, ":".join(found)))
        return replace(_override(answer, *found, domain), cause=cause)

    def _moved(self, answer: Resolved) -> Resolved:
        try:
            found = mail_addr_find(self.relocated, answer.recipient)
        except TableError as error:
            self.daemon.log.warning("relocated_maps lookup failure")
            raise _Failure from error
        if found is None:
            return answer
        cause = (*answer.cause, ("relocated_maps", answer.recipient, found[0]))
        return replace(answer, transport="error", nexthop=f"5.1.6 User has moved to {found[0]}", cause=cause)


_NULL_KEYS: Final = {
    "sender_dependent_relayhost_maps": "empty_address_relayhost_maps_lookup_key",
    "sender_dependent_default_transport_maps": "empty_address_default_transport_maps_lookup_key",
}


def _override(answer: Resolved, transport: str, nexthop: str, domain: str) -> Resolved:
    """What an entry of the transport table changes: transport(5), "RESULT FORMAT"."""
    if not transport:
        return replace(answer, nexthop=nexthop) if nexthop else answer
    if not nexthop:
        nexthop = "Address is undeliverable" if transport in ("error", "retry") else domain
    return replace(answer, transport=transport, nexthop=nexthop)


def _last(tokens: list[Token], kind: str) -> int:
    return next((index for index in range(len(tokens) - 1, -1, -1) if tokens[index].kind == kind), -1)


def _routed(recipient: str, domain: str) -> bool:
    """Does the local part name a further hop, even if this host does not look for it?"""
    first = min((place for place in map(recipient.find, "@!%") if place >= 0), default=len(recipient))
    return recipient[first + 1 :] != domain
