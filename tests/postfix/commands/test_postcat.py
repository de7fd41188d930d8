"""postcat(1): queue files made readable."""

import pytest

from simulator.lab import open_lab
from simulator.unix.host import Host


@pytest.fixture
def host() -> Host:
    """A host with one message in its queue, copied to /tmp/f."""
    host = open_lab("ubuntu").hosts["ubuntu"]
    host.run("postconf -e defer_transports=local; postfix reload; printf 'Subject: Hallo\\nTo: anna\\n\\nText\\n' | sendmail anna; sleep 2")
    host.run("cp $(find /var/spool/postfix/deferred -type f) /tmp/f")
    return host


def test_envelope_header_and_body(host: Host) -> None:
    """Without options everything is shown, in the order of the file."""
    lines = host.run("postcat /tmp/f").stdout.splitlines()
    assert lines[0] == "*** ENVELOPE RECORDS /tmp/f ***"
    assert lines[1].startswith("message_size: ")
    assert "recipient: anna@ubuntu" in lines
    assert lines.index("*** MESSAGE CONTENTS /tmp/f ***") < lines.index("Subject: Hallo") < lines.index("Text")
    assert lines[-2:] == ["*** HEADER EXTRACTED /tmp/f ***", "*** MESSAGE FILE END /tmp/f ***"]


def test_only_one_part(host: Host) -> None:
    """-h, -b and -e choose."""
    assert host.run("postcat -b /tmp/f").stdout == "\nText\n"
    assert "Text" not in host.run("postcat -h /tmp/f").stdout
    assert "Subject" not in host.run("postcat -e /tmp/f").stdout


def test_offsets_tell_where_a_record_begins(host: Host) -> None:
    """-o: the bytes of the file from there on are that record."""
    data = host.fs.read("/tmp/f")
    for line in host.run("postcat -o /tmp/f").stdout.splitlines()[1:]:
        offset, text = int(line[:9]), line[10:]
        if text.startswith("sender: "):
            assert data[offset : offset + 2] == b"S\x0b"
            assert text == "sender: root@ubuntu"
            return
    pytest.fail("no sender record")


def test_by_queue_id(host: Host) -> None:
    """-q looks through the queues, and names the file relative to the queue directory."""
    queue_id = host.run("postqueue -j | jq -r .queue_id").stdout.strip()
    shown = host.run(f"postsuper -h {queue_id} 2>/dev/null; postcat -q {queue_id}").stdout
    assert shown.startswith(f"*** ENVELOPE RECORDS hold/{queue_id} ***\n")
    assert host.run("postcat -q ABCDEF").stderr == "postcat: fatal: open queue file ABCDEF: No such file or directory\n"
    assert host.run("postcat -q a/b").stderr == "postcat: fatal: bad mail queue ID: a/b\n"


def test_users_may_not_look(host: Host) -> None:
    """The queue is closed to them; nothing is logged."""
    before = host.read("/var/log/mail.log")
    assert host.run("/usr/sbin/postcat -q ABCDEF", user="anna").stderr == "/usr/sbin/postcat: fatal: open queue file ABCDEF: Permission denied\n"
    assert host.read("/var/log/mail.log") == before


def test_files_that_are_none(host: Host) -> None:
    """A damaged file is shown up to the damage."""
    host.run("head -c 150 /tmp/f > /tmp/g")
    done = host.run("postcat /tmp/g; echo $?")
    assert done.stdout.startswith("*** ENVELOPE RECORDS /tmp/g ***\nmessage_size: ")
    assert done.stdout.endswith("\n1\n")
    assert done.stderr.endswith("postcat: fatal: record read error\n")
    assert host.run("echo Hallo | postcat").stderr == "postcat: warning: stdin: input is not a valid queue file\n"
