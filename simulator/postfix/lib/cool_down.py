"""How often a program reads a file that was edited just before: load_file(3).

File times have whole seconds here: a program that sees a file of this second or the last cannot know that the edit is over.
It reads the file again every 0.3 seconds until the file has aged, and repeats its warnings each time.
"""

from __future__ import annotations

PAUSE = 0.3


def readings(edited: float, now: float) -> int:
    """The number of readings for a file with modification time `edited` by a program that opens it at `now`."""
    count, waited, before = 0, 0.0, int(now)
    while True:
        count += 1
        after = int(now + waited)
        if int(edited) < before - 1 or int(edited) > after:
            return count
        waited += PAUSE
        before = after
