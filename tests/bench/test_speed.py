"""How long things take: reported by pytest-benchmark, not asserted. The figures in the docstrings are the promises."""

import pytest

from simulator import Lab, open_lab

pytest.importorskip("pytest_benchmark")


@pytest.fixture
def lab() -> Lab:
    made = open_lab("ubuntu")
    made.settle()
    return made


def queue_up(lab: Lab, messages: int) -> None:
    """Messages that wait because nobody listens at the relay host."""
    host = lab["ubuntu"]
    host.run("postconf -e 'relayhost = [127.0.0.1]:9'; postfix reload")
    for number in range(messages):
        host.execute_as("root", ["sendmail", f"user{number}@example.com"], "Subject: test\n\ntext\n")
        if number % 500 == 499:
            lab.settle()
    lab.settle()


def test_opening_a_lab(benchmark) -> None:
    """25 ms."""
    open_lab("ubuntu")
    benchmark(open_lab, "ubuntu")


def test_a_simple_command(benchmark, lab: Lab) -> None:
    """1 ms."""
    benchmark(lab["ubuntu"].run, "echo hi")


def test_a_mail_to_a_mailbox(benchmark, lab: Lab) -> None:
    """5 ms from the command to the mailbox."""

    def send() -> None:
        lab["ubuntu"].run("echo hi | mail -s test anna")
        lab.settle()

    benchmark(send)
    assert "Subject: test" in lab["ubuntu"].read("/var/mail/anna")


def test_a_fork(benchmark, lab: Lab) -> None:
    """10 ms."""
    benchmark(lab.fork)


@pytest.mark.slow
def test_listing_ten_thousand_messages(benchmark, lab: Lab) -> None:
    """0.5 s."""
    queue_up(lab, 10_000)
    result = benchmark.pedantic(lab["ubuntu"].run, ("postqueue -p",), rounds=1)
    assert result.stdout.endswith("in 10000 Requests.\n")


@pytest.mark.slow
def test_five_days_of_back_off_for_a_thousand_messages(benchmark, lab: Lab) -> None:
    """3 s."""
    queue_up(lab, 1_000)
    benchmark.pedantic(lab.advance, ("5d",), rounds=1)
    lab.advance("2h")
    assert lab["ubuntu"].run("mailq").stdout == "Mail queue is empty\n"
