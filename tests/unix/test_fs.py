"""Files with owners, links and times; a fork that shares until one side writes."""

import copy

import pytest

from simulator.clock import Clock
from simulator.unix.fs import Cred, Fs

ANNA, BERND = Cred(1000, 1000), Cred(1001, 1001, frozenset({8}))


@pytest.fixture
def fs() -> Fs:
    made = Fs(Clock(1000.0))
    for path, mode in (("/tmp", 0o1777), ("/etc", 0o755), ("/root", 0o700), ("/var", 0o755), ("/var/mail", 0o2775), ("/home", 0o755)):
        made.mkdir(path)
        made.chmod(path, mode)
    made.chown("/var/mail", 0, 8)
    made.mkdir("/home/anna")
    made.chown("/home/anna", 1000, 1000)
    return made


def test_times_and_modes_follow_the_writer(fs: Fs) -> None:
    """A new file has the writer's owner, umask applied, and virtual times."""
    fs.write("/home/anna/note", b"one", ANNA)
    fs.clock.now = 1060.0
    fs.append("/home/anna/note", b" two", ANNA)
    entry = fs.stat("/home/anna/note")
    assert (entry.uid, entry.gid, oct(entry.mode), entry.mtime, entry.size) == (1000, 1000, "0o644", 1060.0, 7)


@pytest.mark.parametrize(
    ("what", "error"),
    [
        (lambda fs: fs.write("/etc/x", b"", ANNA), "[Errno 13] Permission denied: '/etc/x'"),
        (lambda fs: fs.read("/root/x", ANNA), "[Errno 13] Permission denied: '/root/x'"),
        (lambda fs: fs.read("/etc/none"), "[Errno 2] No such file or directory: '/etc/none'"),
        (lambda fs: fs.read("/etc"), "[Errno 21] Is a directory: '/etc'"),
        (lambda fs: fs.mkdir("/etc"), "[Errno 17] File exists: '/etc'"),
        (lambda fs: fs.rmdir("/var"), "[Errno 39] Directory not empty: '/var'"),
        (lambda fs: fs.chmod("/home/anna", 0o777, BERND), "[Errno 1] Operation not permitted: '/home/anna'"),
        (lambda fs: fs.chown("/home/anna", 1001, -1, ANNA), "[Errno 1] Operation not permitted: '/home/anna'"),
        (lambda fs: fs.rename("/var", "/var/mail/x"), "[Errno 22] Invalid argument: '/var' -> '/var/mail/x'"),
        (lambda fs: fs.write("/tmp/x/y", b""), "[Errno 2] No such file or directory: '/tmp/x/y'"),
    ],
)
def test_errors_are_those_of_the_system_call(fs: Fs, what, error: str) -> None:
    """Number, text and name, as strace would show them."""
    with pytest.raises(OSError, match="Errno") as caught:
        what(fs)
    assert str(caught.value) == error


def test_sticky_directories_protect_names(fs: Fs) -> None:
    """In /tmp only the owner removes a file."""
    fs.write("/tmp/a", b"", ANNA)
    with pytest.raises(PermissionError, match="Operation not permitted"):
        fs.unlink("/tmp/a", BERND)
    fs.unlink("/tmp/a", ANNA)


def test_set_group_id_directories_hand_their_group_on(fs: Fs) -> None:
    """A mailbox made by the group mail belongs to it."""
    fs.write("/var/mail/bernd", b"", BERND)
    assert (fs.stat("/var/mail/bernd").uid, fs.stat("/var/mail/bernd").gid) == (1001, 8)


def test_links(fs: Fs) -> None:
    """Symbolic links lead on, also in the middle of a path; hard links share the content; loops end."""
    fs.symlink("../var/mail", "/etc/box")
    fs.write("/etc/box/x", b"hi")
    fs.link("/var/mail/x", "/tmp/y")
    fs.write("/tmp/y", b"ho")
    assert (fs.read("/var/mail/x"), fs.stat("/tmp/y").nlink, fs.realpath("/etc/box/x")) == (b"ho", 2, "/var/mail/x")
    fs.symlink("/tmp/loop", "/tmp/loop")
    with pytest.raises(OSError, match="Too many levels of symbolic links"):
        fs.read("/tmp/loop")


def test_a_fork_shares_until_it_writes(fs: Fs) -> None:
    """Neither side sees the other's changes, whatever kind they are."""
    fs.write("/tmp/a", b"old")
    twin = copy.deepcopy(fs)
    twin.append("/tmp/a", b" new")
    twin.rmdir("/home/anna")
    fs.write("/tmp/b", b"only here")
    assert (fs.read("/tmp/a"), twin.read("/tmp/a")) == (b"old", b"old new")
    assert (fs.exists("/home/anna"), twin.exists("/home/anna"), twin.exists("/tmp/b")) == (True, False, False)


def test_a_full_disk_says_so(fs: Fs) -> None:
    """Nothing a learner does fills our memory."""
    fs.capacity = 100
    fs.write("/tmp/a", b"x" * 90)
    with pytest.raises(OSError, match="No space left on device"):
        fs.append("/tmp/a", b"y" * 20)
    assert fs.stat("/tmp/a").size == 90


def test_remembered_ways_follow_every_change(fs: Fs) -> None:
    """Directories that are renamed, closed or replaced by links are not found at their old place."""
    fs.mkdir("/tmp/a")
    fs.chmod("/tmp/a", 0o755)
    fs.write("/tmp/a/x", b"one")
    assert fs.read("/tmp/a/x", ANNA) == b"one"
    fs.chmod("/tmp/a", 0o700)
    with pytest.raises(PermissionError):
        fs.read("/tmp/a/x", ANNA)
    fs.rename("/tmp/a", "/tmp/b")
    assert not fs.exists("/tmp/a/x")
    fs.symlink("/tmp/b", "/tmp/a")
    assert fs.read("/tmp/a/x") == b"one"
    fs.unlink("/tmp/a")
    fs.mkdir("/tmp/a")
    fs.write("/tmp/a/x", b"two")
    assert (fs.read("/tmp/a/x"), fs.read("/tmp/b/x")) == (b"two", b"one")
    fs.rmtree("/tmp/a")
    with pytest.raises(FileNotFoundError):
        fs.read("/tmp/a/x")
    with pytest.raises(NotADirectoryError):
        fs.read("/tmp/b/x/y")
