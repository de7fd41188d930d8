"""NAME
    mail, mailx - read and send mail (GNU Mailutils 3.15)

SYNOPSIS
    mail [-s subject] [-a header] [-A file] [-r sender] [-M] address...
    mail -t
    mail [-H] [-e] [-p] [-N] [-u user] [-f [file]]

DESCRIPTION
    With an address, mail reads a text from standard input and gives it to sendmail(8). Without one it shows the mail of the
    user in /var/mail and obeys commands from standard input: p (print), d (delete), u (undelete), s (save), w (write),
    h (headers), n (next), r (reply), m (mail), q (quit), x (exit), ? (help) and others; `l` lists them.

    -a, --append "Name: value"   add a header field; this is how copies are sent (-a "Cc: carla"), for -c and -b do not exist
    -A, --attach file            add a file as an attachment
    -s, --subject text           the subject
    -r, --return-address addr    the envelope sender
    -t, --to                     take recipients from the header in the input
    -E, --exec command           obey a command first
    -H, --headers                show the summary and end; -p prints all mail, -e only tells by its exit status whether there is any
    -f, --file [file]            another mailbox (a file or a Maildir), ~/mbox by default; -u another user's
    -N, --nosum                  no summary at the start

    At the end of a session what was read moves to ~/mbox and what was deleted goes; `x` leaves all as it was. Looking at a
    mailbox numbers its messages (X-UID, X-IMAPbase), which changes the file.

FILES
    /var/mail/USER, $MAIL   the system mailbox
    ~/mbox, $MBOX           mail that was read
    ~/dead.letter           mail that could not be sent
    ~/.mailrc               commands for the start

EXIT STATUS
    0, or 1: no mail, nothing could be sent, bad options

DIFFERS FROM POSTFIX
    mail belongs to GNU Mailutils, not to Postfix. Not simulated: editors (edit, visual, ~e, ~v), `variable`, `folders`, remote
    mailboxes, the configuration file, completion and history at a terminal.
"""

from __future__ import annotations

from simulator.mua import mail_send, mail_show
from simulator.mua.mail_attachment import attach
from simulator.mua.mail_open import open_mailbox
from simulator.mua.mail_options import BadOption, Parsed, help_text, parse
from simulator.mua.mail_save import close, expand_name
from simulator.mua.mail_session import Session
from simulator.mua.mail_settings import LICENSE
from simulator.unix.program import Exit, Process, program

#: Options that stand for a command.
_COMMANDS = {
    "exist": "setq mode=exist", "print": "setq mode=print", "read": "setq mode=print", "quit": "set quit", "to": "set editheaders",
    "headers": "setq mode=headers", "ignore": "set ignore", "nosum": "set noheader",
}  # fmt: skip
_NOT_SIMULATED = frozenset(("attach-fd", "config-help", "show-config-options", "usage", "debug-level", "config-file"))
_ENVIRONMENT = (("EDITOR", "ed"), ("LISTER", "ls"), ("PAGER", "more"), ("SHELL", "sh"), ("VISUAL", "vi"))


@program("/usr/bin/mail.mailutils", "/usr/bin/mail", "/usr/bin/mailx", package="mailutils")
def main(p: Process) -> int:
    """Run the program."""
    session = Session(p)
    home = p.env.setdefault("HOME", "/")
    for name, value in (("DEAD", f"{home}/dead.letter"), ("MAILRC", f"{home}/.mailrc"), ("MBOX", f"{home}/mbox"), *_ENVIRONMENT):
        p.env.setdefault(name, value)
    try:
        parsed = parse(p.argv[1:])
    except BadOption as error:
        p.err(f"mail: {error}\n")
        return 1
    run = _Run(session, parsed)
    run.options()
    return run.start()


class _Run:
    """The command line, obeyed: `mode` is what variable `mode` says after it."""

    def __init__(self, session: Session, parsed: Parsed) -> None:
        self.session, self.parsed = session, parsed
        self.commands: list[str] = []
        self.sending = self.by_name = self.wants_file = False
        self.file: str | None = None
        self.user = ""
        self.content_name = self.content_filename = ""

    def options(self) -> None:
        """Obey the options. Raises Exit."""
        session, outgoing = self.session, self.session.outgoing
        for name, value, positive in self.parsed.options:
            match name:
                case "help":
                    self._end(help_text())
                case "version":
                    self._end(LICENSE)
                case "f" | "file":
                    self.wants_file, self.file = True, value or self.file
                case "user":
                    self.user = value
                case "subject":
                    outgoing.headers.append(("Subject", value, True))
                    self.commands.append("set noasksub")
                case "append":
                    mail_send.add_header(session, value)
                case "attach":
                    self._attach(value)
                case "return-address":
                    self.commands.append(f"set return-address={value}")
                case "exec":
                    self.commands.append(value)
                case "norc":
                    session.do("set norc")
                case "mime":
                    self._mime(positive)
                case "alternative":
                    outgoing.alternative = positive
                case "skip-empty-attachments":
                    outgoing.skip_empty = positive
                case "content-type":
                    outgoing.content_type = value
                case "encoding":
                    outgoing.encoding = value
                case "content-name":
                    self.content_name = value
                case "content-filename":
                    self.content_filename = value
                case _ if name in _COMMANDS:
                    self.commands.append(_COMMANDS[name])
                case _ if name in _NOT_SIMULATED:
                    session.missing(f"option --{name}")
            self.by_name = self.by_name or name == "byname"
            self.sending = self.sending or name in ("subject", "append", "attach", "return-address", "to", "byname")
        if outgoing.content_type or outgoing.encoding:
            self._mime(True)

    def _end(self, text: str) -> None:
        self.session.out(text)
        raise Exit(0)

    def _mime(self, on: bool) -> None:
        self.commands.append("set mime" if on else "set nomime")

    def _attach(self, name: str) -> None:
        outgoing = self.session.outgoing
        done = attach(self.session, outgoing.attachments, name, self.content_filename, self.content_name,
                      outgoing.content_type, outgoing.encoding)  # fmt: skip
        if not done:
            raise Exit(1)
        self._mime(True)
        self.content_name = self.content_filename = ""

    def _choose_mailbox(self) -> None:
        """What -f, -u and the words mean. Raises Exit."""
        words = self.parsed.words
        if self.sending and self.wants_file:
            self.session.error("conflicting options")
            raise Exit(1)
        if self.wants_file:
            if len(words) > (0 if self.file else 1):
                self.session.error("-f requires at most one command line argument")
                raise Exit(1)
            self.file = self.file or (words[0] if words else f"~/{self.user}/mbox" if self.user else "~/mbox")
        elif words or self.sending:
            self.commands.append("setq mode=send")
        elif self.user:
            self.file = f"%{self.user}"

    def start(self) -> int:
        """Read ~/.mailrc and begin."""
        session, variables = self.session, self.session.variables
        if any(name == "to" for name, _, _ in self.parsed.options):
            self.parsed.words.clear()
        self._choose_mailbox()
        if variables.is_true("rc"):
            session.source("/etc/mail.rc")
        if session.process.env["MAILRC"]:
            session.source(session.process.env["MAILRC"])
        for command in self.commands:
            session.do(command)
        if not session.interactive:
            for name in ("crt", "asksub", "askcc", "askbcc"):
                variables.assign(f"no{name}")
        account = session.process.host.users.by_uid(session.process.caller.uid)
        session.user = self.user or (account.name if account else session.process.user)
        if variables.text("mode") == "send":
            status = mail_send.mail(session, ["Mail" if self.by_name else "mail", *self.parsed.words])
            return int(bool(status) and not variables.is_true("mailx"))
        return self._read()

    def _read(self) -> int:
        session = self.session
        path = expand_name(session, self.file) if self.file else session.system_mailbox
        assert path is not None
        session.box = open_mailbox(session, path, self.file)
        if session.box is None and session.is_unusable:
            return 1
        session.secondary = path if self.file else None
        mode = session.variables.text("mode")
        if session.box is not None:
            if mode == "exist":
                session.box.close()
                return int(not session.messages)
            if mode in ("print", "headers"):
                status = session.do("print *" if mode == "print" else "from *")
                session.box.close()
                return int(status != 0)
        if not session.messages and (mode != "read" or not session.variables.is_true("emptystart")):
            return self._no_mail()
        if session.variables.is_true("header"):
            session.do("summary")
            session.do("headers")
        session.loop()
        session.out("\n")
        close(session)
        return 0

    def _no_mail(self) -> int:
        if self.session.secondary:
            mail_show.summary(self.session, ["summary"])
        else:
            self.session.out(f"No mail for {self.session.user}\n")
        return 1
