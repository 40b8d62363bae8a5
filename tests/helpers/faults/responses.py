"""What a faulty server may answer, and rules by which it decides on the content of a request."""

from __future__ import annotations

import enum
import json
from collections.abc import Callable
from dataclasses import dataclass, field

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from tests.helpers.faults.otlp import PROTOBUF, spans_in


class Fault(enum.Enum):
    """What goes wrong beside the answer's status. Except for RESET, what is answered with 200 is stored first."""

    STALL = enum.auto()
    """Takes the request, and answers only when the server is released."""
    RESET = enum.auto()
    """Breaks the connection off; nothing is stored."""
    LOSE = enum.auto()
    """Closes the connection without an answer."""
    DRIP = enum.auto()
    """Answers byte by byte, five a second, until the server is released."""
    CUT = enum.auto()
    """Promises twice as many bytes as it sends."""
    EXCESS = enum.auto()
    """Sends twice as many bytes as it promises."""
    GARBAGE = enum.auto()
    """Answers with what is no HTTP."""


@dataclass(frozen=True)
class Request:
    """A request as it arrived.

    Attributes:
        method: its HTTP method.
        path: its path with the query.
        headers: as they were sent; of a name that came twice the last value.
        body: as it was sent, compressed if it was.
    """

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def is_export(self) -> bool:
        """Whether it is to store spans."""
        return (self.method, self.path) == ("POST", "/api/mlflow/v1/traces")

    @property
    def is_protobuf(self) -> bool:
        """Whether its body is protobuf, so that the answer's should be."""
        return any(name.lower() == "content-type" and PROTOBUF in value for name, value in self.headers.items())


@dataclass(frozen=True)
class FakeResponse:
    """What to answer to one request.

    Attributes:
        status: the HTTP status.
        body: what follows it; None for the empty answer of an export, in the request's own encoding.
        headers: beside the content's type and length.
        fault: what goes wrong beside it.
        rejected: how many of the request's spans are not stored, which a 200 says as OTLP's partial success.
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
        """The bytes that answer a request."""
        if self.body is not None:
            return self.body
        if request.is_protobuf:
            answer = ExportTraceServiceResponse()
            if self.rejected:
                answer.partial_success.rejected_spans = self.rejected
                answer.partial_success.error_message = "not these"
            return answer.SerializeToString()
        partial = {"partialSuccess": {"rejectedSpans": str(self.rejected), "errorMessage": "not these"}}
        return json.dumps(partial if self.rejected else {}).encode()


Rule = Callable[[Request], FakeResponse | None]
"""Gives the answer to a request that it is about, and None to any other."""


def too_large(max_bytes: int) -> Rule:
    """413 to a body of more bytes than that, counted as they were sent."""
    return lambda request: FakeResponse(413, b"too large") if len(request.body) > max_bytes else None


def poisoned_by(name: str) -> Rule:
    """400 to every request that holds a span of that name."""

    def rule(request: Request) -> FakeResponse | None:
        if request.is_export and any(span.name == name for span in spans_in(request.headers, request.body)):
            return FakeResponse(400, b'{"error_code": "INVALID_PARAMETER_VALUE", "message": "poison"}')
        return None

    return rule
