"""`$$`, signals to oneself, and the environment that a shell hands on."""

from simulator import open_lab
from simulator.shell.environment import dash_environment


def test_each_script_has_a_process_id_of_its_own() -> None:
    """Temporary files that are named after it do not overwrite each other."""
    host = open_lab("ubuntu")["ubuntu"]
    host.run("printf '#!/bin/sh\\necho $$ > /tmp/x.$$\\n' > /usr/local/bin/x; chmod 755 /usr/local/bin/x; x; x")
    assert host.run("ls /tmp | wc -l").stdout == "2\n"


def test_a_shell_may_kill_itself() -> None:
    """The parent sees 128 and the signal, and what was written before; signal 0 only asks."""
    host = open_lab("ubuntu")["ubuntu"]
    assert host.run("sh -c 'kill -9 $$; echo never' 2>/dev/null; echo $?; kill -0 $$; echo $?").stdout == "137\n0\n"


def test_dash_hands_on_what_it_got() -> None:
    """No SHLVL and no _ of its own; the order is that of its hash table."""
    names = dash_environment({"_": "/x", "SHLVL": "1", "TZ": "UTC", "PATH": "/bin", "USER": "u"}, {"TZ": "UTC"})
    assert list(names) == ["USER", "PATH", "TZ"]
    assert dash_environment({"SHLVL": "2"}, {"SHLVL": "1"}) == {"SHLVL": "1"}


def test_both_outputs_in_their_order() -> None:
    """`2>&1` shows what a script wrote as it wrote it."""
    host = open_lab("ubuntu")["ubuntu"]
    assert host.run("sh -c 'echo a; echo b >&2; echo c' 2>&1").stdout == "a\nb\nc\n"
