"""How long mail between hosts takes: reported by pytest-benchmark, not asserted. The figures in the docstrings are the promises."""

import pytest

from simulator import Lab, open_lab

pytest.importorskip("pytest_benchmark")


@pytest.fixture
def lab() -> Lab:
    made = open_lab("three")
    made.settle()
    return made


def test_opening_three_hosts(benchmark) -> None:
    """60 ms."""
    open_lab("three")
    benchmark(open_lab, "three")


def test_a_message_over_two_hops(benchmark, lab: Lab) -> None:
    """12 ms from client through hub to the mailbox at mx1."""
    lab["client"].run("postconf -e 'relayhost = [hub.example.com]'; postfix reload")
    lab["hub"].run("postconf -e 'mynetworks = 127.0.0.0/8 192.0.2.0/24'; postfix reload")

    def send() -> None:
        lab["client"].run("echo hi | mail -s test carla@example.net")
        lab.settle()

    benchmark(send)
    assert "Subject: test" in lab["mx1"].read("/var/mail/carla")


def test_a_dialogue(benchmark, lab: Lab) -> None:
    """1.5 ms for a whole SMTP conversation typed into nc."""
    line = r"printf 'EHLO client\r\nMAIL FROM:<anna@example.com>\r\nRCPT TO:<nobody-here@example.com>\r\nQUIT\r\n' | nc -w 1 hub.example.com 25"
    result = benchmark(lab["client"].run, line)
    assert "221 2.0.0 Bye" in result.stdout


@pytest.mark.slow
def test_a_thousand_messages_from_hub_to_mx1(benchmark, lab: Lab) -> None:
    """4 s, with memory flat."""

    def inject() -> None:
        for number in range(1000):
            lab["hub"].execute_as("root", ["sendmail", "carla@example.net"], f"Subject: {number}\n\ntext\n")
            if number % 100 == 99:
                lab.settle()
        lab.settle()

    benchmark.pedantic(inject, rounds=1)
    assert lab["mx1"].run("grep -c ^Subject /var/mail/carla").stdout == "1000\n"


@pytest.mark.slow
def test_two_thousand_messages_to_a_dead_host(benchmark, lab: Lab) -> None:
    """10 s for five days of retries and the bounces at their end."""
    for number in range(2000):
        lab["hub"].execute_as("root", ["sendmail", "-f", "anna@example.com", f"user{number}@example.org"], "Subject: test\n\ntext\n")
        if number % 500 == 499:
            lab.settle()
    benchmark.pedantic(lab.advance, ("130h",), rounds=1)
    assert lab["hub"].run("mailq").stdout == "Mail queue is empty\n"
    assert lab["hub"].run("grep -c '^Subject: Undelivered' /var/mail/anna").stdout == "2000\n"
