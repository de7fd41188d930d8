"""Perl's functions, all of them: perlfunc(1)."""

from __future__ import annotations

from simulator.shell.perl.files import FILES
from simulator.shell.perl.functions import Function
from simulator.shell.perl.lists import LISTS
from simulator.shell.perl.strings import STRINGS
from simulator.shell.perl.system import SYSTEM

BUILTINS: dict[str, Function] = {**STRINGS, **LISTS, **FILES, **SYSTEM}
