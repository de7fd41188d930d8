"""The command line of qshape(1), a Perl script: Getopt::Std, and warnings that end the program."""

from __future__ import annotations

import re

from simulator.unix.program import Exit, Process

USAGE = """\
Usage: {name} [ -s ] [ -p ] [ -m <min_subdomains> ] [ -l ]
\t[ -b <bucket_count> ] [ -t <bucket_time> ] [ -w <terminal_width> ]
\t[ -N <batch_msg_count> ] [ -n <batch_top_domains> ]
\t[ -c <config_directory> ] [ <queue_name> ... ]
The 's' option shows sender domain counts.
The 'p' option shows address counts by for parent domains.
Parent domains are shown with a leading '.' before the domain name.
Parent domains are only shown if the domain is not a TLD, and at
least <min_subdomains> (default 5) subdomains are shown in the output.

The bucket age ranges in units of <bucket_time> minutes are
[0,1), [1,2), [2,4), [4,8), [8, 16), ... i.e.:
\tthe first bucket is [0, bucket_time) minutes
\tthe second bucket is [bucket_time, 2*bucket_time) minutes
\tthe third bucket is [2*bucket_time, 4*bucket_time) minutes...
'-l' makes the ages linear, the number of buckets shown is <bucket_count>

The default summary is for the incoming and active queues. An explicit
list of queue names can be given on the command line. Non-absolute queue
names are interpreted relative to the Postfix queue directory. Use
<config_directory> to specify a non-default Postfix instance.  Values of
the main.cf queue_directory parameter that use variable expansions are
not supported. If necessary, use explicit absolute paths for all queues.
"""
EX_DIED = 255
WITH_VALUE = frozenset("cwbtmnN")
FLAGS = frozenset("lhps")
DEFAULT_QUEUES = ("incoming", "active")
#: Lines of the script that Perl names in its warnings.
_EXEC_LINE = 172
_NUMBER_LINES = {"w": 181, "b": 182, "t": 183, "m": 184}
_LEADING_NUMBER = re.compile(r"\s*[+-]?\d+(\.\d*)?")


class Options:
    """The command line, read as Getopt::Std does."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.values: dict[str, str | None] = {}
        self.queues: list[str] = []
        self._read(list(process.argv[1:]))
        self.width = self._number("w", 80, minimum=80)
        self.buckets = self._number("b", 10)
        self.tick = self._number("t", 5)
        self.min_subdomains = self._number("m", 5)
        tty = process.tty
        self.batch = self._count("N", 1000) if tty else 0
        self.top = self._count("n", 20) if tty else 0

    def die(self, complaint: str = "") -> None:
        """Perl's warnings end the program while it reads its options."""
        if complaint and "h" not in self.values:
            self.process.err(f"{self.process.argv[0]}: {complaint}\n")
        self.process.err(USAGE.format(name=self.process.argv[0]))

    def _read(self, words: list[str]) -> None:
        while words and len(words[0]) > 1 and words[0].startswith("-"):
            word = words.pop(0)
            if word == "--":
                break
            letter, rest = word[1], word[2:]
            if letter in WITH_VALUE:
                self.values[letter] = rest or (words.pop(0) if words else None)
            elif letter in FLAGS:
                self.values[letter] = "1"
                words = [f"-{rest}", *words] if rest else words
            else:
                self.die(f"Unknown option: {letter}")
                raise Exit(EX_DIED)
        if "h" in self.values:
            self.die()
            raise Exit(EX_DIED)
        self.queues = words or list(DEFAULT_QUEUES)

    def _number(self, letter: str, default: int, minimum: int = 0) -> int:
        if letter not in self.values:
            return default
        text, at = self.values[letter], f"in numeric gt (>) at {self.process.argv[0]} line {_NUMBER_LINES[letter]}.\n"
        if text is None:
            self.process.err(f'Use of uninitialized value $opts{{"{letter}"}} {at}')
            return default
        found = _LEADING_NUMBER.match(text)
        if found is None or found.end() < len(text):
            self.process.err(f'Argument "{text}" isn\'t numeric {at}')
        value = int(float(found[0])) if found else 0
        return value if value > minimum else default

    def _count(self, letter: str, default: int) -> int:
        found = _LEADING_NUMBER.match(self.values.get(letter) or "")
        return int(float(found[0])) if found else default

    def __contains__(self, letter: str) -> bool:
        return letter in self.values


def queue_directory(options: Options) -> str:
    """Where queues with a relative name are: postconf(1) tells. Raises Exit."""
    process, name = options.process, options.process.argv[0]
    if all(queue.startswith("/") for queue in options.queues):
        return process.cwd
    if options.values.get("c"):
        process.env["MAIL_CONFIG"] = str(options.values["c"])
    try:
        done = process.run(["postconf", "-h", "queue_directory"])
    except OSError as error:
        # The child that could not become postconf dies of the warning.
        options.die(f'Can\'t exec "postconf": {error.strerror} at {name} line {_EXEC_LINE}.')
        process.err(f"{name}: postconf failed\n")
        raise Exit(error.errno or EX_DIED) from error
    process.err(done.stderr)
    if done.exit_code:
        process.err(f"{name}: postconf failed\n")
        raise Exit(done.exit_code)
    return done.stdout.removesuffix("\n")
