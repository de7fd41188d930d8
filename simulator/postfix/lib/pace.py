"""How long the small steps inside a host take: a process starts, a connection is accepted, a trigger is noticed.

On a real host these are milliseconds that differ from time to time. Here they come from a fixed sequence of numbers, so that
delays and queue ids look as real ones do and a session still repeats to the byte.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

#: Seconds, and how much of them may be missing or come on top.
STEPS: Final[dict[str, tuple[float, float]]] = {
    "trigger": (0.0015, 0.001),
    "connect": (0.0007, 0.0005),
    "spawn": (0.007, 0.003),
    "reply": (0.0006, 0.0004),
}
_MULTIPLIER, _INCREMENT, _MODULUS = 1_103_515_245, 12_345, 1 << 31


@dataclass(slots=True)
class Pace:
    """A source of durations; the same seed gives the same ones."""

    state: int = 20_261_124

    def of(self, step: str) -> float:
        """The duration of the next such step, in seconds."""
        self.state = (self.state * _MULTIPLIER + _INCREMENT) % _MODULUS
        mean, spread = STEPS[step]
        return mean + spread * (2 * (self.state >> 8) / (_MODULUS >> 8) - 1)
