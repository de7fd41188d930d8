"""Parameter values by type: bool, int, long, time and bounded text. postconf(5); the errors are those of mail_conf_int(3) and its kin."""

from __future__ import annotations

from simulator.postfix.lib.msg import Fatal
from simulator.postfix.lib.numbers import INT_MAX, LONG_MAX, seconds, whole_number
from simulator.postfix.lib.parameter_table import Parameter

#: Kinds with the same conversion: those with n may have an expression for a default.
_SAME = {"nbool": "bool", "nint": "int"}


def to_bool(name: str, text: str) -> bool:
    """`yes` or `no` in any case. Raises Fatal."""
    word = text.lower()
    if word not in ("yes", "no"):
        raise Fatal(f"bad boolean configuration: {name} = {text}")
    return word == "yes"


def to_int(name: str, text: str, minimum: int = 0, maximum: int = 0, largest: int = INT_MAX) -> int:
    """A number within bounds; a bound of 0 is none. Raises Fatal."""
    value = whole_number(text, largest)
    if value is None:
        raise Fatal(f"bad numerical configuration: {name} = {text}")
    if minimum and value < minimum:
        raise Fatal(f"invalid {name} parameter value {value} < {minimum}")
    if maximum and value > maximum:
        raise Fatal(f"invalid {name} parameter value {value} > {maximum}")
    return value


def to_seconds(name: str, text: str, unit: str, minimum: int = 0, maximum: int = 0) -> int:
    """A time value in seconds; `unit` counts where the text has none. Raises Fatal."""
    value = seconds(text, unit)
    if value is None:
        raise Fatal(f"parameter {name}: bad time value or unit: {text}")
    if minimum and value < minimum:
        raise Fatal(f"invalid {name}: {value} (min {minimum})")
    if maximum and value > maximum:
        raise Fatal(f"invalid {name}: {value} (max {maximum})")
    return value


def default_unit(default: str) -> str:
    """The unit of a time parameter: that of its default value."""
    return next(char for char in default if char.isascii() and char.isalpha())


def check_length(parameter: Parameter, text: str) -> None:
    """Text parameters have bounds in bytes. Raises Fatal."""
    length = len(text) if text.isascii() else len(text.encode("utf-8", "surrogateescape"))
    for bound, wrong, sign in ((parameter.minimum, length < parameter.minimum, "<"), (parameter.maximum, length > parameter.maximum, ">")):
        if bound and wrong:
            figures = f"{length} {sign} {bound}"
            raise Fatal(f"bad string length {figures if parameter.kind != 'raw' else f'({figures})'}: {parameter.name} = {text}")


def convert(parameter: Parameter, text: str, unit: str = "s") -> int | str:
    """The value of a built-in parameter: a number for bool, int, long and time, else the text. Raises Fatal."""
    kind = _SAME.get(parameter.kind, parameter.kind)
    if kind == "bool":
        return to_bool(parameter.name, text)
    if kind in ("int", "long"):
        return to_int(parameter.name, text, parameter.minimum, parameter.maximum, INT_MAX if kind == "int" else LONG_MAX)
    if kind == "time":
        return to_seconds(parameter.name, text, unit, parameter.minimum, parameter.maximum)
    check_length(parameter, text)
    return text
