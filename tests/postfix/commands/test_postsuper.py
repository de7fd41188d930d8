"""postsuper(1): the superuser's work on the queue."""

import json

import pytest

from simulator.lab import open_lab
from simulator.unix.host import Host

SPOOL = "/var/spool/postfix"


@pytest.fixture
def host() -> Host:
    """A host with three messages in its deferred queue."""
    host = open_lab("ubuntu").hosts["ubuntu"]
    host.run("postconf -e defer_transports=local; postfix reload; for i in 1 2 3; do echo $i | mail -s nr$i anna; sleep 1; done; sleep 1")
    return host


def _ids(host: Host, queue: str = "deferred") -> list[str]:
    found = [json.loads(line) for line in host.run("postqueue -j").stdout.splitlines()]
    return [entry["queue_id"] for entry in found if entry["queue_name"] == queue]


def test_a_deleted_message_is_gone_with_its_logs(host: Host) -> None:
    """-d QID tells what it removes, on standard error and in the log."""
    victim = _ids(host)[0]
    done = host.run(f"postsuper -d {victim}")
    assert done.stderr == f"postsuper: {victim}: removed\npostsuper: Deleted: 1 message\n"
    assert victim not in _ids(host)
    assert host.run(f"find {SPOOL} -name {victim}").stdout == ""
    assert f": {victim}: removed" in host.read("/var/log/mail.log")


def test_ids_from_standard_input(host: Host) -> None:
    """"-" reads one id a line; what is no id is complained about, what is not found is not."""
    one = _ids(host)[0]
    done = host.run(f"printf '{one}\\nABCDEF\\n\\n../x\\n' | postsuper -h -")
    assert done.stderr.splitlines() == [
        f"postsuper: {one}: placed on hold",
        "postsuper: warning: invalid mail queue id: ",
        "postsuper: warning: invalid mail queue id: ../x",
        "postsuper: Placed on hold: 1 message",
    ]
    assert _ids(host, "hold") == [one]


def test_hold_and_release_all(host: Host) -> None:
    """ALL names no message, only the sum."""
    assert host.run("postsuper -h ALL").stderr == "postsuper: Placed on hold: 3 messages\n"
    assert len(_ids(host, "hold")) == 3
    assert host.run("postsuper -H ALL").stderr == "postsuper: Released from hold: 3 messages\n"
    assert len(_ids(host)) == 3


def test_only_the_named_queues(host: Host) -> None:
    """Directories behind the options limit the work."""
    assert host.run("postsuper -d ALL hold").stderr == "postsuper: Deleted: 0 messages\n"
    assert len(_ids(host)) == 3
    assert host.run("postsuper -d ALL nix").stderr == "postsuper: fatal: invalid directory name: nix\n"


def test_options_are_obeyed_in_their_order(host: Host) -> None:
    """Hold first, then delete what is on hold; the report has an order of its own."""
    first, second, _ = _ids(host)
    done = host.run(f"postsuper -h {first} -h {second} -d ALL hold deferred")
    assert done.stderr.splitlines()[2:] == ["postsuper: Deleted: 3 messages", "postsuper: Placed on hold: 2 messages"]


def test_requeued_mail_gets_a_new_id(host: Host) -> None:
    """-r: pickup takes the file as if it were new, when it wakes up within a minute."""
    old = _ids(host)
    assert host.run("postsuper -r ALL; sleep 65").stderr == "postsuper: Requeued: 3 messages\n"
    assert len(_ids(host)) == 3
    assert not set(_ids(host)) & set(old)


def test_an_expired_message_is_returned(host: Host) -> None:
    """-e marks; the queue manager returns the mail when it sees it."""
    one = _ids(host)[0]
    assert host.run(f"postsuper -e {one}; postqueue -f; sleep 3").stderr.startswith(f"postsuper: {one}: expired\n")
    assert one not in _ids(host)
    assert "status=force-expired, returned to sender" in host.read("/var/log/mail.log")


def test_a_copied_file_gets_a_name_that_fits(host: Host) -> None:
    """-s: the name must tell the inode number."""
    done = host.run(f"cd {SPOOL}; f=$(find deferred -type f | head -1); cp -p $f deferred/ABCDE12345; postsuper -s")
    assert done.stderr.splitlines() == [
        "postsuper: Renamed to match inode number: 1 message",
        "postsuper: warning: QUEUE FILE NAMES WERE CHANGED TO MATCH INODE NUMBERS",
    ]
    assert len(_ids(host)) == 4
    assert not host.fs.exists(f"{SPOOL}/deferred/ABCDE12345")


def test_the_structure_follows_hash_queue_depth(host: Host) -> None:
    """-s moves files to where the configuration wants them."""
    host.run("postfix stop; postconf -e hash_queue_depth=2; postsuper -s")
    for path in host.run(f"find {SPOOL}/deferred -type f").stdout.split():
        assert path.count("/") == len("/var/spool/postfix/deferred/A/B/ID".split("/")) - 1
    assert len(_ids(host)) == 3


def test_only_the_superuser(host: Host) -> None:
    """Not even the usage is told to others."""
    done = host.run("/usr/sbin/postsuper -d ALL", user="anna")
    assert (done.stderr, done.exit_code) == ("postsuper: fatal: use of this command is reserved for the superuser\n", 1)
