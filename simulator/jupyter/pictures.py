"""Pictures by Graphviz: the chain of agents, and the journey of a message.

The system's `dot` draws them where there is one, else the one that pip brought (graphviz-pure). The choice is made here alone.
"""

from __future__ import annotations

import functools
import shutil
import sysconfig
from pathlib import Path

import graphviz
from graphviz.backend import dot_command

from simulator.journey import Journeys, Message
from simulator.lab import Lab
from simulator.trace import Event

#: Roles of the notes' table, their programs, and the port by which the next one is reached.
_CHAIN = (
    ("MUA", "Mail User Agent", "Thunderbird, Outlook,\nmutt, mail"),
    ("MSA", "Mail Submission Agent", "postfix: submission"),
    ("MTA", "Mail Transfer Agent", "Postfix, Exim,\nSendmail, Qmail"),
    ("MTA2", "Mail Transfer Agent", "Postfix, Exim,\nSendmail, Qmail"),
    ("MDA", "Mail Delivery Agent", "local, procmail,\nmaildrop, Dovecot, Cyrus"),
    ("MRA", "Mail Retrieval Agent", "fetchmail, getmail"),
)
_HOPS = (
    ("MUA", "MSA", "587"),
    ("MUA", "MTA", "25"),
    ("MSA", "MTA", "25"),
    ("MTA", "MTA2", "25"),
    ("MTA2", "MDA", "pipe, LMTP"),
    ("MDA", "MRA", "110, 143\n(995, 993)"),
)


#: What a status looks like; others are black.
_COLOURS = {"sent": "#1b7837", "deferred": "#b35806", "bounced": "#b2182b", "rejected": "#b2182b"}
_FONT = {"fontname": "Arial", "fontsize": "11"}
#: Boxes of one picture; a list may have thousands of recipients.
_MOST_DELIVERIES = 40


@functools.cache
def use_dot() -> str:
    """Choose the program that draws; its name."""
    if shutil.which("dot") is None:
        # Not on the PATH of a virtual environment that was not activated.
        dot_command.DOT_BINARY = Path(sysconfig.get_path("scripts")) / "graphviz-pure"
    return str(dot_command.DOT_BINARY)


def draw(graph: graphviz.Digraph) -> str:
    """The graph as SVG. Raises graphviz.ExecutableNotFound if neither `dot` nor graphviz-pure is installed."""
    use_dot()
    return str(graph.pipe(format="svg", encoding="utf-8"))


def _graph(name: str) -> graphviz.Digraph:
    return graphviz.Digraph(name, node_attr={"shape": "box", "style": "rounded", "margin": "0.15,0.08"} | _FONT, edge_attr=_FONT, graph_attr=_FONT)


def chain() -> graphviz.Digraph:
    """The way of a message through the agents, with the ports: the notes' sequence diagram."""
    use_dot()
    graph = _graph("chain")
    graph.attr(rankdir="LR")
    for name, title, programs in _CHAIN:
        graph.node(name, f"{name.rstrip('2')}\n{title}\n{programs}")
    for start, end, port in _HOPS:
        graph.edge(start, end, port, style="dashed" if start == "MUA" else "solid")
    return graph


def journey(lab: Lab, what: str) -> graphviz.Digraph:
    """The way of a message (queue id or message-id) through daemons and hosts: queue ids, delays, and what became of it.

    Raises LookupError for an id that the lab's trace does not know.
    """
    use_dot()
    journeys = Journeys(lab.trace, lab.network)
    start = next(iter(journeys.named(what)), None)
    if start is None:
        raise LookupError(f"no message {what!r} in this lab")
    graph = _graph("journey")
    graph.attr(rankdir="LR")
    messages = journeys.whole(start)
    for host in dict.fromkeys(message.host for message in messages):
        with graph.subgraph(name=f"cluster_{host}") as cluster:
            cluster.attr(label=lab.hosts[host].hostname, style="rounded", color="#888888")
            for message in messages:
                if message.host == host:
                    _stations(cluster, message)
    for message in messages:
        _links(graph, journeys, message)
    return graph


def _node(message: Message, station: str) -> str:
    return f"{message.host}/{message.queue_id}/{station}"


def _stations(cluster: graphviz.Digraph, message: Message) -> None:
    """The daemons that one queue id passed through, in a row."""
    entry = message.first("picked up") or message.first("receiving")
    cluster.node(_node(message, "qmgr"), f"qmgr\n{message.queue_id}")
    if entry is not None:
        cluster.node(_node(message, "entry"), entry.daemon)
    cluster.node(_node(message, "cleanup"), "cleanup")
    if entry is not None:
        cluster.edge(_node(message, "entry"), _node(message, "cleanup"))
    cluster.edge(_node(message, "cleanup"), _node(message, "qmgr"))
    for number, (last, count) in enumerate(_last_attempts(message)):
        colour = _COLOURS.get(last.event, "black")
        delay = str(last.data.get("delays", "")).partition(",")[0]
        times = f" ({count} attempts)" if count > 1 else ""
        station = f"delivery{number}"
        cluster.node(_node(message, station), f"{last.daemon}\n{last.data['recipient']}\n{last.event} {last.data['dsn']}{times}", color=colour)
        cluster.edge(_node(message, "qmgr"), _node(message, station), delay, color=colour)


def _last_attempts(message: Message) -> list[tuple[Event, int]]:
    """The last attempt for each recipient, and how many there were; what an alias becomes is told by the agent's relay."""
    attempts: dict[tuple[str, str], list[Event]] = {}
    for event in message.deliveries:
        attempts.setdefault((event.data["recipient"], str(event.data["reason"]) if event.event == "sent" else ""), []).append(event)
    return [(events[-1], len(events)) for events in attempts.values()][:_MOST_DELIVERIES]


def _links(graph: graphviz.Digraph, journeys: Journeys, message: Message) -> None:
    """What leads to another queue id: SMTP to the next host, forwarding, notifications."""
    for number, (last, _) in enumerate(_last_attempts(message)):
        after = journeys.next_hop(last)
        if after is not None:
            graph.edge(_node(message, f"delivery{number}"), _node(after, "entry"), f"SMTP {last.data['relay'].rpartition(':')[2]}", penwidth="2")
        for event, new in journeys.forwarded(message):
            if event.data["new"] in str(last.data["reason"]):
                graph.edge(_node(message, f"delivery{number}"), _node(new, "cleanup"), "forwarded")
    for event, letter in journeys.notifications(message):
        graph.edge(_node(message, "qmgr"), _node(letter, "cleanup"), f"bounce\n{event.data['what']}", style="dashed")
