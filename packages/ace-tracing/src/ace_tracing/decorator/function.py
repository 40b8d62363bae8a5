"""A traced function: its name, its signature and its capture settings.

`TracedFunction` starts the span of one call and records the call's inputs and outputs. The wrappers call it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any, Final

from ace_tracing.decorator.captures import (
    Capture,
    CaptureFunction,
    apply,
    apply_to_copy,
    capture_nothing,
    check_reducer,
    find_input_capture,
    find_output_capture,
    import_copies,
)
from ace_tracing.decorator.items import CollectableStreamCollector
from ace_tracing.decorator.live_results import LiveResult, end_with_result, is_live, snapshot_result
from ace_tracing.decorator.signature import Binder, is_coroutine_function
from ace_tracing.interrupts import raise_interrupt
from ace_tracing.recording.attributes import encode, encode_attributes
from ace_tracing.recording.callsite import CallSite
from ace_tracing.recording.context import CurrentSpan, SpanToken, current_span
from ace_tracing.recording.span import LiveSpan
from ace_tracing.recording.tracer import Tracer

Bind = Callable[[tuple[Any, ...], Mapping[str, Any]], dict[str, Any]]
"""Returns the arguments of one call by parameter name."""

RETURN_VALUE: Final = "generator.return_value"


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
        follows_awaitables: Whether a call lasts until the awaitable that it returns ends. False for a coroutine
            function, whose wrapper awaits the call.
        reducer: The reducer, or None.
        site: The call site of its spans.
    """

    __slots__ = ("_bind", "_capture_inputs", "_capture_outputs", "follows_awaitables", "reducer", "site")

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
        self.site = CallSite(name or function_name, str(span_type), function_name, agent, encoded)
        binder = Binder(function)
        self._bind: Bind = binder.bind
        self._capture_inputs = find_input_capture(capture_inputs, binder.var_keyword)
        self._capture_outputs = find_output_capture(capture_outputs)
        self.reducer = check_reducer(reducer)
        self.follows_awaitables = not is_coroutine_function(function)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the settings, for a traced function that is pickled by value."""
        settings = (self._bind, self._capture_inputs, self._capture_outputs, self.site, self.reducer)
        return _restore, (*settings, self.follows_awaitables)

    def open(self, tracer: Tracer, args: tuple[Any, ...], kwargs: dict[str, Any]) -> LiveSpan | None:
        """Start the span of one call, with its inputs.

        Returns:
            The span, or None after an internal error; the call then runs untraced.
        """
        arguments, parent = self._bind(args, kwargs), current_span.get()
        try:
            inputs = arguments if self.records_all_inputs else self.encode_inputs(tracer, arguments, parent)
            return tracer.open(self.site, inputs, parent)
        except Exception:  # noqa: BLE001 - see diagnostics.guard
            tracer.report_unrecorded(parent)
            return None

    def encode_inputs(self, tracer: Tracer, arguments: dict[str, Any], parent: CurrentSpan) -> bytes | None:
        """Return the captured part of a call's arguments, encoded and masked."""
        capture = self._capture_inputs
        if capture is capture_nothing:
            return None
        mask = tracer.mask if parent is None else parent._trace.mask
        return encode(arguments if capture is None else capture(arguments), mask)

    @property
    def records_all_inputs(self) -> bool:
        """Return whether all arguments of a call are recorded."""
        return self._capture_inputs is None

    @property
    def needs_items(self) -> bool:
        """Return whether a user's function (a reducer or a capture function) takes the items of a stream."""
        return self.reducer is not None or (
            self._capture_outputs is not None and self._capture_outputs is not capture_nothing
        )

    @property
    def ignores_items(self) -> bool:
        """Return whether no item of a stream is recorded."""
        return self.reducer is None and self._capture_outputs is capture_nothing

    def end(self, span: LiveSpan, token: SpanToken, result: Any) -> Any:
        """End the span of a call with the call's result, and restore the previous current span.

        A live result ends the span later.

        Returns:
            The object for the user: the result or, for some live results, an object in its place.
        """
        trace = span._trace
        if self._capture_outputs is None and trace.mask is None and span._end_ns is None:
            try:
                # A live result costs its exception, so that any other result costs nothing.
                span._outputs = outputs = snapshot_result(result)
                span._finish(outputs)
            except LiveResult as live:
                # The frames in the traceback refer to the result.
                live.__traceback__ = None
                held = [result]
                del result
                result = self._end_live(span, held)
            except Exception:  # noqa: BLE001 - see diagnostics.guard
                span.end_bare()
        elif is_live(type(result)):
            held = [result]
            del result
            result = self._end_live(span, held)
        else:
            self.record_result(span, result)
            span.end()
        try:
            current_span.reset(token)
        except ValueError as error:
            # The call ended in another context than it started in. There the span never was current.
            raise_interrupt(error)
        return result

    def _end_live(self, span: LiveSpan, held: list[Any]) -> Any:
        collector = CollectableStreamCollector(span, self)
        return end_with_result(held, collector, follows_awaitables=self.follows_awaitables)

    def record_result(self, span: LiveSpan, result: Any) -> None:
        """Record the result of a call as the span's outputs."""
        if self._capture_outputs is None:
            span.set_outputs(result)
        elif self._capture_outputs is not capture_nothing:
            span.set_outputs(apply_to_copy(self._capture_outputs, result))

    def record_items(self, span: LiveSpan, items: list[Any] | bytes, return_value: Any) -> None:
        """Record the items of a stream as the span's outputs, and a generator's return value as an attribute.

        Args:
            span: The span of the call.
            items: Copies of the items if `needs_items`, else the items as JSON text.
            return_value: The generator's return value; None is not recorded.
        """
        if not isinstance(items, bytes):
            value: Any = items if self.reducer is None else apply(self.reducer, items)
            if self._capture_outputs is None:
                span.set_outputs(value)
            elif self._capture_outputs is not capture_nothing:
                span.set_outputs(apply(self._capture_outputs, value))
        elif self._capture_outputs is None:
            span._set_encoded_outputs(items)
        if return_value is not None and self._capture_outputs is None:
            span.set_attribute(RETURN_VALUE, return_value)


def _restore(
    bind: Bind,
    capture_inputs: CaptureFunction | None,
    capture_outputs: CaptureFunction | None,
    site: CallSite,
    reducer: CaptureFunction | None,
    follows_awaitables: bool,
) -> TracedFunction:
    """Return a pickled traced function."""
    restored = TracedFunction.__new__(TracedFunction)
    restored._bind = bind
    restored._capture_inputs = capture_inputs
    restored._capture_outputs = capture_outputs
    restored.site = site
    restored.reducer = reducer
    restored.follows_awaitables = follows_awaitables
    if any(function is not None for function in (capture_inputs, capture_outputs, reducer)):
        import_copies()
    return restored


def _name_of(function: Any) -> str:
    """Return a function's name. A nameless partial has the name of its function, another object that of its type."""
    inner = getattr(function, "func", None) if isinstance(function, functools.partial) else None
    return str(getattr(function, "__name__", None) or (_name_of(inner) if inner else type(function).__name__))
