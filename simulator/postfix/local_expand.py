"""$name in forward_path, luser_relay and command_execution_directory: the parts of the address at hand."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from simulator.postfix.lib.expansion import Expanded, expand

if TYPE_CHECKING:
    from simulator.postfix.local_state import LocalDelivery, State


class AddressNames:
    """What $user, $home ... stand for. `extension_used` tells whether a path depended on the extension."""

    def __init__(self, job: LocalDelivery, state: State) -> None:
        self.state = state
        self.extension_used = False
        delimiter = state.local[len(state.user) : len(state.user) + 1] or job.settings.delimiter[:1]
        self._values = {
            "user": state.user,
            "home": state.rights.home,
            "shell": state.rights.shell,
            "domain": state.domain,
            "local": state.local,
            "mailbox": state.local,
            "recipient": state.recipient.address,
            "extension": state.extension,
            "recipient_delimiter": delimiter or None,
        }

    def lookup(self, name: str, test: bool) -> str | None:
        """The value of a name; None for an unknown one or where there is nothing."""
        if name == "extension" and not test:
            self.extension_used = True
        return self._values.get(name)


def local_expand(job: LocalDelivery, state: State, text: str, allowed: str | None = None) -> tuple[Expanded, bool]:
    """The text with $name replaced, and whether the extension was put in. Characters of values that are not `allowed` become "_"."""
    names = AddressNames(job, state)
    clean = (lambda value: filtered(value, allowed)) if allowed is not None else None
    return expand(text, names.lookup, job.agent.log.warning, clean=clean), names.extension_used


def filtered(value: str, allowed: str) -> str:
    """The value with "_" for each byte that is not allowed: postconf(5) command_expansion_filter and its kin."""
    text = value.encode("utf-8", "surrogateescape").decode("latin-1")
    return re.sub(f"[^{re.escape(allowed)}]", "_", text) if allowed else "_" * len(text)
