"""What local(8) reads of main.cf at its start."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from simulator.postfix.lib.mailbox_file import MailboxLocks
from simulator.postfix.lib.msg import Fatal
from simulator.postfix.lib.name_mask import required_names

if TYPE_CHECKING:
    from simulator.postfix.lib.parameters import Parameters
    from simulator.unix.users import Users

#: How an address came up: in an alias, a .forward file or an :include: file.
ALIAS: Final = "alias"
FORWARD: Final = "forward"
INCLUDE: Final = "include"
_EXPANSIONS: Final = (ALIAS, FORWARD, INCLUDE)
_PROPAGATIONS: Final = ("canonical", "virtual", ALIAS, FORWARD, INCLUDE, "generic")
_DELIVERIES: Final = ("command", "file", "forward")


@dataclass(frozen=True, slots=True)
class LocalSettings:
    """Parameters of postconf(5) under shorter names. `default_user` is (uid, gid) of default_privs."""

    commands_from: frozenset[str]
    files_from: frozenset[str]
    propagate: frozenset[str]
    delivered_header: frozenset[str]
    locks: MailboxLocks
    size_limit: int
    default_user: tuple[int, int]
    delimiter: str
    owner_special: bool
    expand_owner: bool
    reset_owner: bool
    frozen_delivered: bool
    original_recipient: bool
    strict_owner: bool
    need_home: bool
    forward_path: str
    home_mailbox: str
    spool_directory: str
    mailbox_command: str
    mailbox_transport: str
    fallback_transport: str
    luser_relay: str
    shell: str
    execution_directory: str
    command_filter: str
    forward_filter: str
    directory_filter: str
    time_limit: int
    duplicate_limit: int
    double_bounce: str

    def __deepcopy__(self, memo: dict[int, Any]) -> LocalSettings:
        return self

    @classmethod
    def read(cls, params: Parameters, users: Users) -> LocalSettings:
        """Raises Fatal for values that local(8) cannot work with."""
        size_limit = checked_size_limit(params, "mailbox_size_limit")
        user = users.by_name(params["default_privs"])
        if user is None:
            raise Fatal(f"file {params.config_directory}/main.cf: parameter default_privs: unknown user name value: {params['default_privs']}")
        return cls(
            files_from=required_names("allow_mail_to_files", _EXPANSIONS, params["allow_mail_to_files"]),
            commands_from=required_names("allow_mail_to_commands", _EXPANSIONS, params["allow_mail_to_commands"]),
            propagate=required_names("propagate_unmatched_extensions", _PROPAGATIONS, params["propagate_unmatched_extensions"]),
            delivered_header=required_names("prepend_delivered_header", _DELIVERIES, params["prepend_delivered_header"]),
            locks=MailboxLocks.read(params, "mailbox_delivery_lock"),
            size_limit=size_limit,
            default_user=(user.uid, user.gid),
            delimiter=params["recipient_delimiter"],
            owner_special=params.bool("owner_request_special"),
            expand_owner=params.bool("expand_owner_alias"),
            reset_owner=params.bool("reset_owner_alias"),
            frozen_delivered=params.bool("frozen_delivered_to"),
            original_recipient=params.bool("enable_original_recipient"),
            strict_owner=params.bool("strict_mailbox_ownership"),
            need_home=params.bool("require_home_directory"),
            forward_path=params["forward_path"],
            home_mailbox=params["home_mailbox"],
            spool_directory=params["mail_spool_directory"],
            mailbox_command=params["mailbox_command"],
            mailbox_transport=params["mailbox_transport"],
            fallback_transport=params["fallback_transport"],
            luser_relay=params["luser_relay"],
            shell=params["local_command_shell"],
            execution_directory=params["command_execution_directory"],
            command_filter=params["command_expansion_filter"],
            forward_filter=params["forward_expansion_filter"],
            directory_filter=params["execution_directory_expansion_filter"],
            time_limit=params.time("command_time_limit"),
            duplicate_limit=params.int("duplicate_filter_limit"),
            double_bounce=params["double_bounce_sender"],
        )


def checked_size_limit(params: Parameters, name: str) -> int:
    """The size limit of mailboxes, 0 for none. One that a message may exceed is fatal: it would bounce for ever."""
    limit, message_limit = params.int(name), params.int("message_size_limit")
    if limit and not message_limit:
        raise Fatal(f"configuration error: {name} is limited but message_size_limit is unlimited")
    if limit and limit < message_limit:
        raise Fatal(f"configuration error: {name} is smaller than message_size_limit")
    return limit
