"""post-install: directories that are missing, owners and modes, and what an older master.cf lacks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulator.postfix.commands.postfix_script import Script

_PARAMETERS = (
    "command_directory daemon_directory data_directory html_directory mail_owner mailq_path manpage_directory newaliases_path queue_directory "
    "readme_directory sample_directory sendmail_path setgid_group shlib_directory meta_directory"
).split()
_NOTE = "\n    Note: the following files or directories still exist but are no\n    longer part of Postfix:\n\n     {files}\n\n"
#: What master.cf must have: a pattern, the line to add, how the service is called in the message.
_SERVICES = (
    ("^relay", "relay	  unix	-	-	n	-	-	smtp", "relay service"),
    ("^flush.*flush", "flush     unix  -       -       n       1000?   0       flush", "flush service"),
    ("trace.*bounce", "trace	  unix	-	-	n	-	0	bounce", "trace service"),
    ("^verify.*verify", "verify	  unix	-	-	n	-	1	verify", "verify service"),
    ("^proxymap.*proxymap", "proxymap  unix	-	-	n	-	-	proxymap", "proxymap service"),
    ("^anvil.*anvil", "anvil	  unix	-	-	n	-	1	anvil", "anvil service"),
    ("^scache.*scache", "scache	  unix	-	-	n	-	1	scache", "scache service"),
    ("^discard.*discard", "discard	  unix	-	-	n	-	-	discard", "discard service"),
    ("^tlsmgr.*tlsmgr", "tlsmgr    unix  -       -       n       1000?   1       tlsmgr", "tlsmgr service"),
    ("^retry.*error", "retry     unix  -       -       n       -       -       error", "retry service"),
    ("^proxywrite.*proxymap", "proxywrite unix -       -       n       -       1       proxymap", "proxywrite service"),
    ("^#*smtp.*postscreen", "#smtp      inet  n       -       n       -       1       postscreen", "postscreen TCP service"),
    ("^#*smtpd.*smtpd", "#smtpd     pass  -       -       n       -       -       smtpd", "smtpd unix-domain service"),
    ("^#*dnsblog.*dnsblog", "#dnsblog   unix  -       -       n       -       0       dnsblog", "dnsblog unix-domain service"),
    ("^#*tlsproxy.*tlsproxy", "#tlsproxy  unix  -       -       n       -       0       tlsproxy", "tlsproxy unix-domain service"),
    ("^postlog", "postlog   unix-dgram n  -       n       -       1       postlogd", "postlog unix-domain datagram service"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Installed:
    """One line of postfix-files. Flags: c create if missing, r recursively, o obsolete."""

    path: str
    kind: str
    owner: str
    group: str
    mode: int
    flags: str


class PostInstall:
    """One run. Without `set_permissions` only directories that are missing get their owner and mode."""

    def __init__(self, script: Script, *, set_permissions: bool = False, upgrade_configuration: bool = False) -> None:
        self.script, self.params, self.fs = script, script.params, script.fs
        self.set_permissions = set_permissions
        self.upgrade = upgrade_configuration

    def run(self) -> int:
        """Do it; the exit status. Raises Exit."""
        self._ask_postconf()
        meta = self.params["meta_directory"]
        name = f"{self.params['daemon_directory']}/post-install"
        if not self.fs.exists(f"{meta}/postfix-files"):
            self.script.process.out(f"{name}: Error: {meta}/postfix-files is not a file.\n")
            return 1
        obsolete = []
        for item in self._files():
            if "o" in item.flags:
                obsolete += [item.path] if self.fs.exists(item.path) and item.kind != "d" else []
            elif (status := self._treat(item)) != 0:
                return status
        if self.upgrade:
            self._upgrade(obsolete)
        return 0

    def _ask_postconf(self) -> None:
        call = self.script.postconf
        config = self.params["config_directory"]
        self.script.process.run([f"{self.params['command_directory']}/postconf", "-d", "mail_version"])
        call("-d", "-h", "config_directory")
        call("-c", config, "-h", "multi_instance_directories")
        call("-dhx", "mail_version")
        for name in _PARAMETERS:
            call("-c", config, "-h", name)

    # -- files ----------------------------------------------------------------------------------------------------------

    def _files(self) -> list[Installed]:
        meta = self.params["meta_directory"]
        names = [f"{meta}/postfix-files"]
        if self.fs.exists(f"{meta}/postfix-files.d"):
            names += sorted(f"{meta}/postfix-files.d/{name}" for name in self.fs.listdir(f"{meta}/postfix-files.d"))
        lines = [line for name in names for line in self.fs.read(name).decode().splitlines() if line.startswith("$")]
        return [item for line in lines if (item := self._parse(line))]

    def _parse(self, line: str) -> Installed | None:
        path, kind, owner, group, mode, flags = (line.split(":") + [""] * 6)[:6]
        path, owner, group = (self._expand(text) for text in (path, owner, group))
        if kind in "hl" or path == "no" or path.startswith("no/"):
            return None
        return Installed(path, kind, owner, group, int(mode or "0", 8), flags)

    def _expand(self, text: str) -> str:
        if text == "-":
            return ""
        return re.sub(r"\$(\w+)", lambda found: self.params[found[1]], text)

    def _treat(self, item: Installed) -> int:
        if item.kind == "d" and "c" in item.flags and not self.fs.exists(item.path):
            self.fs.mkdir(item.path)
        elif not self.set_permissions:
            return 0
        return self._permit(item)

    def _permit(self, item: Installed) -> int:
        if not self.fs.exists(item.path):
            self.script.process.err(f"chown: cannot access '{item.path}': No such file or directory\n")
            return 1
        users = self.script.process.host.users
        user, group = users.by_name(item.owner), users.group_by_name(item.group)
        paths = [item.path]
        if "r" in item.flags:
            paths += self._below(item.path)
        for path in paths:
            self.fs.chown(path, user.uid if user else -1, group.gid if group else -1, follow=False)
            entry = self.fs.stat(path, follow=False)
            # chmod(1) leaves a directory its set-group-ID bit, unless it is told otherwise.
            if path == item.path or entry.is_dir:
                self.fs.chmod(path, item.mode | (entry.mode & 0o6000 if entry.is_dir else 0))
        return 0

    def _below(self, path: str) -> list[str]:
        found = []
        for name, inode in self.fs.scandir(path):
            found.append(f"{path}/{name}")
            if inode.kind == "d":
                found += self._below(f"{path}/{name}")
        return found

    # -- configuration --------------------------------------------------------------------------------------------------

    def _upgrade(self, obsolete: list[str]) -> None:
        config = self.params["config_directory"]
        path = f"{config}/master.cf"
        self._fix_queue_names(config)
        for pattern, line, noun in _SERVICES:
            if not re.search(pattern, self.fs.read(path).decode("utf-8", "surrogateescape"), re.MULTILINE):
                self.script.process.out(f"Editing {path}, adding missing entry for {noun}\n")
                self.fs.append(path, f"{line}\n".encode())
        if obsolete:
            self.script.process.out(_NOTE.format(files=" ".join(obsolete)))
        self.script.postconf("-dh", "inet_protocols")
        self.script.postconf("-c", config, "-n", "inet_protocols")

    def _fix_queue_names(self, config: str) -> None:
        found = self.script.postconf("-c", config, "-h", "hash_queue_names")
        missing = "".join(f" {name}" for name in ("defer", "deferred") if name not in found)
        if missing:
            self.script.process.out(f"fixing main.cf hash_queue_names for missing{missing}\n")
            self.script.postconf("-c", config, "-e", f"hash_queue_names={found}{missing}")
