"""`postconf -b` and `-t`: postconf(1) hands over to bounce(8), which prints its texts and reports trouble under its own name."""

from __future__ import annotations

from simulator.postfix.lib.bounce_template import BounceTemplates
from simulator.postfix.lib.main_cf import read_until_cool
from simulator.postfix.lib.msg import Fatal, Msg
from simulator.postfix.lib.parameters import Parameters
from simulator.unix.fs import EXECUTE
from simulator.unix.program import Process

PROGRAM = "bounce"
#: Every Postfix program waits this many seconds before it ends with a fatal error: msg_fatal(3).
FATAL_PAUSE = 1.0


def show_templates(process: Process, msg: Msg, directory: str, expand: bool, template_file: str | None) -> int:
    """Print all bounce texts, with $name filled in or not. The exit status. Raises Fatal for postconf's own trouble."""
    params = Parameters.read(process.host, directory, warn=msg.warning, cred=process.cred, sleep=process.sleep)
    _check_program(process, f"{params['daemon_directory']}/{PROGRAM}")
    pid = process.host.new_pid()
    process.pid = pid
    tag = f"postfix/{PROGRAM}"
    overrides = [] if template_file is None else [("bounce_template_file", template_file)]
    try:
        params = Parameters.read(
            process.host,
            directory,
            [*overrides, ("queue_directory", ".")],
            lambda text: process.syslog(tag, f"warning: {text}", priority="warning"),
            program=PROGRAM,
            service_name="expand_templates" if expand else "dump_templates",
            pid=pid,
            cred=process.cred,
        )
        tag = f"{params['syslog_name']}/{PROGRAM}"
        process.out(_texts(process, _Msg(process, tag), params, expand))
    except Fatal as trouble:
        status = _Msg(process, tag).report(trouble)
        process.sleep(FATAL_PAUSE)
        return status
    return 0


class _Msg(Msg):
    """bounce(8) with -V: the log, and the same on standard error under the same tag."""

    def __init__(self, process: Process, tag: str) -> None:
        super().__init__(process, tag)
        self.ident = tag


def _check_program(process: Process, path: str) -> None:
    try:
        entry = process.fs.stat(path, process.cred)
    except OSError as error:
        raise Fatal(f"execv {path}: {error.strerror}") from error
    if entry.is_dir or not process.fs.access(path, EXECUTE, process.cred):
        raise Fatal(f"execv {path}: Permission denied")


def _texts(process: Process, msg: Msg, params: Parameters, expand: bool) -> str:
    templates = BounceTemplates.built_in(params["header_from_format"] != "standard")
    path = params["bounce_template_file"]
    if path:
        for data in read_until_cool(process.fs, process.path(path), process.cred, process.sleep, path):
            templates.load(data.decode("utf-8", "surrogateescape"), path, msg.warning)
    return templates.expand(params, msg.warning) if expand else templates.dump(msg.warning)
