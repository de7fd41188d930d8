"""How much TLS smtp(8) wants of a server: postconf(5) smtp_tls_security_level and smtp_tls_policy_maps.

A policy is found once for each destination and server, and kept while one message is delivered.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, Protocol

from simulator.postfix.lib.hostname import valid_hostname
from simulator.postfix.lib.mailhost import is_utf8_host_name
from simulator.postfix.smtp_parameters import ClientParameters

#: The levels, each stronger than the one before (tls_level_lookup(3)).
LEVELS: Final = {"none": 0, "may": 1, "encrypt": 2, "fingerprint": 3, "half-dane": 4, "dane": 5, "dane-only": 6, "verify": 7, "secure": 8}
_MAY: Final = LEVELS["may"]
_NAMES = {"none", "may", "encrypt", "fingerprint", "dane", "dane-only", "verify", "secure"}
#: Words of the obsolete smtp_tls_per_site.
_PER_SITE = {"NONE": "none", "MAY": "may", "MUST_NOPEERMATCH": "encrypt", "MUST": "verify"}
_WORDS = re.compile(r"[,\s]+")
_PROBLEM = ("4.7.5", "client TLS configuration problem")


class Table(Protocol):
    """smtp_tls_policy_maps. Raises LookupProblem."""

    def find(self, key: str) -> str | None: ...


class LookupProblem(Exception):
    """A table cannot be read now."""


@dataclass(frozen=True, slots=True)
class Policy:
    """The level and its attributes. `problem`: dsn and text when there is no usable policy."""

    level: str = "none"
    protocols: str = ""
    ciphers: str = ""
    exclude: str | None = None
    match: tuple[str, ...] = ()
    servername: str = ""
    tafile: tuple[str, ...] = ()
    connection_reuse: bool = False
    problem: tuple[str, str] = ("", "")

    @property
    def rank(self) -> int:
        return LEVELS[self.level]


class _Invalid(Exception):
    """The table's entry is wrong; a warning was logged."""


class Policies:
    """Finds the policies of one process; `forget` after each message."""

    def __init__(self, settings: ClientParameters, policy_maps: Table | None, per_site: Table | None, warn: Callable[[str], None]) -> None:
        self.settings = settings
        self.policy_maps = policy_maps
        self.per_site = per_site
        self.warn = warn
        self.default = _main_cf_level(settings)
        self._known: dict[tuple[str, str, int], Policy] = {}

    def find(self, destination: str, host: str, port: int) -> Policy:
        """The policy for a server of a destination."""
        key = (destination, host, port)
        if key not in self._known:
            self._known[key] = self._find(destination, host)
        return self._known[key]

    def forget(self) -> None:
        """The next message asks anew."""
        self._known.clear()

    def _find(self, destination: str, host: str) -> Policy:
        policy = None
        try:
            if self.policy_maps is not None:
                policy = self._by_policy_maps(destination)
            elif self.per_site is not None:
                policy = self._by_site(destination, host)
        except _Invalid:
            return Policy(problem=_PROBLEM)
        return self._completed(policy or Policy(self.default), destination)

    # smtp_tls_policy_maps

    def _by_policy_maps(self, destination: str) -> Policy | None:
        assert self.policy_maps is not None
        name, is_domain = destination, is_utf8_host_name(destination, self.settings.params.bool("smtputf8_enable"))
        while True:
            where = f'{self.settings.of("tls_policy_maps")}, next-hop destination "{name}"'
            try:
                entry = self.policy_maps.find(name)
            except LookupProblem:
                raise self._invalid(f"{where}: policy table lookup error") from None
            if entry is not None:
                return self._parse(entry, where)
            dot = name.find(".", 1)
            if not is_domain or dot < 0:
                return None
            name = name[dot:]

    def _invalid(self, text: str) -> _Invalid:
        self.warn(text)
        return _Invalid()

    def _parse(self, entry: str, where: str) -> Policy:
        level, *attributes = [word for word in _WORDS.split(entry) if word] or [""]
        if not level:
            raise self._invalid(f"{where}: invalid empty policy")
        if level.lower() not in _NAMES:
            raise self._invalid(f'{where}: invalid security level "{level}"')
        policy = Policy(level.lower())
        for attribute in attributes:
            if policy.level == "none":
                self.warn(f'{where}: ignoring attribute "{attribute}" with TLS disabled')
                continue
            name, equals, value = attribute.partition("=")
            if not equals:
                raise self._invalid(f"{where}: malformed attribute/value pair \"{attribute}\": missing '=' after attribute name")
            policy = self._attribute(policy, where, name, value)
        return policy

    def _attribute(self, policy: Policy, where: str, name: str, value: str) -> Policy:
        kind = name.lower()
        if kind in ("ciphers", "match", "tafile") and not value:
            raise self._invalid(f'{where}: attribute "{name}" has empty value')
        once = {"ciphers": policy.ciphers, "protocols": policy.protocols, "servername": policy.servername, "exclude": policy.exclude or ""}
        if once.get(kind):
            raise self._invalid(f'{where}: attribute "{name}" is specified multiple times')
        if kind == "ciphers":
            return replace(policy, ciphers=value)
        if kind == "protocols":
            return replace(policy, protocols=value)
        if kind == "exclude":
            return replace(policy, exclude=value)
        if kind == "servername":
            if not valid_hostname(value):
                raise self._invalid(f'{where}: "{name}={value}" specifies an invalid hostname')
            return replace(policy, servername=value)
        if kind == "match":
            return self._match(policy, where, name, value)
        if kind == "tafile" and policy.level in ("verify", "secure"):
            return replace(policy, tafile=(*policy.tafile, value))
        if kind == "tafile":
            raise self._invalid(f'{where}: attribute "{name}" invalid at security level "{policy.level}"')
        if kind == "connection_reuse":
            if value.lower() not in ("yes", "no"):
                raise self._invalid(f'{where}: attribute "{name}" has bad value: "{value}"')
            return replace(policy, connection_reuse=value.lower() == "yes")
        raise self._invalid(f'{where}: invalid attribute name: "{name}"')

    def _match(self, policy: Policy, where: str, name: str, value: str) -> Policy:
        separators = {"fingerprint": "|", "verify": ":", "secure": ":"}
        if policy.level not in separators:
            raise self._invalid(f'{where}: attribute "{name}" invalid at security level "{policy.level}"')
        words = [word for word in value.split(separators[policy.level]) if word]
        return replace(policy, match=(*policy.match, *words))

    # smtp_tls_per_site

    def _by_site(self, destination: str, host: str) -> Policy | None:
        level = self._site("next-hop destination", destination, "")
        if destination.lower() != host.lower():
            level = self._site("server hostname", host, level)
        if level == "may" and LEVELS[self.default] > _MAY:
            level = self.default
        return Policy(level) if level else None

    def _site(self, kind: str, name: str, level: str) -> str:
        assert self.per_site is not None
        title = self.settings.of("tls_per_site")
        try:
            entry = self.per_site.find(name)
        except LookupProblem:
            raise self._invalid(f'{title}: {kind} "{name}": per-site table lookup error') from None
        if entry is None:
            return level
        found = _PER_SITE.get(entry.upper())
        if found is None:
            raise self._invalid(f"{title}: unknown TLS policy '{entry}' for {kind} {name}")
        if found == "none":
            return "none" if level in ("", "may", "none") else level
        if found == "may":
            return level or "may"
        return found if LEVELS[found] > LEVELS.get(level, -1) else level

    # What main.cf adds

    def _completed(self, policy: Policy, destination: str) -> Policy:
        settings, level = self.settings, policy.level
        if level == "none":
            return policy
        if level in ("dane", "dane-only"):
            return self._completed(self._without_dane(policy, destination), destination) if level == "dane" else Policy(problem=_PROBLEM)
        if not policy.protocols:
            policy = replace(policy, protocols=settings["tls_protocols" if level == "may" else "tls_mandatory_protocols"])
        if not policy.ciphers:
            policy = replace(policy, ciphers=settings["tls_ciphers" if level == "may" else "tls_mandatory_ciphers"])
        if not policy.servername:
            policy = replace(policy, servername=settings["tls_servername"])
        if not policy.match:
            policy = replace(policy, match=self._default_match(level))
        if level == "fingerprint" and not policy.match:
            self.warn(f"nexthop domain {destination}: configured at fingerprint security level, but with no fingerprints to match.")
            return Policy(problem=_PROBLEM)
        return policy

    def _without_dane(self, policy: Policy, destination: str) -> Policy:
        """The DNS of a lab is not signed: DNSSEC is not simulated."""
        if self.settings["dns_support_level"] != "dnssec":
            self.warn(f"{destination}: {policy.level} configured with dnssec lookups disabled")
        return replace(policy, level="may")

    def _default_match(self, level: str) -> tuple[str, ...]:
        names = {"fingerprint": "tls_fingerprint_cert_match", "verify": "tls_verify_cert_match", "secure": "tls_secure_cert_match"}
        if level not in names:
            return ()
        pattern = r"[,\s]+" if level == "fingerprint" else r"[,\s:]+"
        return tuple(word for word in re.split(pattern, self.settings[names[level]]) if word)


def _main_cf_level(settings: ClientParameters) -> str:
    """smtp_tls_security_level, or what its obsolete predecessors say."""
    level = settings["tls_security_level"].lower()
    if level:
        if level not in _NAMES:
            raise ValueError(level)
        return level
    if settings.bool("enforce_tls"):
        return "verify" if settings.bool("tls_enforce_peername") else "encrypt"
    return "may" if settings.bool("use_tls") else "none"
