"""NAME
    su, runuser - run a command as another user

SYNOPSIS
    su [-] [-c COMMAND] [-s SHELL] [USER [ARGUMENT...]]
    runuser [-] [-c COMMAND] [USER]
    runuser -u USER COMMAND [ARGUMENT...]

DESCRIPTION
    Without a name the user is root. With - (or -l) it is a fresh login: the user's home, a clean environment and the short
    PATH of ordinary users, in which the programs of /usr/sbin are not found. Without - the environment stays. root needs no
    password; others would be asked for one.

DIFFERS FROM DEBIAN
    Passwords cannot be typed: where one would be asked, authentication fails.
"""

from __future__ import annotations

import posixpath

from simulator.shell.bash import Shell
from simulator.shell.getopt import Options, getopt
from simulator.shell.login import login_command
from simulator.unix.program import Process, program
from simulator.unix.users import User

_LONG = {
    "login": "l", "command=": "c", "session-command=": "c", "shell=": "s", "preserve-environment": "m", "group=": "g", "user=": "u",
    "fast": "f", "pty": "P", "whitelist-environment=": "w",
}  # fmt: skip


@program("/usr/bin/su", mode=0o4755)
def su(p: Process) -> int:
    """su(1)."""
    words = [word for word in p.argv if word != "-"]
    login = "-" in p.argv[1:]
    p.argv = words
    options = getopt(p, "lc:s:mpg:G:fPw:", _LONG)
    user, args = _user(options.operands)
    if p.caller.uid:
        p.err("Password: su: Authentication failure\n")
        return 1
    return _become(p, user, args, options, login or "l" in options)


@program("/usr/sbin/runuser")
def runuser(p: Process) -> int:
    """runuser(1)."""
    login = "-" in p.argv[1:]
    p.argv = [word for word in p.argv if word != "-"]
    options = getopt(p, "lc:s:mpg:G:u:fPw:", _LONG, permute=False)
    if p.caller.uid:
        p.err("runuser: may not be used by non-root users\n")
        return 1
    if "u" not in options:
        user, args = _user(options.operands)
        more = getopt(_with(p, args), "lc:s:mpg:G:fPw:", _LONG)
        return _become(p, user, more.operands, Options(options.found + more.found, []), login or "l" in options)
    account = p.host.users.by_name(options.value("u"))
    if account is None:
        p.err(f"runuser: user {options.value('u')} does not exist or the user entry does not contain all the required fields\n")
        return 1
    return _command(p, account, options.operands)


def _with(p: Process, args: list[str]) -> Process:
    p.argv = [p.argv[0], *args]
    return p


def _user(words: list[str]) -> tuple[str, list[str]]:
    return (words[0], words[1:]) if words else ("root", [])


def _command(p: Process, account: User, argv: list[str]) -> int:
    if not argv:
        p.err("runuser: no command was specified\n")
        return 1
    try:
        done = p.run(argv, p.stdin, cred=p.host.users.cred(account.name), user=account.name)
    except OSError as error:
        p.err(f"runuser: failed to execute {argv[0]}: {error.strerror}\n")
        return 127 if isinstance(error, FileNotFoundError) else 126
    return p.relay(done)


def _become(p: Process, user: str, args: list[str], options: Options, login: bool) -> int:
    account = p.host.users.by_name(user)
    if account is None:
        p.err(f"{p.name}: user {user} does not exist or the user entry does not contain all the required fields\n")
        return 1
    command = options.value("c")
    shell_file = options.value("s") or ("" if login else account.shell)
    if not p.fs.exists(shell_file or account.shell or "/bin/sh"):
        p.err(f"{p.name}: failed to execute {shell_file or account.shell}: No such file or directory\n")
        return 127
    if login:
        return _login(p, user, command, shell_file)
    return _same_environment(p, account, command, args, shell_file or "/bin/sh")


def _login(p: Process, user: str, command: str, shell_file: str) -> int:
    line, stdin = (command, p.stdin) if command else (p.stdin, "")
    done = login_command(p.host, user, line, shell_file=shell_file, stdin=stdin, tty=p.tty, term=p.env.get("TERM", "dumb"), start=p.cwd)
    return p.relay(done)


def _same_environment(p: Process, account: User, command: str, args: list[str], shell_file: str) -> int:
    """`su USER -c`: only HOME and SHELL change, and USER and LOGNAME unless it is root. The shell is given the other words."""
    env = p.env | {"HOME": account.home, "SHELL": shell_file}
    if account.uid:
        env |= {"USER": account.name, "LOGNAME": account.name}
    name = posixpath.basename(shell_file)
    argv = [name, *(["-c", command] if command else []), *args]
    cred = p.host.users.cred(account.name)
    if name in ("bash", "sh", "dash", "rbash") and command and not args:
        shell = Shell(p.host, account.name, cred, env, p.cwd, p.tty, name, dash=name in ("sh", "dash"))
        done = shell.run_script(command, [], p.stdin, command=True)
    else:
        done = p.run([name if name in ("bash", "sh", "dash") else shell_file, *argv[1:]], p.stdin, cred=cred, user=account.name, env=env)
    return p.relay(done)
