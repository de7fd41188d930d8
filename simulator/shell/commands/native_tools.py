"""NAME
    grep, egrep, fgrep, sed, awk, mawk, sort, expr - the tools for text and sums

SYNOPSIS
    grep [-EFivnclLoqrRwxhHABCe...] PATTERN [FILE...]     sed [-nEi] SCRIPT [FILE...]     awk [-F SEP] [-v VAR=VALUE] PROGRAM [FILE...]
    sort [-nrukth...] [FILE...]

DESCRIPTION
    Search, edit, and compute with text. These are the tools of the shell's own library; their options and results are those of
    GNU grep, sed and sort, and of awk.

DIFFERS FROM DEBIAN
    Some rare options are missing. awk speaks a little more than mawk does, and counts characters, not bytes.
"""

from __future__ import annotations

from simulator.shell.native import run_native
from simulator.unix.program import program

for _name in ("grep", "egrep", "fgrep", "sed", "sort", "expr"):
    program(f"/usr/bin/{_name}")(run_native)
program("/usr/bin/mawk", "/usr/bin/awk", "/usr/bin/nawk")(run_native)
