"""Views: a span of `@trace` or `start_span` as OpenTelemetry's API gives it to instrumentations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from opentelemetry.trace import Link, Span, SpanContext, SpanKind, Status, StatusCode

from ace_tracing.diagnostics import guard
from ace_tracing.otel.readable import (
    Event,
    LocalContext,
    ReadableFields,
    ReadableScope,
    decode_attributes,
    is_time,
    resource,
)
from ace_tracing.recording.attributes import encode_attributes
from ace_tracing.recording.callsite import MAX_NAME
from ace_tracing.recording.checks import read_attributes, to_name
from ace_tracing.recording.exceptions import describe_exception
from ace_tracing.recording.frames import STATUSES
from ace_tracing.recording.sink import NULL_SINK
from ace_tracing.recording.span import LiveSpan
from ace_tracing.values.masking import mask_name
from ace_tracing.version import __version__


class TracedSpan(ReadableFields, Span):
    """Running span of this package, with the methods and properties of OpenTelemetry. It records into the same span.

    Args:
        live: The running span.
    """

    def __init__(self, live: LiveSpan) -> None:
        self.live = live
        self._context: SpanContext | None = None

    def get_span_context(self) -> SpanContext:
        """Return the span's ids, and whether the sampler keeps its trace."""
        if self._context is None:
            self._context = LocalContext.of(self.live._trace, self.live._id)
        return self._context

    def is_recording(self) -> bool:
        """Return whether the span runs and may be kept."""
        return self.live._end_ns is None and self.live._trace.sink is not NULL_SINK

    def set_attribute(self, key: str, value: Any) -> None:
        """Set an attribute."""
        self.live.set_attribute(key, value)

    def set_attributes(self, attributes: Mapping[str, Any]) -> None:
        """Set several attributes."""
        self.live.set_attributes(attributes)

    @guard("adding an event")
    def add_event(self, name: str, attributes: Mapping[str, Any] | None = None, timestamp: int | None = None) -> None:
        """Record an event, now or at a time in nanoseconds since the epoch."""
        live = self.live
        if live._end_ns is None:
            mask = live._trace.mask
            time_ns = timestamp if is_time(timestamp) else live._trace.now_ns()
            encoded = encode_attributes(read_attributes("add_event(attributes=...)", attributes), mask)
            live._get_details().add_event((mask_name(to_name(name, "event"), mask)[:MAX_NAME], time_ns, encoded))

    def add_link(self, context: SpanContext, attributes: Mapping[str, Any] | None = None) -> None:
        """Record a link to another span."""
        if isinstance(context, SpanContext) and context.is_valid:
            self.live.add_link(f"{context.trace_id:032x}", f"{context.span_id:016x}", attributes)

    def update_name(self, name: str) -> None:
        """Do nothing: the name of a span of `@trace` or `start_span` is fixed."""

    @guard("setting a status")
    def set_status(self, status: Status | StatusCode, description: str | None = None) -> None:
        """Set the status by OpenTelemetry's rules: OK is final, UNSET is ignored, only ERROR has a description."""
        details = self.live._details
        code = status.status_code if isinstance(status, Status) else status
        text = status.description if isinstance(status, Status) else description
        if code is not StatusCode.UNSET and (details is None or STATUSES[details.status] != "OK"):
            self.live.set_status(code.name, (text or "") if code is StatusCode.ERROR else "")

    @guard("recording an exception")
    def record_exception(
        self,
        exception: BaseException,
        attributes: Mapping[str, Any] | None = None,
        timestamp: int | None = None,
        escaped: bool = False,
    ) -> None:
        """Record an exception as an event. The status does not change."""
        described, _, _ = describe_exception(exception, None)
        merged = {**described, "exception.escaped": str(bool(escaped)), **(attributes or {})}
        self.add_event("exception", merged, timestamp)

    def end(self, end_time: int | None = None) -> None:
        """Do nothing: the block or the function that started the span ends it."""

    @property
    def _start_ns(self) -> int:  # type: ignore[override]
        return self.live._start_ns

    @property
    def _end_ns(self) -> int | None:  # type: ignore[override]
        return self.live._end_ns

    @property
    def name(self) -> str:
        """The name of the span."""
        return self.live.name

    @property
    def kind(self) -> SpanKind:
        """The kind of the span, INTERNAL."""
        return SpanKind.INTERNAL

    @property
    def parent(self) -> SpanContext | None:
        """The context of the parent. None for a root."""
        own = self.get_span_context()
        parent_id = self.live._parent_id
        return SpanContext(own.trace_id, parent_id, False, own.trace_flags, own.trace_state) if parent_id else None

    @property
    def attributes(self) -> dict[str, Any]:
        """A copy of the attributes."""
        return self.live.attributes

    @property
    def events(self) -> Sequence[Event]:
        """The events so far."""
        events = () if self.live._details is None else self.live._details.events
        return tuple(Event(name, time_ns, decode_attributes(given)) for name, time_ns, given in events)

    @property
    def links(self) -> Sequence[Link]:
        """The links so far."""
        links = () if self.live._details is None else self.live._details.links
        return tuple(
            Link(SpanContext(int(trace_id, 16), int(span_id, 16), True), decode_attributes(given))
            for trace_id, span_id, given in links
        )

    @property
    def status(self) -> Status:
        """The status so far."""
        details = self.live._details
        return Status() if details is None else Status(StatusCode(details.status), details.message or None)

    @property
    def resource(self) -> Any:
        """The resource of this process."""
        return resource()

    @property
    def instrumentation_scope(self) -> Any:
        """The scope of this package's own spans."""
        return ReadableScope("ace-tracing", __version__, "", {})

    def __repr__(self) -> str:
        return f"<TracedSpan of {self.live!r}>"
