"""NAME
    trivial-rewrite - Postfix address rewriting and resolving daemon

SYNOPSIS
    rewrite   unix  -       -       y       -       -       trivial-rewrite

DESCRIPTION
    Serves two kinds of request from cleanup, qmgr, smtpd, local and others.

    rewrite CONTEXT ADDRESS
        Make an address complete. In the local context `user` becomes `user@$myorigin` (append_at_myorigin), `user@host`
        becomes `user@host.$mydomain` (append_dot_mydomain), `site!user` becomes `user@site` (swap_bangpath), `user%host`
        becomes `user@host` (allow_percent_hack), a source route and a trailing dot go. In the remote context
        remote_header_rewrite_domain stands for both domains.

    resolve SENDER ADDRESS
        Say how to deliver: (transport, nexthop, recipient, flags). The domain decides the class: mydestination and the
        host's own address literals (local), virtual_alias_domains, virtual_mailbox_domains, relay_domains, all others;
        the class gives the transport. relayhost and the sender-dependent tables give the next hop of what leaves the
        host. transport_maps overrides, relocated_maps overrides all.

LOG
    warning: do not list domain DOMAIN in BOTH PARAMETER and PARAMETER
    warning: transport_maps lookup failure
    table NAME has changed -- restarting

DIFFERS FROM POSTFIX
    Any number of clients share the first process.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import ClassVar, Final

from simulator.mail.address import ADDR, DOMLIT, QSTRING, Token, externalize, scan
from simulator.postfix.daemon import Changeable, Daemon, request
from simulator.postfix.lib import log_lines
from simulator.postfix.lib.resolve_reply import Resolved
from simulator.postfix.trivial_rewrite_resolve import Resolver

__all__ = ["LOCAL", "REMOTE", "Resolved", "TrivialRewrite"]

LOCAL: Final = "local"
REMOTE: Final = "remote"
#: How often the process looks whether its tables are still the same, in seconds.
_TABLE_CHECK = 10.0

# An address that rewriting leaves as it is: plain words, and a domain with a dot in it.
_COMPLETE: Final = re.compile(r"[A-Za-z0-9_+=/'*&$#?{}|~^`-]+(?:\.[A-Za-z0-9_+=/'*&$#?{}|~^`-]+)*@[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)+\Z")


class TrivialRewrite(Daemon):
    """The services rewrite and resolve."""

    program: ClassVar[str] = "trivial-rewrite"
    multi: ClassVar[bool] = True

    def start(self) -> None:
        params = self.params
        origin, domain = params["myorigin"], params["mydomain"]
        remote = params["remote_header_rewrite_domain"]
        self.contexts = {LOCAL: (origin, domain), REMOTE: (remote, remote)}
        self.swap_bangpath = params.bool("swap_bangpath")
        self.percent_hack = params.bool("allow_percent_hack")
        self.append_at_myorigin = params.bool("append_at_myorigin")
        self.append_dot_mydomain = params.bool("append_dot_mydomain")
        self.resolver = Resolver(self, "")
        self.probe_resolver = Resolver(self, "address_verify_")
        self.clock.call_later(_TABLE_CHECK, self._check_tables)

    def tables(self) -> Iterable[Changeable]:
        yield from self.resolver.tables()
        yield from self.probe_resolver.tables()

    def changed_table(self) -> str | None:
        """Clients stay connected, so tables are looked at by a timer, not before each request."""
        return None

    def _check_tables(self) -> None:
        if self.ended:
            return
        name = super().changed_table()
        if name:
            self.log.info(log_lines.table_changed(name))
            self.service.retire(self)
            return
        self.clock.call_later(_TABLE_CHECK, self._check_tables)

    # -- rewrite --------------------------------------------------------------------------------------------------------

    @request
    def rewrite(self, context: str, address: str) -> str:
        """The complete form of an address (external form: quoted where needed)."""
        if _COMPLETE.match(address):
            return address
        if not address:
            self.log.warning("rewrite_addr: null address")
            return address
        return externalize([Token(ADDR, parts=tuple(self.rewrite_tokens(context, scan(address))))])

    def rewrite_tokens(self, context: str, tokens: list[Token]) -> list[Token]:
        """The rules of rewriting, on the tokens of one address."""
        if len(tokens) == 1 and tokens[0].kind == QSTRING and not tokens[0].text:
            return tokens
        if len(tokens) == 1 and tokens[0].kind == "@":
            return [Token(QSTRING, "", owned=True)]
        tokens = _without_route(tokens)
        origin, domain = self.contexts[context]
        if _last(tokens, "@") < 0:
            tokens = self._with_domain(tokens, origin)
        tokens = self._with_dot_domain(tokens, domain)
        if len(tokens) > 1 and tokens[-1].kind == "." and tokens[-2].kind not in ".@":
            tokens = tokens[:-1]
        return tokens

    def _with_domain(self, tokens: list[Token], origin: str) -> list[Token]:
        bang, percent = _first(tokens, "!"), _last(tokens, "%")
        if self.swap_bangpath and bang >= 0:
            return [*tokens[bang + 1 :], Token("@", owned=True), *tokens[:bang]]
        if self.percent_hack and percent >= 0:
            return [*tokens[:percent], Token("@", owned=True), *tokens[percent + 1 :]]
        if self.append_at_myorigin and origin:
            return [*tokens, Token("@", owned=True), *_owned(origin)]
        return tokens

    def _with_dot_domain(self, tokens: list[Token], domain: str) -> list[Token]:
        at = _last(tokens, "@")
        if not self.append_dot_mydomain or not domain or at < 0 or at == len(tokens) - 1:
            return tokens
        if any(token.kind in (DOMLIT, ".") for token in tokens[at:]):
            return tokens
        self._note_old_default(tokens[at + 1].text)
        return [*tokens, Token(".", owned=True), *_owned(domain)]

    def _note_old_default(self, host: str) -> None:
        """append_dot_mydomain is in force only because of compatibility_level."""
        if not host or not self.params.legacy_default("append_dot_mydomain"):
            return
        text = log_lines.legacy(f'append_dot_mydomain=yes to rewrite "{host}" to "{host}.{self.params["mydomain"]}"')
        if host.lower() != "localhost":
            self.log.info(text)
        elif not self.resolver.has_class("localhost"):
            self.log.info(text + '; please add "localhost" to mydestination or other address class')

    # -- resolve --------------------------------------------------------------------------------------------------------

    @request
    def resolve(self, sender: str, address: str) -> Resolved:
        """How to deliver to an address (internal form: not quoted)."""
        return self.resolver.resolve(sender, address)

    @request
    def resolve_probe(self, sender: str, address: str) -> Resolved:
        """The same for a probe of verify(8): by the address_verify_... parameters."""
        return self.probe_resolver.resolve(sender, address)



def _owned(text: str) -> list[Token]:
    return [Token(token.kind, token.text, token.parts, True) for token in scan(text)]


def _first(tokens: list[Token], kind: str) -> int:
    return next((index for index, token in enumerate(tokens) if token.kind == kind), -1)


def _last(tokens: list[Token], kind: str) -> int:
    return next((index for index in range(len(tokens) - 1, -1, -1) if tokens[index].kind == kind), -1)


def _without_route(tokens: list[Token]) -> list[Token]:
    colon = _first(tokens, ":")
    if tokens and tokens[0].kind == "@" and 0 <= colon < len(tokens) - 1:
        return tokens[colon + 1 :]
    return tokens
