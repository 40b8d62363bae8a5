"""Parents: this package's current span as a span of OpenTelemetry, and the reverse."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from weakref import WeakKeyDictionary

from opentelemetry.baggage import _BAGGAGE_KEY as BAGGAGE_KEY
from opentelemetry.trace import NonRecordingSpan, Span, SpanContext

from ace_tracing.otel.readable import LocalContext
from ace_tracing.otel.span import OtelSpan
from ace_tracing.otel.views import TracedSpan
from ace_tracing.propagation.callers import KNOWN_KEYS, Caller
from ace_tracing.propagation.w3c import TraceParent, format_baggage
from ace_tracing.recording.callsite import CallSite
from ace_tracing.recording.context import UNSAMPLED, CurrentSpan, JoinTrace, RemoteParent, Scope
from ace_tracing.recording.span import LiveSpan
from ace_tracing.recording.trace import OpenTrace, Passthrough
from ace_tracing.recording.tracer import state

Context = Mapping[str, object]


_NO_SITE: Final = CallSite("", "")


class ForeignParent(RemoteParent):
    """Parent that another provider of OpenTelemetry records, in this process or elsewhere.

    Its trace is joined when the first span below it starts, since most spans of another provider have none.

    Args:
        span: The span of the other provider.
        parent: The parent for spans of this process. None to join the span's trace when it is needed.
        context: The context with the span, whose baggage may have this SDK's marker.
    """

    __slots__ = ("_context", "_parent", "span")

    def __init__(self, span: Span, parent: RemoteParent | None, context: Context) -> None:
        self.span = span
        self._parent = parent
        self._context = context
        self._id = span.get_span_context().span_id if parent is None else parent._id
        self._site = _NO_SITE if parent is None else parent._site

    @property
    def is_joined(self) -> bool:
        """Whether the trace was joined."""
        return self._parent is not None

    @property
    def _trace(self) -> OpenTrace:  # type: ignore[override]
        return self._joined._trace

    @property
    def _join(self) -> JoinTrace | None:  # type: ignore[override]
        return self._joined._join

    @property
    def _joined(self) -> RemoteParent:
        if self._parent is None:
            parent = _join_trace(self.span, self._context)
            # One statement, so two threads get the same object.
            self._parent = parent if self._parent is None else self._parent
        return self._parent

    def file(self, scope: Scope, metadata: dict[str, str]) -> RemoteParent:
        """Return the same parent for spans in another scope."""
        return ForeignParent(self.span, self._joined.file(scope, metadata), self._context)


class RemoteSpan(NonRecordingSpan):
    """Parent in another process as a span of OpenTelemetry."""

    def __init__(self, parent: RemoteParent) -> None:
        local = LocalContext.of(parent._trace, parent._id)
        super().__init__(SpanContext(local.trace_id, local.span_id, True, local.trace_flags, local.trace_state))
        self.parent = parent


mirrors: Final[WeakKeyDictionary[Any, OtelSpan]] = WeakKeyDictionary()
"""The spans of OpenTelemetry's SDK that a `SpanProcessor` records, each with the span that records it."""


def to_span(current: CurrentSpan) -> Span | None:
    """Return this package's current span as a span of OpenTelemetry."""
    if isinstance(current, Span):
        return current
    if isinstance(current, ForeignParent):
        return current.span
    if current is None:
        return None
    return TracedSpan(current) if isinstance(current, LiveSpan) else RemoteSpan(current)


def to_current(span: object, context: Context) -> CurrentSpan:
    """Return the span of a context of OpenTelemetry as this package's current span.

    Args:
        span: The span. None if the context has none.
        context: The context, whose baggage may have this SDK's marker.
    """
    kind = type(span)
    if kind is OtelSpan:
        return span  # type: ignore[return-value]
    if span is None or not isinstance(span, Span):
        return None
    if isinstance(span, TracedSpan):
        return span.live
    if isinstance(span, RemoteSpan):
        return span.parent
    mirror = mirrors.get(span)
    if mirror is not None:
        return mirror
    own = span.get_span_context()
    if not isinstance(own, SpanContext) or not own.is_valid:
        return None
    if isinstance(own, LocalContext):
        return ForeignParent(span, RemoteParent(own.__dict__["trace"], f"{own.span_id:016x}"), context)
    tracer = state.tracer
    if own.is_remote and tracer is not None and tracer.remote_parent == "ignore":
        return None
    return ForeignParent(span, None, context)


def is_remote(parent: RemoteParent) -> bool:
    """Return whether a parent runs in another process."""
    return parent.span.get_span_context().is_remote if isinstance(parent, ForeignParent) else True


def is_same(span: object, current: CurrentSpan) -> bool:
    """Return whether the span of a context of OpenTelemetry is this package's current span."""
    if span is current:
        return True
    if isinstance(current, ForeignParent):
        return current.span is span
    if isinstance(span, TracedSpan):
        return span.live is current
    if isinstance(span, RemoteSpan):
        return span.parent is current
    if not isinstance(span, Span):
        return current is None
    mirror = mirrors.get(span)
    if mirror is not None:
        return mirror is current
    if current is not None:
        return False
    own = span.get_span_context()
    tracer = state.tracer
    return not own.is_valid or (own.is_remote and tracer is not None and tracer.remote_parent == "ignore")


def _join_trace(span: Span, context: Context) -> RemoteParent:
    """Return the parent for the spans below a span that another provider records."""
    tracer = state.tracer
    if tracer is None:
        return UNSAMPLED
    own = span.get_span_context()
    parent = TraceParent(f"{own.trace_id:032x}", f"{own.span_id:016x}", own.trace_flags.sampled)
    baggage = context.get(BAGGAGE_KEY)
    known: dict[str, str] = {}
    others: tuple[str, ...] = ()
    if isinstance(baggage, dict):
        texts = {key: str(value) for key, value in baggage.items() if isinstance(key, str)}
        known = {key: texts.pop(key) for key in KNOWN_KEYS if key in texts}
        others = tuple(filter(None, format_baggage(texts, ()).split(",")))
    caller = Caller(parent, known, Passthrough(own.trace_state.to_header(), others, {}))
    return caller.to_span_context(tracer).to_remote_parent(tracer)
