"""Compiled tables are Berkeley DB files: sizes, order and staleness are those of a real host."""

import random
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator import Host
from simulator.postfix.lib.msg import Fatal
from simulator.postfix.lib.tables import Maps, TableError, open_table
from simulator.postfix.lib.tables.berkeley_btree import BtreeFile
from simulator.postfix.lib.tables.berkeley_hash_file import HashFile
from simulator.postfix.lib.tables.berkeley_page import Corrupt
from simulator.postfix.lib.tables.flags import MAPS, PARANOID

from .conftest import Tables

Ask = Callable[..., str | None]


@pytest.mark.parametrize("kind", [HashFile, BtreeFile])
@given(st.integers(0, 10_000))
@settings(deadline=None, max_examples=30)
def test_a_file_holds_what_was_put_into_it(kind: type[HashFile] | type[BtreeFile], seed: int) -> None:
    """Puts, replacements and removals in any order: the file says the same as a dictionary, also after it was read again."""
    dice = random.Random(seed)
    file, model = kind(), dict[bytes, bytes]()
    for _ in range(dice.choice((5, 60, 400))):
        key = b"k%d" % dice.randrange(300)
        value = dice.choice((b"v", b"v" * 50, b"w" * 3000))
        if dice.random() < 0.25:
            assert file.delete(key) == (model.pop(key, None) is not None)
        elif dice.random() < 0.3:
            file.put(key, value, overwrite=True)
            model[key] = value
        else:
            assert file.put(key, value, overwrite=False) == (key not in model)
            model.setdefault(key, value)
    assert dict(file.pairs()) == model
    assert dict(kind.parse(file.encode()).pairs()) == model
    assert len(file.encode()) % 4096 == 0


def test_the_order_of_a_listing_is_that_of_the_buckets() -> None:
    """As `postmap -s` printed it on a real host."""
    file = HashFile()
    for key in (b"a", b"b", b"c", b"d"):
        file.put(key + b"\0", b"1\0", overwrite=False)
    assert [key[:1] for key, _ in file.pairs()] == [b"b", b"d", b"a", b"c"]
    assert len(file.encode()) == 12288


@given(st.binary(max_size=9000))
@settings(deadline=None, max_examples=60)
def test_a_damaged_file_is_only_corrupt(data: bytes) -> None:
    """No content of a .db file breaks the process."""
    sound = bytearray(HashFile().encode())
    sound[4096 : 4096 + len(data)] = data
    for kind in (HashFile, BtreeFile):
        for content in (data, bytes(sound)):
            try:
                kind.parse(content)
            except Corrupt:
                continue


def test_an_edited_source_stays_stale(host: Host, tables: Tables, ask: Ask) -> None:
    """Only postmap makes the new text count; a source that is much newer is told of."""
    tables.write("t", "a 1\n")
    host.run("postmap t")
    host.lab.advance(300)
    tables.write("t", "a 2\n")
    assert ask("hash:t", "a") == "1"
    assert tables.warnings == []
    host.lab.advance(101)
    assert ask("hash:t", "a") == "1"
    assert tables.warnings == ["database t.db is older than source file t"]
    host.run("postmap t")
    assert ask("hash:t", "a") == "2"


def test_a_daemon_goes_on_without_a_table(host: Host) -> None:
    """It says why once, and again with each question; postmap alone does not help it."""
    daemon = Tables(host, daemon=True)
    maps = Maps("virtual_alias_maps", "hash:/root/fehlt", daemon.context())
    with pytest.raises(TableError):
        maps.find("a")
    daemon.write("fehlt", "a 1\n")
    host.run("postmap fehlt")
    with pytest.raises(TableError):
        maps.find("a")
    text = "open database /root/fehlt.db: No such file or directory"
    assert daemon.errors == [text]
    assert daemon.warnings == [f"hash:/root/fehlt is unavailable. {text}", 'hash:/root/fehlt lookup error for "a"'] * 2


def test_a_daemon_notices_a_new_file(host: Host, tables: Tables) -> None:
    """The name that it will log has the flags of the table in it."""
    tables.write("t", "a 1\n")
    host.run("postmap t")
    maps = Maps("aliases", "hash:/root/t", tables.context(), MAPS | PARANOID)
    assert maps.changed() is None
    host.lab.advance(2)
    host.run("postmap t")
    assert maps.changed() == "hash:/root/t(0,lock|no_regsub|no_proxy|no_unauth|fold_fix|utf8_request)"


def test_a_command_gives_up(tables: Tables) -> None:
    """What a daemon survives ends a command."""
    with pytest.raises(Fatal, match="unsupported dictionary type: ldap"):
        open_table("ldap:x", tables.context())
    with pytest.raises(Fatal, match='expecting "type:name" form'):
        open_table("/etc/aliases", tables.context())


_LINES = st.lists(st.sampled_from(["a b", " c", "#x", "", '"q r" s', 'o"p q', "k:", "k: v", "\\", "é ü", "\udcff x", "/a/ b", "if /x/", "endif", "10.0.0.0/8 x", "!x y"]), max_size=8)


@given(_LINES)
@settings(deadline=None, max_examples=50)
def test_any_text_is_a_table(lines: list[str]) -> None:
    """Random text gives warnings and defined errors, nothing else."""
    from simulator import open_lab

    tables = Tables(open_lab("ubuntu", started=False, seed=0)["ubuntu"], daemon=True)
    tables.write("t", "\n".join(lines))
    for kind in ("texthash", "regexp", "pcre", "cidr"):
        table = open_table(f"{kind}:t", tables.context())
        for key in ("a", "10.1.1.1", "é", "\udcff"):
            try:
                table.lookup(key)
            except TableError:
                continue
