"""The responses of a faulty server, its faults, and rules that choose a response by the content of a request."""

from __future__ import annotations

import enum
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from tests.helpers.faults.otlp import PROTOBUF, identify_spans

EXPORT_PATHS: Final = ("/api/mlflow/v1/traces", "/v1/traces")
"""The paths of export requests: Kayba's, and OTLP's own."""


class Fault(enum.Enum):
    """Faults of the connection. Except with RESET, the spans of a request with status 200 are stored first."""

    STALL = enum.auto()
    """Send the response only when the server is released."""
    RESET = enum.auto()
    """Reset the connection and store nothing."""
    LOSE = enum.auto()
    """Close the connection without a response."""
    DRIP = enum.auto()
    """Send the response byte by byte, five per second, until the server is released."""
    CUT = enum.auto()
    """Send half of the bytes in `Content-Length`."""
    EXCESS = enum.auto()
    """Send twice the bytes in `Content-Length`."""
    GARBAGE = enum.auto()
    """Send bytes that are not HTTP."""


@dataclass(frozen=True)
class Request:
    """A received request.

    Attributes:
        method: The HTTP method.
        path: The path with the query.
        headers: The headers. Of a repeated header, the last value is kept.
        body: The body, not decompressed.
    """

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def is_export(self) -> bool:
        """Whether the request exports spans."""
        return self.method == "POST" and self.path in EXPORT_PATHS

    @property
    def is_protobuf(self) -> bool:
        """Whether the body is protobuf, so that the response must be protobuf too."""
        return any(name.lower() == "content-type" and PROTOBUF in value for name, value in self.headers.items())


@dataclass(frozen=True)
class FakeResponse:
    """The response to one request.

    Attributes:
        status: The HTTP status.
        body: The body. None for an empty `ExportTraceServiceResponse` in the encoding of the request.
        headers: Headers besides the content's type and length.
        fault: A fault of the connection.
        rejected: Number of spans that are not stored. A 200 reports them as OTLP's partial success.
    """

    status: int = 200
    body: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)
    fault: Fault | None = None
    rejected: int = 0

    @property
    def stores(self) -> bool:
        """Whether the spans of the request are stored."""
        return self.status == 200 and self.fault is not Fault.RESET

    def body_for(self, request: Request) -> bytes:
        """Return the body of the response to a request."""
        if self.body is not None:
            return self.body
        if request.is_protobuf:
            message = ExportTraceServiceResponse()
            if self.rejected:
                message.partial_success.rejected_spans = self.rejected
                message.partial_success.error_message = "not these"
            return message.SerializeToString()
        partial = {"partialSuccess": {"rejectedSpans": str(self.rejected), "errorMessage": "not these"}}
        return json.dumps(partial if self.rejected else {}).encode()


Rule = Callable[[Request], FakeResponse | None]
"""Returns the response to a request to which the rule applies, and None for any other."""


def too_large(max_bytes: int) -> Rule:
    """Return a rule: 413 for a body of more than `max_bytes`, without decompression."""
    return lambda request: FakeResponse(413, b"too large") if len(request.body) > max_bytes else None


def poisoned_by(name: str) -> Rule:
    """Return a rule: 400 for a request that contains a span with the name."""

    def rule(request: Request) -> FakeResponse | None:
        if request.is_export and any(span.name == name for span in identify_spans(request.headers, request.body)):
            return FakeResponse(400, b'{"error_code": "INVALID_PARAMETER_VALUE", "message": "poison"}')
        return None

    return rule
