"""Names and numbers of ports: /etc/services."""

from __future__ import annotations

from simulator.unix.fs import Fs


def _lines(fs: Fs) -> list[list[str]]:
    try:
        text = fs.read("/etc/services").decode("utf-8", "replace")
    except OSError:
        return []
    return [words for words in (line.split("#")[0].split() for line in text.splitlines()) if len(words) > 1]


def port_number(fs: Fs, name: str, protocol: str = "tcp") -> int | None:
    """The number for a port's name or digits; None if there is none."""
    if name.isdigit():
        return int(name)
    for first, pair, *aliases in _lines(fs):
        number, _, kind = pair.partition("/")
        if kind == protocol and name in (first, *aliases):
            return int(number)
    return None


def port_name(fs: Fs, port: int, protocol: str = "tcp") -> str | None:
    """The name of a port; None if it has none."""
    return next((words[0] for words in _lines(fs) if words[1] == f"{port}/{protocol}"), None)
