"""Which envelope senders a login name may use: login_sender_match(3), postconf(5) local_login_sender_maps."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from simulator.mail.address import casefold, quote_822_local, strip_extension
from simulator.postfix.lib.tables import Maps, TableContext, TableError

if TYPE_CHECKING:
    from simulator.postfix.commands.command import Command

_PARAMETER = "local_login_sender_maps"
_DEFAULT = "static:*"
#: Names and addresses between commas and blanks; double quotes hold one together.
_PATTERN = re.compile(r'(?:"(?:[^"\\]|\\.)*"|[^\s,"])+')


def check_login_sender(command: Command, sender: str) -> str:
    """Why the user of this command may not use the sender; empty if they may."""
    params = command.params
    table = params[_PARAMETER]
    if table == _DEFAULT:
        return ""
    uid = command.process.caller.uid
    account = command.process.host.users.by_uid(uid)
    context = TableContext(command.process.host, command.process.cred, params, warn=command.msg.warning, program=command.task)
    try:
        patterns = Maps(_PARAMETER, table, context).find(account.name if account else f"uid:{uid}")
    except TableError:
        return f"{_PARAMETER} table lookup error for '{table}'"
    null_key = params["empty_address_local_login_sender_maps_lookup_key"]
    if patterns and any(_matches(pattern, sender, params["recipient_delimiter"], null_key) for pattern in _PATTERN.findall(patterns)):
        return ""
    return f"not authorized to use sender='{sender}'"


def _matches(pattern: str, sender: str, delimiter: str, null_key: str) -> bool:
    if pattern.startswith("@"):
        return "@" in sender and casefold(pattern) == casefold("@" + sender.rpartition("@")[2])
    if pattern == "*":
        return True
    if pattern.lower() == null_key.lower():
        return not sender
    bare = strip_extension(sender, delimiter)
    return casefold(pattern) == casefold(quote_822_local(bare[0] if bare else sender))
