"""NAME
    postmap - Postfix lookup table management

SYNOPSIS
    postmap [-bfFhimnNoprsuUvw] [-c config_dir] [-d key] [-q key] [file_type:]file_name ...

DESCRIPTION
    Compiles tables: FILE becomes FILE.db, which daemons look things up in. Without a type it is default_database_type.
    A line of the source is a key, blanks and a value; a line that begins with a blank continues the one before it, "#"
    begins a comment. Keys are stored in lower case. An edited source changes nothing until postmap is run again. The
    result has the owner and the permissions of the source.

    -q KEY  look KEY up in the tables, the first answer is printed; "-": the lines of standard input are keys
    -d KEY  remove an entry; "-" as above
    -s      list all entries
    -i      add the lines of standard input to the table
    -r -w   replace entries that are there already, or keep them silently; otherwise they are kept with a warning
    -f -u   do not fold case; do not demand UTF-8
    -F      values name files whose content is the value
    -N -n   store keys with or without a null byte at their end
    -o -p   do not act as the owner of the source; do not take over its permissions
    -c      another directory with main.cf
    -v      tell what is done
    -h -b   with -q -: the input is a message; look its headers or its body lines up as header_checks and body_checks do
    -m      with -h or -b: mind MIME structure
    -U      with -h or -b: demand UTF-8

EXIT STATUS
    0, or 1 after an error and when -q or -d found nothing.

LOG
    FILE, line N: expected format: key whitespace value
    FILE, line N: record is in "key: value" format; is this an alias file?
    FILE.db: duplicate entry: "KEY"

FILES
    FILE.db  the compiled table, a Berkeley DB file

SEE ALSO
    postalias(1), postconf(1), DATABASE_README

DIFFERS FROM POSTFIX
    tcp:, socketmap: and memcache: tables are not simulated.
"""

from __future__ import annotations

from simulator.mail.message import decode, encode
from simulator.postfix.commands.command import Command, run_command
from simulator.postfix.commands.table_command import Questions, TableCommand
from simulator.postfix.commands.table_options import read_options
from simulator.postfix.lib import records as record_types
from simulator.postfix.lib.mime_state import MimeOptions, MimeState
from simulator.postfix.lib.msg import Fatal
from simulator.postfix.lib.tables.dict import Table
from simulator.postfix.lib.tables.file_value import BadValue, file_to_base64
from simulator.postfix.lib.tables.flags import SRC_RHS_IS_FILE, UTF8_REQUEST
from simulator.postfix.lib.tables.text_file import records
from simulator.unix.program import Process, program


class _Parts:
    """Looks up what a message is made of, as the MIME parser finds it."""

    def __init__(self, questions: Questions, headers: bool, bodies: bool) -> None:
        self.questions = questions
        self.headers, self.bodies = headers, bodies
        self.header_done = False

    def header(self, block: str, text: str) -> None:
        if self.headers:
            self.questions.answer(text)

    def end_of_header(self) -> None:
        self.header_done = True

    def body(self, kind: str, data: bytes, offset: int) -> None:
        if self.bodies:
            self.questions.answer(decode(data))

    def mime_problem(self, problem: str, text: str) -> None:
        raise Fatal(f"message format error: {problem}")


class Postmap(TableCommand):
    """One run of postmap."""

    def fill(self, table: Table, path: str, text: str) -> None:
        warn = self.command.msg.warning
        for number, key, value in records(text, path, table.utf8, warn):
            if self.settings.flags & SRC_RHS_IS_FILE:
                try:
                    value = file_to_base64(self.context, value)
                except BadValue as bad:
                    warn(f"{path}, line {number}: {bad}: skipping this entry")
                    continue
            self.put(table, key, value)

    def check(self) -> None:
        """What -b, -h and -m want. Raises Fatal."""
        settings = self.settings
        if (settings.bodies or settings.headers or settings.mime) and settings.query != "-":
            raise Fatal('specify -b -h or -m only with "-q -"')
        if settings.mime and not (settings.bodies or settings.headers):
            self.command.msg.warning("ignoring -m option without -b or -h")
        if (settings.bodies or settings.headers) and not settings.force_utf8:
            settings.flags &= ~UTF8_REQUEST

    def _query_many(self, operands: list[str]) -> bool:
        settings = self.settings
        if not (settings.bodies or settings.headers):
            return super()._query_many(operands)
        questions = Questions(self, operands)
        parts = _Parts(questions, settings.headers, settings.bodies)
        state = MimeState(parts, MimeOptions(disabled=not settings.mime))
        only_primary = not (settings.bodies or settings.mime)
        for line in self.lines():
            if only_primary and parts.header_done:
                break
            state.update(record_types.LINE, encode(line))
        state.update(record_types.END, b"")
        return questions.found


@program("/usr/sbin/postmap", package="postfix")
def main(process: Process) -> int:
    """Run the program."""
    command = Command(process, process.name, "postmap")
    usage = f"usage: {process.name} [-bfFhimnNoprsuUvw] [-c config_dir] [-d key] [-q key] [map_type:]file..."

    def body() -> int:
        settings = read_options(command, "bc:d:fFhimnNopq:rsuUvw", usage)
        command.read_parameters()
        postmap = Postmap(command, settings)
        postmap.check()
        return postmap.run(usage)

    return run_command(command, body)
