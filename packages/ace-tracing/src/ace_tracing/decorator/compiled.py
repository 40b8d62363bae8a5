"""Compiled wrappers: the traced form of a plain function, compiled with the function's own parameters.

A wrapper with `*args, **kwargs` must pack the arguments, find the parameter of each and unpack them again; that takes a
third of a traced call. Here the interpreter binds the arguments, as it does for the function itself. A call that does
not fit the parameters goes to the generic wrapper, so the function raises its own TypeError.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from functools import lru_cache, partial
from itertools import takewhile
from types import CodeType, FunctionType
from typing import Any, Final

from ace_tracing.decorator.function import TracedFunction
from ace_tracing.decorator.signature import parameters_of
from ace_tracing.recording import context
from ace_tracing.recording.context import CurrentSpan, SpanToken, end_with_error
from ace_tracing.recording.exceptions import WRAPPER_FILE
from ace_tracing.recording.span import LiveSpan
from ace_tracing.recording.tracer import Tracer, state

_PREFIX: Final = "_ace_"

# `except:` without a name: a parameter or a global of the user's module can be called `BaseException`.
_TEMPLATE: Final = """
def make({names}):
    {async_}def traced({parameters}):
        if {mismatches}:
            return {await_}_ace_call_generic(
                {positional_only}, {positional}, {keyword_only}, _ace_extra_args, _ace_extra_kwargs
            )
        _ace_tracer = _ace_state.tracer
        if _ace_tracer is None:
            return {await_}_ace_function({arguments})
        # From here on, an exception of a signal handler can come at any step.
        _ace_span = _ace_token = None
        _ace_current = _ace_context.current_span
        _ace_parent = _ace_current.get()
        try:
            _ace_span = _ace_tracer.open(_ace_site, {inputs}, _ace_parent)
            _ace_token = _ace_current.set(_ace_span)
            return _ace_end(_ace_span, _ace_token, {await_}_ace_function({arguments}))
        except:
            if _ace_end_failed(_ace_tracer, _ace_span, _ace_token, _ace_parent):
                raise
        # The span could not start.
        return {await_}_ace_function({arguments})
    return traced
"""


class _NotGiven:
    """The default of a required parameter: the call does not give the argument."""


def compile_wrapper(
    function: Callable[..., Any], traced_function: TracedFunction, generic: Callable[..., Any]
) -> Callable[..., Any] | None:
    """Compile the traced form of a function or a coroutine function.

    Args:
        function: The function.
        traced_function: Starts and ends the spans of its calls.
        generic: The wrapper for calls that do not fit the function's parameters.

    Returns:
        The traced form, or None when the function is not a plain one or has `*args` or `**kwargs`.
    """
    # A function that another decorator wrapped can treat an argument differently by name than by position, and can
    # accept other arguments than its signature shows.
    if type(function) is not FunctionType or not vars(function).keys().isdisjoint(("__wrapped__", "__signature__")):
        return None
    parameters = parameters_of(function)
    if any(p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD) or p.name.startswith(_PREFIX) for p in parameters):
        return None
    # Every value can be pickled, for a traced function that is pickled by value: a context variable cannot.
    names: dict[str, Any] = {
        "_ace_state": state,
        "_ace_context": context,
        "_ace_site": traced_function.site,
        "_ace_encode_inputs": traced_function.encode_inputs,
        "_ace_end": traced_function.end,
        "_ace_end_failed": _end_failed,
        "_ace_function": function,
        "_ace_call_generic": partial(_call_generic, generic),
        "_ace_not_given": _NotGiven,
    }
    is_async = inspect.iscoroutinefunction(function)
    shape = tuple((p.name, p.kind, p.default is p.empty) for p in parameters)
    # The function's own globals: code that looks up its caller's module finds the function's module.
    namespace: dict[str, Any] = {}
    code = _compile_source(tuple(names), shape, is_async, traced_function.records_all_inputs)
    exec(code, function.__globals__, namespace)  # noqa: S102 - only names vary
    traced: Callable[..., Any] = namespace["make"](**names)
    defaults = {p.name: _NotGiven if p.default is p.empty else p.default for p in parameters}
    keyword_only = {p.name for p in parameters if p.kind is p.KEYWORD_ONLY}
    traced.__defaults__ = tuple(value for name, value in defaults.items() if name not in keyword_only)
    traced.__kwdefaults__ = {name: value for name, value in defaults.items() if name in keyword_only}
    return traced


def _end_failed(tracer: Tracer, span: LiveSpan | None, token: SpanToken | None, parent: CurrentSpan) -> bool:
    """End the span of a call with the exception being handled.

    Returns:
        Whether the exception is the user's. False after an internal error before the call.
    """
    error = sys.exception()
    where = None if error is None else error.__traceback__
    if span is None and isinstance(error, Exception) and where is not None and where.tb_next:
        # Without the wrapper's own frame: that of a traced signal handler looks like an interrupt.
        error.__traceback__ = where.tb_next
        tracer.report_unrecorded(parent)
        return False
    if error is not None:
        end_with_error(span, token, error, parent)
    return True


def _call_generic(
    generic: Callable[..., Any],
    positional_only: tuple[Any, ...],
    positional: dict[str, Any],
    keyword_only: dict[str, Any],
    extra_args: tuple[Any, ...],
    extra_kwargs: dict[str, Any],
) -> Any:
    """Repeat a call with the generic wrapper, with its arguments as given as far as they can be reconstructed."""
    if extra_args:
        return generic(*positional_only, *positional.values(), *extra_args, **_given(keyword_only), **extra_kwargs)
    # After the first missing argument there are only defaults.
    given = takewhile(lambda value: value is not _NotGiven, positional_only)
    return generic(*given, **_given(positional), **_given(keyword_only), **extra_kwargs)


def _given(arguments: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in arguments.items() if value is not _NotGiven}


_Shape = tuple[tuple[str, Any, bool], ...]
"""Name and kind of each parameter, and whether it is required."""


@lru_cache(maxsize=1_000)
def _compile_source(names: tuple[str, ...], shape: _Shape, is_async: bool, records_all_inputs: bool) -> CodeType:
    kinds = inspect.Parameter
    positional_only = [name for name, kind, _ in shape if kind is kinds.POSITIONAL_ONLY]
    positional = [name for name, kind, _ in shape if kind is kinds.POSITIONAL_OR_KEYWORD]
    keyword_only = [name for name, kind, _ in shape if kind is kinds.KEYWORD_ONLY]
    slash = ["/"] if positional_only else []
    parameters = [*positional_only, *slash, *positional, "*_ace_extra_args", *keyword_only, "**_ace_extra_kwargs"]
    required = [f"{name} is _ace_not_given" for name, _, is_required in shape if is_required]
    by_keyword = [f"{name}={name}" for name in keyword_only]
    skips_first = bool(shape) and shape[0][0] in ("self", "cls") and shape[0][1] is not kinds.KEYWORD_ONLY
    inputs = f"{{{', '.join(f'{name!r}: {name}' for name, _, _ in shape[skips_first:])}}}"
    source = _TEMPLATE.format(
        names=", ".join(names),
        async_="async " if is_async else "",
        await_="await " if is_async else "",
        parameters=", ".join(parameters),
        mismatches=" or ".join(["_ace_extra_args", "_ace_extra_kwargs", *required]),
        positional_only=f"({''.join(f'{name}, ' for name in positional_only)})",
        positional=f"{{{', '.join(f'{name!r}: {name}' for name in positional)}}}",
        keyword_only=f"{{{', '.join(f'{name!r}: {name}' for name in keyword_only)}}}",
        inputs=inputs if records_all_inputs else f"_ace_encode_inputs(_ace_tracer, {inputs}, _ace_parent)",
        arguments=", ".join([*positional_only, *positional, *by_keyword]),
    )
    return compile(source, WRAPPER_FILE, "exec")
