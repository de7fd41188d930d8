"""What several daemons write into the log."""

import pytest

from simulator.postfix.lib.address_syntax import mailhost_trouble
from simulator.postfix.lib.delivery import Recipient, Stamps
from simulator.postfix.lib.log_lines import delivery, log_address, pretty_seconds


@pytest.mark.parametrize(("seconds", "text"), [
    (0.0, "0"), (0.004, "0"), (0.0051, "0.01"), (0.1, "0.1"), (0.154, "0.15"), (1.24, "1.2"), (9.96, "10"), (12.6, "13"), (86400.2, "86400"),
])  # fmt: skip
def test_delays_have_two_digits(seconds: float, text: str) -> None:
    """delay_logging_resolution_limit."""
    assert pretty_seconds(seconds) == text


def test_the_line_about_a_delivery() -> None:
    """orig_to only where the address was another one."""
    stamps = Stamps(1000.0, 1000.01, 1000.02)
    line = delivery("ABC", Recipient("anna@ubuntu", "team"), "local", stamps, 1000.04, "2.0.0", "sent", "delivered to mailbox", "external", 2)
    assert line == ("ABC: to=<anna@ubuntu>, orig_to=<team>, relay=local, delay=0.04, delays=0.01/0.01/0/0.02, dsn=2.0.0, "
                    "status=sent (delivered to mailbox)")  # fmt: skip


@pytest.mark.parametrize(("address", "shown"), [
    ("anna@ubuntu", "anna@ubuntu"), ("anna meier@ubuntu", '"anna meier"@ubuntu'), ("", ""), ("@", '""@'), ("@a:b@c", "@a:b@c"),
])  # fmt: skip
def test_addresses_in_the_log_are_quoted(address: str, shown: str) -> None:
    """info_log_address_format = external."""
    assert log_address(address) == shown


@pytest.mark.parametrize(("literal", "trouble"), [
    ("192.0.2.1", None),
    ("192.0.2.400", "valid_ipv4_hostaddr: invalid octet value: 192.0.2.400"),
    ("192.0.2", "valid_ipv4_hostaddr: invalid octet count: 192.0.2"),
    ("192..2.1", "valid_ipv4_hostaddr: misplaced dot: 192..2.1"),
    ("host", "valid_ipv4_hostaddr: invalid character 104(decimal): host"),
    ("IPv6:2001:db8::1", None),
    ("IPv6:2001:db8::1::2", "valid_ipv6_hostaddr: too many `::' in IPv6 address: 2001:db8::1::2"),
    ("IPv6:12345::1", "valid_ipv6_hostaddr: malformed IPv6 address: 12345::1"),
])  # fmt: skip
def test_what_is_wrong_with_an_address_literal(literal: str, trouble: str | None) -> None:
    """valid_hostname(3)."""
    assert mailhost_trouble(literal) == trouble
