"""What postmap(1) and postalias(1) have in common: questions, removals and listings of tables, and how a table is created."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from simulator.mail.message import decode
from simulator.postfix.commands.command import Command
from simulator.postfix.commands.table_options import Settings
from simulator.postfix.lib.msg import Fatal
from simulator.postfix.lib.tables.context import TableContext
from simulator.postfix.lib.tables.dict import Table, TableError
from simulator.postfix.lib.tables.file_value import BadValue, base64_to_text
from simulator.postfix.lib.tables.flags import BULK_UPDATE, LOCK, SRC_RHS_IS_FILE
from simulator.postfix.lib.tables.hash import FORMATS, open_for_update
from simulator.postfix.lib.tables.mkmap import make_map
from simulator.postfix.lib.tables.open import OPEN, dynamic_types, open_typed
from simulator.postfix.lib.tables.proxy import ask
from simulator.unix.fs import Cred

#: Types that can be opened for an update, though most of them then refuse it.
_UPDATE_TYPES = frozenset(("static", "environ", "fail", "internal", "nis", "memcache"))
#: What %m says when no system call has failed.
_NO_ERROR = "Application error"


class TableCommand:
    """One run. `separator` stands between key and value; `create` puts the records of a source into a table."""

    separator = "\t"

    def __init__(self, command: Command, settings: Settings) -> None:
        self.command = command
        self.settings = settings
        process = command.process
        self.context = TableContext(
            process.host, process.cred, command.params, command.msg.warning, command.task,
            raw=process.err, info=command.msg.info if command.verbose else None, directory=process.cwd, environment=process.env, sleep=process.sleep,
        )  # fmt: skip

    def run(self, usage: str) -> int:
        """The exit status. Raises Fatal."""
        settings, operands = self.settings, self.command.operands
        if settings.sequence:
            if not operands:
                return 1
            self._list(*self._typed(operands[0]))
            return 0
        if not operands:
            raise Fatal(usage)
        if settings.delete is not None:
            return 0 if self._delete_all(settings.delete, operands) else 1
        if settings.query is not None:
            return 0 if self._query_all(settings.query, operands) else 1
        for operand in operands:
            self._create(*self._typed(operand))
        return 0

    def _typed(self, operand: str) -> tuple[str, str]:
        type, colon, name = operand.partition(":")
        return (type, name) if colon else (self.command.params["default_database_type"], operand)

    def lines(self) -> Iterator[str]:
        """Standard input, line by line."""
        lines = self.command.process.stdin.split("\n")
        return iter(lines if lines[-1] else lines[:-1])

    # -- questions --------------------------------------------------------------------------------------------------------

    def open(self, type: str, name: str) -> Table:
        return open_typed(self.context, type, name, self.settings.flags | LOCK)

    def _query_all(self, query: str, operands: list[str]) -> bool:
        if query == "-":
            return self._query_many(operands)
        for operand in operands:
            type, name = self._typed(operand)
            table = self.open(type, name)
            value = self._lookup(table, query)
            if value is not None:
                self._check_empty(f"{type}:{name}", query, value)
                self.command.process.out(value + "\n")
                return True
        return False

    def _query_many(self, operands: list[str]) -> bool:
        ask = Questions(self, operands)
        for key in self.lines():
            ask.answer(key)
        return ask.found

    def _lookup(self, table: Table, key: str) -> str | None:
        where = f"table {table.type}:{table.name}"
        try:
            value = table.lookup(key)
        except TableError as error:
            raise Fatal(f"{where}: query error" + ("" if error.config else f": {error.text or _NO_ERROR}")) from None
        if value is None or not self.settings.flags & SRC_RHS_IS_FILE:
            return value
        try:
            return base64_to_text(value)
        except BadValue as bad:
            self.command.msg.warning(f"{where}: key {key}: {bad}")
            raise Fatal(f"{where}: query error") from None

    def _check_empty(self, name: str, key: str, value: str) -> None:
        if not value:
            self.command.msg.warning(f"table {name}: key {key}: empty string result is not allowed")
            self.command.msg.warning(f"table {name} should return NO RESULT in case of NOT FOUND")

    # -- listings ---------------------------------------------------------------------------------------------------------

    def _list(self, type: str, name: str) -> None:
        if type == "proxy":
            raise Fatal("can't sequence maps via the proxy service")
        table = self.open(type, name)
        try:
            for key, value in table.entries():
                if not key:
                    self.command.msg.warning(f"table {type}:{name}: empty lookup key value is not allowed")
                else:
                    self._check_empty(f"{type}:{name}", key, value)
                self._list_one(table, key, value)
        except TableError as error:
            raise Fatal(f"table {table.type}:{table.name}: sequence error: {error.text or _NO_ERROR}") from None

    def _list_one(self, table: Table, key: str, value: str) -> None:
        if self.settings.flags & SRC_RHS_IS_FILE:
            try:
                value = base64_to_text(value)
            except BadValue as bad:
                self.command.msg.warning(f"table {table.type}:{table.name}: key {key}: {bad}")
                return
        self.command.process.out(f"{key}{self.separator}{value}\n")

    # -- removals ---------------------------------------------------------------------------------------------------------

    def _delete_all(self, key: str, operands: list[str]) -> bool:
        if key != "-":
            done = [self._delete(self._open_for_update(*self._typed(operand)), key) for operand in operands]
            return any(done)
        tables = [self._open_for_update(*self._typed(operand)) for operand in operands]
        done = [self._delete(table, line) for line in self.lines() for table in tables]
        return any(done)

    def _delete(self, table: Table, key: str) -> bool:
        try:
            done = table.delete(key)
        except TableError as error:
            raise Fatal(f"table {table.type}:{table.name}: delete error: {error.text or _NO_ERROR}") from None
        table.close()
        return done

    def _open_for_update(self, type: str, name: str) -> Table:
        flags = self.settings.flags | LOCK
        if type in FORMATS and name:
            return open_for_update(self.context, type, name, flags)
        if type == "proxy" and name:
            ask(self.context, "proxywrite", name, flags)
            raise Fatal("simulator: proxywrite changes no tables")
        if name and type not in _UPDATE_TYPES and (type in OPEN or type in dynamic_types(self.context)):
            raise Fatal(f"{type}:{name} map requires O_RDONLY access mode")
        return open_typed(self.context, type, name, flags)

    # -- creation ---------------------------------------------------------------------------------------------------------

    def _create(self, type: str, name: str) -> None:
        truncate = self.settings.truncate
        flags = self.settings.flags | (BULK_UPDATE if truncate else 0)
        path, text = (name, self._source(type, name)) if truncate else ("stdin", self.command.process.stdin)
        with_mask = self.context.cred
        self.context.cred = replace(with_mask, umask=self._umask(name) if truncate else 0o022)
        table = make_map(self.context, type, name, flags, truncate)
        self.fill(table, path, text)
        table.close()

    def _source(self, type: str, name: str) -> str:
        """The source's text; from now on the process has the rights of its owner, so that the result belongs to them."""
        if type == "proxy":
            raise Fatal("can't create maps via the proxy service")
        fs, path, process = self.context.fs, self.context.path(name), self.command.process
        try:
            if not name:
                raise FileNotFoundError(2, "No such file or directory")
            text = decode(fs.read(path, self.context.cred))
        except IsADirectoryError:
            text = ""
        except OSError as error:
            raise Fatal(f"open {name}: {error.strerror}") from None
        entry = fs.stat(path)
        if self.settings.as_owner and process.caller.uid == 0:
            self.context.cred = Cred(entry.uid, entry.gid, frozenset({entry.gid}))
        return text

    def _umask(self, name: str) -> int:
        """What the source hides from group and others, the result hides too."""
        entry = self.context.fs.stat(self.context.path(name))
        return 0o022 | (~entry.mode & 0o077 if self.settings.save_permissions and entry.is_file else 0)

    def put(self, table: Table, key: str, value: str) -> None:
        """Store an entry. Raises Fatal."""
        try:
            table.update(key, value)
        except TableError as error:
            raise Fatal(f"table {table.type}:{table.name}: write error: {error.text or _NO_ERROR}") from None

    def fill(self, table: Table, path: str, text: str) -> None:
        """Put the records of a source into the table."""
        raise NotImplementedError


class Questions:
    """Many questions to several tables; a table is opened when it is first asked."""

    def __init__(self, owner: TableCommand, operands: list[str]) -> None:
        self.owner = owner
        self.operands = [owner._typed(operand) for operand in operands]
        self.tables: list[Table] = []
        self.found = False

    def answer(self, key: str) -> None:
        """Print what the first table that knows the key says."""
        for index, (type, name) in enumerate(self.operands):
            if index == len(self.tables):
                self.tables.append(self.owner.open(type, name))
            table = self.tables[index]
            value = self.owner._lookup(table, key)
            if value is not None:
                self.owner._check_empty(f"{table.type}:{table.name}", key, value)
                self.owner.command.process.out(f"{key}{self.owner.separator}{value}\n")
                self.found = True
                return
