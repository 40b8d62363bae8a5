"""A traced function: its name, its signature and its capture settings.

`TracedFunction` starts the span of one call and records the call's inputs and outputs. The wrappers call it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from ace_tracing.decorator.signature import Binder
from ace_tracing.diagnostics import internal_error, warn
from ace_tracing.recording.attributes import encode, encode_attributes
from ace_tracing.recording.callsite import CallSite
from ace_tracing.recording.context import SpanToken, current_span
from ace_tracing.recording.span import LiveSpan
from ace_tracing.recording.tracer import Tracer
from ace_tracing.values.snapshot import snapshot

RETURN_VALUE: Final = "generator.return_value"

Capture = bool | Iterable[str] | Callable[[Any], Any]
"""A capture setting: all values, no values, the parameters with these names, or the result of a function."""


class TracedFunction:
    """A function with the settings by which its calls are recorded.

    Args:
        function: The traced function.
        name: The span's name; the function's name by default.
        span_type: The type of the span, such as `"LLM"`.
        attributes: The attributes of every span.
        agent: The name of the agent that the span and its descendants belong to.
        capture_inputs: The arguments to record, by parameter name.
        capture_outputs: The part of the result to record.
        reducer: Folds the items of a stream into one value to record.

    Attributes:
        reducer: The reducer, or None.
    """

    __slots__ = ("_bind", "_capture_inputs", "_capture_outputs", "_site", "reducer")

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
        function_name = _name_of(function)
        encoded = encode_attributes(attributes) if attributes else None
        self._site = CallSite(name or function_name, str(span_type), function_name, agent, encoded)
        self._bind = Binder(function).bind
        self._capture_inputs = _to_capture_function(capture_inputs)
        self._capture_outputs = _to_capture_function(capture_outputs)
        self.reducer = reducer

    def open(self, tracer: Tracer, args: tuple[Any, ...], kwargs: dict[str, Any]) -> LiveSpan | None:
        """Start the span of one call, with its inputs.

        Returns:
            The span, or None after an internal error; the call then runs untraced.
        """
        return self.open_bound(tracer, self._bind(args, kwargs))

    def open_bound(self, tracer: Tracer, bound: dict[str, Any]) -> LiveSpan | None:
        """Start the span of one call, given its arguments by parameter name; return None after an internal error."""
        try:
            parent = current_span.get()
            mask = tracer.mask if parent is None else parent._trace.mask
            capture = self._capture_inputs
            if capture is None and mask is None:
                inputs = snapshot(bound)
            elif capture is _capture_nothing:
                inputs = None
            else:
                inputs = encode(bound if capture is None else _apply_capture(capture, bound), mask)
            return tracer.open(self._site, inputs, parent)
        except Exception:  # noqa: BLE001 - see diagnostics.guard
            internal_error("starting a span")
            return None

    @property
    def needs_items(self) -> bool:
        """Return whether a user's function (a reducer or a capture function) takes the items of a stream."""
        return self.reducer is not None or (
            self._capture_outputs is not None and self._capture_outputs is not _capture_nothing
        )

    def end(self, span: LiveSpan, token: SpanToken, result: Any) -> None:
        """End the span of a call with the call's result, and restore the previous current span."""
        trace = span._trace
        if self._capture_outputs is None and trace.mask is None and span._end_ns is None:
            try:
                span._outputs = outputs = snapshot(result)
                span._finish(outputs)
            except Exception:  # noqa: BLE001 - see diagnostics.guard
                internal_error("ending a span")
        else:
            self.record_result(span, result)
            span.end()
        try:  # noqa: SIM105 - contextlib.suppress costs as much as the rest of this
            current_span.reset(token)
        except ValueError:
            # The call ended in another context than it started in. There the span never was current.
            pass

    def record_result(self, span: LiveSpan, result: Any) -> None:
        """Record the result of a call as the span's outputs."""
        if self._capture_outputs is None:
            span.set_outputs(result)
        elif self._capture_outputs is not _capture_nothing:
            span.set_outputs(_apply_capture(self._capture_outputs, result))

    def record_items(self, span: LiveSpan, items: list[Any] | bytes, return_value: Any) -> None:
        """Record the items of a stream as the span's outputs, and a generator's return value as an attribute.

        Args:
            span: The span of the call.
            items: The items as a list if `needs_items`, else as JSON text.
            return_value: The generator's return value; None is not recorded.
        """
        if not isinstance(items, bytes):
            self.record_result(span, items if self.reducer is None else _apply_capture(self.reducer, items))
        elif self._capture_outputs is None:
            span._set_encoded_outputs(items)
        if return_value is not None and self._capture_outputs is None:
            span.set_attribute(RETURN_VALUE, return_value)


def _name_of(function: Any) -> str:
    """Return a function's name. A nameless partial has the name of its function, another object that of its type."""
    inner = getattr(function, "func", None) if isinstance(function, functools.partial) else None
    return str(getattr(function, "__name__", None) or (_name_of(inner) if inner else type(function).__name__))


def _to_capture_function(capture: Capture) -> Callable[[Any], Any] | None:
    """Return the function for a capture setting: None for True, `_capture_nothing` for False."""
    if capture is True:
        return None
    if capture is False:
        return _capture_nothing
    if callable(capture):
        return capture
    names = frozenset([capture] if isinstance(capture, str) else capture)
    return lambda inputs: {name: value for name, value in inputs.items() if name in names}


def _apply_capture(capture: Callable[[Any], Any], value: Any) -> Any:
    try:
        return capture(value)
    except Exception as error:  # noqa: BLE001 - a user's function can raise anything, and the value must stay hidden
        # The exception's message is not logged, because it can contain the value.
        warn("capture", "A capture function raised %s; the value is withheld", type(error).__name__)
        return f"<withheld: the capture function raised {type(error).__name__}>"


def _capture_nothing(_value: Any) -> None:
    """Return None: the capture function for the setting False."""
