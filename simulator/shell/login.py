"""Log in and type a line: what `host.run` does, and what su(1) and a terminal start from.

The recorded sessions ran root's lines as `bash -c` with a first line `cd /root`, and other users' as `su - USER -c`, so
messages name line 2 for root and line 1 for others. A login shell reads /etc/profile and the user's own profile.
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from simulator.shell.bash import Shell
from simulator.unix.program import Result

if TYPE_CHECKING:
    from simulator.unix.host import Host

#: bash(1), INVOCATION: the first that exists is read.
_PROFILES = (".bash_profile", ".bash_login", ".profile")
_NO_LOGIN = "This account is currently not available.\n"


def run_line(host: Host, line: str, user: str, tty: bool) -> Result:
    """Run a line in a fresh login of a user."""
    home = host.environment(user)["HOME"]
    if user == "root":
        env = host.environment(user) | ({} if tty else {"OLDPWD": "/"})
        shell = Shell(host, user, host.users.cred(user), env, home, tty)
        try:
            return shell.execute(line if tty else "\n" + line)
        finally:
            shell.close()
    return login_command(host, user, line, tty=tty)


def login_command(
    host: Host,
    user: str,
    line: str,
    *,
    shell_file: str = "",
    stdin: str = "",
    tty: bool = False,
    term: str = "dumb",
    start: str = "/root",
) -> Result:
    """`su - USER -c LINE`, as root: a login shell that runs one line. Without a usable home it stays in `start`."""
    account = host.users.by_name(user)
    assert account is not None
    program = shell_file or account.shell or "/bin/sh"
    base = posixpath.basename(program)
    if base in ("nologin", "false", "true"):
        return Result(_NO_LOGIN if base == "nologin" else "", "", 0 if base == "true" else 1)
    env = host.environment(user) | {"TERM": term, "SHELL": program}
    cred = host.users.cred(user)
    cwd, warning = account.home, ""
    if not host.fs.access(cwd, 1, cred) or not host.fs.stat(cwd).is_dir:
        reason = "Permission denied" if host.fs.exists(cwd) else "No such file or directory"
        cwd, warning = start, f"su: warning: cannot change directory to {account.home}: {reason}\n"
    shell = Shell(host, user, cred, env, cwd, tty, f"-{base}", dash=base in ("sh", "dash"))
    done = shell.run_script(profile(host, account.home, env) + line, [], stdin, command=True)
    return Result(done.stdout, warning + done.stderr, done.exit_code)


def profile(host: Host, home: str, env: dict[str, str]) -> str:
    """What a login shell reads first, as words in front of its line; nothing where the files say nothing."""
    found = ["/etc/profile"]
    found += next(([f"{home}/{name}"] for name in _PROFILES if host.fs.exists(f"{home}/{name}")), [])
    return "".join(f". {path}; " for path in found if _says_something(host, path))


def _says_something(host: Host, path: str) -> bool:
    if not host.fs.exists(path):
        return False
    lines = host.fs.read(path).decode("utf-8", "surrogateescape").splitlines()
    return any(line.strip() and not line.lstrip().startswith("#") for line in lines)
