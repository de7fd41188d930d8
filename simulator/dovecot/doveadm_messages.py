"""doveadm's commands on messages: fetch, search, flags, copy, move, expunge. Which ones is said by a search query."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator

from simulator.dovecot.doveadm_context import Context
from simulator.dovecot.doveadm_output import Column, show
from simulator.dovecot.imap_mime import envelope, sent_or_none, structure
from simulator.dovecot.imap_search import Query, UnknownKey
from simulator.dovecot.imap_words import Word
from simulator.dovecot.mailbox import Mail, Mailbox, MailboxError, flag_text
from simulator.dovecot.storage import Storage

_OPTIONS = "AS:u:F:m"
_FIELDS = (
    "hdr.<name> body.<section> binary.<section> user mailbox mailbox-guid seq uid guid flags modseq hdr body body.preview body.snippet text text.utf8 "
    "size.physical size.virtual date.received date.sent date.saved date.received.unixtime date.sent.unixtime date.saved.unixtime imap.envelope "
    "imap.body imap.bodystructure pop3.uidl pop3.order refcount storageid"
)
_KNOWN = frozenset(_FIELDS.split())
_NOT_FOUND = 68


def _query(c: Context, words: tuple[str, ...]) -> Query:
    return Query(list(_nested(list(words))), c.p.clock.now, doveadm=True)


def _nested(words: list[str]) -> Iterator[Word]:
    """Arguments `(` and `)` make lists."""
    while words:
        word = words.pop(0)
        if word == ")":
            return
        yield list(_nested(words)) if word == "(" else word


def _found(c: Context, storage: Storage, words: tuple[str, ...]) -> Iterator[tuple[Mailbox, list[tuple[int, Mail]]]]:
    """The messages that match, mailbox by mailbox. Raises Exit for a query that cannot be read."""
    query = _query(c, words)
    try:
        test = query.all()
    except UnknownKey as error:
        raise c.fail(str(error)) from None
    names = [name for mask in query.mailboxes for name in (storage.names(mask) if any(letter in mask for letter in "*%") else [mask])]
    for name in dict.fromkeys(names) if query.mailboxes else storage.names():
        try:
            box = storage.open(name)
        except MailboxError as error:
            c.trouble(storage.user.name, f"Syncing mailbox '{name}' failed: {error}", _NOT_FOUND)
            continue
        yield box, [(number, mail) for number, mail in enumerate(box.mails, 1) if test(box, number, mail)]


def _fetch(c: Context) -> int:
    options = c.options(_OPTIONS)
    if len(options.operands) < 2:
        return c.usage()
    fields = options.operands[0].split()
    for field in fields:
        if field not in _KNOWN and not field.startswith(("hdr.", "body.", "binary.")):
            c.p.err(f"Available fetch fields: {_FIELDS}\n")
            raise c.fail(f"Unknown fetch field: {field}")
    rows: list[list[str]] = []
    for storage in c.storages(options):
        for box, found in _found(c, storage, options.operands[1:]):
            rows += [[_value(storage, box, number, mail, field) for field in fields] for number, mail in found]
    columns = [Column(field, expand=field.startswith("hdr.")) for field in fields]
    show(c.p, c.formatter or "pager", columns, rows)
    return c.status


def _value(storage: Storage, box: Mailbox, number: int, mail: Mail, field: str) -> str:
    simple: dict[str, Callable[[], str]] = {
        "user": lambda: storage.user.name, "mailbox": lambda: box.name, "mailbox-guid": lambda: box.guid, "seq": lambda: str(number),
        "uid": lambda: str(mail.uid), "guid": lambda: mail.guid, "flags": lambda: flag_text(mail), "modseq": lambda: "1",
        "size.physical": lambda: str(mail.physical), "size.virtual": lambda: str(box.virtual(mail)), "refcount": lambda: "1", "pop3.order": lambda: "",
        "date.received": lambda: _date(mail.received), "date.saved": lambda: _date(mail.received), "pop3.uidl": lambda: "",
        "date.received.unixtime": lambda: str(int(mail.received)), "date.saved.unixtime": lambda: str(int(mail.received)),
        "imap.envelope": lambda: envelope(box.wire(mail))[1:-1], "imap.body": lambda: structure(box.wire(mail), False)[1:-1],
        "imap.bodystructure": lambda: structure(box.wire(mail), True)[1:-1], "storageid": lambda: mail.guid,
    }  # fmt: skip
    if field in simple:
        return simple[field]()
    data = box.data(mail)
    if field.startswith("hdr."):
        return _header(box.wire(mail), field[4:])
    if field.startswith("date.sent"):
        when = sent_or_none(box.wire(mail))
        return "" if when is None else str(int(when)) if field.endswith("unixtime") else _date(when)
    text = data.decode("utf-8", "surrogateescape")
    head, _, rest = text.partition("\n\n")
    if field == "hdr":
        return head + "\n"
    if field.startswith(("text",)):
        return text.removesuffix("\n")
    if field in ("body.preview", "body.snippet"):
        return " ".join(rest.split())[:200]
    return rest.removesuffix("\n")


def _header(data: bytes, name: str) -> str:
    values = re.findall(
        rb"^" + re.escape(name.encode()) + rb":[ \t]*([^\r\n]*(?:\r?\n[ \t][^\r\n]*)*)", data.partition(b"\r\n\r\n")[0] + b"\r\n", re.M | re.I
    )
    shown = [re.sub(r"\r?\n", "", one.decode("utf-8", "surrogateescape")) for one in values]
    return "\n".join(_decoded(one) for one in shown)


def _decoded(text: str) -> str:
    import email.header

    if "=?" not in text:
        return text
    return str(email.header.make_header(email.header.decode_header(text)))


def _date(when: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(when))


def _search(c: Context) -> int:
    options = c.options(_OPTIONS)
    if not options.operands:
        return c.usage()
    rows = []
    for storage in c.storages(options):
        for box, found in _found(c, storage, options.operands):
            rows += [[box.guid, str(mail.uid)] for _, mail in found]
    show(c.p, c.formatter or "flow", [Column("mailbox-guid", hidden=True), Column("uid", hidden=True)], rows)
    return c.status


def _safe(c: Context, words: tuple[str, ...], name: str) -> None:
    """What removes messages wants a mailbox in its query. Raises Exit."""
    if "mailbox" not in [word.lower() for word in words] and "mailbox-guid" not in words:
        raise c.fail(f"{name}: To avoid accidents, search query must contain MAILBOX in all search branches", 64)


def _flags(c: Context) -> int:
    options = c.options(_OPTIONS)
    if len(options.operands) < 2:
        return c.usage()
    flags = set(options.operands[0].split())
    for storage in c.storages(options):
        for box, found in _found(c, storage, options.operands[1:]):
            for _, mail in found:
                new = flags if c.name.endswith("replace") else mail.flags | flags if c.name.endswith("add") else mail.flags - flags
                box.store(mail, set(new))
    return c.status


def _copy(c: Context) -> int:
    options = c.options(_OPTIONS)
    if len(options.operands) < 2:
        return c.usage()
    target, *rest = options.operands
    if c.name == "move":
        _safe(c, tuple(rest), "move")
    for storage in c.storages(options):
        for box, found in list(_found(c, storage, tuple(rest))):
            try:
                there = storage.open(target)
            except MailboxError as error:
                c.trouble(storage.user.name, f"Can't open mailbox '{target}': {error}", _NOT_FOUND)
                continue
            if box.name == there.name and c.name == "copy":
                continue
            for _, mail in found:
                there.append(box.data(mail), set(mail.flags), mail.received)
            if c.name == "move":
                box.expunge([mail for _, mail in found])
    return c.status


def _expunge(c: Context) -> int:
    options = c.options(_OPTIONS + "d")
    if not options.operands:
        return c.usage()
    _safe(c, options.operands, "expunge")
    for storage in c.storages(options):
        for box, found in _found(c, storage, options.operands):
            box.expunge([mail for _, mail in found])
    return c.status


def _save(c: Context) -> int:
    options = c.options("AS:u:F:m:")
    for storage in c.storages(options):
        storage.open(options.value("m", "INBOX")).append(c.p.stdin.encode("utf-8", "surrogateescape"), set())
    return c.status


MESSAGE_ACTIONS: dict[str, Callable[[Context], int]] = {
    "fetch": _fetch, "search": _search, "flags add": _flags, "flags remove": _flags, "flags replace": _flags, "copy": _copy, "move": _copy,
    "expunge": _expunge, "save": _save,
}  # fmt: skip
