"""Placeholder until the interpreter is here."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulator.dovecot.delivery import Delivery


def run_script(delivery: Delivery) -> bool:
    """No script."""
    return False
