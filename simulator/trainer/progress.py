"""What a learner has reached, kept in the user's data directory; the only file of the trainer on the real disk."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

import platformdirs


class ProgressError(ValueError):
    """The file cannot be read: one line that names it."""


@dataclass(frozen=True, slots=True)
class Record:
    """One exercise: checks made, the best points, whether all goals were ever reached, when last (epoch seconds), seconds spent."""

    attempts: int = 0
    best: float = 0.0
    most: int = 0
    passed: bool = False
    last: float = 0.0
    spent: float = 0.0


class Progress:
    """The records of all exercises, by id. `path`: another file than the user's own."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or platformdirs.user_data_path("maillab") / "progress.json"
        self.records = self._read()

    def _read(self) -> dict[str, Record]:
        try:
            data = json.loads(self.path.read_text("utf-8"))
            return {name: Record(**entry) for name, entry in data.items()}
        except FileNotFoundError:
            return {}
        except (ValueError, TypeError, AttributeError) as error:
            raise ProgressError(f"{self.path}: not a record of progress: {error}") from error

    def note(self, exercise: str, points: float, most: int, passed: bool, now: float, spent: float) -> Record:
        """Write down a check: `now` in epoch seconds, `spent` in seconds since the last one. The file is replaced atomically."""
        old = self.records.get(exercise, Record())
        new = Record(old.attempts + 1, max(old.best, points), most, old.passed or passed, now, old.spent + spent)
        self.records[exercise] = new
        self.path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self.path.with_name(f".{self.path.name}.new")
        fresh.write_text(json.dumps({name: asdict(entry) for name, entry in self.records.items()}, indent=1) + "\n", "utf-8")
        os.replace(fresh, self.path)
        return new
