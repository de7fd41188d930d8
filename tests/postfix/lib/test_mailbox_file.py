"""Mailboxes are opened with care: safe_open(3), mbox_open(3), dot_lockfile(3)."""

from collections.abc import Coroutine
from typing import Any

import pytest

from simulator.clock import Clock
from simulator.postfix.lib.mailbox_file import MailboxFile, MailboxLocks, mailbox_dsn, open_reason, write_reason
from simulator.postfix.lib.safe_open import MailboxError
from simulator.unix.fs import Cred, Fs

ANNA = Cred(1000, 8, frozenset(), 0o077)
LOCKS = MailboxLocks(dotlock=True, attempts=3, delay=1.0, stale=500.0)


@pytest.fixture
def clock() -> Clock:
    return Clock(1_795_526_689.0)


@pytest.fixture
def fs(clock: Clock) -> Fs:
    fs = Fs(clock)
    fs.mkdir("/var/mail", parents=True)
    fs.chown("/var/mail", 0, 8)
    fs.chmod("/var/mail", 0o2775)
    return fs


def opened(clock: Clock, fs: Fs, path: str = "/var/mail/anna", cred: Cred = ANNA, **more: Any) -> MailboxFile:
    conversation: Coroutine[Any, Any, MailboxFile] = MailboxFile.open(fs, lambda: clock.now, path, cred, LOCKS, **more)
    return clock.run_coroutine(conversation)


def reason(clock: Clock, fs: Fs, path: str = "/var/mail/anna") -> str:
    with pytest.raises(MailboxError) as trouble:
        opened(clock, fs, path)
    assert not fs.exists(f"{path}.lock")
    told = open_reason(trouble.value, "5.2.0")
    return f"{told.dsn} {told.text}"


def test_a_new_mailbox_is_its_owners_alone(clock: Clock, fs: Fs) -> None:
    """While it is open its lock file is there; afterwards it is gone."""
    box = opened(clock, fs)
    assert fs.exists("/var/mail/anna.lock")
    box.append(b"text", 0)
    box.release()
    entry = fs.stat("/var/mail/anna")
    assert (entry.mode, entry.uid, entry.gid, fs.read("/var/mail/anna")) == (0o600, 1000, 8, b"text")
    assert not fs.exists("/var/mail/anna.lock")


def test_root_gives_a_new_mailbox_to_its_owner(clock: Clock, fs: Fs) -> None:
    """In a spool that only root may write to."""
    opened(clock, fs, cred=Cred(0, 0, frozenset(), 0o077), owner=(1000, 1000)).release()
    assert fs.stat("/var/mail/anna").uid == 1000


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("directory", "5.2.0 cannot open file: Is a directory"),
        ("root's", "5.2.0 cannot open file: Permission denied"),
        ("link", "5.2.0 file is a symbolic link"),
        ("two names", "5.2.0 file has 2 hard links"),
        ("fifo", "5.2.0 cannot open file: No such device or address"),
        ("dangling", "5.2.0 cannot open file: No such file or directory"),
    ],
)
def test_what_is_no_mailbox_is_left_alone(clock: Clock, fs: Fs, kind: str, text: str) -> None:
    """The texts and codes of a real host, for each kind of thing that may lie in a mailbox's place."""
    fs.write("/var/mail/other", b"")
    fs.chmod("/var/mail/other", 0o666)
    path = "/var/mail/anna"
    make = {
        "directory": lambda: fs.mkdir(path),
        "root's": lambda: fs.write(path, b"", mode=0o600),
        "link": lambda: fs.symlink("/var/mail/other", path, ANNA),
        "two names": lambda: fs.link("/var/mail/other", path),
        "fifo": lambda: fs.mknod(path, "p", ANNA),
        "dangling": lambda: fs.symlink("/nowhere", path),
    }
    make[kind]()
    assert reason(clock, fs) == text


def test_a_missing_directory_fails_at_the_lock(clock: Clock, fs: Fs) -> None:
    """The lock file comes first, so it is the one that cannot be made."""
    text = "5.2.0 unable to create lock file /var/spool/post/anna.lock: No such file or directory"
    assert reason(clock, fs, "/var/spool/post/anna") == text


def test_a_lock_is_waited_for_and_then_mail_waits(clock: Clock, fs: Fs) -> None:
    """Three attempts are two pauses; a lock that is held keeps mail in the queue (4.2.0)."""
    fs.write("/var/mail/anna.lock", b"")
    begin = clock.now
    with pytest.raises(MailboxError) as trouble:
        opened(clock, fs)
    assert clock.now - begin == 2.0
    told = open_reason(trouble.value, "5.2.0")
    assert (told.dsn, told.text) == ("4.2.0", "unable to create lock file /var/mail/anna.lock: File exists")


def test_a_stale_lock_is_removed(clock: Clock, fs: Fs) -> None:
    """stale_lock_time counts from the change of the lock file, not from its mtime."""
    fs.write("/var/mail/anna.lock", b"")
    fs.utime("/var/mail/anna.lock", 0, 0)
    with pytest.raises(MailboxError):
        opened(clock, fs)
    clock.run_until(clock.now + 501)
    opened(clock, fs).release()


def test_a_full_mailbox_keeps_what_it_had(clock: Clock, fs: Fs) -> None:
    """A message that does not fit is not there in part."""
    box = opened(clock, fs)
    box.append(b"12345", 8)
    with pytest.raises(MailboxError) as trouble:
        box.append(b"12345", 8)
    told = write_reason(trouble.value)
    assert (told.dsn, told.text, told.diagnostic) == ("5.2.2", "error writing message: File too large", ("x-unix", "input/output error"))
    assert fs.read("/var/mail/anna") == b"12345"


def test_a_lock_that_may_fail_is_only_warned_of(clock: Clock, fs: Fs) -> None:
    """A file that an alias names may lie in a directory where the user may not make a lock."""
    fs.mkdir("/root")
    fs.chmod("/root", 0o755)
    fs.write("/root/archive", b"")
    fs.chmod("/root/archive", 0o666)
    warned: list[str] = []
    opened(clock, fs, "/root/archive", lock_may_fail=warned.append).release()
    assert warned == ["unable to create lock file /root/archive.lock: Permission denied"]


def test_errnos_that_have_their_own_code() -> None:
    """Full disks and stale NFS handles pass; a full mailbox does not."""
    assert [mailbox_dsn(code, "5.2.0") for code in (11, 116, 28, 27, 13)] == ["4.2.0", "4.2.0", "4.3.0", "5.2.2", "5.2.0"]
