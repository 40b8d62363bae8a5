"""`@trace` and `start_span`: what users put around their code."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, TypeVar, overload

from ace_tracing.decorator.descriptors import decorated_inside, hand_on_methods, is_method
from ace_tracing.decorator.function import TracedFunction
from ace_tracing.decorator.wrappers import wrap
from ace_tracing.diagnostics import internal_error, warn
from ace_tracing.recording.frames import call_site
from ace_tracing.recording.noop import NOOP_SPAN, NoOpSpan
from ace_tracing.recording.span import LiveSpan, ManualSpan, encode_attributes
from ace_tracing.recording.tracer import SpanToken, current_span, failed, stop
from ace_tracing.runtime import state

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


_Entered = tuple[LiveSpan | None, SpanToken | None, "_Entered | None"]


class start_span:  # noqa: N801 - reads as the verb it is: `with start_span("retrieve") as span`
    """Context manager: a span around a block of code, below the current span or as the root of a new trace.

    Args:
        name: what the step is called.
        span_type: what kind of step this is, as `SpanType.RETRIEVER` or `"RETRIEVER"`; `"UNKNOWN"` by default.
        attributes: facts to record on the span.
        agent: the name of the agent that this and all steps below belong to; the parent's by default.

    Entering gives the span, on which `set_inputs`, `set_outputs`, `set_attribute` and the like may be called. While
    tracing is disabled or not configured it gives a stand-in that takes the same calls and records nothing.
    """

    __slots__ = ("_agent", "_attributes", "_entered", "_name", "_span_type")

    def __init__(
        self,
        name: str = "span",
        span_type: str = "UNKNOWN",
        attributes: Mapping[str, Any] | None = None,
        *,
        agent: str | None = None,
    ) -> None:
        self._name = name
        self._span_type = span_type
        self._attributes = attributes
        self._agent = agent
        # One object may be entered again, inside of itself or while tracing is off: innermost first, then the others.
        self._entered: _Entered | None = None

    def __enter__(self) -> LiveSpan | NoOpSpan:
        tracer = state.tracer
        if tracer is not None:
            try:
                attributes = encode_attributes(self._attributes) if self._attributes else None
                span = tracer.open(call_site(str(self._name), str(self._span_type), self._agent, attributes))
                self._entered = (span, current_span.set(span), self._entered)
            except Exception:  # noqa: BLE001 - nothing of ours raises into the user's code
                internal_error("starting a span")
            else:
                return span
        self._entered = (None, None, self._entered)
        return NOOP_SPAN

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> Literal[False]:
        if self._entered is not None:
            span, token, self._entered = self._entered
            if span is not None and token is not None:
                if error is None:
                    stop(span, token)
                else:
                    failed(span, token, error)
        return False


def start_span_no_context(
    name: str,
    span_type: str = "UNKNOWN",
    attributes: Mapping[str, Any] | None = None,
    *,
    parent: LiveSpan | NoOpSpan | None = None,
    agent: str | None = None,
) -> LiveSpan | NoOpSpan:
    """Start a span by hand, for work that begins in one callback and ends in another. Its `end()` ends it.

    It never becomes the current span: spans inside it name it as their `parent`. One that is never ended is ended, and
    marked so, when nothing refers to it any more.

    Args:
        name: what the step is called.
        span_type: what kind of step this is; `"UNKNOWN"` by default.
        attributes: facts to record on the span.
        parent: the span it belongs to; None makes it the root of a new trace.
        agent: the name of the agent that this and all steps below belong to; the parent's by default.

    Returns:
        The running span, or a stand-in that records nothing while tracing is off.
    """
    tracer = state.tracer
    if tracer is None or isinstance(parent, NoOpSpan):
        return NOOP_SPAN
    try:
        encoded = encode_attributes(attributes) if attributes else None
        return tracer.open(call_site(str(name), str(span_type), agent, encoded), parent=parent, kind=ManualSpan)
    except Exception:  # noqa: BLE001 - nothing of ours raises into the user's code
        internal_error("starting a span")
        return NOOP_SPAN
