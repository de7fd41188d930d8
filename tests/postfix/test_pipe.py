"""pipe(8): mail for programs, as master.cf describes them."""

import pytest

from tests.postfix.mailing import Mailing


@pytest.fixture
def host() -> Mailing:
    host = Mailing()
    host.setup(
        'printf \'#!/bin/sh\\nfor i in "$@"; do echo "<$i>"; done > /tmp/args.$$; cat > /tmp/mail.$$\\n\' > /usr/local/bin/take',
        "chmod 755 /usr/local/bin/take",
    )
    host.settings("transport_maps = inline:{pipe.example=take:next.example}")
    return host


def service(host: Mailing, attributes: str) -> None:
    """A pipe service that runs /usr/local/bin/take as carla."""
    host.setup(f"postconf -M 'take/unix=take unix - n n - 1 pipe user=carla {attributes}'", "postfix reload")


def test_macros_become_arguments(host: Mailing) -> None:
    """An argument with a macro of the recipient comes once for each recipient; flags=u makes the local part lower case."""
    service(host, "flags=u argv=/usr/local/bin/take -f $sender -- $user/$domain/$nexthop $recipient")
    fates = host.mail("Anna@pipe.example bernd@pipe.example")
    assert fates == [f"{user}@pipe.example sent (delivered via take service)" for user in ("Anna", "bernd")]
    arguments = "<-f> <root@ubuntu> <--> <anna/pipe.example/next.example> <bernd/pipe.example/next.example> <anna@pipe.example> <bernd@pipe.example>"
    assert host.run("cat /tmp/args.*").split() == arguments.split()
    assert host.run("stat -c %U /tmp/mail.*") == "carla\n"


def test_flags_choose_the_lines_on_top(host: Mailing) -> None:
    """F, R, O and D put lines in front, `>` and `.` quote, `B` adds an empty line, X ends with a dot."""
    service(host, "flags=FRODB.> argv=/usr/local/bin/take")
    host.settings("take_destination_recipient_limit = 1")
    host.mail("a@pipe.example", "From here")
    text = host.run("cat /tmp/mail.*").splitlines()
    assert text[0].startswith("From root@ubuntu  Tue Nov 24 ")
    assert text[1:4] == ["Return-Path: <root@ubuntu>", "X-Original-To: a@pipe.example", "Delivered-To: a@pipe.example"]
    assert text[-2:] == [">From here", ""]


@pytest.mark.parametrize(
    ("script", "fate"),
    [
        ("exit 0", "sent (delivered via take service)"),
        ("exit 75", "deferred (temporary failure)"),
        ("echo no such person; exit 67", "bounced (user unknown. Command output: no such person )"),
        ("echo 5.2.2 too full; exit 1", "bounced (too full )"),
        ("exit 9", 'bounced (Command died with status 9: "/usr/local/bin/take")'),
    ],
)
def test_the_programs_end_is_the_mails_fate(host: Mailing, script: str, fate: str) -> None:
    """As with local(8): statuses of sysexits.h, and enhanced status codes in the output."""
    service(host, "argv=/usr/local/bin/take")
    host.setup(f"printf '#!/bin/sh\\n{script}\\n' > /usr/local/bin/take")
    assert host.mail("a@pipe.example") == [f"a@pipe.example {fate}"]


def test_a_missing_program_defers(host: Mailing) -> None:
    """It may be installed again; the message waits."""
    service(host, "argv=/usr/local/bin/missing")
    text = "pipe: fatal: pipe_command: execvp /usr/local/bin/missing: No such file or directory"
    assert host.mail("a@pipe.example") == [f"a@pipe.example deferred (temporary failure. Command output: {text} )"]


def test_a_size_limit_of_its_own(host: Mailing) -> None:
    """size= bounces what is larger."""
    service(host, "size=100 argv=/usr/local/bin/take")
    assert host.mail("a@pipe.example", "x" * 200) == ["a@pipe.example bounced (message too large)"]


@pytest.mark.parametrize(
    ("attributes", "fatal"),
    [
        ("user=root argv=/bin/true", "user= command-line attribute specifies root privileges"),
        ("user=carla", "missing argv= command-line attribute"),
        ("user=nobody-here argv=/bin/true", "unknown username: nobody-here"),
    ],
)
def test_mistakes_in_master_cf_stop_the_daemon(host: Mailing, attributes: str, fatal: str) -> None:
    """The first delivery finds them; the mail waits, and the log says what is wrong."""
    host.setup(f"postconf -M 'take/unix=take unix - n n - 1 pipe {attributes}'", "postfix reload")
    host.mail("a@pipe.example")
    assert fatal in host.run("grep fatal: /var/log/mail.log")
