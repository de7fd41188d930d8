"""The socket at which Postfix and others have passwords checked: the Dovecot Authentication Protocol, server side.

The server says VERSION, MECH ..., SPID, CUID, COOKIE, DONE; the client VERSION, CPID. Then `AUTH id MECH service=smtp resp=...`
is answered by CONT, OK or FAIL.
"""

from __future__ import annotations

import asyncio
import hashlib
from typing import TYPE_CHECKING

from simulator.dovecot.sasl import PROPERTIES, Credentials, decode, encode, plain

if TYPE_CHECKING:
    from simulator.dovecot.master import Master

_MOST_REQUESTS = 1000


class AuthServer:
    """Serves one connection after another; each is a conversation of its own."""

    def __init__(self, master: Master) -> None:
        self.master = master

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        self._greet(writer)
        waiting: dict[str, tuple[str, str, dict[str, str]]] = {}
        for _ in range(_MOST_REQUESTS):
            try:
                line = await reader.readline()
            except (OSError, ValueError):
                break
            if not line.endswith(b"\n"):
                break
            fields = line[:-1].decode("utf-8", "surrogateescape").split("\t")
            if fields[0] == "AUTH" and len(fields) > 2:
                facts = dict(word.partition("=")[::2] for word in fields[3:])
                await self._begin(writer, fields[1], fields[2].upper(), facts, waiting)
            elif fields[0] == "CONT" and len(fields) > 2 and fields[1] in waiting:
                await self._go_on(writer, fields[1], fields[2], waiting)
        writer.close()

    def _greet(self, writer: asyncio.StreamWriter) -> None:
        master = self.master
        lines = ["VERSION\t1\t2"]
        for name in master.config.words("auth_mechanisms"):
            lines.append("\t".join(["MECH", name.upper(), *PROPERTIES.get(name.upper(), ())]))
        pid = master.auth_pid()
        cookie = hashlib.md5(f"{master.host.name} {pid}".encode(), usedforsecurity=False).hexdigest()
        lines += [f"SPID\t{pid}", "CUID\t1", f"COOKIE\t{cookie}", "DONE"]
        writer.write(("\n".join(lines) + "\n").encode())

    async def _begin(
        self, writer: asyncio.StreamWriter, number: str, mechanism: str, facts: dict[str, str], waiting: dict[str, tuple[str, str, dict[str, str]]]
    ) -> None:
        response = facts.get("resp")
        if mechanism == "LOGIN" and response is None:
            waiting[number] = ("LOGIN", "", facts)
            self._say(writer, "CONT", number, encode(b"Username:"))
        elif mechanism == "LOGIN" and response is not None:
            waiting[number] = ("LOGIN", "", facts)
            await self._go_on(writer, number, response, waiting)
        elif mechanism == "PLAIN" and response is None:
            waiting[number] = ("PLAIN", "", facts)
            self._say(writer, "CONT", number, "")
        elif mechanism == "PLAIN":
            data = decode(response or "")
            await self._answer(writer, number, None if data is None else plain(data), facts)
        else:
            self._say(writer, "FAIL", number)

    async def _go_on(self, writer: asyncio.StreamWriter, number: str, response: str, waiting: dict[str, tuple[str, str, dict[str, str]]]) -> None:
        mechanism, user, facts = waiting.pop(number)
        data = decode(response)
        if mechanism == "PLAIN":
            await self._answer(writer, number, None if data is None else plain(data), facts)
        elif data is None:
            await self._answer(writer, number, None, facts)
        elif not user:
            name = data.decode("utf-8", "surrogateescape")
            if not name:
                await self._answer(writer, number, None, facts)
                return
            waiting[number] = ("LOGIN", name, facts)
            self._say(writer, "CONT", number, encode(b"Password:"))
        else:
            await self._answer(writer, number, Credentials(user, data.decode("utf-8", "surrogateescape")), facts)

    async def _answer(self, writer: asyncio.StreamWriter, number: str, given: Credentials | None, facts: dict[str, str]) -> None:
        address = facts.get("rip", "")
        auth = self.master.auth
        wait = auth.penalty(address)
        if wait:
            await asyncio.sleep(wait)
        outcome = auth.check(given.user, given.password, address, facts.get("service", "")) if given is not None else None
        auth.note(address, outcome is not None and outcome.good, "" if given is None else f"{given.user}\0{given.password}")
        if outcome is not None and outcome.good:
            self._say(writer, "OK", number, f"user={outcome.user}")
            return
        await asyncio.sleep(self.master.config.seconds("auth_failure_delay"))
        words = [] if outcome is None else [f"user={outcome.user}"]
        words += ["temp"] if outcome is not None and outcome.temporary else []
        self._say(writer, "FAIL", number, *words)

    @staticmethod
    def _say(writer: asyncio.StreamWriter, *words: str) -> None:
        writer.write(("\t".join(words) + "\n").encode("utf-8", "surrogateescape"))
