"""Aliases: what may stand on the right, who sends on, whose rights count."""

import pytest

from tests.postfix.mailing import Mailing


@pytest.fixture
def host() -> Mailing:
    return Mailing()


def test_an_alias_may_have_targets_of_every_kind(host: Mailing) -> None:
    """An address, a list file, a command and a file in one entry: each gets the mail once."""
    host.setup("printf 'carla\\n# nobody\\n' > /etc/list")
    host.aliases('all: anna, :include:/etc/list, "|cat > /tmp/by-command", /tmp/by-file, anna')
    assert sorted(host.mail("all")) == [
        "all@ubuntu sent (delivered to command: cat > /tmp/by-command)",
        "all@ubuntu sent (delivered to file: /tmp/by-file)",
        "all@ubuntu sent (forwarded as " + _forwarded(host) + ")",
        "anna@ubuntu sent (delivered to mailbox)",
        "carla@ubuntu sent (delivered to mailbox)",
    ]
    assert host.run("stat -c '%U %a' /tmp/by-command /tmp/by-file") == "nobody 600\nnobody 600\n"


def _forwarded(host: Mailing) -> str:
    return host.run("grep -o 'forwarded as [0-9A-F]*' /var/log/mail.log").split()[-1]


def test_commands_run_with_the_rights_of_the_alias_files_owner(host: Mailing) -> None:
    """root's own tables give default_privs; another owner of the database gives his own."""
    host.aliases('prog: "|id -un > /tmp/who; chmod 666 /tmp/who"')
    host.mail("prog")
    assert host.run("cat /tmp/who") == "nobody\n"
    host.setup("chown carla /etc/aliases.db", "rm /tmp/who", "postfix reload")
    host.mail("prog")
    assert host.run("cat /tmp/who") == "carla\n"


@pytest.mark.parametrize(
    ("status", "fate"),
    [
        (0, "sent (delivered to command: exit 0)"),
        (1, 'bounced (Command died with status 1: "exit 1")'),
        (67, "bounced (user unknown)"),
        (75, "deferred (temporary failure)"),
        (77, "bounced (permission denied)"),
    ],
)
def test_the_exit_status_decides(host: Mailing, status: int, fate: str) -> None:
    """The statuses of sysexits.h have texts of their own; any other says that the command died."""
    host.aliases(f'prog: "|exit {status}"')
    assert host.mail("prog") == [f"prog@ubuntu {fate}"]


def test_a_status_code_in_the_output_counts_more(host: Mailing) -> None:
    """A command may name an enhanced status code, and explain itself, in the order in which it wrote to both its outputs."""
    host.aliases('full: "|echo 4.2.2 mailbox full; exit 1"', 'odd: "|echo one; echo two >&2; echo three; exit 1"')
    assert host.mail("full") == ["full@ubuntu deferred (mailbox full )"]
    assert host.mail("odd") == [
        'odd@ubuntu bounced (Command died with status 1: "echo one; echo two >&2; echo three; exit 1". Command output: one two three )'
    ]


def test_a_command_without_end_is_ended(host: Mailing) -> None:
    """command_time_limit: the mail bounces, and the log says why; a killed command defers it."""
    host.settings("command_time_limit = 5s")
    host.aliases('slow: "|sleep 1000"', 'killed: "|kill -9 $$"')
    assert host.mail("slow") == ['slow@ubuntu bounced (Command time limit exceeded: "sleep 1000")']
    assert host.mail("killed") == ['killed@ubuntu deferred (Command died with signal 9: "kill -9 $$")']


def test_a_command_sees_its_own_environment(host: Mailing) -> None:
    """Nothing of the mail system's environment but what local(8) documents; dash adds PWD."""
    host.aliases('env: "|env; exit 1"')
    fate = host.mail("env")[0]
    assert (
        "USER=env DOMAIN=ubuntu LOGNAME=env ORIGINAL_RECIPIENT=env LOCAL=env PATH=/usr/bin:/bin SENDER=root@ubuntu LANG=C MAIL_CONFIG=/etc/postfix"
        in fate
    )


def test_a_list_with_an_owner_is_sent_in_his_name(host: Mailing) -> None:
    """Bounces of a list go to owner-LIST, for that is the sender of the copies."""
    host.aliases("list: anna, nowhere", "owner-list: carla")
    host.mail("list")
    assert "From owner-list@ubuntu" in host.run("cat /var/mail/anna")
    assert "Undelivered Mail Returned to Sender" in host.run("cat /var/mail/carla")


def test_aliases_that_lead_to_each_other_end(host: Mailing) -> None:
    """An alias that comes back to itself stands for the user of that name; a chain that is too deep bounces."""
    host.aliases("anna: anna, bernd", "a: b", "b: a")
    assert sorted(host.mail("anna")) == ["anna@ubuntu sent (delivered to mailbox)", "bernd@ubuntu sent (delivered to mailbox)"]
    host.aliases(*(f"deep{number}: deep{number + 1}" for number in range(30)))
    assert host.mail("deep0") == ["deep25@ubuntu bounced (alias database loop for deep25)"]


def test_forbidden_targets(host: Mailing) -> None:
    """allow_mail_to_commands and allow_mail_to_files name the places where such targets may stand."""
    host.settings("allow_mail_to_commands = forward", "allow_mail_to_files =")
    host.aliases('prog: "|true"', "file: /tmp/file")
    assert host.mail("prog") == ["prog@ubuntu bounced (mail to command is restricted)"]
    assert host.mail("file") == ["file@ubuntu bounced (mail to file is restricted)"]


def test_extensions_are_passed_on(host: Mailing) -> None:
    """propagate_unmatched_extensions: the extension that no alias matched goes along to the address on the right."""
    host.settings("recipient_delimiter = +", "propagate_unmatched_extensions = alias")
    host.aliases("help: anna", "help+fast: bernd")
    assert host.mail("help+x") == ["anna+x@ubuntu sent (delivered to mailbox)"]
    assert host.mail("help+fast") == ["bernd@ubuntu sent (delivered to mailbox)"]


def test_a_table_that_cannot_be_read_defers(host: Mailing) -> None:
    """Without its alias database nobody's mail is bounced by mistake."""
    host.settings("alias_maps = hash:/etc/missing")
    assert host.mail("anna") == ["anna@ubuntu deferred (alias database unavailable)"]
