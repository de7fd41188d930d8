"""The quota plugin: rules, what is used, whether a message has room, warnings.

    quota = Quota.of(storage, config)          # None: the plugin is off
    quota.used(); quota.room(size)

Rules: `quota_rule = *:storage=1G`, `*:messages=100`, `Trash:storage=+10%`, `Spam:ignore`; quota_grace; quota_max_mail_size.
Backends: maildir (counts `maildirsize`), count, and their sizes: maildir counts files, count with quota_vsizes counts CR LF.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulator.dovecot.config import Config
from simulator.dovecot.mailbox import MailboxError

if TYPE_CHECKING:
    from simulator.dovecot.storage import Storage

_UNITS = {"B": 1, "K": 1024, "M": 1024**2, "G": 1024**3, "T": 1024**4, "": 1024}
_SIZE = re.compile(r"([+-]?\d+)\s*([BKMGT%]?)", re.I)
DEFAULT_MESSAGE = "Quota exceeded (mailbox for user is full)"


class QuotaExceeded(Exception):
    """There is no room; the text is quota_exceeded_message."""


def size(text: str, whole: int = 0, default: str = "K") -> int:
    """Bytes of `20K`, `1G`, `10%` (of `whole`). Raises ValueError."""
    match = _SIZE.fullmatch(text.strip().replace("%%", "%"))
    if match is None:
        raise ValueError(text)
    number, unit = int(match[1]), match[2].upper() or default
    return whole * number // 100 if unit == "%" else number * _UNITS[unit]


@dataclass(slots=True)
class Quota:
    """The limits of one user. Limits of 0 are none. `extra` are rules for single mailboxes."""

    storage: Storage
    config: Config
    backend: str
    name: str
    bytes_limit: int
    count_limit: int
    extra: dict[str, tuple[int, bool]]

    @classmethod
    def of(cls, storage: Storage, config: Config) -> Quota | None:
        """The quota of a user by configuration and userdb; None without the plugin."""
        plugin = config.plugin | dict(storage.user.fields)
        if "quota" not in config.plugins or not plugin.get("quota"):
            return None
        backend, _, rest = plugin["quota"].partition(":")
        quota = cls(storage, config, backend, rest.split(":")[0] or "User quota", 0, 0, {})
        rules = [plugin[key] for key in sorted(plugin, key=_rule_order) if re.fullmatch(r"quota_rule\d*", key)]
        for rule in rules:
            quota._rule(rule)
        return quota

    def _rule(self, rule: str) -> None:
        mailbox, _, rest = rule.partition(":")
        for word in rest.split(":"):
            key, _, value = word.partition("=")
            if key == "ignore":
                self.extra[mailbox] = (0, True)
            elif mailbox in ("*", "?"):
                self._limit(key, value)
            elif key in ("storage", "bytes"):
                self.extra[mailbox] = (size(value, self.bytes_limit, "K" if key == "storage" else "B"), False)

    def _limit(self, key: str, value: str) -> None:
        if key in ("storage", "bytes"):
            number = size(value, self.bytes_limit, "K" if key == "storage" else "B")
            self.bytes_limit = self.bytes_limit + number if value[:1] in "+-" else number
        elif key == "messages" and value.lstrip("+-").isdigit():
            self.count_limit = self.count_limit + int(value) if value[:1] in "+-" else int(value)

    @property
    def message(self) -> str:
        """What the sender is told."""
        return self.config.plugin.get("quota_exceeded_message", DEFAULT_MESSAGE)

    def used(self) -> tuple[int, int]:
        """Bytes and messages in all mailboxes that count."""
        total = count = 0
        for name in self.storage.names():
            if self.extra.get(name, (0, False))[1]:
                continue
            try:
                box = self.storage.open(name)
            except MailboxError:
                continue
            virtual = self.backend == "count" and self.config.plugin.get("quota_vsizes") == "yes"
            total += sum(box.virtual(mail) if virtual else mail.physical for mail in box.mails)
            count += len(box.mails)
        self._write_size(total, count)
        return total, count

    def _write_size(self, total: int, count: int) -> None:
        """Maildir++'s maildirsize: the limits, then sizes and numbers."""
        if self.backend != "maildir":
            return
        limits = [f"{self.bytes_limit}S"] if self.bytes_limit else []
        limits += [f"{self.count_limit}C"] if self.count_limit else []
        text = f"{','.join(limits)}\n{total} {count}\n"
        path = f"{self.storage.root}/maildirsize"
        if self.storage.fs.exists(path, self.storage.cred):
            lines = self.storage.fs.read(path, self.storage.cred).decode().split("\n")
            sums = [line.split() for line in lines[1:] if len(line.split()) == 2]
            if lines[0] == ",".join(limits) and sum(int(one[0]) for one in sums) == total and sum(int(one[1]) for one in sums) == count:
                return
        self.storage.fs.write(path, text.encode(), self.storage.cred, 0o600)

    def delivered(self, length: int) -> None:
        """A message was added: maildirsize gets a line."""
        path = f"{self.storage.root}/maildirsize"
        if self.backend == "maildir" and self.storage.fs.exists(path, self.storage.cred):
            self.storage.fs.append(path, f"{length} 1\n".encode(), self.storage.cred)

    def grace(self) -> int:
        """quota_grace: by how much the last message may exceed the limit."""
        text = self.config.plugin.get("quota_grace", "10%")
        return size(text, self.bytes_limit) if text != "0" else 0

    def room(self, length: int, mailbox: str = "INBOX", delivery: bool = False) -> bool:
        """Is there room for a message?"""
        plus, ignored = self.extra.get(mailbox, (0, False))
        if ignored:
            return True
        used, count = self.used()
        limit = self.bytes_limit + plus if self.bytes_limit else 0
        if limit and delivery and self.grace():
            return used < limit and used + length <= limit + self.grace()
        if limit and used + length > limit:
            return False
        return not self.count_limit or count + 1 <= self.count_limit


def _rule_order(key: str) -> tuple[str, int]:
    digits = key.removeprefix("quota_rule")
    return ("quota_rule", int(digits or 1)) if digits.isdigit() or not digits else (key, 0)
