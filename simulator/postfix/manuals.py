"""The manual pages of sections 5 and 8: file formats, and the pages at the head of each daemon's file."""

from __future__ import annotations

import ast
import functools
from importlib import resources

from simulator.unix.program import MANUALS, Manual

_MARK = "/usr/sbin/postfix"
#: Daemons of section 8, by the name of their page; the module has underscores for dashes.
_DAEMONS = (
    "anvil bounce cleanup discard error flush lmtp local master pickup pipe proxymap qmgr scache showq smtp smtpd tlsmgr trivial-rewrite verify "
    "virtual"
).split()


@functools.cache
def _daemon_page(name: str) -> str:
    """The docstring of a daemon's module, without importing it; empty if there is no such module."""
    source = resources.files(__package__).joinpath(f"{name.replace('-', '_')}.py")
    return ast.get_docstring(ast.parse(source.read_text("utf-8"))) or "" if source.is_file() else ""


@functools.cache
def _format_page(name: str) -> str:
    return resources.files(__package__).joinpath("data/man", f"{name}.5").read_text("utf-8")


def _formats() -> list[str]:
    pages = resources.files(__package__).joinpath("data/man")
    return sorted(page.name.removesuffix(".5") for page in pages.iterdir() if page.name.endswith(".5"))


def register() -> None:
    """Make the pages known to man(1)."""
    for name in _DAEMONS:
        if resources.files(__package__).joinpath(f"{name.replace('-', '_')}.py").is_file():
            MANUALS.append(Manual(name, 8, _MARK, functools.partial(_daemon_page, name)))
    for name in _formats():
        MANUALS.append(Manual(name, 5, _MARK, functools.partial(_format_page, name)))
    MANUALS.append(Manual("body_checks", 5, _MARK, functools.partial(_format_page, "header_checks")))
