"""Checks of the arguments of `@trace`, when a function is decorated."""

from __future__ import annotations

import enum
import functools
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from ace_tracing.decorator.captures import Capture
from ace_tracing.decorator.descriptors import is_method
from ace_tracing.decorator.signature import Binder
from ace_tracing.recording.checks import read_attributes, show_value

if TYPE_CHECKING:
    from ace_tracing.errors import ArgumentError

_ASYNC: Final = "an async function or a generator: give a plain function, since its result is recorded at once"


class Settings(NamedTuple):
    """Checked arguments of `@trace`. A name or agent of None is the default."""

    name: str | None
    span_type: str
    attributes: Mapping[str, Any] | None
    agent: str | None
    capture_inputs: Capture
    capture_outputs: bool | Callable[[Any], Any]
    reducer: Callable[[list[Any]], Any] | None


def check_settings(settings: Settings) -> Settings:
    """Return the arguments of `@trace` in their plain types.

    Raises:
        ArgumentError: An argument has a wrong type. The message contains the correct types.
    """
    texts: dict[str, str | None] = {}
    for argument in ("name", "agent"):
        value = getattr(settings, argument)
        if value is not None and not isinstance(value, str):
            raise _wrong(argument, value, "give text")
        # The plain text of a subclass, whose methods can raise.
        texts[argument] = None if value is None else str.__str__(value)
    attributes = settings.attributes
    if attributes is not None and not isinstance(attributes, Mapping):
        raise _wrong("attributes", attributes, 'give a dict, such as {"model": "gpt-4o"}')
    if not isinstance(settings.capture_outputs, bool):
        _check_function("capture_outputs", settings.capture_outputs, "give True, False or a function of the result")
    if settings.reducer is not None:
        _check_function("reducer", settings.reducer, "give a function of the list of items")
    return settings._replace(
        name=texts["name"],
        agent=texts["agent"],
        span_type=_read_span_type(settings.span_type),
        attributes=None if attributes is None else read_attributes("@trace(attributes=...)", attributes),
        capture_inputs=_read_capture(settings.capture_inputs),
    )


def check_parameter_names(target: Any, capture_inputs: Capture) -> None:
    """Check that each name of `capture_inputs` is a parameter of a decorated function, or may be one of `**kwargs`.

    Args:
        target: The decorated function, descriptor or class.
        capture_inputs: The checked setting.

    Raises:
        ArgumentError: A name is no parameter. The message contains the parameters.
    """
    if not isinstance(capture_inputs, frozenset):
        return
    binders = [Binder(function) for function in _functions_of(target)]
    if any(binder.var_keyword is not None for binder in binders):
        return
    known = list(dict.fromkeys(name for binder in binders for name in binder.recorded_names))
    unknown = sorted(capture_inputs - set(known))
    if unknown:
        name = getattr(target, "__qualname__", type(target).__qualname__)
        given = ", ".join(map(repr, unknown))
        raise _error(
            f"@trace(capture_inputs=...): {given} is not a recorded parameter of {name}. "
            f"The parameters are: {', '.join(map(repr, known)) or 'none'}."
        )


def _functions_of(target: Any) -> Iterator[Any]:
    """Yield the functions that `@trace` decorates for a target."""
    if isinstance(target, type):
        for name, member in vars(target).items():
            if not name.startswith("_") and is_method(member):
                yield from _functions_of(member)
    elif isinstance(target, (staticmethod, classmethod)):
        yield from _functions_of(target.__func__)
    elif isinstance(target, property):
        yield from (function for function in (target.fget, target.fset, target.fdel) if function is not None)
    elif isinstance(target, functools.cached_property):
        yield target.func
    else:
        yield target


def _read_span_type(value: Any) -> str:
    text = value.value if isinstance(value, enum.Enum) else value
    if not isinstance(text, str):
        raise _wrong("span_type", value, 'give a SpanType or text, such as "LLM"')
    return str.__str__(text)


def _read_capture(value: Any) -> Capture:
    """Return the setting for inputs, with names as a frozenset: a generator of names can be read only once."""
    advice = "give True, False, a list of parameter names, or a function of the dict of arguments"
    if isinstance(value, bool):
        return value
    if callable(value):
        _check_function("capture_inputs", value, advice)
        return value  # type: ignore[no-any-return]
    names = [value] if isinstance(value, str) else list(value) if isinstance(value, Iterable) else [None]
    if not all(isinstance(name, str) for name in names):
        raise _wrong("capture_inputs", value, advice)
    return frozenset(map(str.__str__, names))


def _check_function(argument: str, value: Any, advice: str) -> None:
    if not callable(value):
        raise _wrong(argument, value, advice)
    checks = (inspect.iscoroutinefunction, inspect.isgeneratorfunction, inspect.isasyncgenfunction)
    if any(check(value) for check in checks):
        raise _error(f"@trace({argument}=...) is {_ASYNC}.")


def _wrong(argument: str, value: Any, advice: str) -> ArgumentError:
    return _error(f"@trace({argument}={show_value(value)}): {advice}.")


def _error(message: str) -> ArgumentError:
    # Imported here to keep the import of the package fast.
    from ace_tracing.errors import ArgumentError

    return ArgumentError(message)
