"""Wire formats of the SDKs: the spans in a request, and the response that the SDK expects."""

from __future__ import annotations

import gzip
import json
import re
import zlib
from email.parser import BytesParser
from typing import Final, NamedTuple

_SPAN_ID: Final = re.compile(rb'"spanId" ?: ?"([^"]+)"')
_PENDING: Final = "logfire.pending_parent_id"
"""The attribute of the extra spans, with separate ids, that Logfire sends at the start of each span."""
_RUN_PART: Final = re.compile(r"(?:post|patch)\.([^.]+)\.outputs")


class Request(NamedTuple):
    """A received request; `at` is the end of its arrival, in seconds of `time.perf_counter`."""

    path: str
    content_type: str
    content_encoding: str
    body: bytes
    at: float

    def decoded(self) -> bytes:
        """Return the decompressed body."""
        match self.content_encoding:
            case "gzip":
                return gzip.decompress(self.body)
            case "deflate":
                return zlib.decompress(self.body)
            case "zstd":
                from zstandard import ZstdDecompressor

                # Clients write a stream of frames without their sizes.
                reader = ZstdDecompressor().stream_reader(self.body, read_across_frames=True)
                return reader.read()
            case _:
                return self.body


def span_ids(request: Request, body: bytes) -> set[bytes]:
    """Return the ids of the spans that a request completes, so a span that is sent twice counts once."""
    path = request.path
    if path.endswith("/v1/traces"):
        return _protobuf_span_ids(body) if "protobuf" in request.content_type else set(_SPAN_ID.findall(body))
    if path == "/runs/multipart":
        return _langsmith_run_ids(request.content_type, body)
    if path == "/v1/private/spans/batch":
        return {span["id"].encode() for span in json.loads(body)["spans"] if span.get("end_time")}
    return set()


def _protobuf_span_ids(body: bytes) -> set[bytes]:
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    request = ExportTraceServiceRequest.FromString(body)
    spans = (span for resource in request.resource_spans for scope in resource.scope_spans for span in scope.spans)
    return {span.span_id for span in spans if not any(attribute.key == _PENDING for attribute in span.attributes)}


def _langsmith_run_ids(content_type: str, body: bytes) -> set[bytes]:
    # The start, the end, the inputs and the outputs of a run are separate parts; the outputs complete it.
    message = BytesParser().parsebytes(f"Content-Type: {content_type}\r\n\r\n".encode() + body)
    names = (part.get_param("name", header="content-disposition") for part in message.walk())
    return {found[1].encode() for name in names if isinstance(name, str) and (found := _RUN_PART.fullmatch(name))}


def response_body(path: str, content_type: str, body: bytes) -> bytes:
    """Return the minimal response with which the client continues."""
    if path == "/info":
        # The configuration of LangSmith's service, with which the client sends compressed batches of many runs.
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
        # With this tag MLflow's server announces that it stores spans, so the client sends them as OTLP.
        trace = json.loads(body)
        trace["trace"]["trace_info"].setdefault("tags", {})["mlflow.trace.spansLocation"] = "TRACKING_STORE"
        return json.dumps(trace).encode()
    return b"" if "protobuf" in content_type else b"{}"
