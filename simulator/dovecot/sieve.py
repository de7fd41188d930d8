"""NAME
    sievec - compile a Sieve script; and how a delivery runs one

SYNOPSIS
    sievec SCRIPT

DESCRIPTION
    keep, discard, stop, fileinto, redirect, reject, flags; if with header, address, envelope, exists, size, allof, anyof, not.

DIFFERS FROM PIGEONHOLE
    vacation, variables, body, include and other extensions are missing: a script that uses them does not compile.
"""

from __future__ import annotations

import email.utils
import fnmatch
import re
import time
from typing import TYPE_CHECKING

from simulator.dovecot.sieve_parser import Node, SieveError, compile_script, strings
from simulator.unix.program import Process, program

if TYPE_CHECKING:
    from simulator.dovecot.delivery import Delivery

_FATAL = 89


@program("/usr/bin/sievec", package="dovecot", section=1)
def main(p: Process) -> int:
    if len(p.argv) != 2:
        p.err("Usage: sievec [-c <config-file>] [-d] [-D] [-P <plugin>] [-x <extensions>]\n              <script-file> [<out-file>]\n")
        return 64
    name = p.argv[1]
    base = name.rpartition("/")[2].removesuffix(".sieve")
    try:
        compile_script(p.read(name).decode("utf-8", "surrogateescape"))
    except SieveError as error:
        p.err("".join(f"{line}\n" for line in _report(base, error)))
    except OSError:
        p.err("error: script not found.\n")
    else:
        p.write(name.removesuffix(".sieve") + ".svbin", b"\xc0\xde\x51\x5e" + name.encode(), 0o644)
        return 0
    p.err(f"sievec({p.user}): Fatal: failed to compile sieve script '{name}'\n")
    return _FATAL


def _report(name: str, error: SieveError) -> list[str]:
    return [f"{name}: line {error.line}: error: {error}", f"{name}: error: {error.stage} failed."]


class _Stop(Exception):
    pass


class _Run:
    """One script on one message."""

    def __init__(self, delivery: Delivery) -> None:
        self.delivery = delivery
        self.keep = True
        self.flags: set[str] = set()
        head = delivery.data.partition(b"\n\n")[0].decode("utf-8", "surrogateescape") + "\n"
        self.head = re.sub(r"\n(?=[ \t])", "", head)

    def values(self, name: str) -> list[str]:
        return [value.strip() for value in re.findall(rf"^{re.escape(name)}:([^\n]*)", self.head, re.M | re.I)]

    def block(self, nodes: list[Node]) -> None:
        taken = False
        for node in nodes:
            if node.name in ("if", "elsif", "else"):
                taken = False if node.name == "if" else taken
                if not taken and (node.name == "else" or self.test(node.tests[0])):
                    taken = True
                    self.block(node.block)
            elif node.name != "require":
                self.action(node)

    def test(self, node: Node) -> bool:
        name = node.name
        if name in ("true", "false"):
            return name == "true"
        if name == "not":
            return not self.test(node.tests[0])
        if name in ("allof", "anyof"):
            return (all if name == "allof" else any)(self.test(one) for one in node.tests)
        if name == "exists":
            return all(self.values(one) for one in strings(node.arguments[0]))
        if name == "size":
            size, limit = len(self.delivery.data), int(str(node.arguments[0]))
            return size > limit if ":over" in node.tags else size < limit
        found = [value for field in strings(node.arguments[0]) for value in self._field(node, field)]
        return any(_fits(node, value, key) for value in found for key in strings(node.arguments[1]))

    def _field(self, node: Node, field: str) -> list[str]:
        if node.name == "header":
            return self.values(field)
        if node.name == "envelope":
            addresses = [self.delivery.sender if field.lower() == "from" else self.delivery.recipient]
        else:
            addresses = [address for _, address in email.utils.getaddresses(self.values(field))]
        if ":localpart" in node.tags:
            return [address.rpartition("@")[0] for address in addresses]
        return [address.rpartition("@")[2] for address in addresses] if ":domain" in node.tags else addresses

    def action(self, node: Node) -> None:
        delivery, name = self.delivery, node.name
        if name == "stop":
            raise _Stop
        if name == "discard":
            self.keep = False
            self._log("discard action: Marked message to be discarded if not explicitly delivered (discard action)")
        elif name == "fileinto":
            folder = strings(node.arguments[0])[0]
            delivery.save(folder, set(self.flags), ":create" in node.tags, sieve=True)
            self._log(f"fileinto action: stored mail into mailbox '{folder}'")
            self.keep &= ":copy" in node.tags
        elif name == "redirect":
            address = strings(node.arguments[0])[0]
            head = f"X-Sieve: Pigeonhole Sieve 0.5.19 (4eae2f79)\nX-Sieve-Redirected-From: {delivery.original or delivery.recipient}\n"
            self._send(delivery.sender, address, head.encode() + re.sub(rb"\AReturn-Path:[^\n]*\n", b"", delivery.data))
            self._log(f"redirect action: forwarded to <{address}>")
            self.keep &= ":copy" in node.tags
        elif name in ("reject", "ereject"):
            self._reject(strings(node.arguments[0])[0])
        elif name == "keep":
            self.keep = True
        else:
            words = {word for text in strings(node.arguments[-1]) for word in text.split()}
            self.flags = words if name == "setflag" else self.flags | words if name == "addflag" else self.flags - words

    def _log(self, text: str) -> None:
        self.delivery.log(f"sieve: msgid={self.delivery.message_id}: {text}")

    def _reject(self, reason: str) -> None:
        delivery = self.delivery
        self.keep = False
        if not delivery.sender:
            self._log("reject action: tried to reject, but message has no return-path")
            return
        host, now = delivery.storage.host, delivery.storage.host.clock.now
        subject = (self.values("Subject") or [""])[0]
        serial = f"{int(now)}-{int(now % 1 * 1e6):06d}-0"
        boundary = f"{delivery.storage.pid}/{host.hostname}"
        text = (
            f"X-Sieve: Pigeonhole Sieve 0.5.19 (4eae2f79)\nMessage-ID: <dovecot-{serial}@{host.hostname}>\n"
            f"Date: {time.strftime('%a, %d %b %Y %H:%M:%S +0000', time.gmtime(now))}\nFrom: Postmaster <postmaster@{host.hostname}>\n"
            f"To: <{delivery.sender}>\nSubject: Rejected: {subject}\nAuto-Submitted: auto-replied (rejected)\nMIME-Version: 1.0\n"
            f'Content-Type: multipart/report; report-type=disposition-notification;\n\tboundary="{boundary}"\n\n--{boundary}\n'
            f"Content-Type: text/plain; charset=utf-8\nContent-Disposition: inline\n\nYour message to <{delivery.original or delivery.recipient}> was "
            f"rejected. The reason given was:\n\n{reason}\n--{boundary}\nContent-Type: message/disposition-notification\n\n"
            f"Final-Recipient: rfc822; {delivery.recipient}\nDisposition: automatic-action/MDN-sent-automatically; deleted\n\n--{boundary}\n"
            f"Content-Type: message/rfc822\n\n{self.head}\n--{boundary}--\n"
        )
        self._send("", delivery.sender, text.encode("utf-8", "surrogateescape"))
        self._log("reject action: rejected")

    def _send(self, sender: str, recipient: str, data: bytes) -> None:
        """By sendmail(1), as the user."""
        storage = self.delivery.storage
        argv = ["/usr/sbin/sendmail", "-i", "-f", sender or "<>", "--", recipient]
        storage.host.execute(argv, cred=storage.cred, user=storage.user.name, env={"PATH": "/usr/bin:/bin:/usr/sbin"}, cwd="/",
                             stdin=data.decode("utf-8", "surrogateescape"))  # fmt: skip


def _fits(node: Node, value: str, key: str) -> bool:
    value, key = value.lower(), key.lower()
    if ":contains" in node.tags:
        return key in value
    if ":matches" in node.tags:
        return fnmatch.fnmatchcase(value, key.replace("[", "[[]"))
    return value == key


def run_script(delivery: Delivery) -> bool:
    """Run the user's active script, if there is one; then the message has been dealt with. Raises DeliveryFailed."""
    storage = delivery.storage
    path = re.search(r"active=([^;]*)", delivery.config.plugin.get("sieve", ""))
    script = (path[1] if path else "~/.dovecot.sieve").replace("~", storage.user.home, 1)
    if not storage.fs.exists(script, storage.cred):
        return False
    run = _Run(delivery)
    try:
        run.block(compile_script(storage.fs.read(script, storage.cred).decode("utf-8", "surrogateescape")))
    except SieveError as error:
        _note_errors(delivery, script, error)
    except _Stop:
        pass
    if run.keep:
        delivery.save(delivery.mailbox, run.flags, sieve=True)
        run._log(f"stored mail into mailbox '{delivery.mailbox}'")
    return True


def _note_errors(delivery: Delivery, script: str, error: SieveError) -> None:
    storage = delivery.storage
    log = f"{script}.log"
    delivery.log(f"sieve: Failed to compile script `{script}' (view user logfile `{log}' for more information)")
    name = script.rpartition("/")[2].removesuffix(".sieve")
    started = time.strftime("sieve: info: started log at %Y-%m-%d %H:%M:%S +0000.", time.gmtime(storage.host.clock.now))
    storage.fs.write(log, "".join(f"{line}\n" for line in [started, *_report(name, error)]).encode(), storage.cred, 0o600)
