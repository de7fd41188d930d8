"""NAME
    less, more, pager, zless, nano, vi, vim, ed - look at files page by page, edit them

SYNOPSIS
    less [FILE...]     more [FILE...]     nano FILE     vi FILE

DESCRIPTION
    Without a terminal a pager writes its files as cat(1) does. Editors need a terminal that can be taken over.

DIFFERS FROM DEBIAN
    On a terminal the whole file is shown at once. Editors are not simulated; the terminal may offer one of its own.
"""

from __future__ import annotations

from simulator.shell import files
from simulator.unix.program import Process, program


@program("/usr/bin/less", "/usr/bin/pager")
def less(p: Process) -> int:
    """less(1)."""
    return _show(p, "{name}: {reason}\n", 'Missing filename ("less --help" for help)\n')


@program("/usr/bin/more")
def more(p: Process) -> int:
    """more(1)."""
    return _show(p, "more: cannot open {name}: {reason}\n", "more: bad usage\nTry 'more --help' for more information.\n")


def _show(p: Process, trouble: str, missing: str) -> int:
    names = [word for word in p.argv[1:] if not word.startswith(("-", "+")) or word == "-"]
    if not names and not p.stdin:
        p.err(missing if p.tty or p.name == "more" else "")
        return 1 if p.tty or p.name == "more" else 0
    status, several = 0, len(names) > 1
    for name, data in files.operands(p, names):
        if isinstance(data, IsADirectoryError):
            p.err(f"{name} is a directory\n" if p.name != "more" else f"\n*** {name}: directory ***\n\n")
            status = 1
        elif isinstance(data, OSError):
            p.err(trouble.format(name=name, reason=data.strerror))
            status = 1
        else:
            if several and p.name == "more":
                p.out(f"::::::::::::::\n{name}\n::::::::::::::\n")
            p.out(files.text(data))
    return status


@program("/usr/bin/nano", package="nano")
def nano(p: Process) -> int:
    """nano(1)."""
    return editor(p)


@program("/usr/bin/vim.tiny", "/usr/bin/vi", "/usr/bin/vim", package="vim-tiny")
def vi(p: Process) -> int:
    """vi(1)."""
    return editor(p)


def editor(p: Process) -> int:
    """Say that an editor cannot work here."""
    p.err(f"simulator: {p.name}: an editor needs a terminal; write the file with cat <<, printf or sed -i\n")
    return 1
