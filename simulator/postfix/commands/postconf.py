"""NAME
    postconf - show and edit the configuration of Postfix

SYNOPSIS
    postconf [-dfhHnopvx] [-C class] [-c directory] [-o name=value] [name ...]     main.cf
    postconf -e name=value ...    postconf -X name ...    postconf -# name ...
    postconf -M [-efoxX#] [service[/type][=value] ...]                             master.cf, whole entries
    postconf -F [-efhHox] [service[/type[/field]][=value] ...]                     master.cf, single fields
    postconf -P [-efhHoxX] [service[/type[/parameter]][=value] ...]                master.cf, -o name=value
    postconf -a | -A | -l | -m | -T mode | -b [file] | -t [file]

DESCRIPTION
    Without options it shows the value of every parameter, or of those named: what main.cf sets, else the built-in default.
    Blanks in a value are shown as one. A name that is not known is warned of; the exit status stays 0. Afterwards it warns
    of "unused" parameters, which have a value but no program reads them: mostly misspelt names.

    Edits change no more than the lines that are meant. They write a new file beside the old one and rename it, so the
    file then belongs to whoever edited, with mode 0644. The mail system notices them at its next reload; programs that
    start later read the new file at once.

OPTIONS
    -a, -A     SASL plug-ins for the SMTP server, for the client
    -b, -t     bounce texts with and without $name expanded, of bounce_template_file or of the named file
    -c dir     the directory of main.cf and master.cf instead of /etc/postfix (also: MAIL_CONFIG in the environment)
    -C class   only parameters of a class: builtin, service, user, all
    -d         defaults instead of what is set
    -e         edit: set name=value (implied by an argument with =)
    -f         fold long lines
    -F         fields of master.cf
    -h, -H     no names, no values
    -l, -m     methods of locking mailboxes, types of tables
    -M         entries of master.cf
    -n         only what main.cf sets
    -o n=v     as if main.cf had this value
    -p         parameters of main.cf (the default)
    -P         parameters in master.cf (-o)
    -T mode    TLS: compile-version, run-version, public-key-algorithms
    -v         tell which names become known because a value refers to them
    -x         expand $name in values
    -X, -#     remove, comment out

EXIT STATUS
    0, also after warnings; 1 after a fatal error.

FILES
    /etc/postfix/main.cf, /etc/postfix/master.cf

SEE ALSO
    postconf(5), master(5), bounce(5), postfix(1)

DIFFERS FROM POSTFIX
    Where real postconf goes by the order of a hash table that differs with each run (unused and undefined parameters, new
    names appended by -e), the order here is that of the file and of the command line. -v tells which names the user's values
    make known; -vv says no more.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from simulator.net.resolver import Resolver
from simulator.postfix.commands.command import GetOpt
from simulator.postfix.commands.postconf_bounce import FATAL_PAUSE
from simulator.postfix.commands.postconf_edit import edit_main
from simulator.postfix.commands.postconf_edit_master import MasterEdit
from simulator.postfix.commands.postconf_lists import show_list
from simulator.postfix.commands.postconf_master import parse_master
from simulator.postfix.commands.postconf_parameters import CLASSES, KnownParameters, Machine
from simulator.postfix.commands.postconf_show import Show
from simulator.postfix.lib import main_cf
from simulator.postfix.lib.logical_lines import ignore, split_name_value
from simulator.postfix.lib.msg import Fatal, Msg
from simulator.postfix.lib.name_mask import UnknownName, parse_names
from simulator.postfix.lib.parameter_table import CONFIG_DIRECTORY
from simulator.postfix.lib.parameters import interfaces
from simulator.unix.program import Process, program

_OPTIONS = "aAbc:C:deEfFhHlmMno:pPtT:vxX#"
_USAGE = (
    "usage: {} [-a (server SASL types)] [-A (client SASL types)] [-b (bounce templates)] [-c config_dir] [-c param_class] "
    "[-d (parameter defaults)] [-e (edit configuration)] [-f (fold lines)] [-F (master.cf fields)] [-h (no names)] [-H (no values)] "
    "[-l (lock types)] [-m (map types)] [-M (master.cf)] [-n (non-default parameters)] [-o name=value (override parameter value)] "
    "[-p (main.cf, default)] [-P (master.cf parameters)] [-t (bounce templates)] "
    "[-T compile-version|run-version|public-key-algorithms] [-v (verbose)] [-x (expand parameter values)] [-X (exclude)] "
    "[-# (comment-out)] [name...]"
)
#: The order in which messages name options.
_NAMED = "aAbCdefFhHlmMnopPtTxX#"
#: Of each group one at most. The first are the main modes.
_EXCLUSIVE = ("aAblmpMFPtT", "denX#", "feX#", "xeX#", "odeX#", "heX#H")
#: What a main mode can be combined with.
_COMPATIBLE = {"p": "eX#fhxdnoH", "M": "eX#fox", "F": "efhoxH", "P": "eXfhoxH"} | dict.fromkeys("aAbtlmT", "")
#: Standard output is written in blocks; what is left of the last one is lost when a fatal error ends the program.
_BLOCK = 4096


class _Stderr(Msg):
    """Messages on standard error alone. Before main.cf has been taken in, every byte beyond ASCII is shown as `?`: printable(3)."""

    def _say(self, label: str, text: str, priority: str) -> None:
        data = text.encode("utf-8", "surrogateescape")
        super()._say(label, "".join(chr(byte) if 32 <= byte < 127 else "?" for byte in data), priority)


@dataclass(slots=True)
class CommandLine:
    """What was typed. `options` are letters; those with values have them besides."""

    options: set[str] = field(default_factory=set)
    overrides: list[str] = field(default_factory=list)
    classes: str = "all"
    tls_mode: str = ""
    directory: str = ""
    verbose: int = 0
    arguments: list[str] = field(default_factory=list)

    @property
    def action(self) -> str:
        """e, X or #; "" for a listing."""
        return next((letter for letter in "eX#" if letter in self.options), "")

    @property
    def view(self) -> str:
        """The main mode."""
        return next(letter for letter in _EXCLUSIVE[0] if letter in self.options)

    def check(self) -> None:
        """Complete what is implied. Raises Fatal for options that do not go together."""
        if not self.options & set(_EXCLUSIVE[0]):
            self.options.add("p")
        if self.options & set("pMFP") and self.arguments and "=" in self.arguments[0]:
            self.options.add("e")
        for group in _EXCLUSIVE:
            given = self.options & set(group)
            if len(given) > 1:
                raise Fatal(f"specify one of {_names(given)}")
        for mode, others in _COMPATIBLE.items():
            excess = self.options - set(mode + others)
            if mode in self.options and excess:
                raise Fatal(f"with option -{mode}, do not specify {_names(excess)}")
        if "e" in self.options and not self.arguments:
            raise Fatal("-e requires name=value argument")


def _names(letters: set[str]) -> str:
    return " ".join(f"-{letter}" for letter in _NAMED if letter in letters)


def _parse(process: Process) -> CommandLine:
    """getopt(3) over the arguments. Raises Fatal."""
    line = CommandLine()
    name = process.argv[0]
    options = GetOpt(process.argv, _OPTIONS, lambda text: process.err(f"{name}: {text}\n"))
    while (option := options.next()) is not None:
        if option[0] in "?E":
            raise Fatal(_USAGE.format(name))
        _take(line, *option)
    line.arguments = process.argv[options.index :]
    return line


def _take(line: CommandLine, letter: str, value: str) -> None:
    if letter in "bt" and line.options & set("bt"):
        raise Fatal("specify one of -b and -t")
    if letter == "T" and "T" in line.options:
        raise Fatal("At most one -T <mode> option may be specified")
    if letter == "c":
        line.directory = value
    elif letter == "C":
        line.classes = value
        _classes(value)
    elif letter == "v":
        line.verbose += 1
    else:
        line.options.add(letter)
    if letter == "o":
        line.overrides.append(value)
    if letter == "T":
        line.tls_mode = value


def _classes(text: str) -> frozenset[str]:
    try:
        names = parse_names("-C option", (*CLASSES, "all"), text, any_case=True)
    except UnknownName as problem:
        raise Fatal(str(problem)) from None
    return frozenset(CLASSES if "all" in names else names)


class Postconf:
    """One run."""

    def __init__(self, process: Process, msg: Msg, line: CommandLine) -> None:
        self.process, self.msg, self.line = process, msg, line
        self.directory = line.directory or process.env.get("MAIL_CONFIG", CONFIG_DIRECTORY)

    def run(self) -> int:
        """The exit status. Raises Fatal."""
        line = self.line
        if line.view not in "pMFP":
            return show_list(self.process, self.msg, line.view, self.directory, line.arguments, line.tls_mode)
        if line.action:
            self._edit()
        elif line.view == "p":
            self._show_main()
        else:
            self._show_master()
        return 0

    def _edit(self) -> None:
        if not self.line.arguments:
            raise Fatal("missing service argument")
        action, arguments = self.line.action, self.line.arguments
        if self.line.view == "p":
            edit_main(self.process, f"{self.directory}/main.cf", action, arguments, self.msg.warning)
        else:
            MasterEdit(self.process, f"{self.directory}/master.cf", self.line.view, action, arguments, self.msg.warning).run()

    def _show_main(self) -> None:
        defaults = "d" in self.line.options
        parameters = self._parameters({} if defaults else self._main_cf(), defaults)
        self._read_master(parameters, required=False)
        parameters.register_services()
        if not defaults:
            parameters.register_user_names()
        self._show(parameters).main(self.line.arguments, _classes(self.line.classes))
        if not defaults:
            parameters.flag_unused()

    def _show_master(self) -> None:
        parameters = self._parameters({}, False)
        self._read_master(parameters, required=True)
        parameters.values = self._main_cf()
        parameters.register_services()
        parameters.register_user_names()
        self._show(parameters).master(self.line.view, self.line.arguments)
        parameters.flag_unused(main=False)

    def _show(self, parameters: KnownParameters) -> Show:
        return Show(parameters, frozenset(self.line.options), self.process.out)

    def _main_cf(self) -> dict[str, str]:
        """The values of main.cf and of -o."""
        values = {"config_directory": self.directory} if self.line.directory or "MAIL_CONFIG" in self.process.env else {}
        path = f"{self.directory}/main.cf"
        main_cf.read(self.process.fs, path, self.msg.warning, values, self.process.cred, self.process.sleep)
        for text in self.line.overrides:
            try:
                name, value = split_name_value(text)
            except ValueError as problem:
                raise Fatal(f"invalid parameter override: {text}: {problem}") from None
            values[name] = value
        return values

    def _parameters(self, values: dict[str, str], defaults: bool) -> KnownParameters:
        host = self.process.host

        def resolve(name: str, family: int) -> tuple[str, ...]:
            return Resolver(host.net, host.fs).addresses(name, family).addresses

        machine = Machine(host.hostname, interfaces(host), resolve, self.process.name, self.process.pid, self.process.read)
        info = self.msg.info if self.line.verbose else ignore
        return KnownParameters(machine, self.directory, values, self.msg.warning, defaults, info)

    def _read_master(self, parameters: KnownParameters, required: bool) -> None:
        path = f"{self.directory}/master.cf"
        try:
            text = self.process.read(path).decode("utf-8", "surrogateescape")
        except OSError as error:
            if required:
                raise Fatal(f"open {path}: {error.strerror}") from error
            self.msg.warning(f"open {path}: {error.strerror}")
            return
        parameters.entries = parse_master(text, path, self.msg.warning)


@program("/usr/sbin/postconf", package="postfix")
def main(process: Process) -> int:
    """postconf(1)."""
    msg = _Stderr(process, process.argv[0], to_log=False)
    try:
        line = _parse(process)
        if line.verbose > 1:
            process.err("simulator: postconf: option -v given more than once is not simulated\n")
        line.check()
        return Postconf(process, msg, line).run()
    except Fatal as trouble:
        _lose_last_block(process)
        status = msg.report(trouble)
        process.sleep(FATAL_PAUSE)
        return status


def _lose_last_block(process: Process) -> None:
    written = "".join(process.stdout).encode("utf-8", "surrogateescape")
    process.stdout[:] = [written[: len(written) // _BLOCK * _BLOCK].decode("utf-8", "surrogateescape")]
