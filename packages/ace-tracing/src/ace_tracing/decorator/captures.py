"""Capture settings: the arguments and the part of a result that a span records, chosen by the user."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from ace_tracing.diagnostics import warn
from ace_tracing.interrupts import raise_interrupt

CaptureFunction = Callable[[Any], Any]
Capture = bool | Iterable[str] | CaptureFunction
"""A capture setting: all values, no values, the parameters with these names, or the result of a function."""


class Withheld(str):
    """The text to record in place of a value that cannot be copied."""

    __slots__ = ()


def capture_nothing(_value: Any) -> None:
    """Return None: the capture function for the setting False."""


def find_input_capture(capture: Capture, var_keyword: str | None) -> CaptureFunction | None:
    """Return the function that takes the arguments of a call by name and returns the value to record.

    Args:
        capture: The setting, as `checks` allows it.
        var_keyword: The name of the function's `**kwargs`, whose arguments can be named, too.

    Returns:
        The function. None for True, `capture_nothing` for False.
    """
    if capture is True:
        return None
    if capture is False:
        return capture_nothing
    if callable(capture):
        import_copies()
        return lambda arguments: apply_to_copy(capture, arguments)
    names = frozenset(capture)

    def select(arguments: dict[str, Any]) -> dict[str, Any]:
        selected = {name: value for name, value in arguments.items() if name in names}
        if var_keyword in arguments and var_keyword not in names:
            others = {name: value for name, value in arguments[var_keyword].items() if name in names}
            if others:
                selected[var_keyword] = others
        return selected

    return select


def find_output_capture(capture: bool | CaptureFunction) -> CaptureFunction | None:
    """Return the user's function for a result. None for True, `capture_nothing` for False."""
    if callable(capture):
        import_copies()
        return capture
    return None if capture else capture_nothing


def check_reducer(reducer: CaptureFunction | None) -> CaptureFunction | None:
    """Return a reducer, after the import of the module that copies its items."""
    if reducer is not None:
        import_copies()
    return reducer


def apply_to_copy(function: CaptureFunction, value: Any) -> Any:
    """Return the result of a user's function for a copy of a value, so that it cannot change the value itself."""
    copied = copy_for_capture(value)
    return copied if type(copied) is Withheld else apply(function, copied)


def apply(function: CaptureFunction, value: Any) -> Any:
    """Return the result of a user's function. When it raises, the value is withheld, and a warning is logged."""
    try:
        return function(value)
    except BaseException as error:  # noqa: BLE001 - it can raise anything, which must not reach the traced code
        raise_interrupt(error)
        # The exception's message is not logged, because it can contain the value.
        warn("capture", "A capture function raised %s; the value is withheld", type(error).__name__)
        return f"<withheld: the capture function raised {type(error).__name__}>"


def copy_for_capture(value: Any) -> Any:
    """Return a copy of a value for a user's function, or a `Withheld` when the value cannot be copied."""
    from ace_tracing.values.copies import copy_value

    try:
        return copy_value(value)
    except Exception as error:  # noqa: BLE001 - the copy of a library can raise anything
        raise_interrupt(error, type(value))
        name = type(error).__name__
        warn("capture copy", "A value was withheld: it could not be copied for a capture function (%s)", name)
        return Withheld(f"<withheld: it could not be copied for the capture function: {name}>")


def import_copies() -> None:
    """Import the module now: most programs do not need it, and no call of a traced function imports anything."""
    import ace_tracing.values.copies  # noqa: F401
