"""Results of well-known clients of models: watches a stream until it ends, and reads the facts of an answer."""

from __future__ import annotations

from typing import Any

import orjson

from ace_tracing.clients.recognition import recognize, recognize_stream
from ace_tracing.decorator.client_calls import record_answer
from ace_tracing.decorator.items import OutputRecorder, StreamCollector
from ace_tracing.decorator.streams import innermost_stream, is_proxy, wrap_stream
from ace_tracing.diagnostics import guard
from ace_tracing.recording.span import LiveSpan


def is_client_result(kind: type) -> bool:
    """Return whether the results of a class may be a client's. No code of the class runs."""
    return recognize(kind) is not None or is_proxy(kind)


@guard("watching the result of a client")
def watch_client_result(result: Any, collector: StreamCollector) -> Any:
    """Let the span of a call last as long as a client's stream, or record the facts of a client's answer.

    Args:
        result: The result of the traced function.
        collector: The collector of the call's span.

    Returns:
        The proxy of a stream, which ends the span. None for any other result.
    """
    span = collector.span
    if span is None:
        return None
    if recognize_stream(innermost_stream(result)) is None:
        record_answer(span, result)
        return None
    collector.record_with(AnswerRecorder(collector.recorder))
    return wrap_stream(result, collector)


class AnswerRecorder:
    """Recorder of a client's stream that a function returns: its answer is the result of the call.

    Args:
        recorder: The recorder of the function.
    """

    __slots__ = ("_recorder",)

    needs_items = False
    reducer = None

    def __init__(self, recorder: OutputRecorder) -> None:
        self._recorder = recorder

    @property
    def ignores_items(self) -> bool:
        """Return whether no item is recorded."""
        return self._recorder.ignores_items

    def record_result(self, span: LiveSpan, result: Any) -> None:
        """Record a result that is not a stream."""
        self._recorder.record_result(span, result)

    def record_items(self, span: LiveSpan, items: list[Any] | bytes, return_value: Any) -> None:
        """Record the answer, or the items of a stream that has none."""
        if self._recorder.needs_items and isinstance(items, bytes):
            # The user's capture function takes the result of the call.
            self._recorder.record_result(span, orjson.loads(items))
        else:
            self._recorder.record_items(span, items, return_value)
