"""doveadm's commands on mailboxes: mailbox, quota, index and the like."""

from __future__ import annotations

from collections.abc import Callable

from simulator.dovecot.doveadm_context import Context
from simulator.dovecot.doveadm_messages import MESSAGE_ACTIONS
from simulator.dovecot.doveadm_output import Column, show
from simulator.dovecot.mailbox import Mailbox, MailboxError
from simulator.dovecot.quota import Quota

_OPTIONS = "AS:u:F:"
_STATUS_FIELDS = ("messages", "recent", "uidnext", "uidvalidity", "unseen", "highestmodseq", "vsize", "guid", "firstsaved")
_NOT_FOUND = 68


def _list(c: Context) -> int:
    options = c.options(_OPTIONS + "78s")
    masks = options.operands or ("*",)
    for storage in c.storages(options):
        names = [name for mask in masks for name in storage.names(mask)]
        if "s" in options:
            names = storage.subscriptions()
        rows = [[name] for name in dict.fromkeys(names)]
        show(c.p, c.formatter or "flow", [Column("mailbox", hidden=True)], rows)
    return c.status


def _status(c: Context) -> int:
    options = c.options(_OPTIONS + "tf")
    if len(options.operands) < 2:
        return c.usage()
    fields = options.operands[0].split()
    fields = list(_STATUS_FIELDS) if fields == ["all"] else fields
    unknown = next((field for field in fields if field not in _STATUS_FIELDS), None)
    if unknown is not None:
        raise c.fail(f"Unknown status field: {unknown}")
    fields = [field for field in _STATUS_FIELDS if field in fields]
    total = "t" in options
    columns = [] if total else [Column("mailbox", hidden=True)]
    columns += [Column(field, right=True) for field in fields]
    rows: list[list[str]] = []
    for storage in c.storages(options):
        sums = dict.fromkeys(fields, 0)
        for mask in options.operands[1:]:
            names = storage.names(mask) if any(letter in mask for letter in "*%") else [mask]
            for name in names:
                try:
                    box = storage.open(name)
                except MailboxError as error:
                    c.trouble(storage.user.name, f"Mailbox {name}: Failed to lookup mailbox status: {error}", _NOT_FOUND)
                    continue
                values = [_status_value(box, field) for field in fields]
                for field, value in zip(fields, values, strict=True):
                    sums[field] += int(value) if value.isdigit() else 0
                rows.append([box.name, *values])
        if total:
            rows = [[str(sums[field]) for field in fields]]
    show(c.p, c.formatter or "flow", columns, rows)
    return c.status


def _status_value(box: Mailbox, field: str) -> str:
    values: dict[str, Callable[[], object]] = {
        "messages": lambda: len(box.mails), "recent": lambda: box.recent, "uidnext": lambda: box.uidnext, "uidvalidity": lambda: box.uidvalidity,
        "unseen": lambda: box.unseen, "highestmodseq": lambda: max(1, len(box.mails)), "vsize": lambda: sum(box.virtual(mail) for mail in box.mails),
        "guid": lambda: box.guid, "firstsaved": lambda: int(box.mails[0].received) if box.mails else "never",
    }  # fmt: skip
    return str(values[field]())


def _create(c: Context) -> int:
    options = c.options(_OPTIONS + "sg:")
    if not options.operands:
        return c.usage()
    for storage in c.storages(options):
        for name in options.operands:
            try:
                storage.create(name)
                if "s" in options:
                    storage.subscribe(name, True)
            except MailboxError as error:
                c.trouble(storage.user.name, f"Can't create mailbox {name}: {error}", 65 if error.code != "CANNOT" else 64)
    return c.status


def _delete(c: Context) -> int:
    options = c.options(_OPTIONS + "ersZ")
    if not options.operands:
        return c.usage()
    for storage in c.storages(options):
        for name in options.operands:
            try:
                storage.delete(name)
                if "s" in options:
                    storage.subscribe(name, False)
            except MailboxError as error:
                c.trouble(storage.user.name, f"Can't delete mailbox {name}: {error}", error.status)
    return c.status


def _rename(c: Context) -> int:
    options = c.options(_OPTIONS + "s")
    if len(options.operands) != 2:
        return c.usage()
    old, new = options.operands
    for storage in c.storages(options):
        try:
            storage.rename(old, new)
        except MailboxError as error:
            c.trouble(storage.user.name, f"Can't rename mailbox {old} to {new}: {error}", error.status)
    return c.status


def _subscribe(c: Context) -> int:
    options = c.options(_OPTIONS)
    if not options.operands:
        return c.usage()
    for storage in c.storages(options):
        for name in options.operands:
            storage.subscribe(name, c.name.endswith(" subscribe"))
    return c.status


def _path(c: Context) -> int:
    options = c.options(_OPTIONS + "t:")
    if len(options.operands) != 1:
        return c.usage()
    for storage in c.storages(options):
        show(c.p, c.formatter or "flow", [Column("path", hidden=True)], [[storage.path(options.operands[0])]])
    return c.status


def _quota_get(c: Context) -> int:
    _need_quota(c)
    options = c.options(_OPTIONS)
    everybody = "A" in options
    rows: list[list[str]] = []
    for storage in c.storages(options):
        quota = Quota.of(storage, c.config)
        if quota is None:
            continue
        used, count = quota.used()
        kilobytes = -(-used // 1024)
        limit = quota.bytes_limit // 1024
        lines = [
            [quota.name, "STORAGE", str(kilobytes), str(limit) if limit else "-", str(kilobytes * 100 // limit) if limit else "0"],
            [quota.name, "MESSAGE", str(count), str(quota.count_limit) if quota.count_limit else "-",
             str(count * 100 // quota.count_limit) if quota.count_limit else "0"],
        ]  # fmt: skip
        rows += [[storage.user.name, *line] if everybody else line for line in lines]
    columns = [Column("root", "Quota name"), Column("type", "Type"), Column("value", "Value", right=True), Column("limit", "Limit", right=True),
               Column("percent", "%", right=True, expand=True)]  # fmt: skip
    columns = [Column("username", "Username"), *columns] if everybody else columns
    if rows or c.formatter not in ("", "table"):
        show(c.p, c.formatter or "table", columns, rows)
    elif not c.status:
        show(c.p, "table", columns, rows)
    return c.status


def _need_quota(c: Context) -> None:
    if "quota" not in c.config.plugins:
        raise c.fail("Unknown command 'quota', but plugin quota exists. Try to set mail_plugins=quota")


def _quota_recalc(c: Context) -> int:
    _need_quota(c)
    for storage in c.storages(c.options(_OPTIONS)):
        quota = Quota.of(storage, c.config)
        if quota is not None:
            quota.used()
    return c.status


def _nothing(c: Context) -> int:
    """What only touches indexes: the mailboxes are looked at."""
    options = c.options(_OPTIONS + "qn:f")
    for storage in c.storages(options):
        for mask in options.operands:
            for name in storage.names(mask):
                storage.open(name)
    return c.status


ACTIONS: dict[str, Callable[[Context], int]] = {
    "mailbox list": _list, "mailbox status": _status, "mailbox create": _create, "mailbox delete": _delete, "mailbox rename": _rename,
    "mailbox subscribe": _subscribe, "mailbox unsubscribe": _subscribe, "mailbox path": _path, "quota get": _quota_get,
    "quota recalc": _quota_recalc, "index": _nothing, "force-resync": _nothing, "purge": _nothing, **MESSAGE_ACTIONS,
}  # fmt: skip
