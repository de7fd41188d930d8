"""What Perl's functions share."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from simulator.shell.perl.handles import Handle
from simulator.shell.perl.machine import Value
from simulator.shell.perl.nodes import Node
from simulator.shell.perl.text import number, string

if TYPE_CHECKING:
    from simulator.shell.perl.interpreter import Interpreter

Function = Callable[["Interpreter", Node, str], Value]
UNDERSCORE = Node("scalar", 0, text="_")


def argument(perl: Interpreter, node: Node, index: int = 0) -> Value:
    """An argument in scalar context; $_ where the first is missing."""
    return perl.scalar(node.args[index]) if index < len(node.args) else perl.scalar(UNDERSCORE) if index == 0 else None


def of_text(function: Callable[[str], Value]) -> Function:
    return lambda perl, node, want: function(string(argument(perl, node)))


def of_number(function: Callable[[float], Value]) -> Function:
    return lambda perl, node, want: function(number(argument(perl, node)))


def failed(perl: Interpreter, error: OSError) -> bool:
    perl.globals["$!"] = error.errno or 0
    return False


def handle_of(perl: Interpreter, node: Node) -> Handle | None:
    target = node.args[0] if node.args else Node("handle", node.line, text="ARGV")
    return perl.files.get(target.text) if target.kind in ("handle", "user") else perl.handle(perl.scalar(target))
