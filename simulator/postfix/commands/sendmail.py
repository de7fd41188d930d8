"""NAME
    sendmail, mailq, newaliases - Postfix to Sendmail compatibility interface

SYNOPSIS
    sendmail [option ...] [recipient ...]
    mailq                   (sendmail -bp)
    newaliases              (sendmail -bi, sendmail -I)

DESCRIPTION
    sendmail reads a message from standard input, to its end or to a line with a single dot, and gives it to postdrop(1),
    which puts it into the maildrop directory. Nothing is delivered by the program itself: it works while Postfix is stopped.

    -f, -r sender   envelope sender; by default the login name
    -F name         full name for a From: header that is missing (else $NAME or the GECOS field)
    -t              take recipients from To:, Cc: and Bcc:, besides those on the command line
    -i, -oi         a line with a dot is text like any other
    -G              gateway submission: addresses are not completed
    -B type         7BIT or 8BITMIME
    -N, -R, -V      delivery status notifications: when, how much, envelope id
    -XV[xy]         variable envelope return path
    -v              mail a report of the first delivery attempt; -bv mails one without delivering
    -bp             list the queue: postqueue -p
    -bi, -I         rebuild the alias database: postalias; -oAtable names another one
    -bs             an SMTP dialogue on standard input and output: smtpd -S
    -bd, -bl        start the mail system: postfix start
    -q, -qI, -qR    deliver what is queued, one message, one site: postqueue -f, -i, -s
    -C dir          another directory with main.cf
    Others are taken and ignored.

EXIT STATUS
    0, or 75 after any error; that of the program that sendmail -bp, -bi, -bs, -q becomes.

ENVIRONMENT
    MAIL_CONFIG, NAME

SEE ALSO
    postdrop(1), postqueue(1), postalias(1), pickup(8), smtpd(8)

DIFFERS FROM POSTFIX
    Verbose logging (-v twice and more) says nothing.
"""

from __future__ import annotations

import posixpath

from simulator.postfix.commands.command import EX_NOPERM, EX_TEMPFAIL, EX_UNAVAILABLE, EX_USAGE, Command, run_command
from simulator.postfix.commands.sendmail_options import Options, find_config_directory, parse_command_line
from simulator.postfix.commands.sendmail_submission import submit
from simulator.postfix.lib.msg import Fatal
from simulator.unix.program import Exit, Process, program


def _flush_site(command: Command, options: Options) -> list[str]:
    return ["postqueue", "-s", options.site]


def _flush_id(command: Command, options: Options) -> list[str]:
    return ["postqueue", "-i", options.queue_id]


def _list(command: Command, options: Options) -> list[str]:
    return ["postqueue", "-p"]


def _flush(command: Command, options: Options) -> list[str]:
    return ["postqueue", "-f"]


def _aliases(command: Command, options: Options) -> list[str]:
    table = [options.alias_database] if options.alias_database else command.params["alias_database"].replace(",", " ").split()
    if not table:
        raise Exit(0)
    return ["postalias", "--", *table]


#: Modes that become another program of command_directory, and what they say when recipients are given.
_PROGRAMS = {
    "site": (_flush_site, "flush site requires no recipient"),
    "id": (_flush_id, "flush queue_id requires no recipient"),
    "mailq": (_list, "display queue mode requires no recipient"),
    "flush": (_flush, "flush queue mode requires no recipient"),
    "newaliases": (_aliases, "alias initialization mode requires no recipient"),
}


def _run(command: Command) -> int:
    process = command.process
    find_config_directory(command)
    command.read_parameters()
    directory = command.params["queue_directory"]
    if not process.fs.exists(directory, process.cred):
        raise Fatal(f"chdir {directory}: No such file or directory", EX_UNAVAILABLE)
    options = parse_command_line(command)
    if options.mode in _PROGRAMS:
        argv, refusal = _PROGRAMS[options.mode]
        if options.recipients:
            raise Fatal(refusal, EX_USAGE)
        name, *rest = argv(command, options)
        command.replace_by([f"{command.params['command_directory']}/{name}", *rest])
    if options.mode == "daemon":
        return _start_daemon(command, options)
    if options.mode == "smtpd":
        return _stand_alone(command, options)
    if options.mode == "enqueue":
        return submit(command, options)
    return 0


def _start_daemon(command: Command, options: Options) -> int:
    """postfix start, in the background: its success is not waited for."""
    if options.recipients:
        raise Fatal("daemon mode requires no recipient", EX_USAGE)
    try:
        command.process.run([f"{command.params['command_directory']}/postfix", "start"])
    except OSError:
        return 1
    return 0


def _stand_alone(command: Command, options: Options) -> int:
    if options.recipients:
        raise Fatal("stand-alone mode requires no recipient", EX_USAGE)
    user = command.refused_user("authorized_submit_users")
    if user is not None:
        raise Fatal(f"User {user}({command.process.caller.uid}) is not allowed to submit mail", EX_NOPERM)
    command.replace_by([f"{command.params['daemon_directory']}/smtpd", "-S"])


@program("/usr/sbin/sendmail", "/usr/bin/mailq", "/usr/bin/newaliases", "/usr/lib/sendmail", package="postfix")
def main(process: Process) -> int:
    """Run the program under whatever name it was called."""
    process.argv[0] = posixpath.basename(process.argv[0]) or process.argv[0]
    command = Command(process, process.argv[0], "sendmail")
    return run_command(command, lambda: _run(command), EX_TEMPFAIL)
