"""Users and groups, read from the host's own /etc/passwd, /etc/group: passwd(5), group(5)."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.unix.fs import Cred, Fs


class UserLookupError(Exception):
    """The user database did not answer (getpwnam_r(3) returned an error, not "no such user")."""


@dataclass(frozen=True, slots=True)
class User:
    """A line of /etc/passwd."""

    name: str
    uid: int
    gid: int
    gecos: str
    home: str
    shell: str


@dataclass(frozen=True, slots=True)
class Group:
    """A line of /etc/group."""

    name: str
    gid: int
    members: tuple[str, ...]


class Users:
    """The user database of one host; what is edited in the files counts at once."""

    def __init__(self, fs: Fs, faults: dict[str, object]) -> None:
        self._fs = fs
        self._faults = faults
        self._passwd: tuple[tuple[int, int], dict[str, User]] = ((-1, -1), {})
        self._group: tuple[tuple[int, int], dict[str, Group]] = ((-1, -1), {})

    def _read(self, path: str) -> list[list[str]]:
        try:
            text = self._fs.read(path).decode("utf-8", "surrogateescape")
        except FileNotFoundError:
            return []
        return [line.split(":") for line in text.splitlines() if line and not line.startswith("#")]

    def _users(self) -> dict[str, User]:
        version = self._fs.version("/etc/passwd")
        if self._passwd[0] != version:
            found: dict[str, User] = {}
            for field in self._read("/etc/passwd"):
                if len(field) >= 7 and field[2].isdigit() and field[3].isdigit():
                    found.setdefault(field[0], User(field[0], int(field[2]), int(field[3]), field[4], field[5], field[6]))
            self._passwd = (version, found)
        return self._passwd[1]

    def _groups(self) -> dict[str, Group]:
        version = self._fs.version("/etc/group")
        if self._group[0] != version:
            found: dict[str, Group] = {}
            for field in self._read("/etc/group"):
                if len(field) >= 4 and field[2].isdigit():
                    found.setdefault(field[0], Group(field[0], int(field[2]), tuple(name for name in field[3].split(",") if name)))
            self._group = (version, found)
        return self._group[1]

    def by_name(self, name: str) -> User | None:
        """getpwnam(3). Raises UserLookupError where the lab's fault "user lookup" is set for this name or for all ("*")."""
        broken = self._faults.get("user lookup")
        if broken and (broken == "*" or name in str(broken).split()):
            raise UserLookupError(name)
        return self._users().get(name)

    def by_uid(self, uid: int) -> User | None:
        """getpwuid(3): the first user with this number."""
        return next((user for user in self._users().values() if user.uid == uid), None)

    def all(self) -> list[User]:
        """Every user, in the order of the file."""
        return list(self._users().values())

    def group_by_name(self, name: str) -> Group | None:
        """getgrnam(3)."""
        return self._groups().get(name)

    def group_by_gid(self, gid: int) -> Group | None:
        """getgrgid(3)."""
        return next((group for group in self._groups().values() if group.gid == gid), None)

    def all_groups(self) -> list[Group]:
        """Every group, in the order of the file."""
        return list(self._groups().values())

    def cred(self, name: str, umask: int = 0o022) -> Cred:
        """The credentials of a fresh login: own group and supplementary ones (initgroups(3)). Raises KeyError for an unknown user."""
        user = self._users().get(name)
        if user is None:
            raise KeyError(name)
        more = frozenset(group.gid for group in self._groups().values() if name in group.members)
        return Cred(user.uid, user.gid, more, umask)

    def user_name(self, uid: int) -> str:
        """The name for a number, or the number as text (as ls -l shows it)."""
        user = self.by_uid(uid)
        return user.name if user else str(uid)

    def group_name(self, gid: int) -> str:
        """The group's name for a number, or the number as text."""
        group = self.group_by_gid(gid)
        return group.name if group else str(gid)
