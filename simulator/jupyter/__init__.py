"""The notebook's face: `%load_ext simulator.jupyter` brings the magics; pictures are drawn here, too."""

from __future__ import annotations

from typing import Any

from simulator.jupyter.magics import MaillabMagics
from simulator.jupyter.pictures import chain, draw, journey
from simulator.jupyter.trainer_magics import TrainerMagics

__all__ = ["chain", "draw", "journey", "load_ipython_extension"]


def load_ipython_extension(shell: Any) -> None:
    """Called by `%load_ext simulator.jupyter`."""
    maillab = MaillabMagics(shell)
    shell.register_magics(maillab)
    shell.register_magics(TrainerMagics(shell, maillab))
    shell.set_hook("complete_command", shell.find_line_magic("lab").__self__.complete, str_key="%%host")
