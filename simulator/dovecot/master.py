"""NAME
    dovecot - the mailbox server's master process

DESCRIPTION
    Reads the configuration at its start, makes its sockets under /run/dovecot and wherever `unix_listener` says, listens for
    IMAP, POP3 and LMTP, and starts a conversation for each connection. SIGHUP makes it read the configuration again, SIGTERM
    ends it.

DIFFERS FROM DOVECOT
    Login processes, workers and anvil are one process here. Process and client limits are not enforced.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from simulator.dovecot import log
from simulator.dovecot.auth import DRIVERS, Auth
from simulator.dovecot.auth_socket import AuthServer
from simulator.dovecot.config import CONFIG_FILE, VERSION, Config, ConfigError, check_server
from simulator.dovecot.config_file import Section
from simulator.dovecot.imap_login import ImapLogin
from simulator.dovecot.lmtp import LmtpServer
from simulator.dovecot.pop3_login import Pop3Login
from simulator.net.network import Listener

if TYPE_CHECKING:
    from simulator.unix.host import Host

BASE = "/run/dovecot"
PID_FILE = f"{BASE}/master.pid"
SIGHUP, SIGTERM, SIGINT, SIGKILL = 1, 15, 2, 9
#: Sockets of services that every protocol needs; made below BASE even if nobody serves them here.
_SERVICES = ("aggregator anvil auth-worker auth config dict-async dict director dns-client doveadm imap-hibernate imap-urlauth-login "
             "imap-urlauth-worker imap-urlauth imap indexer-worker indexer ipc log old-stats pop3 replicator stats").split()  # fmt: skip
_CREATED_ONLY_FOR = {"imap": "imap", "pop3": "pop3", "lmtp": "lmtp"}
_PLAIN_SOCKETS = ("master",)


class Door:
    """One listening socket: what answers there. `accept` makes the protocol of a new connection."""

    def __init__(self, master: Master, service: str, tls: bool = False) -> None:
        self.master = master
        self.service = service
        self.tls = tls

    def accept(self) -> asyncio.BaseProtocol:
        """A conversation begins."""
        loop = self.master.host.clock.loop
        reader = asyncio.StreamReader(limit=2**16, loop=loop)
        return asyncio.StreamReaderProtocol(reader, self.serve, loop=loop)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """The whole conversation."""
        master = self.master
        try:
            if self.service == "auth":
                await AuthServer(master).serve(reader, writer)
            elif self.service == "imap-login":
                await ImapLogin(master, reader, writer, self.tls).run()
            elif self.service == "pop3-login":
                await Pop3Login(master, reader, writer, self.tls).run()
            elif self.service == "lmtp":
                await LmtpServer(master, reader, writer).run()
        except (ConnectionError, TimeoutError):
            pass
        finally:
            writer.close()


class Master:
    """A running Dovecot on one host."""

    def __init__(self, host: Host, config: Config) -> None:
        self.host = host
        self.config = config
        self.auth = Auth(host, config)
        self.pid = host.new_pid()
        self.listeners: list[Listener] = []
        self.paths: list[str] = []
        self.children: list[int] = []
        self.sessions: dict[int, tuple[str, str, str]] = {}
        self.serial = 0
        self._auth_pid = 0

    def in_motion(self) -> bool:
        """Deliveries are done at once."""
        return False

    def log(self, text: str, level: str = "Info", source: str = "master") -> None:
        """A line for Dovecot's log."""
        log.write(self.host, self.config, source, text, level)

    # -- start and end --------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Become the host's Dovecot."""
        host = self.host
        host.daemons["dovecot"] = self
        host.processes.add(self.pid, 1, "root", "/usr/sbin/dovecot", host.clock.now, self)
        for name, user in (("anvil", "dovecot"), ("log", "root"), ("config", "root")):
            pid = host.new_pid()
            self.children.append(pid)
            host.processes.add(pid, self.pid, user, f"dovecot/{name}", host.clock.now)
        self.log(f"Dovecot v{VERSION} starting up for {', '.join(self.config.protocols) or 'none'} (core dumps disabled)")
        self._directories()
        host.fs.write(PID_FILE, f"{self.pid}\n".encode())
        host.fs.chmod(PID_FILE, 0o600)
        self._open()

    def _directories(self) -> None:
        fs, users = self.host.fs, self.host.users
        group = users.group_by_name("dovenull")
        for name, gid, mode in (
            ("", 0, 0o755),
            ("/empty", 0, 0o755),
            ("/login", group.gid if group else 0, 0o750),
            ("/token-login", group.gid if group else 0, 0o750),
        ):
            path = BASE + name
            if not fs.exists(path):
                fs.mkdir(path, parents=True)
            fs.chown(path, 0, gid)
            fs.chmod(path, mode)
        if not fs.exists(f"{BASE}/dovecot.conf"):
            fs.symlink(CONFIG_FILE, f"{BASE}/dovecot.conf")

    def _open(self) -> None:
        """Make the sockets and listen."""
        config = self.config
        for name in _SERVICES:
            if name in ("imap", "pop3") and name not in config.protocols:
                continue
            for one in config.service(name).sections:
                self._unix(one, "auth" if name == "auth" else "")
        for protocol in config.protocols:
            name = "lmtp" if protocol == "lmtp" else f"{protocol}-login"
            for one in config.service(name).sections:
                if one.kind == "unix_listener":
                    self._unix(one, name)
                elif one.kind == "inet_listener":
                    self._inet(one, name)
        master = Section("unix_listener", "master")
        self._unix(master, "")

    def _unix(self, one: Section, service: str) -> None:
        fs, users = self.host.fs, self.host.users
        path = one.name if one.name.startswith("/") else f"{BASE}/{one.name}"
        mode = int(one.get("mode") or "0600", 8)
        if one.kind == "inet_listener" or not mode:
            return
        if fs.exists(path):
            fs.unlink(path)
        try:
            fs.mknod(path, "s" if one.kind == "unix_listener" else "p")
        except OSError as error:
            self.log(f"bind({path}) failed: {error.strerror}", "Error")
            return
        real = fs.realpath(path)
        user = users.by_name(self._name(one.get("user")) or "root")
        group = users.group_by_name(self._name(one.get("group")) or "root")
        fs.chown(real, user.uid if user else 0, group.gid if group else 0)
        fs.chmod(real, mode)
        self.paths.append(path)
        if service in ("auth", "lmtp"):
            listener = self.host.net.listen_unix(real, Door(self, service).accept, program="dovecot", pid=self.pid)
            self.listeners.append(listener)

    def _name(self, text: str) -> str:
        return self.config[text[1:]] if text.startswith("$") else text

    def _inet(self, one: Section, service: str) -> None:
        port = one.get("port")
        tls = one.get("ssl") == "yes"
        if not port.isdigit() or int(port) == 0 or (tls and self.config["ssl"] == "no"):
            return
        addresses = (one.get("address") or self.config["listen"]).replace(",", " ").split()
        for address in addresses:
            shown = {"*": "0.0.0.0"}.get(address, address)
            try:
                listener = self.host.net.listen(shown, int(port), Door(self, service, tls).accept, program="dovecot", pid=self.pid)
            except OSError as error:
                if shown == "::" and any(had.port == int(port) for had in self.listeners):
                    continue
                self.log(f"bind({address}, {port}) failed: {error.strerror}", "Error")
                continue
            self.listeners.append(listener)

    def _close(self) -> None:
        for listener in self.listeners:
            self.host.net.close(listener)
        self.listeners = []
        self.paths = []

    # -- signals --------------------------------------------------------------------------------------------------------

    def signal(self, number: int, pid: int) -> None:
        """kill(1)."""
        if number == SIGHUP:
            self.reload()
        elif number in (SIGTERM, SIGINT, SIGKILL):
            self.stop(number, self.host.processes.last_pid)

    def reload(self) -> None:
        """Read the configuration again; an error leaves the old one in force."""
        self.log("SIGHUP received - reloading configuration", "Warning")
        try:
            config = Config.read(self.host.fs)
            check_server(config, self.host.fs)
        except ConfigError as error:
            self.log(f"Error reading configuration: {error}", "Error")
            return
        self.config = config
        penalties = self.auth.penalties
        self.auth = Auth(self.host, config)
        self.auth.penalties = penalties
        self._close()
        self._open()

    def stop(self, number: int, by: int) -> None:
        """End: close the sockets, leave their files."""
        if number != SIGKILL:
            self.log(f"Killed with signal {number} (by pid={by} uid=0 code=kill)", "Warning")
        self._close()
        for pid in (*self.children, self.pid):
            self.host.processes.remove(pid)
        self.host.fs.unlink(PID_FILE)
        del self.host.daemons["dovecot"]

    # -- for services ---------------------------------------------------------------------------------------------------

    def auth_pid(self) -> int:
        """The process id of the auth service."""
        if not self._auth_pid:
            self._auth_pid = self.host.new_pid()
        return self._auth_pid

    def next_serial(self) -> int:
        """A number for names of sessions."""
        self.serial += 1
        return self.serial

    def unknown_driver(self) -> str:
        """What keeps the auth service from starting; "" = nothing."""
        for kind in ("passdb", "userdb"):
            for block in self.config.databases(kind):
                if block.get("driver") not in DRIVERS:
                    return f"Unknown {kind} driver '{block.get('driver')}'"
        return ""


def running(host: Host) -> Master | None:
    """The host's Dovecot, if it runs."""
    found = host.daemons.get("dovecot")
    return found if isinstance(found, Master) else None
