"""IMAP commands about mailboxes as a whole: SELECT, LIST, STATUS, CREATE, APPEND ... (RFC 3501 6.3)."""

from __future__ import annotations

import calendar
import time
from typing import TYPE_CHECKING

from simulator.dovecot.imap_words import Word, mailbox_name, quote
from simulator.dovecot.mailbox import SYSTEM_FLAGS, Mail, Mailbox, MailboxError
from simulator.dovecot.quota import Quota, QuotaExceeded

if TYPE_CHECKING:
    from simulator.dovecot.login import Connection
    from simulator.dovecot.storage import Storage


class MailboxCommands:
    """The part of a session that deals with mailboxes."""

    connection: Connection
    storage: Storage
    box: Mailbox | None
    read_only: bool

    def say(self, text: str) -> None:
        """Send a line."""
        raise NotImplementedError

    def _remove(self, gone: list[Mail], quiet: bool = False) -> None:
        raise NotImplementedError

    def quota_room(self, size: int) -> None:
        """Raises QuotaExceeded when a message of this size has no room."""
        quota = Quota.of(self.storage, self.connection.config)
        if quota is not None and not quota.room(size):
            raise QuotaExceeded(quota.message)

    # -- selecting ------------------------------------------------------------------------------------------------------

    def select(self, words: list[Word]) -> str:
        return self._select(str(words[0]), False)

    def examine(self, words: list[Word]) -> str:
        return self._select(str(words[0]), True)

    def _select(self, name: str, read_only: bool) -> str:
        if self.box is not None:
            self.say("* OK [CLOSED] Previous mailbox closed.")
        self.box = None
        box = self.storage.open(name, take=not read_only)
        self.box, self.read_only = box, read_only
        self._flag_lines()
        self.say(f"* {len(box.mails)} EXISTS")
        self.say(f"* {box.recent} RECENT")
        unseen = next((number for number, mail in enumerate(box.mails, 1) if "\\Seen" not in mail.flags), 0)
        if unseen:
            self.say(f"* OK [UNSEEN {unseen}] First unseen.")
        self.say(f"* OK [UIDVALIDITY {box.uidvalidity}] UIDs valid")
        self.say(f"* OK [UIDNEXT {box.uidnext}] Predicted next UID")
        return "OK [READ-ONLY] Examine completed." if read_only else "OK [READ-WRITE] Select completed."

    def _flag_lines(self) -> None:
        assert self.box is not None
        words = " ".join([*SYSTEM_FLAGS, *self.box.keywords])
        self.say(f"* FLAGS ({words})")
        self.say("* OK [PERMANENTFLAGS ()] Read-only mailbox." if self.read_only else f"* OK [PERMANENTFLAGS ({words} \\*)] Flags permitted.")

    def close(self, words: list[Word]) -> str:
        assert self.box is not None
        if not self.read_only:
            self._remove([mail for mail in self.box.mails if "\\Deleted" in mail.flags], quiet=True)
        self.box = None
        return "OK Close completed."

    def unselect(self, words: list[Word]) -> str:
        self.box = None
        return "OK Unselect completed."

    # -- names ----------------------------------------------------------------------------------------------------------

    def list_names(self, words: list[Word]) -> str:
        reference, pattern = str(words[0]), words[1]
        separator = self.storage.separator
        if pattern == "":
            self.say(f'* LIST (\\Noselect) "{separator}" ""')
            return "OK List completed."
        for one in pattern if isinstance(pattern, list) else [pattern]:
            for name in self.storage.names(reference + str(one)):
                self.say(f'* LIST ({self._attributes(name)}) "{separator}" {mailbox_name(name)}')
        return "OK List completed."

    def _attributes(self, name: str) -> str:
        words = [self._special(name)] if self._special(name) else []
        if self.storage.driver == "mbox" and name != "INBOX":
            words.insert(0, "\\NoInferiors")
        else:
            words.insert(0, "\\HasChildren" if self.storage.children(name) else "\\HasNoChildren")
        return " ".join(words)

    def _special(self, name: str) -> str:
        """special_use of the namespace's mailbox block."""
        for namespace in self.connection.config.tree.of_kind("namespace"):
            box = namespace.first("mailbox", name)
            if box is not None:
                return box.get("special_use")
        return ""

    def lsub(self, words: list[Word]) -> str:
        for name in self.storage.subscriptions():
            self.say(f'* LSUB () "{self.storage.separator}" {mailbox_name(name)}')
        return "OK Lsub completed."

    def create(self, words: list[Word]) -> str:
        self.storage.create(str(words[0]).removesuffix(self.storage.separator))
        return "OK Create completed."

    def delete(self, words: list[Word]) -> str:
        self.storage.delete(str(words[0]))
        return "OK Delete completed."

    def rename(self, words: list[Word]) -> str:
        self.storage.rename(str(words[0]), str(words[1]))
        return "OK Rename completed."

    def subscribe(self, words: list[Word]) -> str:
        name = str(words[0])
        if not self.storage.exists(name):
            raise MailboxError(f"Mailbox doesn't exist: {name}")
        self.storage.subscribe(name, True)
        return "OK Subscribe completed."

    def unsubscribe(self, words: list[Word]) -> str:
        name = str(words[0])
        if name not in self.storage.subscriptions():
            raise MailboxError(f"Mailbox isn't subscribed: {name}" if self.storage.exists(name) else f"Mailbox doesn't exist: {name}")
        self.storage.subscribe(name, False)
        return "OK Unsubscribe completed."

    def status(self, words: list[Word]) -> str:
        name, wanted = str(words[0]), words[1] or []
        box = self.storage.open(name)
        values = {
            "MESSAGES": len(box.mails), "RECENT": box.recent, "UIDNEXT": box.uidnext, "UIDVALIDITY": box.uidvalidity, "UNSEEN": box.unseen,
            "HIGHESTMODSEQ": len(box.mails) + 1,
        }  # fmt: skip
        keys = [str(one).upper() for one in wanted]
        if "SIZE" in keys:
            values["SIZE"] = sum(box.virtual(mail) for mail in box.mails)
        unknown = next((key for key in keys if key not in values), None)
        if unknown is not None:
            return f"BAD Error in IMAP command STATUS: Unknown status item {unknown}"
        self.say(f"* STATUS {mailbox_name(box.name)} ({' '.join(f'{key} {values[key]}' for key in keys)})")
        return "OK Status completed."

    def append(self, words: list[Word]) -> str:
        box = self.storage.open(str(words[0]))
        flags = {str(one) for one in words[1]} if isinstance(words[1], list) else set()
        when = _internal_date(str(words[-2])) if len(words) > 2 and isinstance(words[-2], str) else None
        data = str(words[-1]).encode("utf-8", "surrogateescape").replace(b"\r\n", b"\n")
        self.quota_room(len(data))
        mail = box.append(data, flags, when)
        if self.box is not None and self.box.name == box.name:
            self.box.refresh()
            self.say(f"* {len(self.box.mails)} EXISTS")
            self.say(f"* {self.box.recent} RECENT")
        return f"OK [APPENDUID {box.uidvalidity} {mail.uid}] Append completed."

    # -- quota ----------------------------------------------------------------------------------------------------------

    def get_quota_root(self, words: list[Word]) -> str:
        if "imap_quota" not in self.connection.config.plugins:
            return "BAD Error in IMAP command GETQUOTAROOT: Unknown command"
        quota = Quota.of(self.storage, self.connection.config)
        name = str(words[0])
        self.say(f"* QUOTAROOT {mailbox_name(name)} {quote(quota.name)}" if quota is not None else f"* QUOTAROOT {mailbox_name(name)}")
        if quota is not None:
            self._quota(quota)
        return "OK Getquotaroot completed."

    def get_quota(self, words: list[Word]) -> str:
        quota = Quota.of(self.storage, self.connection.config)
        if "imap_quota" not in self.connection.config.plugins:
            return "BAD Error in IMAP command GETQUOTA: Unknown command"
        if quota is None:
            return "NO [NONEXISTENT] Quota root doesn't exist."
        self._quota(quota)
        return "OK Getquota completed."

    def _quota(self, quota: Quota) -> None:
        used, count = quota.used()
        parts = [f"STORAGE {used // 1024} {quota.bytes_limit // 1024}"] if quota.bytes_limit else []
        parts += [f"MESSAGE {count} {quota.count_limit}"] if quota.count_limit else []
        self.say(f"* QUOTA {quote(quota.name)} ({' '.join(parts)})")


def _internal_date(text: str) -> float | None:
    try:
        return float(calendar.timegm(time.strptime(text.strip()[:20], "%d-%b-%Y %H:%M:%S")))
    except ValueError:
        return None
