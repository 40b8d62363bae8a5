"""What is known of a traced function before it is called: its name, its parameters, what to capture of a call."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ace_tracing.binding import Binder
from ace_tracing.diagnostics import internal_error, warn
from ace_tracing.span import LiveSpan, encode_attributes
from ace_tracing.tracer import Tracer

RETURN_VALUE = "generator.return_value"

Capture = bool | Iterable[str] | Callable[[Any], Any]
"""What to record: all or nothing, the parameters of these names, or what a function makes of it."""


class Call:
    """Opens the span of one call of a function and records what went in and came out.

    Args:
        function: the traced function.
        name: the span's name; the function's by default.
        span_type: what kind of step it is.
        attributes: facts recorded on every span.
        agent: the agent that this and all steps below belong to.
        capture_inputs: what to record of the arguments by parameter name.
        capture_outputs: what to record of the result.
        reducer: folds the items of a stream into what is recorded.
    """

    __slots__ = ("_agent", "_attributes", "_bind", "_function", "_inputs", "_name", "_outputs", "_span_type", "reducer")

    def __init__(
        self,
        function: Callable[..., Any],
        *,
        name: str | None,
        span_type: str,
        attributes: Mapping[str, Any] | None,
        agent: str | None,
        capture_inputs: Capture,
        capture_outputs: bool | Callable[[Any], Any],
        reducer: Callable[[list[Any]], Any] | None,
    ) -> None:
        self._function = _name_of(function)
        self._name = name or self._function
        self._span_type = str(span_type)
        self._attributes = encode_attributes(attributes) if attributes else None
        self._agent = agent
        self._bind = Binder(function).bind
        self._inputs = _chooser(capture_inputs)
        self._outputs = _chooser(capture_outputs)
        self.reducer = reducer

    def open(self, tracer: Tracer, args: tuple[Any, ...], kwargs: dict[str, Any]) -> LiveSpan | None:
        """Start the span of one call, its inputs recorded; None when that failed, so that the call goes on untraced."""
        try:
            span = tracer.open(self._name, self._span_type, self._attributes, self._function, self._agent)
            if self._inputs is None:
                span.set_inputs(self._bind(args, kwargs))
            elif self._inputs is not _nothing:
                span.set_inputs(_chosen(self._inputs, self._bind(args, kwargs)))
        except Exception:  # noqa: BLE001 - nothing of ours raises into the user's code
            internal_error("starting a span")
            return None
        return span

    @property
    def needs_items(self) -> bool:
        """Whether a function of the user's is to be given the items of a stream when it ends."""
        return self.reducer is not None or (self._outputs is not None and self._outputs is not _nothing)

    def returned(self, span: LiveSpan, result: Any) -> None:
        """Record what a call gave back."""
        if self._outputs is None:
            span.set_outputs(result)
        elif self._outputs is not _nothing:
            span.set_outputs(_chosen(self._outputs, result))

    def collected(self, span: LiveSpan, items: list[Any] | bytes, returned: Any) -> None:
        """Record what a call gave bit by bit, as a list or as JSON text, and the return value of a generator."""
        if not isinstance(items, bytes):
            self.returned(span, items if self.reducer is None else _chosen(self.reducer, items))
        elif self._outputs is None:
            span._set_encoded_outputs(items)
        if returned is not None and self._outputs is None:
            span.set_attribute(RETURN_VALUE, returned)


def _name_of(function: Any) -> str:
    """The name of a function; of what a partial calls, or of its type, when it has none of its own."""
    inner = getattr(function, "func", None) if isinstance(function, functools.partial) else None
    return str(getattr(function, "__name__", None) or (_name_of(inner) if inner else type(function).__name__))


def _chooser(capture: Capture) -> Callable[[Any], Any] | None:
    """The function that says what to record; None for everything, `_nothing` for nothing."""
    if capture is True:
        return None
    if capture is False:
        return _nothing
    if callable(capture):
        return capture
    names = frozenset([capture] if isinstance(capture, str) else capture)
    return lambda inputs: {name: value for name, value in inputs.items() if name in names}


def _chosen(choose: Callable[[Any], Any], value: Any) -> Any:
    try:
        return choose(value)
    except Exception as error:  # noqa: BLE001 - a user's function may raise anything; what it was to hide stays hidden
        warn("capture", "A capture function raised %s; the value is withheld", type(error).__name__, exc_info=True)
        return f"<withheld: the capture function raised {type(error).__name__}>"


def _nothing(_value: Any) -> None:
    """Records nothing."""
