"""NAME
    imap - IMAP4rev1 after the login (RFC 3501, and of its extensions IDLE, UNSELECT, NAMESPACE, UIDPLUS, MOVE, QUOTA)

DESCRIPTION
    A client selects a mailbox and reads, marks, searches, copies and removes messages.

DIFFERS FROM DOVECOT
    THREAD, NOTIFY, CONDSTORE, QRESYNC, CATENATE, CONTEXT, URLAUTH, METADATA are advertised as there, but not simulated: such a
    command is answered with BAD. The times behind replies are always the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from simulator.dovecot.imap_fetch import UnknownItem, items, response, sets_seen
from simulator.dovecot.imap_mailboxes import MailboxCommands
from simulator.dovecot.imap_mime import field_value
from simulator.dovecot.imap_search import Query, UnknownKey, inside, numbers, sent_time
from simulator.dovecot.imap_words import BadWords, Word, literal_at_end, parse
from simulator.dovecot.login import IDLE_TIMEOUT
from simulator.dovecot.mailbox import SYSTEM_FLAGS, Mail, Mailbox, MailboxError, flag_text
from simulator.dovecot.quota import QuotaExceeded

if TYPE_CHECKING:
    from simulator.dovecot.login import Connection
    from simulator.dovecot.storage import Storage

CAPABILITY = (
    "IMAP4rev1 SASL-IR LOGIN-REFERRALS ID ENABLE IDLE SORT SORT=DISPLAY THREAD=REFERENCES THREAD=REFS THREAD=ORDEREDSUBJECT MULTIAPPEND URL-PARTIAL "
    "CATENATE UNSELECT CHILDREN NAMESPACE UIDPLUS LIST-EXTENDED I18NLEVEL=1 CONDSTORE QRESYNC ESEARCH ESORT SEARCHRES WITHIN CONTEXT=SEARCH "
    "LIST-STATUS BINARY MOVE SNIPPET=FUZZY PREVIEW=FUZZY PREVIEW STATUS=SIZE SAVEDATE LITERAL+ NOTIFY"
)
_TIMES = "(0.001 + 0.000 secs)."
_MOST_ERRORS = 20


class Refuse(Exception):
    """The tagged reply, without its tag: "NO ...", "BAD ..."."""


class ImapSession(MailboxCommands):
    """One client."""

    def __init__(self, connection: Connection, storage: Storage) -> None:
        self.connection, self.storage = connection, storage
        self.source = f"imap({storage.user.name})<{storage.pid}><{connection.session}>"
        self.box: Mailbox | None = None
        self.read_only = False
        self.over = ""
        self.errors = 0
        self.last = ""
        self.counts = dict.fromkeys(("deleted", "expunged", "trashed", "hdr_count", "hdr_bytes", "body_count", "body_bytes"), 0)

    def log(self, text: str, level: str = "Info") -> None:
        self.connection.master.log(text, level, self.source)

    def say(self, text: str) -> None:
        self.connection.write(text)

    async def run(self) -> None:
        """The conversation."""
        one = self.connection
        while not self.over:
            try:
                line = await one.line(IDLE_TIMEOUT)
            except TimeoutError:
                self.say("* BYE Disconnected for inactivity.")
                self.over = "Disconnected for inactivity"
                break
            if line is None:
                self.over = f"Connection closed{self.last}"
                break
            await self._line(line)
        numbers_text = " ".join(f"{name}={value}" for name, value in self.counts.items())
        self.log(f"Disconnected: {self.over} in={one.received} out={one.sent} {numbers_text}")

    async def _line(self, line: str) -> None:
        tag, _, rest = line.partition(" ")
        if not tag:
            self.say(f"* BAD Error in IMAP tag: Invalid tag {_TIMES}")
            return
        rest, literals = await self._literals(rest)
        if self.over:
            return
        verb, _, arguments = rest.partition(" ")
        if not verb:
            self.say(f"{tag} BAD Error in IMAP command: Invalid command name {_TIMES}")
            return
        try:
            reply = await self._command(tag, verb.upper(), parse(arguments, literals))
        except BadWords as error:
            reply = f"BAD Error in IMAP command {verb.upper()}: {error}"
        except Refuse as error:
            reply = str(error)
        except QuotaExceeded as error:
            reply = f"NO [OVERQUOTA] {error}"
        except MailboxError as error:
            reply = (
                f"NO [{error.code}] {error}"
                if error.code and not (error.code == "TRYCREATE" and verb.upper() in ("SELECT", "EXAMINE", "STATUS"))
                else f"NO {error}"
            )
        except OSError as error:
            self.log(f"{error.filename}: {error.strerror}", "Error")
            reply = "NO [SERVERBUG] Internal error occurred. Refer to server log for more information."
        self._reply(tag, reply)

    def _reply(self, tag: str, reply: str) -> None:
        if reply.startswith("BAD"):
            self.errors += 1
            if self.errors >= _MOST_ERRORS:
                self.say("* BYE Too many invalid IMAP commands.")
                self.over = "Too many invalid IMAP commands."
        self.say(f"{tag} {reply.removesuffix('.')} {_TIMES}")

    async def _literals(self, rest: str) -> tuple[str, list[str]]:
        found: list[str] = []
        last = rest
        while (announced := literal_at_end(last)) is not None and len(found) < 1000:
            if announced[1]:
                self.say("+ OK")
            data = await self.connection.literal(announced[0])
            if data is None:
                self.over = f"Connection closed{self.last}"
                return "", []
            found.append(data)
            last = (await self.connection.line(IDLE_TIMEOUT)) or ""
            rest += last
        return rest, found

    async def _command(self, tag: str, verb: str, words: list[Word]) -> str:
        uid = verb == "UID"
        if uid:
            verb = str(words.pop(0)).upper() if words else ""
        if verb == "IDLE":
            return await self._idle()
        action = _COMMANDS.get(verb)
        if action is None or (uid and verb not in ("FETCH", "STORE", "COPY", "MOVE", "SEARCH", "SORT", "EXPUNGE")):
            raise Refuse(f"BAD Error in IMAP command {('UID ' if uid else '') + verb}: Unknown command")
        if verb in _SELECTED and self.box is None:
            raise Refuse("BAD No mailbox selected")
        if self.box is not None and verb in ("NOOP", "CHECK", "STATUS"):
            self._news()
        try:
            return str(getattr(self, action)(words, uid) if verb in _WITH_UID else getattr(self, action)(words))
        except (IndexError, AttributeError, TypeError):
            raise Refuse(f"BAD Error in IMAP command {verb}: Invalid arguments") from None

    async def _idle(self) -> str:
        self.say("+ idling")
        waiting = asyncio.ensure_future(self.connection.line(IDLE_TIMEOUT))
        while not waiting.done():
            await asyncio.wait({waiting}, timeout=30)
            self._news()
        line = waiting.result()
        if line is None:
            self.over = "Connection closed"
        if line is not None and line.upper() != "DONE":
            raise Refuse("BAD Expected DONE.")
        return "OK Idle completed."

    def _news(self) -> None:
        """Tell of what others have done to the selected mailbox."""
        if self.box is None:
            return
        before = {mail.uid: set(mail.flags) for mail in self.box.mails}
        order = [mail.uid for mail in self.box.mails]
        self.box.refresh()
        there = {mail.uid for mail in self.box.mails}
        for uid in [one for one in order if one not in there]:
            self.say(f"* {order.index(uid) + 1} EXPUNGE")
            order.remove(uid)
        for number, mail in enumerate(self.box.mails, 1):
            if mail.uid in before and before[mail.uid] != mail.flags:
                self.say(f"* {number} FETCH (FLAGS ({flag_text(mail)}))")
        if len(self.box.mails) > len(order):
            self.say(f"* {len(self.box.mails)} EXISTS")
            self.say(f"* {self.box.recent} RECENT")

    # -- plain commands -------------------------------------------------------------------------------------------------

    def capability(self, words: list[Word]) -> str:
        extra = " QUOTA" if "imap_quota" in self.connection.config.plugins else ""
        self.say(f"* CAPABILITY {CAPABILITY}{extra}")
        return "OK Capability completed."

    def noop(self, words: list[Word]) -> str:
        return "OK NOOP completed."

    def check(self, words: list[Word]) -> str:
        return "OK Check completed."

    def identify(self, words: list[Word]) -> str:
        self.say('* ID ("name" "Dovecot")')
        return "OK ID completed."

    def namespace(self, words: list[Word]) -> str:
        self.say(f'* NAMESPACE (("" "{self.storage.separator}")) NIL NIL')
        return "OK Namespace completed."

    def enable(self, words: list[Word]) -> str:
        self.say("* ENABLED")
        return "OK Enabled."

    def logout(self, words: list[Word]) -> str:
        self.say("* BYE Logging out")
        self.over = "Logged out"
        return "OK Logout completed."

    # -- messages -------------------------------------------------------------------------------------------------------

    def _chosen(self, text: str, uid: bool) -> list[tuple[int, Mail]]:
        assert self.box is not None
        pairs = list(enumerate(self.box.mails, 1))
        last = (pairs[-1][1].uid if uid else len(pairs)) if pairs else 0
        try:
            ranges = numbers(text, last)
        except UnknownKey as error:
            raise Refuse(f"BAD Error in IMAP command {'UID ' if uid else ''}FETCH: {error}") from None
        if uid:
            return [(number, mail) for number, mail in pairs if inside(ranges, mail.uid)]
        if any(low < 1 or high > len(pairs) for low, high in ranges):
            raise Refuse("BAD Error in IMAP command FETCH: Invalid messageset")
        return [(number, mail) for number, mail in pairs if inside(ranges, number)]

    def fetch(self, words: list[Word], uid: bool) -> str:
        box = self.box
        assert box is not None
        chosen = self._chosen(str(words[0]), uid)
        try:
            wanted = items(words[1])
        except UnknownItem as error:
            raise Refuse(f"BAD Error in IMAP command FETCH: {error}") from None
        if uid and not any(one.name == "UID" for one in wanted):
            wanted.insert(0, items("UID")[0])
        seen = sets_seen(wanted) and not self.read_only
        for number, mail in chosen:
            mine = list(wanted)
            if seen and "\\Seen" not in mail.flags:
                box.store(mail, mail.flags | {"\\Seen"})
                mine = mine if any(one.name == "FLAGS" for one in mine) else [items("FLAGS")[0], *mine]
            data = response(box, mail, mine)
            self._count(mine, len(data))
            self.connection.write_data(b"* %d FETCH (" % number + data + b")\r\n")
        self.last = " (FETCH finished 0.000 secs ago)"
        return "OK Fetch completed."

    def _count(self, wanted: Sequence[object], size: int) -> None:
        for one in wanted:
            section, name = getattr(one, "section", None), getattr(one, "name", "")
            kind = (
                "hdr"
                if name == "RFC822.HEADER" or (section or "").startswith("HEADER")
                else "body"
                if section is not None or name in ("RFC822", "RFC822.TEXT")
                else ""
            )
            if kind:
                self.counts[f"{kind}_count"] += 1
                self.counts[f"{kind}_bytes"] += size

    def store(self, words: list[Word], uid: bool) -> str:
        box = self.box
        assert box is not None
        chosen = self._chosen(str(words[0]), uid)
        how, given = str(words[1]).upper(), words[2:]
        flags = {_flag(str(one)) for one in (given[0] if given and isinstance(given[0], list) else given)}
        if how.removesuffix(".SILENT") not in ("FLAGS", "+FLAGS", "-FLAGS"):
            raise Refuse(f"BAD Error in IMAP command STORE: Invalid item {how}")
        if self.read_only:
            return "OK Store ignored with read-only mailbox."
        new = [one for one in flags if not one.startswith("\\") and not any(one in mail.flags for mail in box.mails) and one not in box.keywords]
        for _, mail in chosen:
            result = flags if how[0] == "F" else mail.flags | flags if how[0] == "+" else mail.flags - flags
            box.store(mail, set(result) - {"\\Recent"})
            self.counts["deleted"] += "\\Deleted" in result
        if new:
            self._flag_lines()
        if not how.endswith(".SILENT"):
            for number, mail in chosen:
                self.say(f"* {number} FETCH ({f'UID {mail.uid} ' if uid else ''}FLAGS ({flag_text(mail)}))")
        self.last = " (STORE finished 0.000 secs ago)"
        return "OK Store completed."

    def copy(self, words: list[Word], uid: bool) -> str:
        chosen, code = self._copy(words, uid)
        return f"OK {code}Copy completed." if chosen else "OK No messages found."

    def _copy(self, words: list[Word], uid: bool) -> tuple[list[tuple[int, Mail]], str]:
        box = self.box
        assert box is not None
        chosen = self._chosen(str(words[0]), uid)
        target = self.storage.open(str(words[1]))
        added = []
        for _, mail in chosen:
            data = box.data(mail)
            self.quota_room(len(data))
            added.append(target.append(data, set(mail.flags), mail.received))
        old, new = _ranges([mail.uid for _, mail in chosen]), _ranges([mail.uid for mail in added])
        return chosen, f"[COPYUID {target.uidvalidity} {old} {new}] "

    def move(self, words: list[Word], uid: bool) -> str:
        chosen, code = self._copy(words, uid)
        if not chosen:
            return "OK No messages found."
        self.say(f"* OK {code}Moved UIDs.")
        self._remove([mail for _, mail in chosen])
        return "OK Move completed."

    def expunge(self, words: list[Word], uid: bool) -> str:
        assert self.box is not None
        if self.read_only:
            raise Refuse("NO [READ-ONLY] Mailbox is read-only")
        wanted = {mail.uid for _, mail in self._chosen(str(words[0]), True)} if uid else None
        gone = [mail for mail in self.box.mails if "\\Deleted" in mail.flags and (wanted is None or mail.uid in wanted)]
        self._remove(gone)
        return "OK Expunge completed."

    def _remove(self, gone: list[Mail], quiet: bool = False) -> None:
        assert self.box is not None
        order = [mail.uid for mail in self.box.mails]
        self.box.expunge(gone)
        self.counts["expunged"] += len(gone)
        for mail in gone:
            if not quiet:
                self.say(f"* {order.index(mail.uid) + 1} EXPUNGE")
            order.remove(mail.uid)

    def search(self, words: list[Word], uid: bool) -> str:
        found = self._found(words, "SEARCH")
        self.say(" ".join(["* SEARCH", *(str(mail.uid if uid else number) for number, mail in found)]))
        return "OK Search completed."

    def _found(self, words: list[Word], verb: str) -> list[tuple[int, Mail]]:
        box = self.box
        assert box is not None
        if words and str(words[0]).upper() == "RETURN":
            words = words[2:]
        try:
            test = Query(words, self.connection.host.clock.now).all()
            return [(number, mail) for number, mail in enumerate(box.mails, 1) if test(box, number, mail)]
        except UnknownKey as error:
            raise Refuse(f"BAD Error in IMAP command {verb}: {error}") from None

    def sort(self, words: list[Word], uid: bool) -> str:
        box = self.box
        assert box is not None
        found = self._found(words[2:], "SORT")
        for key in reversed([str(one).upper() for one in words[0] or []]):
            reverse = key == "REVERSE"
            if not reverse:
                found.sort(key=lambda pair: _sort_key(box, pair[1], key))
        if "REVERSE" in [str(one).upper() for one in words[0] or []]:
            found.reverse()
        self.say(" ".join(["* SORT", *(str(mail.uid if uid else number) for number, mail in found)]))
        return "OK Sort completed."


def _sort_key(box: Mailbox, mail: Mail, key: str) -> tuple[float, str]:
    data = box.wire(mail)
    if key in ("ARRIVAL", "SIZE", "DATE"):
        return {"ARRIVAL": mail.received, "SIZE": float(box.virtual(mail)), "DATE": sent_time(data, mail.received)}[key], ""
    return 0.0, (field_value(data, key.capitalize()) or "").lower().removeprefix("re: ")


def _flag(text: str) -> str:
    known = {one.lower(): one for one in SYSTEM_FLAGS}
    return known.get(text.lower(), text)


def _ranges(uids: list[int]) -> str:
    """Numbers as a set: 1:3,5."""
    parts: list[list[int]] = []
    for uid in uids:
        if parts and parts[-1][-1] == uid - 1:
            parts[-1].append(uid)
        else:
            parts.append([uid])
    return ",".join(str(one[0]) if len(one) == 1 else f"{one[0]}:{one[-1]}" for one in parts)


_COMMANDS = {
    "CAPABILITY": "capability", "NOOP": "noop", "CHECK": "check", "ID": "identify", "NAMESPACE": "namespace", "ENABLE": "enable", "LOGOUT": "logout",
    "SELECT": "select", "EXAMINE": "examine", "CREATE": "create", "DELETE": "delete", "RENAME": "rename", "SUBSCRIBE": "subscribe",
    "UNSUBSCRIBE": "unsubscribe", "LIST": "list_names", "XLIST": "list_names", "LSUB": "lsub", "STATUS": "status", "APPEND": "append", "CLOSE": "close",
    "UNSELECT": "unselect", "EXPUNGE": "expunge", "SEARCH": "search", "SORT": "sort", "FETCH": "fetch", "STORE": "store", "COPY": "copy",
    "MOVE": "move", "GETQUOTA": "get_quota", "GETQUOTAROOT": "get_quota_root",
}  # fmt: skip
_SELECTED = frozenset("CHECK CLOSE UNSELECT EXPUNGE SEARCH SORT FETCH STORE COPY MOVE".split())
_WITH_UID = frozenset("EXPUNGE SEARCH SORT FETCH STORE COPY MOVE".split())
