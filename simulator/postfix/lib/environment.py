"""The environment of daemons and of the programs they run: postconf(5) import_environment, export_environment.

master(8) keeps the variables that import_environment names, from the environment of `postfix start`; a program that a
daemon runs gets of these what export_environment names.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from simulator.postfix.lib.braces import list_words, unbrace
from simulator.postfix.lib.logical_lines import split_name_value
from simulator.postfix.lib.msg import Fatal

if TYPE_CHECKING:
    from simulator.postfix.lib.parameters import Parameters

#: What the shell of root has that import_environment may name.
_STARTED_WITH: Final = {"TZ": "UTC", "LANG": "C.UTF-8"}


def _selected(names: str, environment: Mapping[str, str]) -> dict[str, str]:
    """clean_env(3): the named variables, in that order; NAME=VALUE sets one."""
    chosen: dict[str, str] = {}
    for word in list_words(names):
        text = unbrace(word, strip=True)[0] if word.startswith("{") else word
        if "=" in text:
            try:
                name, value = split_name_value(text)
            except ValueError as error:
                raise Fatal(f"clean_env: {error} in: {text}") from None
            chosen[name] = value
        elif text in environment:
            chosen[text] = environment[text]
    return chosen


def daemon_environment(params: Parameters) -> dict[str, str]:
    """What a daemon has. Raises Fatal for a malformed parameter."""
    started = dict(_STARTED_WITH) | {"MAIL_CONFIG": params["config_directory"]}
    return _selected(params["import_environment"], started)


def exported_environment(params: Parameters) -> dict[str, str]:
    """What a daemon hands on to a program. Raises Fatal for a malformed parameter."""
    return _selected(params["export_environment"], daemon_environment(params))
