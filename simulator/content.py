"""Where the content lies: labs, exercises and notebooks, in a checkout or carried by the wheel."""

from __future__ import annotations

from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path


def folder(kind: str) -> Traversable:
    """The folder "labs", "exercises" or "notebooks". The wheel carries them as `simulator/_content/KIND`.

    Raises FileNotFoundError if this installation has none.
    """
    packed = resources.files("simulator").joinpath("_content", kind)
    if packed.is_dir():
        return packed
    checkout = Path(__file__).resolve().parent.parent / kind
    if checkout.is_dir():
        return checkout
    raise FileNotFoundError(f"this installation carries no {kind}")


def names(kind: str, mark: str) -> list[str]:
    """The names of the entries below a content folder that hold the file `mark`."""
    return sorted(entry.name for entry in folder(kind).iterdir() if entry.is_dir() and entry.joinpath(mark).is_file())
