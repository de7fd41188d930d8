"""What `postfix check` looks at: files that are missing, owners, modes, copies that differ from their originals."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import TYPE_CHECKING

from simulator.postfix.commands.post_install import PostInstall
from simulator.unix.fs import Stat

if TYPE_CHECKING:
    from simulator.postfix.commands.postfix_script import Script

_MAIL_OWNER_DIRECTORIES = ("active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "private", "public", "saved", "trace")
_CHROOT_DIRECTORIES = ("bin", "etc", "lib", "sbin", "usr")
_KNOWN_LINK = "/etc/postfix/./makedefs.out"


class Check:
    """One check."""

    def __init__(self, script: Script) -> None:
        self.script, self.params, self.fs = script, script.params, script.fs
        self.queue = self.params["queue_directory"]

    def fatal_problems(self) -> int:
        """What keeps the mail system from starting; the exit status. Raises Exit."""
        script = self.script
        if PostInstall(script).run():
            return script.fatal("unable to create missing queue directories")
        config = self.params["config_directory"]
        if not self.fs.exists(f"{config}/master.cf"):
            return script.fatal(f"no {config}/master.cf file found")
        postconf = f"{self.params['command_directory']}/postconf"
        if script.postconf("-h", "maillog_file") and not script.process.run([postconf, "-M", "postlog/unix-dgram"]).stdout:
            return script.fatal("missing 'postlog' service in master.cf - run 'postfix upgrade-configuration'")
        return 1 if script.call(f"{self.params['command_directory']}/postsuper").exit_code else 0

    def warn(self) -> None:
        """Say what looks wrong."""
        self._root_owned()
        self._owned_by_mail_owner()
        self._set_group_id()
        self._chroot()
        for path, entry in self.walk("corrupt"):
            if entry.kind == "-":
                self.script.warn(f"damaged message: {path}")

    # -- find(1) --------------------------------------------------------------------------------------------------------

    def look(self, path: str, follow: bool = False) -> Stat | None:
        """A file's status; relative paths begin at the queue directory. None, with find's complaint, if it is missing."""
        try:
            return self.fs.stat(posixpath.join(self.queue, path), follow=follow)
        except OSError as error:
            self.script.process.err(f"find: ‘{path}’: {error.strerror}\n")
            return None

    def walk(self, path: str, follow: bool = False) -> Iterator[tuple[str, Stat]]:
        """A file and all below it."""
        entry = self.look(path, follow)
        if entry is None and follow:
            entry = self.look(path)
        if entry is None:
            return
        yield path, entry
        if entry.is_dir:
            for name in self.fs.listdir(posixpath.join(self.queue, path)):
                below = f"{path}/{name}"
                if follow and not self.fs.exists(posixpath.join(self.queue, below)):
                    continue
                yield from self.walk(below, follow)

    def _not_owned(self, paths: list[tuple[str, Stat]], uid: int, name: str) -> None:
        for path, entry in paths:
            if entry.uid != uid:
                self.script.warn(f"not owned by {name}: {path}")

    def _writable(self, paths: list[tuple[str, Stat]]) -> None:
        for path, entry in paths:
            if entry.mode & 0o022:
                self.script.warn(f"group or other writable: {path}")

    # -- the checks -----------------------------------------------------------------------------------------------------

    def _root_owned(self) -> None:
        tops = [(path, entry) for path in (f"{self.queue}/.", f"{self.queue}/pid") if (entry := self.look(path))]
        self._not_owned(tops, 0, "root")
        self._writable(tops)
        trees = sorted({f"{self.params[name]}/." for name in _SHARED if self.params[name] != "no"})
        files = [found for tree in trees for found in self.walk(tree)]
        self._not_owned(files, 0, "root")
        self._writable([found for tree in trees for found in self.walk(tree, follow=True)])
        for path, entry in files:
            if entry.kind == "l" and path != _KNOWN_LINK and "/" in self.fs.readlink(path):
                self.script.warn(f"symlink leaves directory: {path}")

    def _owned_by_mail_owner(self) -> None:
        name = self.params["mail_owner"]
        owner = self.script.process.host.users.by_name(name)
        assert owner is not None, "Parameters.read checks mail_owner"
        data = list(self.walk(f"{self.params['data_directory']}/."))
        self._not_owned(data, owner.uid, name)
        self._writable(data)
        names = [entry for entry in sorted(self.fs.listdir(self.queue)) if entry in _MAIL_OWNER_DIRECTORIES]
        spool = [found for entry in names for found in self.walk(f"{self.queue}/{entry}")]
        self._not_owned([found for found in spool if found[1].kind not in "ps"], owner.uid, name)
        maildrop = f"{self.queue}/maildrop"
        self._not_owned([(maildrop, entry)] if (entry := self.look(maildrop)) else [], owner.uid, name)

    def _set_group_id(self) -> None:
        name = self.params["setgid_group"]
        group = self.script.process.host.users.group_by_name(name)
        commands = [f"{self.params['command_directory']}/{program}" for program in ("postqueue", "postdrop")]
        for path in (*commands, f"{self.queue}/public", f"{self.queue}/maildrop"):
            if (entry := self.look(path)) and (group is None or entry.gid != group.gid):
                self.script.warn(f"not owned by group {name}: {path}")
        for path in commands:
            if (entry := self.look(path)) and entry.mode & 0o2111 != 0o2111:
                self.script.warn(f"not set-gid or not owner+group+world executable: {path}")

    def _chroot(self) -> None:
        for directory in _CHROOT_DIRECTORIES:
            if not self.fs.exists(f"{self.queue}/{directory}"):
                continue
            files = list(self.walk(directory))
            for path, entry in files:
                if entry.uid != 0:
                    self.script.warn(f"not owned by root: {self.queue}/{path}")
            for path, entry in files:
                if entry.kind == "-" and self._differs(path):
                    self.script.warn(f"{self.queue}/{path} and /{path} differ")

    def _differs(self, path: str) -> bool:
        original = f"/{path}"
        if not self.fs.exists(original) or self.fs.stat(original).kind != "-":
            return False
        return self.fs.read(original) != self.fs.read(f"{self.queue}/{path}")


_SHARED = ("config_directory", "daemon_directory", "meta_directory", "shlib_directory")
