"""The summary of a message in procmail's log (LOGABSTRACT), which `formail -l` writes as well."""

from __future__ import annotations

from typing import Final

#: Room for the folder's name before the column of the length.
_MAX_FOLDER: Final = 60
_LENGTH_COLUMN: Final = 72
_TAB: Final = 8
_SUBJECT_SHOWN: Final = 78
_HEAD: Final = "  Folder: "


def _detab(text: str) -> str:
    return "".join(" " if char in "\t\n\v\f\r" else char for char in text)


def subject_line(field: str) -> str:
    """The Subject field, indented; nothing where there is none."""
    return f" {_detab(field[:_SUBJECT_SHOWN])}\n" if field else ""


def folder_line(folder: str, length: int) -> str:
    """Where the message went, and how long it is."""
    name = _detab(folder[:_MAX_FOLDER])
    column = len(_HEAD) + len(name)
    column -= column % _TAB
    tabs = 1
    while (column := column + _TAB) < _LENGTH_COLUMN:
        tabs += 1
    return f"{_HEAD}{name}" + "\t" * tabs + f"{length:7d}\n"
