"""Span processor: adds this SDK to a tracer provider of OpenTelemetry's SDK, which stays the user's own."""

from __future__ import annotations

from typing import Any, Final
from weakref import WeakValueDictionary

from opentelemetry.context import Context
from opentelemetry.trace import get_current_span
from opentelemetry.trace.propagation import _SPAN_KEY as SPAN_KEY

from ace_tracing import runtime
from ace_tracing.diagnostics import guard
from ace_tracing.otel import bridge
from ace_tracing.otel.attributes import clean_attributes
from ace_tracing.otel.opening import Identity, open_span
from ace_tracing.otel.parents import mirrors, to_current
from ace_tracing.otel.readable import is_time
from ace_tracing.otel.site import Sites
from ace_tracing.otel.span import OtelSpan
from ace_tracing.recording.callsite import InstrumentationScope
from ace_tracing.recording.context import CurrentSpan
from ace_tracing.recording.tracer import state

_MS_PER_S: Final = 1_000
_MAX_SCOPES: Final = 1_000


class SpanProcessor:
    """Span processor for a tracer provider of OpenTelemetry's SDK: its spans are recorded here, too.

        provider.add_span_processor(ace_tracing.otel.SpanProcessor())

    The spans are in one trace with those of `@trace` and `start_span`. Making one turns the bridge on, as
    `tracer_provider` does. Other processors and exporters of the provider are not affected. Spans that run already when
    the processor is added are not recorded.
    """

    def __init__(self) -> None:
        bridge.activate()
        # The SDK's span keeps its record alive, see `mirrors`: one that is never ended ends when it is collected.
        self._open: WeakValueDictionary[tuple[int, int], OtelSpan] = WeakValueDictionary()
        self._sites: dict[tuple[str, str, str], Sites] = {}

    @guard("starting a span of OpenTelemetry's SDK")
    def on_start(self, span: Any, parent_context: Context | None = None) -> None:
        """Start the record of a span.

        Args:
            span: The span of the SDK.
            parent_context: The context with its parent. The current one by default.
        """
        tracer = state.tracer
        if tracer is None:
            return
        own = span.get_span_context()
        parent: CurrentSpan = None
        if span.parent is not None:
            parent_span = get_current_span(parent_context)
            context = bridge.activate().get_current() if parent_context is None else parent_context
            parent = to_current(context.get(SPAN_KEY, parent_span), context)
        if parent is not None and parent._trace._id != own.trace_id:
            parent = None
        site = self._find_sites(span.instrumentation_scope).get(span.name, span.kind.value + 1)
        identity = Identity(own.trace_id, own.span_id)
        start_ns = span.start_time if is_time(span.start_time) else None
        record = open_span(tracer, site, parent, dict(span.attributes or {}), start_ns, identity)
        record._is_below_remote = span.parent is not None and span.parent.is_remote
        mirrors[span] = record
        self._open[identity] = record

    def _on_ending(self, span: Any) -> None:
        """Do nothing."""

    @guard("ending a span of OpenTelemetry's SDK")
    def on_end(self, span: Any) -> None:
        """Complete the record of a span.

        Args:
            span: The ended span of the SDK.
        """
        own = span.get_span_context()
        record = self._open.pop((own.trace_id, own.span_id), None)
        if record is None:
            return
        first = record._first or {}
        attributes = clean_attributes(span.attributes)
        record.set_attributes(
            {key: value for key, value in attributes.items() if key not in first or first[key] != value}
        )
        for event in span.events:
            record.add_event(event.name, event.attributes, event.timestamp)
        for link in span.links:
            record.add_link(link.context, link.attributes)
        if span.name != record.name:
            record.update_name(span.name)
        record.set_status(span.status)
        record.end(span.end_time)

    def shutdown(self) -> None:
        """Send what has ended."""
        self.force_flush()

    @guard("flushing")
    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Send all finished traces now, and return whether that was possible in time.

        Args:
            timeout_millis: The longest wait, in milliseconds.
        """
        return flush(timeout_millis)

    def _find_sites(self, scope: Any) -> Sites:
        name, version, schema_url = (str(getattr(scope, key, None) or "") for key in ("name", "version", "schema_url"))
        sites = self._sites.get((name, version, schema_url))
        if sites is None:
            attributes = clean_attributes(getattr(scope, "attributes", None))
            sites = Sites(InstrumentationScope(name, version, schema_url, attributes, 1))
            if len(self._sites) < _MAX_SCOPES:
                self._sites[name, version, schema_url] = sites
        return sites


def flush(timeout_millis: int) -> bool:
    """Send all finished traces now, and return whether that was possible in time.

    Args:
        timeout_millis: The longest wait, in milliseconds.
    """
    if not runtime.is_configured():
        return True
    return runtime.flush(timeout_millis / _MS_PER_S).pending == 0
