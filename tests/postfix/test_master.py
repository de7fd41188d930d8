"""master(8): processes come on demand, keep what they read, end, die and are spared; services come and go with master.cf."""

import copy
import re

from tests.postfix.mailing import Mailing


def pids(mailing: Mailing, program: str) -> list[str]:
    return mailing.run(f"pgrep -x {program}").split()


def test_start_stop_and_status_are_logged() -> None:
    """The lines of postfix-script and master."""
    mailing = Mailing()
    mailing.run("postfix stop; postfix status; postfix start")
    said = [re.sub(r"\[\d+\]", "", line.split(" ", 4)[-1]) for line in mailing.log().splitlines()]
    assert said == [
        "postfix/postfix-script: stopping the Postfix mail system",
        "postfix/master: terminating on signal 15",
        "postfix/postfix-script: the Postfix mail system is not running",
        "postfix/postfix-script: starting the Postfix mail system",
        "postfix/master: daemon started -- version 3.7.11, configuration /etc/postfix",
    ]


def test_a_process_keeps_the_configuration_of_its_start() -> None:
    """A change of main.cf is seen by processes that start later: after max_idle, or at once after postfix reload."""
    mailing = Mailing()
    mailing.mail("anna")
    mailing.setup("postconf -e 'luser_relay=bernd' 'local_recipient_maps='")
    assert mailing.mail("nobody-here") == ['nobody-here@ubuntu bounced (unknown user: "nobody-here")']
    mailing.setup("postfix reload")
    assert mailing.mail("nobody-here") == ["bernd@ubuntu sent (delivered to mailbox)"]


def test_idle_processes_end() -> None:
    """After max_idle seconds without a client."""
    mailing = Mailing()
    mailing.mail("anna")
    assert pids(mailing, "cleanup")
    mailing.lab.advance(101)
    assert not pids(mailing, "cleanup")
    assert pids(mailing, "qmgr")


def test_reload_gives_qmgr_and_pickup_new_processes() -> None:
    """They are there again at once."""
    mailing = Mailing()
    before = pids(mailing, "qmgr") + pids(mailing, "pickup")
    mailing.run("postfix reload")
    after = pids(mailing, "qmgr") + pids(mailing, "pickup")
    assert len(after) == 2
    assert not set(before) & set(after)


def test_a_program_that_does_not_start_is_throttled_for_a_minute() -> None:
    """Mail waits in the active queue meanwhile."""
    mailing = Mailing()
    mailing.setup("sed -i 's/^\\(local .*\\)local$/\\1lokal/' /etc/postfix/master.cf", "postfix reload")
    mailing.run("echo hi | mail -s x anna")
    log = mailing.log()
    assert "master_spawn: exec /usr/lib/postfix/sbin/lokal: No such file or directory" in log
    assert "/usr/lib/postfix/sbin/lokal: bad command startup -- throttling" in log
    assert log.count("throttling") == 1
    mailing.lab.advance(30)
    assert "throttling" not in mailing.log()
    assert "*" in mailing.run("mailq").splitlines()[1]
    mailing.lab.advance(40)
    assert mailing.log().count("throttling") == 1


def test_a_service_without_a_line_in_master_cf_refuses_connections() -> None:
    """The socket stays where it was: qmgr(8) finds nobody listening, and mail is deferred."""
    mailing = Mailing()
    mailing.setup("sed -i 's/^local /#local /' /etc/postfix/master.cf", "postfix reload")
    mailing.run("echo hi | mail -s x anna")
    log = mailing.log()
    assert "warning: connect to transport private/local: Connection refused" in log
    assert "relay=none" in log
    assert "status=deferred (mail transport unavailable)" in log


def test_a_killed_process_is_told_of_and_replaced() -> None:
    """The next request starts a new one."""
    mailing = Mailing()
    old = pids(mailing, "qmgr")[0]
    mailing.run(f"kill -9 {old}")
    assert f"warning: process /usr/lib/postfix/sbin/qmgr pid {old} killed by signal 9" in mailing.log()
    assert mailing.mail("anna") == ["anna@ubuntu sent (delivered to mailbox)"]


def test_a_bad_line_ends_master_at_a_reload() -> None:
    """A port without a number cannot be listened on."""
    mailing = Mailing()
    mailing.setup("echo 'nosuchport inet n - y - - smtpd' >> /etc/postfix/master.cf")
    mailing.run("postfix reload")
    assert "postfix/master" in (log := mailing.log())
    assert "fatal: 0.0.0.0:nosuchport: Servname not supported for ai_socktype" in log
    mailing.lab.advance(2)
    mailing.run("postfix status")
    assert "the Postfix mail system is not running" in mailing.log()


def test_a_mail_system_in_the_middle_of_things_can_be_copied() -> None:
    """Timers, processes and queues are plain data: both copies go on, each for itself."""
    mailing = Mailing()
    mailing.settings("minimal_backoff_time=300s", "defer_transports=local")
    mailing.mail("anna")
    fork = mailing.lab.fork()
    mailing.settings("defer_transports=")
    mailing.lab.advance("1h")
    assert mailing.run("mailq") == "Mail queue is empty\n"
    fork.advance("1h")
    assert "anna@ubuntu" in fork["ubuntu"].run("mailq").stdout
    assert copy.deepcopy(fork)["ubuntu"].run("mailq").stdout == fork["ubuntu"].run("mailq").stdout
