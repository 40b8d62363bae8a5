"""What each SDK puts on the wire: which spans a request brings, and the answer that the SDK needs."""

from __future__ import annotations

import gzip
import json
import re
import zlib
from email.parser import BytesParser
from typing import NamedTuple

_SPAN_ID = re.compile(rb'"spanId" ?: ?"([^"]+)"')
_PENDING = "logfire.pending_parent_id"
"""Only spans that Logfire sends at the start of a span, under ids of their own, have it."""
_RUN_PART = re.compile(r"(?:post|patch)\.([^.]+)\.outputs")


class Request(NamedTuple):
    """A request as it came, and when it was there in whole, in seconds of `time.perf_counter`."""

    path: str
    content_type: str
    content_encoding: str
    body: bytes
    at: float

    def decoded(self) -> bytes:
        """The body without its compression."""
        match self.content_encoding:
            case "gzip":
                return gzip.decompress(self.body)
            case "deflate":
                return zlib.decompress(self.body)
            case "zstd":
                from zstandard import ZstdDecompressor

                # Clients write frames as a stream, one after the other and without their sizes.
                reader = ZstdDecompressor().stream_reader(self.body, read_across_frames=True)
                return reader.read()
            case _:
                return self.body


def span_ids(request: Request, body: bytes) -> set[bytes]:
    """The spans that a request completes, each by its own id, so that one that is sent twice counts once."""
    path = request.path
    if path.endswith("/v1/traces"):
        return _of_protobuf(body) if "protobuf" in request.content_type else set(_SPAN_ID.findall(body))
    if path == "/runs/multipart":
        return _of_langsmith(request.content_type, body)
    if path == "/v1/private/spans/batch":
        return {span["id"].encode() for span in json.loads(body)["spans"] if span.get("end_time")}
    return set()


def _of_protobuf(body: bytes) -> set[bytes]:
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    request = ExportTraceServiceRequest.FromString(body)
    spans = (span for resource in request.resource_spans for scope in resource.scope_spans for span in scope.spans)
    return {span.span_id for span in spans if not any(one.key == _PENDING for one in span.attributes)}


def _of_langsmith(content_type: str, body: bytes) -> set[bytes]:
    # A run's start, its end, its inputs and its outputs are parts of their own; with its outputs it is complete.
    message = BytesParser().parsebytes(f"Content-Type: {content_type}\r\n\r\n".encode() + body)
    names = (part.get_param("name", header="content-disposition") for part in message.walk())
    return {found[1].encode() for name in names if isinstance(name, str) and (found := _RUN_PART.fullmatch(name))}


def answer_to(path: str, content_type: str, body: bytes) -> bytes:
    """The least that makes the client go on."""
    if path == "/info":
        # What LangSmith's own service says of itself: the client then sends compressed batches of many runs.
        return json.dumps(
            {
                "version": "0.15.0",
                "instance_flags": {"zstd_compression_enabled": True},
                "batch_ingest_config": {
                    "use_multipart_endpoint": True,
                    "scale_up_qsize_trigger": 1000,
                    "scale_up_nthreads_limit": 16,
                    "scale_down_nempty_trigger": 4,
                    "size_limit": 100,
                    "size_limit_bytes": 20_971_520,
                },
            }
        ).encode()
    if path == "/v1/info":
        return b'{"project_name": "benchmark", "project_url": "http://127.0.0.1"}'
    if path.endswith("/mlflow/version"):
        return b"3.17.2"
    if path.endswith("/3.0/mlflow/traces"):
        # MLflow's server says where it will keep the spans: with itself, so that they come as OTLP.
        trace = json.loads(body)
        trace["trace"]["trace_info"].setdefault("tags", {})["mlflow.trace.spansLocation"] = "TRACKING_STORE"
        return json.dumps(trace).encode()
    return b"" if "protobuf" in content_type else b"{}"
