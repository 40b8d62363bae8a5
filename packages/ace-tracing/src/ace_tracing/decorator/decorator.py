"""The `@trace` decorator."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar, overload

from ace_tracing.decorator.checks import Settings, check_parameter_names, check_settings
from ace_tracing.decorator.descriptors import decorate_descriptor, decorate_methods, forward_methods, trace_below
from ace_tracing.decorator.function import TracedFunction
from ace_tracing.decorator.wrappers import wrap
from ace_tracing.diagnostics import warn

if TYPE_CHECKING:
    from typing import TypeAlias

    Decorated: TypeAlias = (
        Callable[..., Any] | staticmethod[..., Any] | classmethod[Any, ..., Any] | property | cached_property[Any]
    )

# The decorated object keeps its static type: parameters, overloads, coroutine or class.
F = TypeVar("F", bound="Decorated")


@overload
def trace(func: F, /) -> F: ...


@overload
def trace(
    func: None = None,
    /,
    *,
    name: str | None = None,
    span_type: str = "UNKNOWN",
    attributes: Mapping[str, Any] | None = None,
    agent: str | None = None,
    capture_inputs: bool | Iterable[str] | Callable[[dict[str, Any]], Any] = True,
    capture_outputs: bool | Callable[[Any], Any] = True,
    reducer: Callable[[list[Any]], Any] | None = None,
) -> Callable[[F], F]: ...


def trace(
    func: Any = None,
    /,
    *,
    name: str | None = None,
    span_type: str = "UNKNOWN",
    attributes: Mapping[str, Any] | None = None,
    agent: str | None = None,
    capture_inputs: bool | Iterable[str] | Callable[[dict[str, Any]], Any] = True,
    capture_outputs: bool | Callable[[Any], Any] = True,
    reducer: Callable[[list[Any]], Any] | None = None,
) -> Any:
    """Record every call of a function, or of every public method of a class, as a span.

    The span holds the arguments by parameter name, the result or exception, and the start and end times. A call inside
    another span is that span's child; any other call is the root of a new trace. Results, yielded items and exceptions
    are unchanged. Nothing is recorded before `configure` or while tracing is disabled.

    `@trace` applies to functions, `async def`, generators and asynchronous generators, methods of every kind, partials
    and other callables, and combines with other decorators in either order. The span of a generator lasts from its
    first use until it is exhausted, closed or garbage-collected, and holds the yielded items. The span of a plain
    function that returns a coroutine, a task or a future lasts until that ends, and holds the awaited result.

    Args:
        func: The function, for use as bare `@trace`.
        name: The span's name; the function's name by default.
        span_type: The type of the span, such as `SpanType.LLM` or `"LLM"`; `"UNKNOWN"` by default.
        attributes: Attributes to set on every span, such as `{"model": "gpt-4o"}`.
        agent: The name of the agent that the span and its descendants belong to; the parent's agent by default.
        capture_inputs: The arguments to record: all of them, none (False), the parameters with these names, or the
            result of a function of the arguments, which it takes as a dict. It takes a copy, so it can change it.
        capture_outputs: The outputs to record: the result, nothing (False), or the value of a function of a copy of the
            result.
        reducer: A function that folds copies of the items of a generator into one value to record. With a reducer, a
            stream that the function returns (an iterator, or a context manager around one, also asynchronous) is traced
            too, and the span lasts as long as the stream.

    Returns:
        The decorated function, or a decorator if `func` is not given.

    Raises:
        TypeError: The decorated object is not callable, as in `@trace("name")` in place of `@trace(name="name")`.
        ConfigurationError: An argument is wrong, such as a name in `capture_inputs` that is no parameter. It is also a
            `ValueError` and a `TypeError`.
    """

    settings = check_settings(Settings(name, span_type, attributes, agent, capture_inputs, capture_outputs, reducer))

    def decorate(target: Any, span_name: str | None = settings.name) -> Any:
        if isinstance(target, type):
            decorate_methods(target, lambda method: decorate(method, None))
            return target
        descriptor = decorate_descriptor(target, lambda function: decorate(function, span_name))
        if descriptor is not None:
            return descriptor
        decorated = trace_below(target, lambda function: decorate(function, span_name))
        if decorated is not None:
            return decorated
        if not callable(target):
            if not hasattr(type(target), "__get__"):
                raise TypeError(_describe_misuse(target))
            # A method of another library's kind: the class works without it being traced.
            warn(
                f"not callable:{type(target)}",
                "@trace needs a callable and got a %s, which is returned unchanged and is not traced",
                type(target).__name__,
            )
            return target
        traced_function = TracedFunction(target, **settings._replace(name=span_name)._asdict())
        traced = wrap(target, traced_function)
        forward_methods(target, traced)
        return traced

    def check_and_decorate(target: Any) -> Any:
        check_parameter_names(target, settings.capture_inputs)
        return decorate(target)

    return check_and_decorate if func is None else decorate(func)


def _describe_misuse(target: object) -> str:
    if isinstance(target, str):
        return f"@trace({target!r}): the name is a keyword argument. Write @trace(name={target!r})."
    kind = type(target).__name__
    return f"@trace needs a function or a class, and got an object of the type {kind}. Write @trace above a function."
