"""NAME
    postalias - Postfix alias database maintenance

SYNOPSIS
    postalias [-Nfinoprsuvw] [-c config_dir] [-d key] [-q key] [file_type:]file_name ...

DESCRIPTION
    Compiles alias files, in the format of aliases(5): a line is "name: value, value, ...". Names are stored in lower case
    and without quotes; values keep the quotes that they need. newaliases runs it for the files in alias_database. Besides
    the aliases the table gets "@", "YP_LAST_MODIFIED" and "YP_MASTER_NAME", which tell other programs that it is complete,
    when and where it was made.

    -q KEY  look KEY up; "-": the lines of standard input are keys
    -d KEY  remove an entry; "-" as above
    -s      list all entries
    -i      add the lines of standard input
    -r -w   replace entries that are there already, or keep them silently; otherwise they are kept with a warning
    -f -u   do not fold case; do not demand UTF-8
    -N -n   store keys with or without a null byte at their end
    -o -p   do not act as the owner of the source; do not take over its permissions
    -c      another directory with main.cf
    -v      tell what is done

EXIT STATUS
    0, or 1 after an error and when -q or -d found nothing.

LOG
    FILE, line N: need name:value pair
    FILE, line N: name must be local
    FILE.db: duplicate entry: "NAME"

FILES
    FILE.db  the compiled table, a Berkeley DB file

SEE ALSO
    aliases(5), newaliases(1), postmap(1), local(8)

DIFFERS FROM POSTFIX
    -v -v says no more than -v.
"""

from __future__ import annotations

from simulator.mail.address import externalize, internalize, scan
from simulator.postfix.commands.command import Command, run_command
from simulator.postfix.commands.table_command import TableCommand
from simulator.postfix.commands.table_options import read_options
from simulator.postfix.lib.logical_lines import logical_lines
from simulator.postfix.lib.tables.dict import Table, valid_utf8
from simulator.postfix.lib.tables.flags import DUP_REPLACE, TRY0NULL, TRY1NULL
from simulator.unix.program import Process, program

NO_PAIR = "need name:value pair"
NOT_LOCAL = "name must be local"


class NotAnAlias(ValueError):
    """A line is no alias; the text says why."""


def parse_alias(line: str) -> tuple[str, str] | None:
    """The name and the value of a logical line, None for one without any text. Raises NotAnAlias."""
    tokens = scan(line)
    if not tokens:
        return None
    kinds = [token.kind for token in tokens]
    colon = kinds.index(":") if ":" in kinds else 0
    if not 0 < colon < len(tokens) - 1 or "," in kinds[:colon]:
        raise NotAnAlias(NO_PAIR)
    if "@" in kinds[:colon] or "%" in kinds[:colon]:
        raise NotAnAlias(NOT_LOCAL)
    return internalize(tokens[:colon]), externalize(tokens[colon + 1 :])


class Postalias(TableCommand):
    """One run of postalias."""

    separator = ":\t"

    def fill(self, table: Table, path: str, text: str) -> None:
        warn = self.command.msg.warning
        for number, line in logical_lines(text, path, warn):
            if table.utf8 and not valid_utf8(line):
                warn(f'{path}, line {number}: non-UTF-8 input "{line}" -- ignoring this line')
                continue
            try:
                alias = parse_alias(line)
            except NotAnAlias as bad:
                warn(f"{path}, line {number}: {bad}")
                continue
            if alias is not None:
                self.put(table, *alias)
        self._sign(table)

    def _sign(self, table: Table) -> None:
        """Sendmail takes "@" for the sign that the table is complete; NIS wants time and place, without null bytes."""
        if not self.settings.truncate:
            table.flags |= DUP_REPLACE
        self.put(table, "@", "@")
        table.flags = table.flags & ~TRY1NULL | TRY0NULL
        table.folds = False
        self.put(table, "YP_LAST_MODIFIED", f"{int(self.command.process.clock.now):010d}")
        self.put(table, "YP_MASTER_NAME", self.command.params["myhostname"])


@program("/usr/sbin/postalias", package="postfix")
def main(process: Process) -> int:
    """Run the program."""
    command = Command(process, process.name, "postalias")
    usage = f"usage: {process.name} [-Nfinoprsuvw] [-c config_dir] [-d key] [-q key] [map_type:]file..."

    def body() -> int:
        settings = read_options(command, "Nc:d:finopq:rsuvw", usage)
        command.read_parameters()
        return Postalias(command, settings).run(usage)

    return run_command(command, body)
