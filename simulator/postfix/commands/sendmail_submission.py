"""How sendmail(1) turns standard input into a submission for postdrop(1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.mail.address import addresses
from simulator.net.timed_input import plain
from simulator.postfix.commands.command import EX_DATAERR, EX_NOPERM, EX_OSERR, EX_SOFTWARE, EX_TEMPFAIL, EX_UNAVAILABLE, EX_USAGE
from simulator.postfix.commands.postdrop import STAT_BAD, STAT_NOPERM, STAT_SIZE, STAT_WRITE
from simulator.postfix.commands.sendmail_options import TRACE_VERIFY
from simulator.postfix.lib import records
from simulator.postfix.lib.header_opts import EXTRACT, RECIPIENT, RESENT, find
from simulator.postfix.lib.mime_state import PRIMARY, TRUNCATED_HEADER, MimeOptions, MimeState
from simulator.postfix.lib.msg import Fatal
from simulator.postfix.lib.queue_file import attribute_record, text_record
from simulator.postfix.lib.records import Record
from simulator.unix.program import Result

if TYPE_CHECKING:
    from simulator.postfix.commands.command import Command
    from simulator.postfix.commands.sendmail_options import Options

#: cleanup_strerror(3) for what postdrop(1) can report.
_STATUS_TEXTS = {STAT_BAD: "internal protocol error", STAT_WRITE: "queue file write error", STAT_SIZE: "message file too big"}
_STATUS_EXITS = {STAT_BAD: EX_SOFTWARE, STAT_WRITE: EX_TEMPFAIL, STAT_NOPERM: EX_NOPERM}
_LINE_ENDINGS = ("always", "strict", "never")


def submit(command: Command, options: Options) -> int:
    """Read, check, hand over. Raises Fatal."""
    user = command.refused_user("authorized_submit_users")
    if user is not None:
        raise Fatal(f"User {user}({command.process.caller.uid}) is not allowed to submit mail", EX_NOPERM)
    submission = Submission(command, options)
    submission.hand_over(submission.encode())
    if options.trace:
        command.process.out(f"Mail Delivery Status Report will be mailed to <{submission.sender}>.\n")
    return 0


class Submission:
    """One message. `who` is how errors name the user: sender and number."""

    def __init__(self, command: Command, options: Options) -> None:
        self.command, self.options, self.params = command, options, command.params
        self.uid = command.process.caller.uid
        self.account = command.process.host.users.by_uid(self.uid)
        self.sender = self._sender()
        self.who = f"{self.sender}({self.uid})"

    def fatal(self, text: str, status: int) -> Fatal:
        """An error that names the user."""
        return Fatal(f"{self.who}: {text}", status)

    def _sender(self) -> str:
        given = self.options.sender
        if given is not None:
            found = addresses(given)
            if len(found) > 1:
                self.command.msg.warning(f"-f option specified malformed sender: {given}")
            return found[0] if found else ""
        if self.account is None:
            raise Fatal(f"no login name found for user ID {self.uid}", EX_OSERR)
        return self.account.name

    def _full_name(self) -> str | None:
        """-F, $NAME, or the GECOS field up to a comma, with & for the name: fullname(3)."""
        if self.options.full_name is not None:
            return self.options.full_name
        name = self.command.process.env.get("NAME")
        if name is not None or self.account is None:
            return name
        gecos = self.account.gecos
        end = min((at for at in map(gecos.find, ",;%") if at >= 0), default=len(gecos))
        return gecos[:end].replace("&", self.account.name[:1].upper() + self.account.name[1:])

    # -- records --------------------------------------------------------------------------------------------------------

    def encode(self) -> bytes:
        """The whole submission. Raises Fatal."""
        envelope, count = self._envelope()
        extracted: list[str]
        if self.options.trace & TRACE_VERIFY:
            text, extracted = self._probe(), []
        else:
            text, extracted = self._text()
        if not count and not extracted:
            raise self.fatal(
                "No recipient addresses found in message header"
                if self.options.from_headers
                else "Recipient addresses must be specified on the command line or via the -t option",
                EX_USAGE,
            )
        parts = [*envelope, (records.MESSAGE, b""), *text, (records.EXTRACTED, b""), *self._recipients(extracted), (records.END, b"")]
        return records.encode_all(parts)

    def _recipients(self, addresses: list[str]) -> list[Record]:
        parts: list[Record] = []
        for address in addresses:
            if self.options.notify:
                parts.append(attribute_record("notify_flags", str(self.options.notify)))
            parts.append(text_record(records.RECIPIENT, address))
        return parts

    def _envelope(self) -> tuple[list[Record], int]:
        options = self.options
        parts: list[Record] = []
        if options.envid is not None:
            parts.append(attribute_record("envelope_id", options.envid))
        if options.ret:
            parts.append(attribute_record("ret_flags", str(options.ret)))
        parts.append(attribute_record("rewrite_context", options.context))
        name = self._full_name()
        if name is not None:
            parts.append(text_record(records.FULL_NAME, name))
        parts.append(text_record(records.FROM, self.sender))
        if options.verp is not None and not self.sender:
            raise self.fatal("-V option requires non-null sender address", EX_USAGE)
        if options.encoding:
            parts.append(attribute_record("encoding", options.encoding))
        if options.trace:
            parts.append(attribute_record("trace_flags", str(options.trace)))
        if options.verp is not None:
            parts.append(text_record(records.VERP, options.verp))
        # Each word may hold several addresses, or words around one in angle brackets; an empty one counts too.
        count = 0
        recipients: list[Record] = []
        for word in options.recipients:
            found = addresses(word)
            recipients += self._recipients(found) if found else [text_record(records.RECIPIENT, "")]
            count += len(found) or 1
        return [*parts, *recipients], count

    def _probe(self) -> list[Record]:
        """The message of sendmail -bv."""
        lines = [f"From: {self.sender}"] if self.sender else []
        lines.append("Subject: probe")
        parts = [text_record(records.LINE, line) for line in lines]
        words = self.options.recipients
        if words:
            parts.append(text_record(records.CONTINUED, "To:"))
            parts += [text_record(records.LINE, f"\t{word}{',' if word is not words[-1] else ''}") for word in words]
        return parts

    # -- message text ---------------------------------------------------------------------------------------------------

    def _text(self) -> tuple[list[Record], list[str]]:
        """The message as records, and the recipients in its header if they are wanted."""
        lines = self._lines()
        if not self.options.from_headers:
            return lines, []
        reader = _HeaderReader(self.params.int("line_length_limit"))
        state = MimeState(reader, MimeOptions(self.params.int("header_size_limit"), disabled=True, report=frozenset((TRUNCATED_HEADER,))))
        for kind, data in lines:
            state.update(kind, data)
            self._check(state)
        state.update(records.END, b"")
        self._check(state)
        return reader.lines, reader.resent if reader.is_resent else reader.recipients

    def _check(self, state: MimeState) -> None:
        if state.problems:
            raise self.fatal(f"unable to extract recipients: {TRUNCATED_HEADER}", EX_DATAERR)

    def _lines(self) -> list[Record]:
        """Standard input without leading From lines, to its end or to a dot; line ends as sendmail_fix_line_endings says."""
        fix = self.params["sendmail_fix_line_endings"]
        if fix not in _LINE_ENDINGS:
            raise Fatal(f"invalid sendmail_fix_line_endings value: {fix}", EX_USAGE)
        data = plain(self.command.process.stdin).encode("utf-8", "surrogateescape")
        parts: list[Record] = []
        skip_from, previous = True, ""
        for kind, line in records.text_records(data, self.params.int("line_length_limit")):
            is_line = kind == records.LINE
            if fix == "strict" and is_line:
                fix = "always" if line.endswith(b"\r") else "never"
            if skip_from and is_line and line.lstrip(b">").startswith(b"From "):
                previous = kind
                continue
            skip_from = False
            if fix == "always" and is_line:
                line = line.rstrip(b"\r")
            if self.options.dot_ends and previous != records.CONTINUED and line == b".":
                break
            parts.append((kind, line))
            previous = kind
        return parts

    # -- postdrop(1) ----------------------------------------------------------------------------------------------------

    @property
    def _postdrop(self) -> str:
        return f"{self.params['command_directory']}/postdrop -r"

    def _run_postdrop(self, data: bytes) -> Result:
        """The program's answer. A child that cannot become postdrop says so itself, under the name that it still has."""
        process = self.command.process
        argv = self._postdrop.split()
        try:
            done = process.run(argv, stdin=data.decode("utf-8", "surrogateescape"))
        except OSError as error:
            text = f"fatal: execvp {argv[0]}: {error.strerror}"
            process.err(f"{self.command.name}: {text}\n")
            process.host.syslog(process.name, process.host.new_pid(), text, "mail", "crit")
            return Result(exit_code=1)
        process.err(done.stderr)
        return done

    def hand_over(self, data: bytes) -> None:
        """Give the submission to postdrop(1). Raises Fatal."""
        done = self._run_postdrop(data)
        answer = done.stdout.split("\0")
        if "queue_id" not in answer:
            if done.exit_code:
                self.command.msg.warning(f'command "{self._postdrop}" exited with status {done.exit_code}')
            raise self.fatal(f"unable to execute {self._postdrop}: Application error", EX_UNAVAILABLE)
        status, reason = STAT_WRITE, ""
        if "status" in answer:
            place = answer.index("status")
            status, reason = int(answer[place + 1]), answer[place + 3]
        if done.exit_code:
            self.command.msg.warning("mail_stream_cleanup: close error")
        if status:
            raise self.fatal(reason or _STATUS_TEXTS.get(status, "unknown status"), _STATUS_EXITS.get(status, EX_UNAVAILABLE))


class _HeaderReader:
    """Collects the addresses of recipient headers while the text passes through."""

    def __init__(self, line_limit: int) -> None:
        self.line_limit = line_limit
        self.lines: list[Record] = []
        self.recipients: list[str] = []
        self.resent: list[str] = []
        self.is_resent = False

    def header(self, block: str, text: str) -> None:
        """A complete header, folded lines and all."""
        known = find(text)
        if block == PRIMARY and known is not None and known.flags & RECIPIENT and known.flags & EXTRACT:
            self._extract(text[len(known.name) + 1 :], bool(known.flags & RESENT))
        for line in text.split("\n"):
            data = line.encode("utf-8", "surrogateescape")
            self.lines += records.text_records(data + b"\n", self.line_limit)

    def _extract(self, value: str, resent: bool) -> None:
        """-t: once there is a Resent- header, only those count."""
        self.is_resent = self.is_resent or resent
        if resent:
            self.resent += addresses(value)
        elif not self.is_resent:
            self.recipients += addresses(value)

    def end_of_header(self) -> None:
        """Nothing to do."""

    def body(self, kind: str, data: bytes, offset: int) -> None:
        """A line of the body, the blank one before it included."""
        self.lines.append((kind, data))

    def mime_problem(self, problem: str, text: str) -> None:
        """Looked at from outside."""
