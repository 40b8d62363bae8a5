"""Export requests for tests of the exporter, made without tracing any code."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from typing import Any, Final

from ace_tracing.delivery.otlp.encoder import ExportRequest
from ace_tracing.recording.records import SpanRecord, TraceDetails, TraceRecord

START_NS: Final = 1_795_369_083_497_015_170
TRACE_ID: Final = "179010ea7eb391b2a9c5c13625864ffc"


def span(span_id: str = "ec083fa9d564970f", parent_id: str | None = None, **fields: Any) -> SpanRecord:
    """Return a successful span of 71 ms.

    Args:
        span_id: The span's id.
        parent_id: The parent's id. None for a root.
        **fields: Further fields of the record, replacing the defaults.
    """
    default = SpanRecord(
        span_id=span_id,
        parent_id=parent_id,
        name="step",
        span_type="TOOL",
        start_ns=START_NS,
        end_ns=START_NS + 71_000_000,
        status="OK",
        status_message="",
        function=None,
        agent=None,
        inputs=None,
        outputs=None,
        attributes=None,
        events=None,
        links=None,
    )
    return default._replace(**fields)


def trace(
    *spans: SpanRecord,
    trace_id: str = TRACE_ID,
    experiment: str | None = None,
    folder: str | None = None,
    details: TraceDetails | None = None,
) -> TraceRecord:
    """Return a trace with the given spans, or with one default span."""
    return TraceRecord(trace_id, experiment, folder, details, list(spans) or [span()])


class JsonExportRequest(ExportRequest):
    """An export request whose body is OTLP JSON with only the required fields.

    Attributes:
        content_type: The media type of the body.
        encoded: Number of times that the body was encoded.
    """

    content_type = "application/json"

    def __init__(self, traces: Sequence[TraceRecord]) -> None:
        super().__init__(traces)
        self.encoded = 0

    def otlp(self) -> bytes:
        """Return the request's body, encoded again at each call."""
        self.encoded += 1
        spans = [
            {
                "traceId": trace.trace_id,
                "spanId": span.span_id,
                "name": span.name,
                "startTimeUnixNano": str(span.start_ns),
                "endTimeUnixNano": str(span.end_ns),
                **({} if span.parent_id is None else {"parentSpanId": span.parent_id}),
            }
            for trace in self.traces
            for span in trace.spans
        ]
        return gzip.compress(json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}).encode())


def batch(*traces: TraceRecord) -> JsonExportRequest:
    """Return an export request with the given traces, or with one default trace."""
    return JsonExportRequest(traces or [trace()])
