"""postfix(1): start, stop, check, and what each of them says to whom."""

import re

import pytest

from simulator import Lab, open_lab


@pytest.fixture
def lab() -> Lab:
    return open_lab("ubuntu")


def said(lab: Lab, line: str, user: str = "root", tty: bool = False) -> tuple[str, int, list[str]]:
    """Standard error, exit status, and the new lines of the log without time and pid."""
    host = lab["ubuntu"]
    before = len(host.read("/var/log/mail.log"))
    done = host.run(line, user=user, tty=tty)
    new = host.read("/var/log/mail.log")[before:].splitlines()
    return done.stderr, done.exit_code, [re.sub(r"^.{16}\w+ ([\w/-]+)\[\d+\]", r"\1", text) for text in new]


def test_messages_go_to_the_log_only(lab: Lab) -> None:
    """Without a terminal."""
    assert said(lab, "postfix start") == ("", 1, ["postfix/postfix-script: fatal: the Postfix mail system is already running"])


def test_on_a_terminal_they_are_seen_too(lab: Lab) -> None:
    """postlog(1) looks at its standard error."""
    stderr, status, log = said(lab, "postfix start", tty=True)
    assert "postfix/postfix-script: fatal: the Postfix mail system is already running" in stderr.replace("\r", "")
    assert (status, len(log)) == (1, 1)


@pytest.mark.parametrize(("line", "status", "text"), [
    ("postfix nonsense", 1, "postfix/postfix-script: fatal: unknown command: 'nonsense'. Usage: postfix start (or stop, reload, abort,"),
    ("postfix -c etc status", 1, "postfix: fatal: -c requires absolute pathname"),
    ("postfix logrotate now", 1, "postfix/postfix-script: fatal: usage postfix logrotate (no arguments)"),
    ("postfix logrotate", 1, "postfix/postfix-script: fatal: empty 'maillog_file' parameter value - logfile rotation failed"),
    ("postfix status", 0, "postfix/postfix-script: the Postfix mail system is running: PID: "),
])  # fmt: skip
def test_what_is_answered(lab: Lab, line: str, status: int, text: str) -> None:
    """One line each."""
    _, code, log = said(lab, line)
    assert code == status
    assert log[-1].startswith(text)


def test_ordinary_users_are_sent_away(lab: Lab) -> None:
    """Nothing is seen without a terminal."""
    _, status, log = said(lab, "/usr/sbin/postfix stop", user="anna")
    assert status == 1
    assert log == [
        "postfix: error: to submit mail, use the Postfix sendmail command",
        "postfix: fatal: the postfix command is reserved for the superuser",
    ]


def test_check_warns_of_owners_modes_and_copies(lab: Lab) -> None:
    """One warning for each file; no news is good news."""
    assert said(lab, "postfix check") == ("", 0, [])
    lab["ubuntu"].run("chmod g+w /etc/postfix/main.cf; chown anna /var/lib/postfix/master.lock; echo 192.0.2.1 x >> /etc/hosts; ln -s /etc/hosts /etc/postfix/h")
    assert said(lab, "postfix check")[2] == [f"postfix/postfix-script: warning: {text}" for text in (
        "group or other writable: /etc/postfix/./main.cf",
        "symlink leaves directory: /etc/postfix/./h",
        "not owned by postfix: /var/lib/postfix/./master.lock",
        "/var/spool/postfix/etc/hosts and /etc/hosts differ",
    )]  # fmt: skip


def test_missing_directories_are_made(lab: Lab) -> None:
    """With the owner and mode that postfix-files tells."""
    lab["ubuntu"].run("rmdir /var/spool/postfix/saved; postfix check")
    assert lab["ubuntu"].run("stat -c '%U %a' /var/spool/postfix/saved").stdout == "postfix 700\n"


def test_set_permissions_puts_things_right(lab: Lab) -> None:
    """Owners of the spool, set-group-ID programs."""
    lab["ubuntu"].run("chown root /var/spool/postfix/active; chmod 755 /usr/sbin/postdrop; postfix set-permissions")
    assert lab["ubuntu"].run("stat -c '%U %G %a' /var/spool/postfix/active /usr/sbin/postdrop").stdout == "postfix root 700\nroot postdrop 2755\n"
    assert said(lab, "postfix check") == ("", 0, [])


def test_a_broken_main_cf_stops_everything(lab: Lab) -> None:
    """The command itself cannot read it."""
    lab["ubuntu"].run("postconf -e message_size_limit=big")
    assert said(lab, "postfix reload") == ("", 1, ["postfix: fatal: bad numerical configuration: message_size_limit = big"])


def test_unused_parameters_are_complained_about_by_postconf(lab: Lab) -> None:
    """Its warnings pass through."""
    lab["ubuntu"].run("echo mydestinatoin=x >> /etc/postfix/main.cf")
    stderr, status, _ = said(lab, "postfix status")
    assert stderr == "/usr/sbin/postconf: warning: /etc/postfix/main.cf: unused parameter: mydestinatoin=x\n"
    assert status == 0


def test_upgrade_configuration_adds_what_is_missing(lab: Lab) -> None:
    """To master.cf, with a word for each."""
    lab["ubuntu"].run("sed -i '/^tlsmgr/d' /etc/postfix/master.cf")
    done = lab["ubuntu"].run("postfix upgrade-configuration")
    assert "Editing /etc/postfix/master.cf, adding missing entry for tlsmgr service\n" in done.stdout
    assert lab["ubuntu"].run("grep -c ^tlsmgr /etc/postfix/master.cf").stdout == "1\n"
