"""postqueue(1) and mailq(1): the queue as users see it."""

import json

import pytest

from simulator.lab import open_lab
from simulator.unix.host import Host


@pytest.fixture
def host() -> Host:
    """A host that keeps local mail in its queue."""
    host = open_lab("ubuntu").hosts["ubuntu"]
    host.run("postconf -e defer_transports=local; postfix reload")
    return host


def _send(host: Host, *recipients: str) -> str:
    host.run(f"echo x | mail -s betreff {' '.join(recipients)}; sleep 2")
    return str(_entries(host)[0]["queue_id"])


def _entries(host: Host) -> list[dict[str, object]]:
    return [json.loads(line) for line in host.run("postqueue -j").stdout.splitlines()]


def test_an_empty_queue(host: Host) -> None:
    """Nothing to see, nothing wrong."""
    done = host.run("mailq; postqueue -j")
    assert (done.stdout, done.exit_code) == ("Mail queue is empty\n", 0)


def test_the_columns_of_mailq(host: Host) -> None:
    """The reason stands right-aligned above the recipients that it is the same for."""
    queue_id = _send(host, "anna", "bernd")
    lines = host.run("mailq").stdout.splitlines()
    assert lines[0] == "-Queue ID-  --Size-- ----Arrival Time---- -Sender/Recipient-------"
    assert lines[1].startswith(f"{queue_id:11} ")
    assert lines[1].endswith("  root@ubuntu")
    assert lines[2] == f"{'(deferred transport)':>78}"
    assert lines[3:] == [" " * 41 + "anna@ubuntu", " " * 41 + "bernd@ubuntu", "", "-- 0 Kbytes in 1 Request."]


def test_long_ids_have_a_wider_column(host: Host) -> None:
    """enable_long_queue_ids changes the layout."""
    host.run("postconf -e enable_long_queue_ids=yes; postfix reload")
    _send(host, "anna")
    assert host.run("mailq").stdout.startswith("----Queue ID----- --Size-- ---Arrival Time---- --Sender/Recipient------\n")


def test_marks_behind_the_id(host: Host) -> None:
    """"!" is on hold, "#" will be returned."""
    queue_id = _send(host, "anna")
    host.run(f"postsuper -h {queue_id}")
    assert f"\n{queue_id}! " in host.run("mailq").stdout
    host.run(f"postsuper -e {queue_id}")
    assert f"\n{queue_id}!# " in host.run("mailq").stdout
    assert _entries(host)[0]["forced_expire"] is True


def test_json_names_the_reason_only_if_there_is_one(host: Host) -> None:
    """An object a line, with the fields that scripts look for."""
    queue_id = _send(host, "anna")
    entry = _entries(host)[0]
    assert entry["queue_name"] == "deferred"
    assert entry["queue_id"] == queue_id
    assert entry["recipients"] == [{"address": "anna@ubuntu", "delay_reason": "deferred transport"}]
    host.run("postfix stop; echo x | sendmail bernd")
    fresh = next(entry for entry in _entries(host) if entry["queue_name"] == "maildrop")
    assert fresh["recipients"] == [{"address": "bernd"}]


def test_root_sees_the_queue_of_a_stopped_system_and_others_do_not(host: Host) -> None:
    """root reads the spool; users are told why they cannot, with 69."""
    _send(host, "anna")
    host.run("postfix stop")
    done = host.run("mailq")
    assert done.stderr.startswith("postqueue: warning: Mail system is down -- accessing queue directly (Connect to the Postfix showq service: ")
    assert "anna@ubuntu" in done.stdout
    other = host.run("mailq; echo $?", user="bernd")
    assert other.stdout == "69\n"
    assert other.stderr.startswith("postqueue: fatal: Queue report unavailable - mail system is down (Connect to the Postfix showq service: ")


def test_a_flush_tries_everything_again(host: Host) -> None:
    """-f: what had to wait is delivered."""
    _send(host, "anna")
    host.run("postconf -X defer_transports; postfix reload; postqueue -f; sleep 2")
    assert "Subject: betreff" in host.read("/var/mail/anna")


def test_one_message_is_tried_again(host: Host) -> None:
    """-i QID: this one only."""
    first, second = _send(host, "anna"), _send(host, "bernd")
    host.run(f"postconf -X defer_transports; postfix reload; postqueue -i {second}; sleep 2")
    assert host.fs.exists("/var/mail/bernd")
    assert [entry["queue_id"] for entry in _entries(host)] == [first]


def test_what_cannot_be_asked_for(host: Host) -> None:
    """Every error of postqueue is a 69."""
    done = host.run("postqueue; echo $?; postqueue -i ../x; echo $?; postqueue -s 'a b'; echo $?; postqueue -s weit.example; echo $?")
    assert done.stdout == "69\n" * 4
    assert done.stderr.splitlines() == [
        "postqueue: fatal: usage: postqueue -f | postqueue -i queueid | postqueue -j | postqueue -p | postqueue -s site",
        'postqueue: fatal: Cannot flush queue ID - invalid name: "../x"',
        'postqueue: fatal: Cannot flush mail queue - invalid destination: "a b"',
        'postqueue: fatal: Flush service is not configured for destination "weit.example"',
    ]


def test_users_may_be_forbidden_to_look_and_to_flush(host: Host) -> None:
    """authorized_mailq_users, authorized_flush_users; root may always."""
    host.run("postconf -e authorized_mailq_users=anna authorized_flush_users=root")
    assert host.run("mailq", user="bernd").stderr == "postqueue: fatal: User bernd(1001) is not allowed to view the mail queue\n"
    assert host.run("mailq", user="anna").exit_code == 0
    assert host.run("/usr/sbin/postqueue -f", user="anna").stderr == "postqueue: fatal: User anna(1000) is not allowed to flush the mail queue\n"
    assert host.run("mailq; postqueue -f").exit_code == 0
