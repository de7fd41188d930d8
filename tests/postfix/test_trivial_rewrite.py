"""trivial-rewrite(8): addresses become complete, and find their transport and next hop."""

import pytest

from simulator import Lab, open_lab
from simulator.postfix.lib.resolve_reply import Resolved


def lab_with(*settings: str) -> Lab:
    lab = open_lab("ubuntu")
    quoted = " ".join(f"'{setting}'" for setting in settings)
    lab["ubuntu"].run(f"postconf -e {quoted}; postfix reload" if settings else "true")
    return lab


def resolve(lab: Lab, address: str, sender: str = "anna@ubuntu") -> tuple[str, str, str]:
    answer: Resolved = lab["ubuntu"].daemons["postfix"].process("private/rewrite").resolve(sender, address)
    return answer.transport, answer.nexthop, answer.recipient


@pytest.mark.parametrize(("address", "complete"), [
    ("anna", "anna@ubuntu"),
    ("anna@host", "anna@host"),
    ("anna%fern.example", "anna@fern.example"),
    ("fern.example!anna", "anna@fern.example"),
    ("@a.example:anna@b.example", "anna@b.example"),
    ("anna@ubuntu.", "anna@ubuntu"),
    ('"anna meier"', '"anna meier"@ubuntu'),
    ("", ""),
])  # fmt: skip
def test_addresses_are_completed(address: str, complete: str) -> None:
    """append_at_myorigin, allow_percent_hack, swap_bangpath; routes and a last dot go."""
    rewrite = lab_with()["ubuntu"].daemons["postfix"].process("private/rewrite").rewrite
    assert rewrite("local", address) == complete


def test_the_domain_is_completed_where_that_is_wanted() -> None:
    """append_dot_mydomain; not for addresses with dots and literals."""
    rewrite = lab_with("append_dot_mydomain=yes", "mydomain=firm.example")["ubuntu"].daemons["postfix"].process("private/rewrite").rewrite
    assert rewrite("local", "anna@host") == "anna@host.firm.example"
    assert rewrite("local", "anna@host.example") == "anna@host.example"
    assert rewrite("local", "anna@[192.0.2.1]") == "anna@[192.0.2.1]"


def test_each_class_of_domains_has_its_transport() -> None:
    """ADDRESS_CLASS_README: local, virtual alias, virtual mailbox, relay, and the rest of the world."""
    lab = lab_with("virtual_alias_domains=a.example", "virtual_mailbox_domains=m.example", "relay_domains=r.example",
                   "relayhost=[gate.example]:587", "virtual_transport=lmtp:unix:private/lmtp")  # fmt: skip
    assert resolve(lab, "x@ubuntu") == ("local", "ubuntu", "x@ubuntu")
    assert resolve(lab, "x@a.example") == ("error", "5.1.1 User unknown in virtual alias table", "x@a.example")
    assert resolve(lab, "x@m.example") == ("lmtp", "unix:private/lmtp", "x@m.example")
    assert resolve(lab, "x@r.example") == ("relay", "[gate.example]:587", "x@r.example")
    assert resolve(lab, "x@world.example") == ("smtp", "[gate.example]:587", "x@world.example")
    assert resolve(lab, "x@[192.0.2.10]") == ("local", "ubuntu", "x@[192.0.2.10]")


def test_the_transport_table_has_the_last_word() -> None:
    """transport(5): address, domain, parent domains, and "*"."""
    table = "inline:{{anna@w.example=discard:},{w.example=:[mx.example]},{.w.example=smtp:sub},{*=error:no}}"
    lab = lab_with(f"transport_maps={table}")
    assert resolve(lab, "anna@w.example")[:2] == ("discard", "w.example")
    assert resolve(lab, "x@w.example")[:2] == ("smtp", "[mx.example]")
    assert resolve(lab, "x@deep.w.example")[:2] == ("smtp", "sub")
    assert resolve(lab, "x@other.example")[:2] == ("error", "no")


def test_relay_hosts_by_sender() -> None:
    """sender_dependent_relayhost_maps: by address, then by domain."""
    lab = lab_with("sender_dependent_relayhost_maps=inline:{{anna@ubuntu=[one.example]},{@ubuntu=[two.example]}}")
    assert resolve(lab, "x@world.example", "anna@ubuntu")[1] == "[one.example]"
    assert resolve(lab, "x@world.example", "bernd@ubuntu")[1] == "[two.example]"
    assert resolve(lab, "x@world.example", "")[1] == "world.example"


def test_a_domain_in_two_classes_is_complained_about() -> None:
    """helpful_warnings."""
    lab = lab_with("virtual_alias_domains=ubuntu")
    resolve(lab, "x@ubuntu")
    assert "do not list domain ubuntu in BOTH mydestination and virtual_alias_domains" in lab["ubuntu"].read("/var/log/mail.log")


def test_a_missing_table_defers_mail() -> None:
    """The lookup fails: nobody decides anything now."""
    lab = lab_with("transport_maps=hash:/etc/postfix/missing")
    lab["ubuntu"].run("echo x | mail -s x anna")
    lab.settle()
    assert "status=deferred (address resolver failure)" in lab["ubuntu"].read("/var/log/mail.log")


def test_nonsense_is_refused() -> None:
    """An address without a domain that could exist."""
    lab = lab_with()
    answer = lab["ubuntu"].daemons["postfix"].process("private/rewrite").resolve("", "anna@-bad-.example")
    assert answer.is_error
