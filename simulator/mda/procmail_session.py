"""One run of procmail: the message, the variables, the log, and the rights it acts with."""

from __future__ import annotations

import datetime
import posixpath
from dataclasses import dataclass, field, replace
from typing import Final

from simulator.mda.summary import folder_line, subject_line
from simulator.unix.fs import Cred, Fs
from simulator.unix.program import Process

#: sysexits.h
EX_CANTCREAT: Final = 73
EX_TEMPFAIL: Final = 75

VERSION: Final = "3.23pre"

#: Variables that are numbers, with their defaults (seconds, or -1 for LOGABSTRACT: as long as there is a log).
NUMBERS: Final = {"LOCKSLEEP": 8, "LOCKTIMEOUT": 1024, "SUSPEND": 16, "NORESRETRY": 4, "TIMEOUT": 960, "VERBOSE": 0, "LOGABSTRACT": -1}
#: Variables that are texts, in the order in which they are set.
TEXTS: Final = {
    "PROCMAIL_VERSION": VERSION,
    "SENDMAILFLAGS": "-oi",
    "SENDMAIL": "/usr/sbin/sendmail",
    "DEFAULT": "$ORGMAIL",
    "SHELLFLAGS": "-c",
    "MSGPREFIX": "msg.",
    "LOCKEXT": ".lock",
    "SHELLMETAS": "&|<>~;?*[",
}
PATH: Final = "$HOME/bin:/usr/local/bin:/usr/bin:/bin"


def with_blank_line(text: str) -> str:
    """The message as procmail hands it out, unless a recipe has the flag r: with an empty line at its end."""
    return text if text.endswith("\n\n") else text + "\n"


class Delivered(Exception):
    """The message has found its place: procmail ends."""


@dataclass(slots=True)
class Mail:
    """The message as text of bytes (latin-1): `text[:body]` is the header with its empty line."""

    text: str
    body: int = 0

    @classmethod
    def of(cls, text: str) -> Mail:
        mail = cls(text)
        mail.find_body()
        return mail

    def find_body(self) -> None:
        """The header ends with the first empty line; empty lines in front do not count."""
        start = len(self.text) - len(self.text.lstrip("\n"))
        end = self.text.find("\n\n", start)
        self.body = len(self.text) if end < 0 else end + 2

    @property
    def header(self) -> str:
        return self.text[: self.body]

    @property
    def unfolded(self) -> str:
        """The header with continued fields on one line each, as expressions see it."""
        return self.header.replace("\n ", "  ").replace("\n\t", " \t")

    def without_from(self) -> str:
        """The text without its From line and what is quoted below it."""
        if not self.text.startswith("From "):
            return self.text
        rest = self.text.partition("\n")[2]
        while rest.startswith(">"):
            rest = rest.partition("\n")[2]
        return rest


@dataclass(slots=True)
class Session:
    """`status` is the exit status, `cred` with whose rights procmail acts (in /etc/procmailrc: its own), `user_cred` the
    user's, `cwd` the working directory (MAILDIR)."""

    process: Process
    cred: Cred
    user_cred: Cred
    mail: Mail
    cwd: str
    env: dict[str, str] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=lambda: dict(NUMBERS))
    arguments: list[str] = field(default_factory=list)
    status: int = EX_CANTCREAT
    exit_code_set: bool = False
    program_status: int = 0
    #: What is still to be logged of programs that procmail does not wait for: words and a name, or "" and a text.
    late: list[tuple[str, str]] = field(default_factory=list)
    score: int = 0
    log_file: str = ""
    log_opened: bool = False
    log_buffer: str = ""
    stamp: int = 0
    global_lock: str = ""
    local_lock: str = ""
    #: The lock file of the system mailbox: it is made with the rights of the set-group-ID program.
    spool_lock: str = ""
    last_length: int = 0
    #: Where in the folder the message begins, -1 where that makes no sense; and whether anybody wants to know (COMSAT).
    offset: int = -1
    comsat: bool = True
    include_depth: int = 0

    @property
    def fs(self) -> Fs:
        return self.process.host.fs

    @property
    def spool_cred(self) -> Cred:
        """The user with the group that the program file lends (mail)."""
        own = self.cred
        return Cred(own.uid, self.process.cred.gid, own.groups | {own.gid}, own.umask)

    def drop_privileges(self) -> None:
        """Act as the user from now on."""
        self.cred = replace(self.user_cred, umask=self.cred.umask)

    @property
    def verbose(self) -> bool:
        return bool(self.numbers["VERBOSE"])

    def path(self, name: str) -> str:
        """The absolute form of a name that is relative to MAILDIR."""
        return posixpath.join(self.cwd, name)

    def get(self, name: str) -> str:
        return self.env.get(name, "")

    # -- log ------------------------------------------------------------------------------------------------------------

    def log(self, text: str) -> None:
        """Write to LOGFILE, or to standard error before it is set. Lines go out whole."""
        self.log_buffer += text
        if "\n" in text[-1:]:
            self.flush()

    def flush(self) -> None:
        text, self.log_buffer = self.log_buffer, ""
        if not text:
            return
        if self.log_file:
            # The file is open already: the rights were those of that moment.
            self.fs.append(self.log_file, text.encode("latin-1", "replace"))
        else:
            self.process.err(text.encode("latin-1", "replace").decode("utf-8", "surrogateescape"))

    def say(self, text: str) -> None:
        """`procmail: text`, with a time stamp once a second when it is verbose."""
        self.log("procmail: ")
        now = int(self.process.clock.now)
        if self.verbose and now != self.stamp:
            self.stamp = now
            moment = datetime.datetime.fromtimestamp(now, datetime.UTC).ctime()
            self.log(f"[{self.process.pid}] {moment}\nprocmail: ")
        self.log(text)

    def say_of(self, text: str, name: str) -> None:
        """`procmail: text "name"`."""
        self.say(f'{text} "{name}"\n')

    def tell(self, text: str, name: str) -> None:
        """The same, for VERBOSE=yes only."""
        if self.verbose:
            self.say_of(text, name)

    def tell_late(self) -> None:
        """Log what was held back."""
        waiting, self.late = self.late, []
        for words, name in waiting:
            if words:
                self.tell(words, name)
            elif name:
                self.log(name)

    def abstract(self, folder: str) -> None:
        """The three lines about a message: LOGABSTRACT."""
        wanted = self.numbers["LOGABSTRACT"]
        if not (wanted > 0 or (wanted and (self.log_opened or self.verbose))):
            return
        if self.mail.text.startswith("From "):
            self.log(self.mail.text.partition("\n")[0] + "\n")
        subject = next((line for line in self.mail.header.split("\n") if line.lower().startswith("subject:")), "")
        self.log(subject_line(subject))
        self.log(folder_line(folder, self.last_length))

    def notify(self, folder: str) -> None:
        """Tell the biff daemon about new mail; nobody listens, but the log says so."""
        if self.comsat:
            path = folder if folder.startswith(("/", "**")) else f"{self.get('MAILDIR')}/{folder}"
            self.tell("Notified comsat:", f"{self.get('LOGNAME')}@{self.offset if self.offset >= 0 else ''}:{path}")

    # -- variables ------------------------------------------------------------------------------------------------------

    def assign(self, name: str, value: str | None) -> None:
        """Set a variable, or remove it."""
        self.tell("Assigning", name if value is None else f"{name}={value}")
        self.env.pop(name, None)
        if value is not None:
            self.env[name] = value

    def set_last_folder(self, folder: str) -> None:
        self.assign("LASTFOLDER", folder)

    # -- what the words of an rc file ask for (Names) ---------------------------------------------------------------------

    def variable(self, name: str) -> str | None:
        if name.isdigit():
            if name == "0":
                return self.process.argv[0]
            number = int(name)
            return self.arguments[number - 1] if number <= len(self.arguments) else None
        return self.env.get(name)

    def special(self, char: str) -> str | None:
        values = {
            "$": str(self.process.pid),
            "?": str(self.program_status),
            "#": str(len(self.arguments)),
            "=": str(self.score),
            "-": self.get("LASTFOLDER"),
            "@": " ".join(self.arguments),
        }
        return values.get(char)

    def output_of(self, command: str) -> str:
        from simulator.mda.procmail_program import output_of

        return output_of(self, command)

    def complain(self, text: str) -> None:
        self.say(text)


def number(text: str, default: int) -> int:
    """A number, or yes, on, true, enable / no, off, false, disable / all: renvint of procmail."""
    stripped = text.lstrip()
    digits = ""
    for at, char in enumerate(stripped):
        if char.isdigit() or (at == 0 and char in "+-"):
            digits += char
        else:
            break
    if digits.strip("+-"):
        return int(digits)
    first = stripped[:1].lower()
    if first == "o":
        return 1 if stripped[1:2].lower() == "n" else 0 if stripped[1:3].lower() == "ff" else default
    if first and first in "yte":
        return 1
    if first and first in "nfd":
        return 0
    return 2 if first == "a" else default
