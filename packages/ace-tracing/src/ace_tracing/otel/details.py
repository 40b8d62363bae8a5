"""Details of a span of OpenTelemetry: attributes with their types, a changed name, and the status by its rules."""

from __future__ import annotations

from typing import Any

from opentelemetry.trace import SpanContext

from ace_tracing.otel.site import UNKNOWN
from ace_tracing.recording.callsite import CallSite
from ace_tracing.recording.details import MAX_SPAN_BYTES, SpanDetails
from ace_tracing.recording.frames import dump_json
from ace_tracing.recording.records import TraceDetails


class OtelDetails(SpanDetails):
    """Optional fields of a span of OpenTelemetry. Attributes are plain values, which the end encodes.

    Args:
        site: The span's call site.
    """

    __slots__ = ("link_contexts", "name")

    def __init__(self, site: CallSite) -> None:
        super().__init__(site)
        self.name: str | None = None
        self.link_contexts: list[SpanContext] = []

    def encode(self, inputs: bytes | None, outputs: bytes | None, trace_details: TraceDetails | None) -> bytes:
        """Encode the details for an end frame, within `MAX_SPAN_BYTES`. Only the fields that are set are encoded.

        Args:
            inputs: The span's encoded inputs, which count towards the limit.
            outputs: The span's encoded outputs.
            trace_details: The trace's name, tags and metadata, if the span is its root.
        """
        fields: dict[str, Any] = {}
        if self.attributes:
            fields["attributes"] = self.attributes
        if self.events:
            fields["events"] = self.events
        if self.links:
            fields["links"] = self.links
        if self.message:
            fields["message"] = self.message
        if self.name is not None:
            fields["name"] = self.name
        if self.span_type != UNKNOWN:
            fields["type"] = self.span_type
        if self.inputs is not None:
            fields["inputs"] = self.inputs.decode()
        if outputs is not None:
            fields["outputs"] = outputs.decode()
        if trace_details is not None:
            fields["details"] = trace_details
        encoded = dump_json(fields)
        if len(encoded) > MAX_SPAN_BYTES:
            encoded = dump_json(fields | self._take_within(MAX_SPAN_BYTES - len(inputs or b"") - len(outputs or b"")))
        return encoded
