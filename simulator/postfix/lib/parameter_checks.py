"""Checks that every program makes of parameters against the host: myorigin's file, users and groups. mail_params_init(3).

They are made at each start, since files and users change without main.cf.
"""

from __future__ import annotations

from simulator.postfix.lib.logical_lines import BLANKS, SPACE
from simulator.postfix.lib.msg import Fatal
from simulator.postfix.lib.parameter_reading import Reading
from simulator.unix.fs import ROOT, Cred, Fs
from simulator.unix.users import UserLookupError, Users


def origin_of_file(fs: Fs, path: str, cred: Cred = ROOT) -> str:
    """The first line of the file that myorigin names (Debian: /etc/mailname). Raises Fatal."""
    try:
        entry = fs.stat(path, cred)
        data = b"" if entry.is_dir else fs.read(path, cred)
    except OSError as error:
        raise Fatal(f"{path}: cannot open file: {error.strerror}") from error
    problem = _unsafe(fs, path)
    if problem:
        raise Fatal(f"{path}: {problem}")
    origin = data.split(b"\n", 1)[0].decode("utf-8", "surrogateescape").strip(SPACE)
    if not origin:
        raise Fatal(f"myorigin file {path} is empty")
    return origin


def _unsafe(fs: Fs, path: str) -> str:
    """Why safe_open(3) does not trust the file."""
    entry, name = fs.stat(path), fs.stat(path, follow=False)
    if entry.nlink != 1 and not entry.is_dir:
        return f"file has {entry.nlink} hard links"
    if entry.is_dir:
        return "file is a directory"
    parent = fs.stat(path.rpartition("/")[0] or "/")
    if name.is_link and not (name.uid == 0 and parent.uid == 0 and not parent.mode & 0o022):
        return "file is a symbolic link"
    return ""


class UserChecks:
    """default_privs, mail_owner and setgid_group must be different, unprivileged and known."""

    def __init__(self, users: Users, reading: Reading) -> None:
        self.users = users
        self.texts = reading.texts
        self.where = f"file {reading.config_directory}/main.cf: "
        self.default = self.owner = (0, 0)
        self.gid = 0

    def run(self) -> None:
        """Raises Fatal at the first trouble."""
        self.default = self._user("default_privs")
        self.owner = self._user("mail_owner")
        name = self.texts["mail_owner"]
        first = self.users.by_uid(self.owner[0])
        if first is not None and first.name != name:
            raise self._fatal("mail_owner", f"user {name} has same user ID as {first.name}")
        self._group()
        self._overlap()

    def _fatal(self, parameter: str, text: str) -> Fatal:
        return Fatal(f"{self.where}parameter {parameter}: {text}")

    def _user(self, parameter: str) -> tuple[int, int]:
        name = self.texts[parameter]
        try:
            user = self.users.by_name(name)
        except UserLookupError:
            user = None
        if user is None:
            raise self._fatal(parameter, f"unknown user name value: {name}")
        if user.uid == 0:
            raise self._fatal(parameter, f"user {name} has privileged user ID")
        if user.gid == 0:
            raise self._fatal(parameter, f"user {name} has privileged group ID")
        return user.uid, user.gid

    def _group(self) -> None:
        name = self.texts["setgid_group"]
        group = self.users.group_by_name(name)
        if group is None:
            raise self._fatal("setgid_group", f"unknown group name: {name}")
        if group.gid == 0:
            raise self._fatal("setgid_group", f"group {name} has privileged group ID")
        first = self.users.group_by_gid(group.gid)
        if first is not None and first.name != name:
            raise self._fatal("setgid_group", f"group {name} has same group ID as {first.name}")
        self.gid = group.gid

    def _overlap(self) -> None:
        privs, owner, group = (self.texts[name] for name in ("default_privs", "mail_owner", "setgid_group"))
        if privs == owner:
            raise Fatal(f"{self.where}parameters default_privs and mail_owner specify the same user {privs}")
        users = f"{self.where}parameters default_privs and mail_owner: users {privs} and {owner} have the same"
        if self.default[0] == self.owner[0]:
            raise Fatal(f"{users} user ID: {self.owner[0]}")
        if self.default[1] == self.owner[1]:
            raise Fatal(f"{users} group ID: {self.owner[1]}")
        for name, user, gid in (("default_privs", privs, self.default[1]), ("mail_owner", owner, self.owner[1])):
            if gid == self.gid:
                raise Fatal(f"{self.where}parameters {name} and setgid_group: user {user} and group {group} have the same group ID: {gid}")


def check_last(reading: Reading, origin: str) -> None:
    """The last checks: relayhost, myorigin, VERP delimiters. Raises Fatal."""
    texts = reading.texts
    if texts["myhostname"].lower() == texts["relayhost"].lower():
        raise Fatal(f"myhostname and relayhost parameter settings must not be identical: {texts['myhostname']}")
    if any(char in origin for char in "," + BLANKS):
        raise Fatal(f"myorigin parameter setting must not contain multiple values: {origin}")
    delimiters, allowed = texts["default_verp_delimiters"], texts["verp_delimiter_filter"]
    for at, word in enumerate(("first", "second")):
        if delimiters[at] not in allowed:
            where = f"file {reading.config_directory}/main.cf: parameters default_verp_delimiters and verp_delimiter_filter"
            raise Fatal(f"{where}: bad {word} VERP delimiter character")
