"""Contents: the stored bytes of a whole span, and the span in OTLP's JSON that they hold."""

from __future__ import annotations

from typing import Any, Final

import orjson
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from kayba_local.otlp.derived import with_derived
from kayba_local.otlp.protobuf_messages import convert_span
from kayba_local.otlp.protobuf_spans import decode_plain_span

JSON: Final = 0
"""The format of a content that is the span in OTLP's JSON, with its derived attributes and sorted keys."""
PROTOBUF: Final = 1
"""The format of a content that is the span as it was received. Its attributes are derived when it is read."""


def decode_content(encoded: bytes, content_format: int) -> dict[str, Any]:
    """Return a span in OTLP's JSON, with its derived attributes.

    Args:
        encoded: The stored content.
        content_format: Its format.
    """
    if content_format == PROTOBUF:
        return with_derived(decode_plain_span(encoded) or convert_span(Span.FromString(encoded)))
    span: dict[str, Any] = orjson.loads(encoded)
    return span
