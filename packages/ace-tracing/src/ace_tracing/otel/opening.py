"""Start of a span of OpenTelemetry: like `Tracer.open`, with ids and a start time that may be given."""

from __future__ import annotations

from typing import Any, NamedTuple

from ace_tracing.forks import page
from ace_tracing.otel.attributes import clean_attributes
from ace_tracing.otel.site import ScopedSite
from ace_tracing.otel.span import OtelSpan
from ace_tracing.recording import clock, ids
from ace_tracing.recording.callsite import CallSite
from ace_tracing.recording.context import UNSAMPLED, CurrentSpan, current_scope, end_with_error
from ace_tracing.recording.frames import STARTED, dump_json, pack_start
from ace_tracing.recording.trace import OpenTrace
from ace_tracing.recording.tracer import Tracer
from ace_tracing.values.masking import is_masking

MAX_START_BYTES = 1024 * 1024
"""Size limit of the attributes in a start frame. Above it, only the end frame has them."""


class Identity(NamedTuple):
    """Ids of a span that another provider has started."""

    trace_id: int
    span_id: int


def open_span(
    tracer: Tracer,
    site: ScopedSite,
    parent: CurrentSpan,
    attributes: object = None,
    start_ns: int | None = None,
    identity: Identity | None = None,
) -> OtelSpan:
    """Start a span. It does not become the current span.

    Args:
        tracer: The tracer that records.
        site: The span's call site.
        parent: The parent. None starts a new trace.
        attributes: The first attributes.
        start_ns: The start in nanoseconds since the epoch. Now by default.
        identity: The span's ids. New ones by default.
    """
    if not page[0] and (renewed := tracer._renew()) is not tracer:
        return open_span(renewed, site, parent, attributes, start_ns, identity)
    link = None
    if parent is None:
        scope = current_scope.get()
        if identity is not None:
            trace = _adopt_trace(tracer, identity)
        elif scope is None:
            trace = OpenTrace(tracer.sink, tracer.context, tracer.sampler, tracer.mask)
        else:
            trace, link = tracer._start_trace(scope), scope.link
        parent_id, place = 0, site
    else:
        trace, parent_id, agent = parent._trace, parent._id, parent._site.agent
        place = site.of(agent) if agent is not None and site.agent is None else site
    mask = trace.mask
    if mask is not None:
        if is_masking():
            # A function that the mask calls is traced. Its span would be recorded for each masked value.
            trace, parent_id, attributes = UNSAMPLED._trace, UNSAMPLED._id, None
        else:
            place = place.masked_by(mask)
    first = clean_attributes(attributes, mask) if attributes else None
    span = OtelSpan()
    _fill(span, trace, place, parent_id, start_ns, identity)
    encoded = dump_json(first) if first else b""
    if first:
        if len(encoded) > MAX_START_BYTES:
            encoded = b""
            span._get_details().attributes.update(first)
        else:
            span._first = first
    frame = b"".join((pack_start(STARTED, span._id, parent_id, span._start_ns), trace.head, place.packed, encoded))
    put = trace.put
    try:
        is_dropped = put(frame)
    except BaseException as error:
        # An interrupt: the frame may be incomplete, or the span started. Of two starts, the first counts.
        put(frame)
        end_with_error(span, None, error)
        raise
    if is_dropped:
        if trace.sink.is_abandoned and not tracer.sink.is_abandoned:
            # In a forked child, another thread or task than the first one continues a trace of the parent.
            trace.inherit(tracer.sink)
            span._end_ns = span._start_ns
            return open_span(tracer, site, parent, attributes, start_ns, identity)
        if parent_id:
            # There was no room for the start frame. Without it, an end frame is useless.
            span._end_ns = span._start_ns
        else:
            # Without its root, the trace is useless.
            trace.drop()
    if link is not None:
        span.add_link(*link)
    return span


def _fill(
    span: Any, trace: OpenTrace, place: CallSite, parent_id: int, start_ns: int | None, identity: Identity | None
) -> None:
    """Set the fields of a new span."""
    span._trace = trace
    span._site = place
    span._id = (ids.getrandbits(64) or 1) if identity is None else identity.span_id
    span._parent_id = parent_id
    span._inputs = None
    span._outputs = None
    span._end_ns = None
    span._details = None
    span._first = None
    span._context = None
    span._is_below_remote = False
    span._exits = True, True
    span._start_ns = trace.epoch_ns + clock.perf_counter_ns() if start_ns is None else start_ns


def _adopt_trace(tracer: Tracer, identity: Identity) -> OpenTrace:
    """Return the trace of a root that another provider has started in this process."""
    scope = current_scope.get()
    model = None if scope is None else tracer._start_trace(scope)
    head = tracer.context if model is None else model.head[16:]
    trace = OpenTrace(tracer.sink, head, tracer.sampler, tracer.mask, f"{identity.trace_id:032x}")
    trace.root_ended = False
    if model is not None:
        trace.details = model.details
    return trace
