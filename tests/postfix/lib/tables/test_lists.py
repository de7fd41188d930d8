"""Lists of patterns and lookups of addresses: what counts, and in which order."""

import pytest

from simulator import Host
from simulator.postfix.lib.msg import Fatal
from simulator.postfix.lib.tables import AddressList, DomainList, Maps, StringList, TableError, mail_addr_find

from .conftest import Tables


def test_names(tables: Tables) -> None:
    """The first pattern that matches decides; "!" turns it round; a file stands for its lines."""
    tables.write("more", "# mehr\ndrei.example, vier.example\n")
    names = StringList("mydestination", "eins.example !zwei.example /root/more static:x", tables.context())
    assert [names.match(name) for name in ("EINS.example", "zwei.example", "vier.example", "sonst")] == [True, False, True, True]


def test_domains(tables: Tables) -> None:
    """A domain covers what is below it, or only ".domain" does."""
    context = tables.context()
    parents = DomainList("relay_domains", "x.example", context, parents=True)
    dotted = DomainList("relay_domains", "x.example .y.example", context, parents=False)
    assert [parents.match(name) for name in ("x.example", "a.x.example", "ax.example")] == [True, True, False]
    assert [dotted.match(name) for name in ("x.example", "a.x.example", "a.y.example", "y.example")] == [True, False, True, False]


def test_hosts(tables: Tables) -> None:
    """Networks, addresses in other spellings, names; host bits are trouble."""
    hosts = AddressList("mynetworks", "127.0.0.0/8 [::1]/128 [2001:db8::]/32 !192.0.2.7 192.0.2.0/24 pc.example", tables.context())
    answers = [hosts.match(name, address) for name, address in (("x", "127.1.2.3"), ("x", "192.0.2.7"), ("x", "192.0.2.8"), ("pc.example", "10.0.0.1"))]
    assert answers == [True, False, True, True]
    assert hosts.match("x", "2001:db8:0::1")
    with pytest.raises(TableError):
        AddressList("mynetworks", "127.0.0.1/8", tables.context()).match("x", "127.0.0.1")
    assert tables.warnings[-1].startswith("mynetworks: non-null host address bits in")


def test_mistakes(tables: Tables) -> None:
    """A lonely "!" is fatal, a comment is told of."""
    with pytest.raises(Fatal, match="mydestination: no pattern after '!'"):
        StringList("mydestination", "a, !", tables.context())
    StringList("mydestination", "a # hier ist b", tables.context())
    assert tables.warnings == ["mydestination: comment at end of line is not supported: # hier ist b"]


def test_an_address_is_looked_up_with_less_and_less_of_it(host: Host, tables: Tables) -> None:
    """user+ext@domain, user@domain, then local parts where the domain is local, then @domain."""
    tables.write("t", "a+x@ubuntu 1\na@ubuntu 2\nb+x 3\nb 4\n@ubuntu 5\n@fern.example 6\n")
    host.run("postmap t")
    maps = Maps("virtual_alias_maps", "hash:/root/t", tables.context())
    found = {address: mail_addr_find(maps, address) for address in ("a+x@ubuntu", "a+y@ubuntu", "b+x@ubuntu", "b+y@ubuntu", "c@ubuntu", "b@fern.example")}
    assert found == {
        "a+x@ubuntu": ("1", None),
        "a+y@ubuntu": ("2", "+y"),
        "b+x@ubuntu": ("3", None),
        "b+y@ubuntu": ("4", "+y"),
        "c@ubuntu": ("5", None),
        "b@fern.example": ("6", None),
    }


def test_pattern_tables_are_asked_for_whole_addresses_only(tables: Tables) -> None:
    """A regexp never sees the local part alone."""
    maps = Maps("virtual_alias_maps", "regexp:{{/^anna$/ falsch}, {/^anna@/ richtig}}", tables.context())
    assert mail_addr_find(maps, "anna@ubuntu") == ("richtig", None)
    assert mail_addr_find(maps, "bernd@ubuntu") is None
