"""Batches for tests of what sends them, without anything that traces."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ace_tracing.recording.frames import SpanRecord, TraceDetails, TraceRecord

START_NS = 1_795_369_083_497_015_170
TRACE_ID = "179010ea7eb391b2a9c5c13625864ffc"


def span(span_id: str = "ec083fa9d564970f", parent_id: str | None = None, **said: Any) -> SpanRecord:
    """A span of 71 ms that went well, unless it is said otherwise."""
    usual = SpanRecord(
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
    return usual._replace(**said)


def trace(
    *spans: SpanRecord,
    trace_id: str = TRACE_ID,
    experiment: str | None = None,
    folder: str | None = None,
    details: TraceDetails | None = None,
) -> TraceRecord:
    """A trace of these spans, or of one."""
    return TraceRecord(trace_id, experiment, folder, details, list(spans) or [span()])


@dataclass
class Sending:
    """A batch with a body that a server which looks no further takes."""

    traces: Sequence[TraceRecord]
    content_type: str = "application/json"
    content_encoding: str | None = "gzip"
    encoded: int = field(default=0)

    @property
    def experiment(self) -> str | None:
        return self.traces[0].experiment

    def otlp(self) -> bytes:
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


def batch(*traces: TraceRecord) -> Sending:
    """A batch of these traces, or of one."""
    return Sending(traces or [trace()])
