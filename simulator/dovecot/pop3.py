"""NAME
    pop3 - POP3 after the login (RFC 1939)

DESCRIPTION
    Reads INBOX once; DELE takes effect at QUIT.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.dovecot.login import POP3_TIMEOUT
from simulator.dovecot.mailbox import Mail, MailboxError
from simulator.dovecot.mbox import Mbox

if TYPE_CHECKING:
    from simulator.dovecot.login import Connection
    from simulator.dovecot.storage import Storage

_MOST_ERRORS = 20


class Pop3Session:
    """One client."""

    def __init__(self, connection: Connection, storage: Storage) -> None:
        self.connection, self.storage = connection, storage
        self.source = f"pop3({storage.user.name})<{storage.pid}><{connection.session}>"
        self.deleted: set[int] = set()
        self.seen: set[int] = set()
        self.top = self.retr = self.top_bytes = self.retr_bytes = self.errors = 0
        self.over = ""

    def log(self, text: str, level: str = "Info") -> None:
        self.connection.master.log(text, level, self.source)

    async def run(self) -> None:
        """The conversation."""
        one = self.connection
        try:
            self.box = self.storage.open("INBOX", take=True)
        except (MailboxError, OSError) as error:
            self.log(f"Couldn't open INBOX: {error}", "Error")
            self.log("Couldn't open INBOX top=0/0, retr=0/0, del=0/0, size=0")
            one.write("-ERR [SYS/TEMP] Couldn't open INBOX")
            return
        self._lock_trouble()
        self.mails: list[Mail] = list(self.box.mails)
        self.total = sum(self.box.virtual(mail) for mail in self.mails)
        one.write("+OK Logged in.")
        while not self.over:
            try:
                line = await one.line(POP3_TIMEOUT)
            except TimeoutError:
                one.write("-ERR Disconnected for inactivity.")
                self.over = "Inactivity"
                break
            if line is None:
                self.over = "Connection closed"
                break
            self._command(line)
        count = len(self.deleted) if self.over == "Logged out" else 0
        self.log(f"Disconnected: {self.over} top={self.top}/{self.top_bytes}, retr={self.retr}/{self.retr_bytes}, "
                 f"del={count}/{len(self.mails)}, size={self.total}")  # fmt: skip

    def _lock_trouble(self) -> None:
        if isinstance(self.box, Mbox) and self.box.lock_error:
            self.log(lock_text(self.storage, self.box), "Error")

    def _command(self, line: str) -> None:
        verb, _, rest = line.partition(" ")
        action = _COMMANDS.get(verb.upper())
        if action is None:
            self.errors += 1
            self.connection.write(f"-ERR Unknown command: {verb.upper()}")
            if self.errors >= _MOST_ERRORS:
                self.connection.write("-ERR Too many bad commands")
                self.over = "Too many bad commands"
            return
        getattr(self, action)(rest.strip())

    def _message(self, text: str) -> int | None:
        """The number of a message that is there; None, and the client was told, otherwise."""
        one = self.connection
        word = text.split(" ")[0]
        if not word.isdigit():
            one.write(f"-ERR Invalid message number: {text}" if text else "-ERR Message number missing.")
            return None
        number = int(word)
        if not 1 <= number <= len(self.mails):
            one.write(f"-ERR There's no message {number}.")
            return None
        if number in self.deleted:
            one.write("-ERR Message is deleted.")
            return None
        return number

    def _left(self) -> list[tuple[int, Mail]]:
        return [(number, mail) for number, mail in enumerate(self.mails, 1) if number not in self.deleted]

    def stat(self, rest: str) -> None:
        left = self._left()
        self.connection.write(f"+OK {len(left)} {sum(self.box.virtual(mail) for _, mail in left)}")

    def list(self, rest: str) -> None:
        if rest:
            number = self._message(rest)
            if number is not None:
                self.connection.write(f"+OK {number} {self.box.virtual(self.mails[number - 1])}")
            return
        left = self._left()
        lines = [f"+OK {len(left)} messages:", *(f"{number} {self.box.virtual(mail)}" for number, mail in left), "."]
        self.connection.write("\r\n".join(lines))

    def uidl(self, rest: str) -> None:
        if rest:
            number = self._message(rest)
            if number is not None:
                self.connection.write(f"+OK {number} {self._uid(self.mails[number - 1])}")
            return
        self.connection.write("\r\n".join(["+OK", *(f"{number} {self._uid(mail)}" for number, mail in self._left()), "."]))

    def _uid(self, mail: Mail) -> str:
        """pop3_uidl_format, by default %08Xu%08Xv."""
        return f"{mail.uid:08x}{self.box.uidvalidity:08x}"

    def retrieve(self, rest: str) -> None:
        number = self._message(rest)
        if number is None:
            return
        data = self.box.wire(self.mails[number - 1])
        sent = self._send(f"+OK {len(data)} octets", data)
        self.retr, self.retr_bytes = self.retr + 1, self.retr_bytes + sent
        self.seen.add(number)

    def head(self, rest: str) -> None:
        words = rest.split(" ")
        number = self._message(rest)
        if number is None:
            return
        if len(words) < 2 or not words[1].isdigit():
            self.connection.write("-ERR Line count missing." if len(words) < 2 else f"-ERR Invalid line count: {words[1]}")
            return
        header, _, body = self.box.wire(self.mails[number - 1]).partition(b"\r\n\r\n")
        lines = body.split(b"\r\n")[: int(words[1])]
        text = header + b"\r\n\r\n" + b"".join(line + b"\r\n" for line in lines)
        self.top, self.top_bytes = self.top + 1, self.top_bytes + self._send("+OK", text)

    def _send(self, first: str, data: bytes) -> int:
        data = data if data.endswith(b"\r\n") else data + b"\r\n"
        stuffed = (b"\r\n" + data).replace(b"\r\n.", b"\r\n..")[2:]
        before = self.connection.sent
        self.connection.write_data(first.encode() + b"\r\n" + stuffed + b".\r\n")
        return self.connection.sent - before - 3

    def delete(self, rest: str) -> None:
        number = self._message(rest)
        if number is not None:
            self.deleted.add(number)
            self.connection.write("+OK Marked to be deleted.")

    def reset(self, rest: str) -> None:
        self.deleted.clear()
        self.seen.clear()
        self.connection.write("+OK")

    def nothing(self, rest: str) -> None:
        self.connection.write("+OK")

    def capabilities(self, rest: str) -> None:
        words = ["+OK", "CAPA", "TOP", "UIDL", "RESP-CODES", "PIPELINING", "AUTH-RESP-CODE", "."]
        self.connection.write("\r\n".join(words))

    def quit(self, rest: str) -> None:
        self.over = "Logged out"
        self.box.refresh()
        for number in sorted(self.seen - self.deleted):
            mail = self.box.by_uid(self.mails[number - 1].uid)
            if mail is not None and "\\Seen" not in mail.flags:
                self.box.store(mail, mail.flags | {"\\Seen"})
        gone = [self.box.by_uid(self.mails[number - 1].uid) for number in sorted(self.deleted)]
        self.box.expunge([mail for mail in gone if mail is not None])
        self.connection.write("+OK Logging out, messages deleted." if self.deleted else "+OK Logging out.")


_COMMANDS = {
    "STAT": "stat", "LIST": "list", "UIDL": "uidl", "RETR": "retrieve", "TOP": "head", "DELE": "delete", "RSET": "reset", "NOOP": "nothing",
    "CAPA": "capabilities", "QUIT": "quit",
}  # fmt: skip


def lock_text(storage: Storage, box: Mbox) -> str:
    """Why an mbox cannot be locked."""
    stat = storage.fs.stat(box.lock_error)
    uid, gid = storage.user.uid, storage.user.gid
    users = storage.host.users
    user, group, owner = users.by_uid(uid), users.group_by_gid(gid), users.group_by_gid(stat.gid)
    names = (user.name if user else str(uid), group.name if group else str(gid), owner.name if owner else str(stat.gid))
    return (
        f"Mailbox {box.name}: file_dotlock_create({box.path}) failed: Permission denied (euid={uid}({names[0]}) egid={gid}({names[1]}) missing +w perm: "
        f"{box.lock_error}, we're not in group {stat.gid}({names[2]}), dir owned by {stat.uid}:{stat.gid} mode=0{stat.mode & 0o777:o}) "
        f"(set mail_privileged_group={names[2]})"
    )
