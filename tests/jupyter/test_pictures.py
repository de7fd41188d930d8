"""Pictures: the chain of agents and the journey of a message."""

import pytest

from simulator import open_lab
from simulator.jupyter import chain, draw, journey


def test_a_journey_shows_hosts_ids_and_fates() -> None:
    """A message that mx1 refuses: both hosts' daemons, the attempt in its colour, the notification behind a dashed line."""
    lab = open_lab("three")
    lab.settle()
    lab["client"].run("echo x | mail -s x carla@example.net; echo x | mail -s x wrong@example.net")
    lab.settle()
    lab.advance(5)
    good, bad = (event.queue_id for event in lab.trace.find("picked up", host="client"))
    source = journey(lab, good).source
    assert source.count("subgraph") == 2
    assert "SMTP 25" in source
    assert {"pickup", "smtpd", "cleanup", "local"} <= set(source.replace('"', " ").replace("=", " ").replace("]", " ").split())
    assert "sender non-delivery notification" in journey(lab, bad).source
    assert "bounced 5.1.1" in journey(lab, bad).source
    assert draw(journey(lab, good)).count("<svg") == 1
    with pytest.raises(LookupError, match="no message 'X'"):
        journey(lab, "X")


def test_the_chain_names_all_agents() -> None:
    """MUA, MSA, MTA, MDA, MRA."""
    assert all(name in chain().source for name in ("MUA", "MSA", "MTA", "MDA", "MRA"))
