"""NAME
    spawn - Postfix external command spawner

SYNOPSIS
    policy    unix  -       n       n       -       0       spawn user=nobody argv=/usr/local/bin/policy

DESCRIPTION
    Runs a program for each client of a service, the client's connection being its standard input and output: policy servers
    (SMTPD_POLICY_README), simple filters. master.cf says after the program's name
    user=NAME[:GROUP]   whose rights it has; neither root nor the mail owner
    argv=PROGRAM ...    program and arguments; must be the last

    postconf(5) SERVICE_time_limit, command_time_limit, export_environment.

LOG
    warning: command PROGRAM exit status N
    fatal: missing user= attribute

DIFFERS FROM POSTFIX
    A program here gets its input at once. So it runs anew for each request, that is up to each empty line, and at the end of
    the input for what is left; it does not remember the request before.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from simulator.postfix.daemon import Daemon
from simulator.postfix.lib.environment import exported_environment
from simulator.unix.fs import Cred

#: A request that is longer than this is none, in bytes.
_REQUEST_LIMIT = 1024 * 1024
_PATH = "/usr/bin:/bin"
_NOT_EXECUTED = 1


@dataclass(frozen=True, slots=True)
class Attributes:
    """What master.cf says of the program."""

    user: str
    cred: Cred
    argv: tuple[str, ...]


class Spawn(Daemon):
    """A service that is another program."""

    program: ClassVar[str] = "spawn"
    privileged: ClassVar[bool] = True
    streams: ClassVar[bool] = True

    def start(self) -> None:
        self.protocol: SpawnProtocol | None = None
        self.attributes = self._read(self.service.entry.args)

    def _read(self, words: Sequence[str]) -> Attributes:
        """Raises Fatal."""
        user, group, argv = "", "", list[str]()
        for place, word in enumerate(words):
            name, _, value = word.partition("=")
            if name.lower() == "user":
                user, _, group = value.partition(":")
                if self.host.users.by_name(user) is None:
                    self.fatal(f"unknown user name: {user}")
            elif name.lower() == "argv":
                argv = [value, *words[place + 1 :]]
                break
            else:
                self.fatal(f"unknown attribute name: {word}")
        if not user:
            self.fatal("missing user= attribute")
        if not argv:
            self.fatal("missing argv= attribute")
        return Attributes(user, self._cred(user, group), tuple(argv))

    def _cred(self, user: str, group: str) -> Cred:
        account = self.host.users.by_name(user)
        assert account is not None
        gid = account.gid
        if group:
            entry = self.host.users.group_by_name(group)
            if entry is None:
                self.fatal(f"unknown group name: {group}")
            gid = entry.gid
        owner = self.master.owner
        if account.uid == 0:
            self.fatal("request to deliver as root")
        if account.uid == owner.uid:
            self.fatal("request to deliver as mail system owner")
        if gid == 0:
            self.fatal(f"request to use privileged group id {gid}")
        if gid == owner.gid:
            self.fatal(f"request to use mail system owner group id {gid}")
        return Cred(account.uid, gid, frozenset(), 0o022)

    def accept(self) -> SpawnProtocol:
        """A client has connected."""
        self.protocol = SpawnProtocol(self)
        return self.protocol

    def gone(self) -> None:
        if self.protocol is not None:
            self.protocol.hang_up()

    def run(self, request: str) -> str:
        """Run the program with this input; its output."""
        attributes = self.attributes
        env = {"PATH": _PATH} | exported_environment(self.params)
        try:
            done = self.host.execute(
                attributes.argv, cred=attributes.cred, user=attributes.user, env=env, cwd=self.params["queue_directory"], stdin=request
            )
        except OSError as error:
            self.log.warning(f"execvp {attributes.argv[0]}: {error.strerror}")
            status, output = _NOT_EXECUTED, ""
        else:
            status, output = done.exit_code, done.stdout
        if status:
            self.log.warning(f"command {attributes.argv[0]} exit status {status}")
        return output


class SpawnProtocol(asyncio.Protocol):
    """One client."""

    def __init__(self, spawn: Spawn) -> None:
        self.spawn = spawn
        self._transport: asyncio.Transport | None = None
        self._input = b""
        self._over = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._input += data
        while (end := self._input.find(b"\n\n")) >= 0:
            request, self._input = self._input[: end + 2], self._input[end + 2 :]
            self._answer(request)
        if len(self._input) > _REQUEST_LIMIT:
            self.hang_up()

    def _answer(self, request: bytes) -> None:
        output = self.spawn.run(request.decode("utf-8", "surrogateescape"))
        if output and self._transport is not None:
            self._transport.write(output.encode("utf-8", "surrogateescape"))
        else:
            self.hang_up()

    def eof_received(self) -> bool:
        if self._input:
            request, self._input = self._input, b""
            self._answer(request)
        return False

    def connection_lost(self, error: Exception | None) -> None:
        if not self._over:
            self._over = True
            self.spawn.protocol = None
            self.spawn.release()

    def hang_up(self) -> None:
        """Nothing more is to be said."""
        if self._transport is not None:
            self._transport.close()
