"""One run of mail(1): its mailbox, variables, aliases, and the commands that it obeys."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from simulator.mua import mail_words
from simulator.mua.mail_command_table import COMMANDS, Command
from simulator.mua.mail_message_list import BadList, Place, Rules, parse_list
from simulator.mua.mail_page import Page
from simulator.mua.mail_variables import Variables
from simulator.mua.maildir import Maildir
from simulator.mua.mbox import Mbox, MboxMessage
from simulator.unix.program import Process

#: `source` inside a sourced file, and so on: deeper is a loop.
MAX_NESTING = 20


@dataclass(slots=True)
class Attachment:
    """A file for -A or ~+. `name` and `filename` are those of the MIME header, `shown` that of ~l."""

    data: bytes
    content_type: str
    encoding: str
    shown: str
    name: str = ""
    filename: str = ""
    inline: bool = False


@dataclass(slots=True)
class Outgoing:
    """What the command line and `sendheader` say of messages to be sent."""

    headers: list[tuple[str, str, bool]] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    alternative: bool = False
    skip_empty: bool = False
    content_type: str = ""
    encoding: str = ""


class Session:
    """The state of the program."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.variables = Variables(process.pid)
        self.outgoing = Outgoing()
        self.box: Mbox | Maildir | None = None
        self.is_unusable = False
        self.page = Page(lambda: len(self.messages), lambda number: "D" in self.messages[number - 1].flags, self._lines)
        self.aliases: dict[str, list[str]] = {}
        self.alternates: list[str] = []
        self.retained: list[str] = []
        self.ignored: list[str] = []
        self.unfolded = ["subject"]
        self.senders = ["mail-followup-to", "reply-to", "from"]
        self.conditions: list[bool] = []
        self.previous: str | None = None
        self.secondary: str | None = None
        self.user = ""
        self.interactive = process.tty and not process.stdin
        self._input = process.stdin.split("\n")
        if self._input[-1] == "":
            self._input.pop()
        self._nesting = 0

    # -- streams --------------------------------------------------------------------------------------------------------

    def out(self, text: str) -> None:
        """Write to standard output."""
        self.process.out(text)

    def error(self, text: str) -> int:
        """A line on standard error; 1, the status of a command that failed."""
        self.process.err(f"{'' if self.interactive else 'mail: '}{text}\n")
        return 1

    def missing(self, what: str) -> int:
        """Say plainly what is not simulated."""
        self.process.err(f"simulator: mail: {what} is not simulated\n")
        return 1

    def read_line(self, prompt: str) -> str | None:
        """The next line of input, None at its end. With a terminal the prompt and the line are seen."""
        line = self._input.pop(0) if self._input else None
        if self.interactive:
            self.out(prompt + ("" if line is None else line + "\n"))
        return line

    def use_no_input(self) -> None:
        """Standard input was something else (`-A -`)."""
        self._input = []

    @property
    def rest_of_input(self) -> str:
        """What nobody has read yet."""
        return "".join(line + "\n" for line in self._input)

    # -- what commands ask ----------------------------------------------------------------------------------------------

    @property
    def messages(self) -> Sequence[MboxMessage]:
        """The messages of the open mailbox."""
        return self.box.messages if self.box else []

    @property
    def current(self) -> int:
        """The number of the current message, 0 if there is none."""
        return self.page.current

    @property
    def charset(self) -> str:
        """The character set for headers: variable `charset`, by default from LC_ALL or LANG."""
        charset = self.variables.text("charset") or ""
        if charset.lower() != "auto":
            return charset
        locale = self.process.env.get("LC_ALL") or self.process.env.get("LANG") or ""
        return locale.partition(".")[2].partition("@")[0]

    @property
    def columns(self) -> int:
        """Width of the screen."""
        return self.variables.number("columns") or 80

    def _lines(self) -> int:
        return self.variables.number("screen") or 22

    def places(self, argv: list[str], rules: Rules) -> list[Place] | None:
        """The messages that a command names; None after an error was printed."""
        try:
            return parse_list(self, argv, rules)
        except BadList as error:
            for text in error.texts:
                self.error(text)
            return None

    def message(self, number: int) -> MboxMessage | None:
        """A message that is going to be used; None after an error was printed."""
        if number > len(self.messages):
            self.error(f"{number}: invalid message number")
            return None
        found = self.messages[number - 1]
        found.loaded = True
        return found

    def each(self, argv: list[str], rules: Rules) -> list[tuple[int, MboxMessage]] | None:
        """Numbers and messages that a command names; None after an error."""
        places = self.places(argv, rules)
        if places is None:
            return None
        found = ((place.number, self.message(place.number)) for place in places)
        return [(number, message) for number, message in found if message is not None]

    # -- mailboxes ------------------------------------------------------------------------------------------------------

    @property
    def system_mailbox(self) -> str:
        """$MAIL, or the mailbox of the user who runs the program."""
        account = self.process.host.users.by_uid(self.process.caller.uid)
        return self.process.env.get("MAIL") or f"/var/mail/{account.name if account else self.process.user}"

    @property
    def mbox_path(self) -> str:
        """$MBOX: where messages go that were read."""
        return self.process.path(self.process.env["MBOX"])

    # -- commands -------------------------------------------------------------------------------------------------------

    def do(self, line: str) -> int:
        """Obey one command line; its status."""
        if line.startswith("#"):
            return 0
        if not line:
            if not self.interactive:
                return 0
            line = "next"
        try:
            words = mail_words.split(line)
        except mail_words.UnclosedQuote:
            self.error(f'"{line}": missing closing quote')
            return 1
        if not words:
            return self.error("Invalid command")
        return self._obey(words)

    def _obey(self, words: list[str]) -> int:
        if len(words) == 1 and (re.fullmatch(r"[-+]?0*[1-9]\d*", words[0]) or words[0] in ("^", "$")):
            words = ["print", *words]
        command = find(words[0])
        if command is None:
            words = contracted(words)
            command = find(words[0])
        if command is None:
            return self.error(f"Unknown command: {words[0]}")
        if self.conditions and not self.conditions[-1] and not command.flow:
            return 0
        return command.function(self, words)

    def loop(self) -> None:
        """Obey what standard input says, to its end."""
        prompt = self.variables.text("prompt") or ""
        while (line := self.read_line(prompt)) is not None:
            while line.endswith("\\"):
                more = self.read_line(prompt)
                line = line[:-1] + (more or "")
                if more is None:
                    break
            self.do(line.strip())

    def source(self, path: str) -> int:
        """Obey a file; a missing one is no error."""
        try:
            text = self.process.read(path).decode("utf-8", "surrogateescape")
        except FileNotFoundError:
            return 1
        except OSError as error:
            return self.error(f"Cannot open `{path}': {error.strerror}")
        if self._nesting >= MAX_NESTING:
            return self.error(f"Cannot open `{path}': Too many levels of nesting")
        self._nesting += 1
        was, self.interactive = self.interactive, False
        for line in text.replace("\\\n", "").split("\n"):
            self.do(line.strip())
        self.interactive = was
        self._nesting -= 1
        return 0


def find(word: str) -> Command | None:
    """The command that a word means: its short form, or any longer beginning of its name."""
    for command in COMMANDS:
        short, name = command.short, command.name
        if len(short) > len(name) and word.startswith(short):
            return command
        if short == word or (len(short) < len(word) and name.startswith(word)):
            return command
    return None


def contracted(words: list[str]) -> list[str]:
    """`d3` and `p*` as bin/mail took them: the command ends at its last letter."""
    word = words[0]
    at = len(word) - 1
    while at > 0 and not (word[at].isascii() and word[at].isalpha()):
        at -= 1
    rest = word[at + 1 :]
    return [word[: at + 1], rest, *words[1:]] if rest else words
