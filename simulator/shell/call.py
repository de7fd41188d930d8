"""What bashkit hands over when a line calls a command of ours."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.unix.program import Result


@dataclass(frozen=True, slots=True)
class Call:
    """A command word with its arguments, as bashkit hands it over. `pipes` is what `<(...)` among the arguments wrote."""

    name: str
    argv: list[str]
    stdin: str
    env: dict[str, str]
    cwd: str
    pipes: dict[str, bytes]


class Ended(Exception):
    """A command ended the whole script, with what the script had written."""

    def __init__(self, status: int, stderr: str = "") -> None:
        super().__init__(status)
        self.status = status
        self.written = Result("", stderr)
