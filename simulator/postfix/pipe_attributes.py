"""What a pipe(8) service has in master.cf: `flags=DRhu user=vmail argv=/usr/bin/maildrop -d ${recipient}`.

They are read when the first message comes; a mistake ends the process with a fatal error.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from simulator.postfix.lib.mail_copy import PLAIN, Copy
from simulator.postfix.lib.msg import Fatal

if TYPE_CHECKING:
    from simulator.unix.users import Users

_COPY_FLAGS: Final = {
    "B": Copy.BLANK,
    "D": Copy.DELIVERED,
    "F": Copy.FROM,
    "O": Copy.ORIG_RCPT,
    "R": Copy.RETURN_PATH,
    ".": Copy.DOT,
    ">": Copy.QUOTE,
}
_OTHER_FLAGS: Final = "Xhqu"
_ESCAPES: Final = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_ESCAPED: Final = re.compile(r"\\(?:([0-7]{1,3})|(.))", re.S)


@dataclass(frozen=True, slots=True)
class PipeAttributes:
    """`copy` is what is added to the message; the letters of `flags` are X h q u (final delivery, fold host, quote, fold user)."""

    command: tuple[str, ...] = ()
    user: str = ""
    uid: int = 0
    gid: int = 0
    copy: Copy = PLAIN
    flags: frozenset[str] = frozenset()
    directory: str = ""
    chroot: str = ""
    eol: str = "\n"
    null_sender: str = "MAILER-DAEMON"
    size_limit: int = 0

    @classmethod
    def parse(cls, arguments: Sequence[str], users: Users) -> PipeAttributes:
        """Raises Fatal."""
        attributes = cls()
        for position, argument in enumerate(arguments):
            name, equals, value = argument.partition("=")
            name = name.lower()
            if name == "argv" and equals:
                return replace(attributes, command=(value, *arguments[position + 1 :]))
            if not equals or name not in _READERS:
                raise Fatal(f"unknown attribute name: {argument}")
            attributes = _READERS[name](attributes, value, users)
        return attributes

    def check(self, owner: tuple[str, int, int], submit_group: tuple[str, int]) -> None:
        """What is missing, and whom the program must not run as. `owner` is the mail system's name, uid, gid. Raises Fatal."""
        if not self.user:
            raise Fatal("missing user= command-line attribute")
        if not self.command:
            raise Fatal("missing argv= command-line attribute")
        what = "user= command-line attribute specifies"
        name, uid, gid = owner
        if self.uid == 0:
            raise Fatal(f"{what} root privileges")
        if self.uid == uid:
            raise Fatal(f"{what} mail system owner {name}")
        if self.gid == 0:
            raise Fatal(f"{what} privileged group id 0")
        if self.gid == gid:
            raise Fatal(f"{what} mail system owner {name} group id {gid}")
        if self.gid == submit_group[1]:
            raise Fatal(f"{what} mail system {submit_group[0]} group id {self.gid}")


def _flags(attributes: PipeAttributes, value: str, users: Users) -> PipeAttributes:
    for letter in value:
        if letter in _COPY_FLAGS:
            attributes = replace(attributes, copy=attributes.copy | _COPY_FLAGS[letter])
        elif letter in _OTHER_FLAGS:
            attributes = replace(attributes, flags=attributes.flags | {letter})
        else:
            raise Fatal(f"unknown flag: {letter} (ignored)")
    return attributes


def _user(attributes: PipeAttributes, value: str, users: Users) -> PipeAttributes:
    name, _, group_name = value.partition(":")
    user = users.by_name(name)
    if user is None:
        raise Fatal(f"get_service_attr: unknown username: {name}")
    gid = user.gid
    if group_name:
        group = users.group_by_name(group_name)
        if group is None:
            raise Fatal(f"get_service_attr: unknown group: {group_name}")
        gid = group.gid
    return replace(attributes, user=name, uid=user.uid, gid=gid)


def _size(attributes: PipeAttributes, value: str, users: Users) -> PipeAttributes:
    if not value.isascii() or not value.isdigit():
        raise Fatal(f"get_service_attr: bad size= value: {value}")
    return replace(attributes, size_limit=int(value))


def _eol(attributes: PipeAttributes, value: str, users: Users) -> PipeAttributes:
    return replace(attributes, eol=unescape(value))


_READERS: Final[dict[str, Callable[[PipeAttributes, str, Users], PipeAttributes]]] = {
    "flags": _flags,
    "user": _user,
    "size": _size,
    "eol": _eol,
    "directory": lambda attributes, value, users: replace(attributes, directory=value),
    "chroot": lambda attributes, value, users: replace(attributes, chroot=value),
    "null_sender": lambda attributes, value, users: replace(attributes, null_sender=value),
}


def unescape(text: str) -> str:
    """C escapes: \\r, \\n, \\015; a backslash before anything else just goes. unescape(3)."""
    return _ESCAPED.sub(lambda match: chr(int(match[1], 8) & 0xFF) if match[1] else _ESCAPES.get(match[2], match[2]), text)
