"""The four files of accounts, edited as shadow's tools edit them: passwd(5), shadow(5), group(5), gshadow(5)."""

from __future__ import annotations

from simulator.unix.program import Process

PASSWD, SHADOW, GROUP, GSHADOW = "/etc/passwd", "/etc/shadow", "/etc/group", "/etc/gshadow"
USER_IDS, SYSTEM_IDS = range(1000, 60000), range(100, 1000)


def records(p: Process, path: str) -> list[list[str]]:
    """The lines of a file, cut at colons."""
    if not p.fs.exists(path):
        return []
    return [line.split(":") for line in p.fs.read(path).decode("utf-8", "surrogateescape").splitlines()]


def save(p: Process, path: str, rows: list[list[str]]) -> None:
    """Write the lines back; owner and mode of the file stay. Raises OSError for who may not."""
    p.fs.write(path, "".join(":".join(row) + "\n" for row in rows).encode("utf-8", "surrogateescape"), p.cred)


def find(rows: list[list[str]], name: str) -> list[str] | None:
    """The line of a name."""
    return next((row for row in rows if row[0] == name), None)


def add(p: Process, path: str, row: list[str]) -> None:
    """A line at the end."""
    p.fs.append(path, (":".join(row) + "\n").encode("utf-8", "surrogateescape"), p.cred)


def remove(p: Process, path: str, name: str) -> None:
    """Drop the line of a name."""
    save(p, path, [row for row in records(p, path) if row[0] != name])


def change(p: Process, path: str, name: str, column: int, value: str) -> None:
    """Set one field of the line of a name."""
    rows = records(p, path)
    for row in rows:
        if row[0] == name:
            row[column] = value
    save(p, path, rows)


def today(p: Process) -> str:
    """Days since 1970, as shadow(5) counts."""
    return str(int(p.clock.now // 86400))


def free_id(p: Process, path: str, system: bool, prefer: int = -1) -> int:
    """A number for a new user or group: the next above the highest, or for system ones the highest that is free."""
    used = {int(row[2]) for row in records(p, path) if len(row) > 2 and row[2].isdigit()}
    if prefer >= 0 and prefer not in used:
        return prefer
    if system:
        return next(number for number in reversed(SYSTEM_IDS) if number not in used)
    return max([USER_IDS.start - 1, *(number for number in used if number in USER_IDS)]) + 1


def members(row: list[str]) -> list[str]:
    """The members that a line of group(5) or gshadow(5) lists."""
    return [name for name in row[3].split(",") if name]


def set_members(p: Process, group: str, names: list[str]) -> None:
    """Set the members of a group in both files."""
    for path in (GROUP, GSHADOW):
        change(p, path, group, 3, ",".join(names))


def groups_of(p: Process, user: str) -> list[str]:
    """The groups that list a user."""
    return [row[0] for row in records(p, GROUP) if len(row) > 3 and user in members(row)]
