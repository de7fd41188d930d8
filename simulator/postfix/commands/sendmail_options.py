"""The command line of sendmail(1): what the Sendmail program of old understood, as far as Postfix takes it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from simulator.postfix.commands.command import EX_USAGE, Command, GetOpt
from simulator.postfix.lib.msg import Fatal
from simulator.postfix.lib.name_mask import UnknownName, parse_names
from simulator.postfix.lib.parameter_table import CONFIG_DIRECTORY
from simulator.postfix.lib.queue_file import NOTIFY_DELAY, NOTIFY_FAILURE, NOTIFY_NEVER, NOTIFY_SUCCESS, RET_FULL, RET_HDRS

_SPEC = "A:B:C:F:GIL:N:O:R:UV:X:b:ce:f:h:imno:p:r:q:tvx"
_MODES_BY_NAME = {"mailq": "mailq", "newaliases": "newaliases", "smtpd": "daemon"}
_MODES_BY_LETTER = {"d": "daemon", "l": "daemon", "h": "ignore", "H": "ignore", "i": "newaliases", "m": "enqueue", "p": "mailq", "s": "smtpd"}
_ENCODINGS = {"8BITMIME": "8bit", "7BIT": "7bit"}
_NOTIFY = {"never": NOTIFY_NEVER, "success": NOTIFY_SUCCESS, "failure": NOTIFY_FAILURE, "delay": NOTIFY_DELAY}
_RET = {"full": RET_FULL, "hdrs": RET_HDRS}
#: deliver_request(3): report instead of delivering; report of the first attempt.
TRACE_VERIFY, TRACE_RECORD = 1 << 9, 1 << 10
MAX_ENVID = 100


@dataclass(slots=True)
class Options:
    """What is wanted. `mode` is "enqueue" for a message from standard input."""

    mode: str
    sender: str | None = None
    full_name: str | None = None
    dot_ends: bool = True
    from_headers: bool = False
    trace: int = 0
    verbose: int = 0
    encoding: str = ""
    context: str = "local"
    notify: int = 0
    ret: int = 0
    envid: str | None = None
    verp: str | None = None
    alias_database: str = ""
    site: str = ""
    queue_id: str = ""
    interval: bool = False
    recipients: list[str] = field(default_factory=list)


def find_config_directory(command: Command) -> None:
    """Look for -C before anything else is done: messages about bad options appear twice. Raises Fatal."""
    getopt = GetOpt(command.process.argv, _SPEC, command.complain)
    while getopt.word is not None:
        if getopt.word == "-q":
            getopt.index += 1
            continue
        found = getopt.next()
        if found is None:
            return
        if found[0] == "C":
            path = found[1]
            path = (path.removesuffix("main.cf").rstrip("/") or "/") if path.rpartition("/")[2] == "main.cf" else path
            if path != CONFIG_DIRECTORY and command.process.cred.uid != 0:
                command.check_directory(path)
            command.use_config_directory(path)


def parse_command_line(command: Command) -> Options:
    """Raises Fatal."""
    options = Options(_MODES_BY_NAME.get(command.name, "enqueue"))
    parser = _Parser(command, options)
    parser.run()
    parser.check()
    if options.interval and options.mode != "daemon":
        options.mode = "ignore"
    elif options.mode == "enqueue" and (options.site or options.queue_id):
        options.mode = "site" if options.site else "id"
    return options


class _Parser:
    def __init__(self, command: Command, options: Options) -> None:
        self.command, self.options = command, options
        self.argv = list(command.process.argv)

    def run(self) -> None:
        getopt = GetOpt(self.argv, _SPEC, self.command.complain)
        while getopt.word is not None:
            if getopt.word == "-q":
                self.queue_run()
                getopt.index += 1
                continue
            self.old_verp(getopt)
            if getopt.word == "-XV":
                self.options.verp = self.command.params["default_verp_delimiters"]
                getopt.index += 1
                continue
            found = getopt.next()
            if found is None:
                break
            letter, value = found
            if letter == "?":
                raise Fatal(f"usage: {self.command.name} [options]", EX_USAGE)
            handler = _HANDLERS.get(letter)
            if handler is not None:
                handler(self, value)
        self.options.recipients = self.argv[getopt.index :]

    def queue_run(self) -> None:
        if self.options.mode == "daemon":
            self.command.msg.warning("ignoring -q option in daemon mode")
        else:
            self.options.mode = "flush"

    def old_verp(self, getopt: GetOpt) -> None:
        """-V was the option for VERP before Postfix 2.3."""
        word = self.argv[getopt.index]
        following = self.argv[getopt.index + 1] if getopt.index + 1 < len(self.argv) else ""
        if word == "-V" and len(following) == 2:
            self.command.msg.warning("option -V is deprecated with Postfix 2.3; specify -XV instead")
            self.argv[getopt.index] = "-XV"
        elif word.startswith("-V") and len(word) == 4:
            self.command.msg.warning(f"option {word} is deprecated with Postfix 2.3; specify -X{word[1:]} instead")
            self.argv[getopt.index] = f"-X{word[1:]}"

    # -- options --------------------------------------------------------------------------------------------------------

    def not_supported(self, value: str) -> None:
        raise Fatal("-n option not supported", EX_USAGE)

    def body_type(self, value: str) -> None:
        if value not in _ENCODINGS:
            raise Fatal("-B option needs 8BITMIME or 7BIT", EX_USAGE)
        self.options.encoding = _ENCODINGS[value]

    def full_name(self, value: str) -> None:
        self.options.full_name = value

    def gateway(self, value: str) -> None:
        self.options.context = "remote"

    def initialize(self, value: str) -> None:
        self.options.mode = "newaliases"

    def notify(self, value: str) -> None:
        try:
            names = parse_names("DSN NOTIFY command", _NOTIFY, value, any_case=True)
        except UnknownName as problem:
            self.command.msg.warning(str(problem))
            names = []
        mask = sum(_NOTIFY[name] for name in set(names))
        if not mask or (mask & NOTIFY_NEVER and mask != NOTIFY_NEVER):
            self.command.msg.warning("bad -N option value -- ignored")
            mask = 0
        self.options.notify = mask

    def ret(self, value: str) -> None:
        self.options.ret = _RET.get(value.lower(), 0)
        if not self.options.ret:
            self.command.msg.warning("bad -R option value -- ignored")

    def envid(self, value: str) -> None:
        if len(value.encode("utf-8", "surrogateescape")) > MAX_ENVID:
            self.command.msg.warning("too long -V option value -- ignored")
        elif not value or not all(" " <= char <= "~" for char in value):
            self.command.msg.warning("bad syntax in -V option value -- ignored")
        else:
            self.options.envid = value

    def verp(self, value: str) -> None:
        if not value.startswith("V"):
            raise Fatal(f"unsupported: -X{value[:1]}", EX_USAGE)
        allowed = self.command.params["verp_delimiter_filter"]
        if len(value) != 3 or any(char not in allowed for char in value[1:]):
            raise Fatal(f"-V requires two characters from {allowed}", EX_USAGE)
        self.options.verp = value[1:]

    def mode(self, value: str) -> None:
        letter = value[:1]
        if letter == "v":
            self.options.trace |= TRACE_VERIFY
        elif letter in _MODES_BY_LETTER:
            if _MODES_BY_LETTER[letter] == "daemon" and self.options.mode == "flush":
                self.command.msg.warning("ignoring -q option in daemon mode")
            self.options.mode = _MODES_BY_LETTER[letter]
        else:
            raise Fatal(f"unsupported: -b{letter}", EX_USAGE)

    def sender(self, value: str) -> None:
        self.options.sender = value

    def ignore_dots(self, value: str) -> None:
        self.options.dot_ends = False

    def old_option(self, value: str) -> None:
        if value.startswith("A"):
            if value == "A":
                raise Fatal("-oA requires pathname", EX_USAGE)
            self.options.alias_database = value[1:]
        elif value.startswith("i"):
            self.options.dot_ends = False

    def queue(self, value: str) -> None:
        if value[:1].isdigit():
            self.options.interval = True
        elif value.startswith("R"):
            self.options.site = value[1:]
            if not self.options.site:
                raise Fatal("specify: -qRsitename", EX_USAGE)
        elif value.startswith("I"):
            self.options.queue_id = value[1:]
            if not self.options.queue_id:
                raise Fatal("specify: -qIqueueid", EX_USAGE)
        else:
            raise Fatal(f"-q{value[:1]} is not implemented", EX_USAGE)

    def extract(self, value: str) -> None:
        self.options.from_headers = True

    def verbose(self, value: str) -> None:
        self.options.verbose += 1

    # -- what does not go together --------------------------------------------------------------------------------------

    def check(self) -> None:
        options = self.options
        delivering = options.mode == "enqueue"
        for given, text in ((options.from_headers, "-t"), (options.site, "-qR"), (options.queue_id, "-qI")):
            if given and not delivering:
                raise Fatal(f"{text} can be used only in delivery mode", EX_USAGE)
        if options.trace & TRACE_VERIFY:
            others = ((options.from_headers, "-t"), (options.notify, "-N"), (options.ret, "-R"), (options.verbose == 1, "-v"))
            for forbidden, text in others:
                if forbidden:
                    raise Fatal(f"{text} option cannot be used with -bv", EX_USAGE)
        if options.verbose == 1 and delivering:
            options.verbose = 0
            options.trace |= TRACE_RECORD


_HANDLERS: dict[str, Callable[[_Parser, str], None]] = {
    "n": _Parser.not_supported,
    "B": _Parser.body_type,
    "F": _Parser.full_name,
    "G": _Parser.gateway,
    "I": _Parser.initialize,
    "N": _Parser.notify,
    "R": _Parser.ret,
    "V": _Parser.envid,
    "X": _Parser.verp,
    "b": _Parser.mode,
    "f": _Parser.sender,
    "r": _Parser.sender,
    "i": _Parser.ignore_dots,
    "o": _Parser.old_option,
    "q": _Parser.queue,
    "t": _Parser.extract,
    "v": _Parser.verbose,
}
