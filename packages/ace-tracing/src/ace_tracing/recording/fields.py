"""Fields of a running span, as its methods have recorded them."""

from __future__ import annotations

from typing import Any

import orjson

from ace_tracing.recording.callsite import CallSite
from ace_tracing.recording.details import SpanDetails
from ace_tracing.recording.frames import ERROR
from ace_tracing.recording.trace import OpenTrace


class SpanFields:
    """Fields of a running span, for reading."""

    __slots__ = ()

    _trace: OpenTrace
    _site: CallSite
    _id: int
    _parent_id: int
    _start_ns: int
    _inputs: bytes | None
    _outputs: bytes | None
    _end_ns: int | None
    _details: SpanDetails | None

    @property
    def name(self) -> str:
        """The name of the step."""
        return self._site.name

    @property
    def trace_id(self) -> str:
        """The trace's id, `tr-` and 32 hex digits, as `get_trace` accepts it."""
        return f"tr-{self._trace.trace_id}"

    @property
    def span_id(self) -> str:
        """16 hex digits, unique in the trace."""
        return f"{self._id:016x}"

    @property
    def parent_id(self) -> str | None:
        """The parent's span id. None for a root span."""
        return f"{self._parent_id:016x}" if self._parent_id else None

    @property
    def span_type(self) -> str:
        """The kind of step, such as `"LLM"` or `"TOOL"`."""
        return self._site.span_type if self._details is None else self._details.span_type

    @property
    def start_time_ns(self) -> int:
        """The start time in nanoseconds since the epoch."""
        return self._start_ns

    @property
    def end_time_ns(self) -> int | None:
        """The end time in nanoseconds since the epoch. None while the span runs."""
        return self._end_ns

    @property
    def inputs(self) -> Any:
        """The inputs as they were encoded. None when none were set."""
        return None if self._inputs is None else orjson.loads(self._inputs)

    @property
    def outputs(self) -> Any:
        """The outputs as they were encoded. None when none were set."""
        return None if self._outputs is None else orjson.loads(self._outputs)

    @property
    def attributes(self) -> dict[str, Any]:
        """The attributes as they were encoded."""
        attributes = self._site.attributes if self._details is None else self._details.attributes
        return orjson.loads(orjson.dumps(attributes or {}))  # type: ignore[no-any-return]

    @property
    def failed(self) -> bool:
        """Whether the status is ERROR."""
        return self._details is not None and self._details.status == ERROR

    @property
    def agent(self) -> str | None:
        """The agent of the step, from `@trace(agent=...)` or inherited from the parent."""
        return self._site.agent

    def get_attribute(self, key: str) -> Any:
        """Return the attribute `key` as it was encoded, or None when it was not set."""
        return self.attributes.get(str.__str__(key)) if isinstance(key, str) else None
