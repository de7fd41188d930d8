"""Pictures by Graphviz: the system's `dot` where there is one, else the one that pip brought (graphviz-pure).

The choice is made here alone.
"""

from __future__ import annotations

import functools
import shutil
import sysconfig
from pathlib import Path

import graphviz
from graphviz.backend import dot_command

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


def chain() -> graphviz.Digraph:
    """The way of a message through the agents, with the ports: the notes' sequence diagram."""
    use_dot()
    font = {"fontname": "Arial", "fontsize": "11"}
    graph = graphviz.Digraph("chain", node_attr={"shape": "box", "style": "rounded", "margin": "0.15,0.08"} | font, edge_attr=font)
    graph.attr(rankdir="LR")
    for name, title, programs in _CHAIN:
        graph.node(name, f"{name.rstrip('2')}\n{title}\n{programs}")
    for start, end, port in _HOPS:
        graph.edge(start, end, port, style="dashed" if start == "MUA" else "solid")
    return graph
