"""The traced form of a plain function, written for its very parameters.

A wrapper that takes `*args, **kwargs` has to find out at each call which argument belongs to which parameter, and to
pack them and unpack them; that is a third of what a traced call costs. Here the interpreter does it, as for the
function itself. Calls that do not fit, which raise a TypeError, are left to the other kind of wrapper.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable
from functools import lru_cache
from itertools import takewhile
from types import CodeType, FunctionType
from typing import Any

from ace_tracing.decorator.function import TracedFunction
from ace_tracing.decorator.signature import parameters_of
from ace_tracing.recording.tracer import current_span, failed
from ace_tracing.runtime import state

_PREFIX = "_ace_"
_FILE = os.path.join(os.path.dirname(__file__), "<traced>")
"""Below this package, so that its frames are left out of what is recorded of an exception."""

_SOURCE = """
def make({names}):
    {async_}def traced({parameters}):
        if {misfits}:
            return {await_}_ace_misfit(_ace_generic, {by_position}, {by_either}, {by_keyword}, _ace_rest, _ace_named)
        _ace_tracer = _ace_state.tracer
        if _ace_tracer is None or (_ace_span := _ace_open(_ace_tracer, {{{inputs}}})) is None:
            return {await_}_ace_function({arguments})
        _ace_token = _ace_set(_ace_span)
        try:
            _ace_result = {await_}_ace_function({arguments})
            _ace_ended(_ace_span, _ace_token, _ace_result)
        except BaseException as _ace_error:
            _ace_failed(_ace_span, _ace_token, _ace_error)
            raise
        return _ace_result
    return traced
"""


class _Missing:
    """Stands for an argument that a call does not give, and that has no default."""


def generate(
    function: Callable[..., Any], call: TracedFunction, generic: Callable[..., Any]
) -> Callable[..., Any] | None:
    """Give the traced form of a function or a coroutine function; None when its parameters do not allow that.

    Args:
        function: the function.
        call: what is recorded of its calls.
        generic: its other traced form, for calls that do not fit its parameters.
    """
    # What another decorator has made may treat an argument by name otherwise than one by position, or take others than
    # it says.
    if type(function) is not FunctionType or not vars(function).keys().isdisjoint(("__wrapped__", "__signature__")):
        return None
    parameters = parameters_of(function)
    if any(p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD) or p.name.startswith(_PREFIX) for p in parameters):
        return None
    names: dict[str, Any] = {
        "_ace_state": state,
        "_ace_open": call.open_with,
        "_ace_ended": call.ended,
        "_ace_failed": failed,
        "_ace_set": current_span.set,
        "_ace_function": function,
        "_ace_generic": generic,
        "_ace_misfit": _call_that_does_not_fit,
        "_ace_missing": _Missing,
    }
    is_async = inspect.iscoroutinefunction(function)
    shape = tuple((p.name, p.kind, p.default is p.empty) for p in parameters)
    # In the function's own module: code that asks which module calls it is told that one, and not ours.
    made: dict[str, Any] = {}
    exec(_compiled(tuple(names), shape, is_async), function.__globals__, made)  # noqa: S102 - of nothing but names
    traced: Callable[..., Any] = made["make"](**names)
    defaults = {p.name: _Missing if p.default is p.empty else p.default for p in parameters}
    by_keyword = {p.name for p in parameters if p.kind is p.KEYWORD_ONLY}
    traced.__defaults__ = tuple(value for name, value in defaults.items() if name not in by_keyword)
    traced.__kwdefaults__ = {name: value for name, value in defaults.items() if name in by_keyword}
    return traced


def _call_that_does_not_fit(
    generic: Callable[..., Any],
    by_position: tuple[Any, ...],
    by_either: dict[str, Any],
    by_keyword: dict[str, Any],
    rest: tuple[Any, ...],
    named: dict[str, Any],
) -> Any:
    """Make a call as it was made, as far as that can be known."""
    if rest:
        return generic(*by_position, *by_either.values(), *rest, **_given(by_keyword), **named)
    # Behind one that is missing only defaults can stand.
    positional = takewhile(lambda value: value is not _Missing, by_position)
    return generic(*positional, **_given(by_either), **_given(by_keyword), **named)


def _given(arguments: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in arguments.items() if value is not _Missing}


_Shape = tuple[tuple[str, Any, bool], ...]
"""Name and kind of each parameter, and whether it is required."""


@lru_cache(maxsize=1_000)
def _compiled(names: tuple[str, ...], shape: _Shape, is_async: bool) -> CodeType:
    kinds = inspect.Parameter
    by_position = [name for name, kind, _ in shape if kind is kinds.POSITIONAL_ONLY]
    by_either = [name for name, kind, _ in shape if kind is kinds.POSITIONAL_OR_KEYWORD]
    by_keyword = [name for name, kind, _ in shape if kind is kinds.KEYWORD_ONLY]
    declared = [*by_position, *(["/"] if by_position else []), *by_either, "*_ace_rest", *by_keyword, "**_ace_named"]
    required = [f"{name} is _ace_missing" for name, _, is_required in shape if is_required]
    named = ", ".join(f"{name}={name}" for name in by_keyword)
    first_is_own = bool(shape) and shape[0][0] in ("self", "cls") and shape[0][1] is not kinds.KEYWORD_ONLY
    source = _SOURCE.format(
        names=", ".join(names),
        async_="async " if is_async else "",
        await_="await " if is_async else "",
        parameters=", ".join(declared),
        misfits=" or ".join(["_ace_rest", "_ace_named", *required]),
        by_position=f"({''.join(f'{name}, ' for name in by_position)})",
        by_either=f"{{{', '.join(f'{name!r}: {name}' for name in by_either)}}}",
        by_keyword=f"{{{', '.join(f'{name!r}: {name}' for name in by_keyword)}}}",
        inputs=", ".join(f"{name!r}: {name}" for name, _, _ in shape[first_is_own:]),
        arguments=", ".join([*by_position, *by_either, *([named] if named else [])]),
    )
    return compile(source, _FILE, "exec")
