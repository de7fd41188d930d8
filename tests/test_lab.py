"""Determinism, forks, sessions: the design's promises about a lab as a whole."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from simulator import Lab, open_lab
from simulator.lab import SessionError
from simulator.world import WorldError

STORY = (
    "echo 'hilfe: anna, bernd' >> /etc/aliases; newaliases",
    "echo one | mail -s one hilfe",
    "echo two | mail -s two nobody-here@ubuntu",
    "postconf -e 'relayhost = [127.0.0.1]:9'; postfix reload",
    "echo three | mail -s three x@example.com",
    "mailq",
)


def everything(lab: Lab) -> dict[str, object]:
    """Every file of every host with its metadata, and the time."""
    state: dict[str, object] = {"now": lab.now}
    for name in lab:
        fs = lab[name].fs
        for path, entry in fs.walk("/"):
            computed = path.startswith("/proc")
            content = fs.read(path) if entry.is_file and not computed else b""
            state[f"{name}:{path}"] = (entry.kind, entry.mode, entry.uid, entry.gid, entry.size, entry.mtime, entry.target, content)
    return state


def play(lab: Lab) -> list[str]:
    said = []
    for line in STORY:
        said.append(str(lab["ubuntu"].run(line)))
        lab.settle()
        lab.advance(1)
    return said


def test_two_runs_give_the_same_bytes() -> None:
    """Same lab, seed and commands: the same files, queue ids and process ids."""
    one, two = open_lab("ubuntu"), open_lab("ubuntu")
    assert play(one) == play(two)
    assert everything(one) == everything(two)


def test_a_fork_leaves_the_original_alone() -> None:
    """What is tried on a copy is not seen by the lab; and the lab's life is not seen by the copy."""
    lab = open_lab("ubuntu")
    play(lab)
    before = everything(lab)
    twin = lab.fork()
    assert everything(twin) == before
    twin["ubuntu"].run("postsuper -d ALL; rm -r /home/anna; echo x | mail -s later bernd")
    twin.advance("6d")
    twin.settle()
    assert everything(lab) == before
    lab.advance("1h")
    assert lab.now != twin.now


def test_a_fork_goes_on_as_the_original_does() -> None:
    """Timers, daemons and counters are copied, too."""
    lab = open_lab("ubuntu")
    play(lab)
    twin = lab.fork()
    for one in (lab, twin):
        one.advance("4h")
        play(one)
    assert everything(lab) == everything(twin)


def test_a_saved_session_replays_to_the_same_state(tmp_path: Path) -> None:
    """A hundred commands with their times; the file is JSON and complete."""
    lab = open_lab("ubuntu", seed=7)
    session = lab.login("ubuntu", "anna")
    for number in range(100):
        if number % 3:
            lab["ubuntu"].run(f"echo {number} | mail -s {number} {'anna' if number % 2 else 'nobody-here'}")
        else:
            session.type(f"cd /tmp; X{number}={number}; echo $X{number} >> notes")
        if number % 10 == 9:
            lab.advance(60)
        lab.settle()
    lab.save(tmp_path / "session.json")
    assert everything(Lab.replay(tmp_path / "session.json")) == everything(lab)
    assert [path.name for path in tmp_path.iterdir()] == ["session.json"]


@pytest.mark.parametrize("text", ["", "{}", '{"maillab": 99}', "[1]", '{"maillab": 1, "lab": "ubuntu"}'])
def test_a_file_that_is_no_session_is_named(tmp_path: Path, text: str) -> None:
    """One line: the file and what was expected."""
    path = tmp_path / "broken.json"
    path.write_text(text)
    with pytest.raises(SessionError, match=r"broken\.json") as caught:
        Lab.replay(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["nowhere", "../three", "", "."])
def test_an_unknown_world_is_named(name: str) -> None:
    """The error says which there are."""
    with pytest.raises(WorldError, match="ubuntu"):
        open_lab(name)


def test_an_unknown_host_or_user_is_named() -> None:
    """KeyError with the names that exist."""
    lab = open_lab("ubuntu")
    with pytest.raises(KeyError, match="it has: ubuntu"):
        lab["hub"]
    with pytest.raises(KeyError, match="zoe"):
        lab["ubuntu"].run("id", user="zoe")


def test_nothing_touches_the_real_disk_or_network() -> None:
    """An audit hook watches what Python does while a learner works."""
    open_lab("ubuntu")
    seen: list[tuple[str, object]] = []
    watching = [True]

    def hook(event: str, args: tuple[object, ...]) -> None:
        if watching[0] and (event in ("socket.connect", "socket.bind", "subprocess.Popen", "os.system", "os.remove", "os.rename", "os.mkdir") or (
            event == "open" and isinstance(args[1], str) and any(letter in args[1] for letter in "wax+"))):
            seen.append((event, args))

    sys.addaudithook(hook)
    try:
        lab = open_lab("ubuntu")
        play(lab)
        lab["ubuntu"].run("cat /etc/passwd > /tmp/x; rm /tmp/x; curl http://127.0.0.1; cat ~/../../etc/hostname; echo x > /dev/tcp/127.0.0.1/25")
        lab.advance("5d")
    finally:
        watching[0] = False
    assert not seen, json.dumps([str(entry) for entry in seen])


def test_another_process_gives_the_same_bytes() -> None:
    """Nothing depends on the order of sets or on addresses in memory: a session can be shared."""
    code = (
        "import hashlib; from tests.test_lab import everything, play; from simulator import open_lab\n"
        "lab = open_lab('three', seed=3)\n"
        "lab['client'].run('echo x | mail -s x carla@example.net dora@example.org'); lab.settle(); lab.advance('1h')\n"
        "print(hashlib.sha256(repr(sorted(everything(lab).items())).encode()).hexdigest())"
    )
    root = Path(__file__).resolve().parent.parent
    digests = set()
    for seed in ("0", "1"):
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=root, env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        )
        digests.add(done.stdout)
    assert len(digests) == 1
