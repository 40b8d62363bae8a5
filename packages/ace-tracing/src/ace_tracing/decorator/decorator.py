"""`@trace`: the decorator."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar, overload

from ace_tracing.decorator.descriptors import decorated_inside, hand_on_methods, is_method
from ace_tracing.decorator.function import TracedFunction
from ace_tracing.decorator.wrappers import wrap
from ace_tracing.diagnostics import warn

if TYPE_CHECKING:
    from typing import TypeAlias

    Decorated: TypeAlias = (
        Callable[..., Any] | staticmethod[..., Any] | classmethod[Any, ..., Any] | property | cached_property[Any]
    )

# What is decorated keeps its type: its parameters, its overloads, and whether it is a coroutine or a class.
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
    """Decorate a function so that every call of it is a span; on a class, every public method of it.

    The span holds the arguments by parameter name, what was returned or raised, and when. Called inside another span it
    is that span's child; otherwise it is the root of a new trace. What the function returns, yields and raises is
    unchanged, and nothing is recorded before `configure` was called or while tracing is disabled.

    Functions, `async def`, generators and asynchronous generators, methods of every kind in either order of decorators,
    partials and other callables may be decorated. The span of a generator lasts from its first use until it is
    exhausted, left or dropped, and holds the items it gave.

    Args:
        func: the function, when used bare as `@trace`.
        name: the span's name; the function's name by default.
        span_type: what kind of step this is, as `SpanType.LLM` or `"LLM"`; `"UNKNOWN"` by default.
        attributes: facts to record on every span, as `{"model": "gpt-4o"}`.
        agent: the name of the agent that this and all steps below belong to; the parent's by default.
        capture_inputs: what to record of the arguments: all, none (False), the parameters of these names, or what a
            function makes of the dict of them.
        capture_outputs: what to record of the result: all, nothing (False), or what a function makes of it.
        reducer: folds the items of a generator into what is recorded. With it, a stream that is returned (an iterator,
            or a context manager around one, also asynchronous) is watched, and the span lasts as long as the stream.

    Returns:
        The decorated function, or, without `func`, a decorator.
    """

    def decorate(target: Any, span_name: str | None = name) -> Any:
        if isinstance(target, type):
            for attribute, member in list(vars(target).items()):
                if not attribute.startswith("_") and is_method(member):
                    setattr(target, attribute, decorate(member, None))
            return target
        descriptor = decorated_inside(target, lambda function: decorate(function, span_name))
        if descriptor is not None:
            return descriptor
        if not callable(target):
            warn(
                f"not callable:{type(target)}", "@trace leaves a %s as it is: it is not callable", type(target).__name__
            )
            return target
        call = TracedFunction(
            target,
            name=span_name,
            span_type=span_type,
            attributes=attributes,
            agent=agent,
            capture_inputs=capture_inputs,
            capture_outputs=capture_outputs,
            reducer=reducer,
        )
        traced = wrap(target, call)
        hand_on_methods(target, traced)
        return traced

    return decorate if func is None else decorate(func)
