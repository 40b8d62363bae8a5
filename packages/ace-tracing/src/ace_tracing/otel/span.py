"""Span of OpenTelemetry: one object that is both OpenTelemetry's span and this package's running span."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Final

from opentelemetry.trace import Link, Span, SpanContext, SpanKind, Status, StatusCode

from ace_tracing.diagnostics import guard, internal_error
from ace_tracing.forks import page, renew
from ace_tracing.otel.attributes import MAX_ATTRIBUTES, clean_attributes, clean_key, clean_value, mask_value
from ace_tracing.otel.details import OtelDetails
from ace_tracing.otel.readable import (
    Event,
    LocalContext,
    ReadableFields,
    decode_attributes,
    instrumentation_scope,
    is_time,
    resource,
)
from ace_tracing.otel.site import ScopedSite
from ace_tracing.recording import clock
from ace_tracing.recording.callsite import MAX_NAME
from ace_tracing.recording.checks import read_link, read_status, reject, to_name
from ace_tracing.recording.exceptions import MAX_MESSAGE, Passing, describe_exception, format_text
from ace_tracing.recording.frames import ENDED_WITH_DETAILS, pack_end
from ace_tracing.recording.sink import NULL_SINK
from ace_tracing.recording.span import ManualSpan
from ace_tracing.values.masking import mask_name, mask_text

_CODES: Final = {StatusCode.UNSET: 0, StatusCode.OK: 1, StatusCode.ERROR: 2}
_STATUS_CODES: Final = tuple(_CODES)
_OK: Final = 1
_ERROR: Final = 2
_EMPTY: Final = b"{}"


class OtelSpan(ManualSpan, ReadableFields, Span):
    """Span that is made through OpenTelemetry's API and recorded by this package.

    It has the methods and properties of OpenTelemetry's SDK, and those of `LiveSpan`. No method raises, blocks or uses
    the network. After the span has ended, the methods do nothing. A span that is never ended ends when it is
    garbage-collected and gets the attribute `span.never_ended`.
    """

    __slots__ = ("_context", "_exits", "_first", "_is_below_remote")

    _site: ScopedSite
    _context: SpanContext | None
    _first: dict[str, Any] | None
    """The attributes that the start frame has."""
    _is_below_remote: bool
    _exits: tuple[bool, bool]
    """Whether `__exit__` records an exception, and whether it sets the status."""

    # --- recording

    def is_recording(self) -> bool:
        """Return whether the span runs and may be kept, also when only a failure of its trace would keep it."""
        return self._end_ns is None and self._trace.sink is not NULL_SINK

    def get_span_context(self) -> SpanContext:
        """Return the span's ids, and whether the sampler keeps its trace."""
        if self._context is None:
            self._context = LocalContext.of(self._trace, self._id)
        return self._context

    def set_attribute(self, key: str, value: Any) -> None:
        """Set an attribute. A later value replaces an earlier one."""
        if self._end_ns is None:
            try:
                if type(key) is not str or not key:
                    text = clean_key(key)
                    if text is None:
                        return
                    key = text
                mask = self._trace.mask
                attributes: Any = self._get_details().attributes
                if len(attributes) < MAX_ATTRIBUTES:
                    attributes[key] = clean_value(value) if mask is None else mask_value(clean_value(value), mask)
            except Exception:  # noqa: BLE001 - see diagnostics.guard
                internal_error("setting an attribute")

    def set_attributes(self, attributes: Mapping[str, Any]) -> None:
        """Set several attributes."""
        if self._end_ns is None:
            try:
                present: Any = self._get_details().attributes
                if len(present) < MAX_ATTRIBUTES:
                    present.update(clean_attributes(attributes, self._trace.mask))
            except Exception:  # noqa: BLE001 - see diagnostics.guard
                internal_error("setting attributes")

    @guard("adding an event")
    def add_event(self, name: str, attributes: Mapping[str, Any] | None = None, timestamp: int | None = None) -> None:
        """Record an event.

        Args:
            name: The name of the event.
            attributes: Attributes of the event.
            timestamp: The time in nanoseconds since the epoch. Now by default.
        """
        if self._end_ns is None:
            mask = self._trace.mask
            time_ns = timestamp if is_time(timestamp) else self._trace.now_ns()
            event: Any = (
                mask_name(to_name(name, "event"), mask)[:MAX_NAME],
                time_ns,
                clean_attributes(attributes, mask),
            )
            self._get_details().add_event(event)

    @guard("adding a link")
    def add_link(  # type: ignore[override]
        self, context: SpanContext | str, attributes: Any = None, *others: Any, span_id: str | None = None
    ) -> None:
        """Record a link to another span.

        Args:
            context: The other span's context, or its trace id, as `LiveSpan.add_link` takes it.
            attributes: Attributes of the link, or, after a trace id, the span id.
            others: After a trace id and a span id, the attributes.
            span_id: The span id, by name.
        """
        if self._end_ns is not None:
            return
        if isinstance(context, str):
            ids = read_link(context, span_id or attributes)
            if ids is None:
                return
            context = SpanContext(int(ids[0], 16), int(ids[1], 16), is_remote=True)
            attributes = attributes if span_id else next(iter(others), None)
        if isinstance(context, SpanContext) and (context.is_valid or attributes or context.trace_state):
            cleaned: Any = clean_attributes(attributes, self._trace.mask)
            details = self._get_details()
            details.link_contexts.append(context)
            details.add_link((f"{context.trace_id:032x}", f"{context.span_id:016x}", cleaned))

    @guard("changing a span's name")
    def update_name(self, name: str) -> None:
        """Replace the span's name."""
        if self._end_ns is None:
            self._get_details().name = mask_name(to_name(name, "span"), self._trace.mask)[:MAX_NAME]

    @guard("setting a status")
    def set_status(self, status: Status | StatusCode | str, description: str | None = None) -> None:
        """Set the status by OpenTelemetry's rules: OK is final, UNSET is ignored, only ERROR has a description.

        Args:
            status: A status, a status code, or its name, as `LiveSpan.set_status` takes it.
            description: The description of an error.
        """
        if self._end_ns is not None:
            return
        code, message = self._read_status(status, description)
        details = self._get_details()
        if code and details.status != _OK:
            details.status = code
            details.message = mask_text(message, self._trace.mask)[:MAX_MESSAGE]

    @guard("recording an exception")
    def record_exception(
        self,
        exception: BaseException,
        attributes: Mapping[str, Any] | None = None,
        timestamp: int | None = None,
        escaped: bool = False,
    ) -> None:
        """Record an exception with its traceback as an event. The status does not change.

        Args:
            exception: The exception.
            attributes: Further attributes of the event.
            timestamp: The time in nanoseconds since the epoch. Now by default.
            escaped: Whether the exception leaves the span.
        """
        if not isinstance(exception, BaseException):
            reject("record_exception", exception, "give an exception")
        elif self._end_ns is None:
            described, _, _ = describe_exception(exception, self._trace.mask)
            merged: dict[str, Any] = {**described, "exception.escaped": str(bool(escaped))}
            merged |= clean_attributes(attributes, self._trace.mask)
            time_ns = timestamp if is_time(timestamp) else self._trace.now_ns()
            self._get_details().add_event(("exception", time_ns, merged))

    def _record_exception(self, exception: BaseException, passing: Passing | None) -> Passing | None:
        # A failure that this package's own blocks record.
        self.record_exception(exception, escaped=True)
        self.set_status("ERROR", describe_failure(exception))
        return passing

    def __enter__(self) -> OtelSpan:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        """End the span, with the exception that leaves the block."""
        try:
            if error is not None and self.is_recording():
                records, sets_status = self._exits
                if records:
                    self.record_exception(error, escaped=True)
                if sets_status:
                    self.set_status("ERROR", describe_failure(error))
        finally:
            self.end()

    def end(self, end_time: int | None = None) -> None:
        """End the span. A second call does nothing.

        Args:
            end_time: The end in nanoseconds since the epoch. Now by default.
        """
        if self._end_ns is not None:
            return
        try:
            self._finish(self._outputs, end_time)
        except Exception:  # noqa: BLE001 - see diagnostics.guard
            self.end_bare()

    def _finish(self, outputs: bytes | None, end_ns: int | None = None) -> None:
        """End the span: put its end frame, and report the end of a root. As in `LiveSpan`, whose code costs less."""
        if not page[0]:
            renew()
        trace = self._trace
        if not is_time(end_ns):
            end_ns = trace.epoch_ns + clock.perf_counter_ns()
        if trace.forked_ns is not None and self._start_ns < trace.forked_ns:
            # The parent process delivers it.
            self._end_ns = end_ns
            return
        put = trace.put
        # In a trace of another process, a topmost span counts as the root.
        is_top = self._parent_id == trace.top_parent
        status = 0
        if self._details is None and outputs is None and (trace.details is None or not is_top):
            encoded = _EMPTY
        else:
            details = self._get_details()
            if details.tokens is not None:
                self._add_cost(details, details.tokens)
            encoded = details.encode(self._inputs, outputs, trace.details if is_top else None)
            status = details.status
        frame = pack_end(ENDED_WITH_DETAILS, self._id, end_ns, status) + encoded
        # Not earlier: a span whose end is interrupted before this line still runs, and ends with the exception.
        self._end_ns = end_ns
        try:
            put(frame)
        except BaseException:
            # An interrupt: the frame may be incomplete. Of two ends, the first counts.
            put(frame)
            raise
        finally:
            if is_top:
                trace.root_ended = True
                if not trace.sampled:
                    trace.decide(status == _ERROR, end_ns - self._start_ns)
            if trace.root_ended:
                sink = trace.sink
                # One statement, so no other thread's count is lost.
                sink.finished += 1
                if sink.asleep:
                    sink.wake()

    def _get_details(self) -> OtelDetails:
        if self._details is None:
            details = OtelDetails(self._site)
            # One statement, so two threads get the same object.
            self._details = details if self._details is None else self._details
        return self._details  # type: ignore[return-value]

    # --- reading

    @property
    def name(self) -> str:
        """The name of the span."""
        name = None if self._details is None else self._get_details().name
        return self._site.name if name is None else name

    @property
    def kind(self) -> SpanKind:
        """The kind of the span."""
        return SpanKind(self._site.scope.kind - 1)

    @property
    def parent(self) -> SpanContext | None:
        """The context of the parent. None for a root."""
        if not self._parent_id:
            return None
        own = self.get_span_context()
        return SpanContext(own.trace_id, self._parent_id, self._is_below_remote, own.trace_flags, own.trace_state)

    @property
    def attributes(self) -> dict[str, Any]:
        """A copy of the attributes."""
        first, details = self._first or {}, self._details
        return decode_attributes(first if details is None else {**first, **details.attributes})

    @property
    def events(self) -> Sequence[Event]:
        """The events so far."""
        events = () if self._details is None else self._details.events
        return tuple(Event(name, time_ns, decode_attributes(given)) for name, time_ns, given in events)

    @property
    def links(self) -> Sequence[Link]:
        """The links so far."""
        if self._details is None:
            return ()
        details = self._get_details()
        pairs = zip(details.link_contexts, details.links, strict=False)
        return tuple(Link(context, decode_attributes(given)) for context, (_, _, given) in pairs)

    @property
    def status(self) -> Status:
        """The status so far."""
        details = self._details
        if details is None:
            return Status()
        return Status(_STATUS_CODES[details.status], details.message or None)

    @property
    def resource(self) -> Any:
        """The resource of this process."""
        return resource()

    @property
    def instrumentation_scope(self) -> Any:
        """The instrumentation scope of the span's tracer."""
        return instrumentation_scope(self._site.scope)

    def _read_status(self, status: Any, description: Any) -> tuple[int, str]:
        """Return the code of a status, 0 to ignore it, and the description of an error."""
        if isinstance(status, Status):
            code, description = _CODES[status.status_code], status.description
        elif isinstance(status, StatusCode):
            code = _CODES[status]
        else:
            code = read_status(status) or 0
        return code, to_name(description, "") if code == _ERROR and description else ""


def describe_failure(error: BaseException) -> str:
    """Return the description of a status for an exception, as OpenTelemetry writes it."""
    return f"{type(error).__name__}: {format_text(error)}"
