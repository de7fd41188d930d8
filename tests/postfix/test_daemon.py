"""daemon.py: what the skeletons of Postfix's daemons demand of master.cf, and what they note of old defaults."""

import pytest

from tests.postfix.mailing import Mailing


@pytest.mark.parametrize(
    ("program", "change", "complaint"),
    [
        ("cleanup", r"s/^(cleanup .* )0 +cleanup/\12 cleanup/", "service cleanup requires a process limit of 0"),
        ("qmgr", r"s/^(qmgr .* )1 +qmgr/\12 qmgr/", "service qmgr requires a process limit of 1"),
        ("local", r"s/^(local +unix +- +)n/\1-/", "service local requires privileged operation"),
    ],
)
def test_a_line_of_master_cf_that_does_not_suit_the_program_is_fatal(program: str, change: str, complaint: str) -> None:
    """The process ends at its start, and the service is throttled."""
    mailing = Mailing()
    mailing.run(f"sed -Ei '{change}' /etc/postfix/master.cf; postfix reload; echo hi | /usr/sbin/sendmail anna")
    mailing.lab.advance(3)
    log = mailing.log()
    assert f"fatal: {complaint}" in log
    assert f"{program}: bad command startup -- throttling" in log


def test_old_default_of_append_dot_mydomain_is_noted() -> None:
    """With compatibility_level 0, when it makes a difference; localhost is said to be missing only when no class has it."""
    mailing = Mailing()
    mailing.setup("postconf -e compatibility_level=0 mydomain=example.com mydestination=ubuntu", "postconf -X append_dot_mydomain", "postfix reload")
    mailing.run("echo hi | /usr/sbin/sendmail anna@hub bernd@localhost")
    mailing.lab.settle()
    log, text = mailing.log(), "using backwards-compatible default setting append_dot_mydomain=yes to rewrite"
    assert f'{text} "hub" to "hub.example.com"\n' in log
    assert f'{text} "localhost" to "localhost.example.com"; please add "localhost" to mydestination or other address class\n' in log


def test_fast_flush_domains_is_opened_at_the_start() -> None:
    """By every program that tells flush(8) of mail: a missing table is an error of qmgr(8) and cleanup(8), too."""
    mailing = Mailing()
    mailing.run("postconf -e fast_flush_domains=hash:/etc/postfix/none; postfix reload; echo hi | /usr/sbin/sendmail anna")
    mailing.lab.settle()
    log = mailing.log().splitlines()
    for program in ("qmgr", "cleanup", "local"):
        lines = [line for line in log if f"/{program}[" in line]
        assert any("error: open database /etc/postfix/none.db: No such file or directory" in line for line in lines), program
