"""Fixtures: OpenTelemetry's own SDK and exporters, and a kayba-local that receives their spans."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import pytest
from opentelemetry.exporter.otlp.common.http import Compression
from opentelemetry.exporter.otlp.json.http import trace_exporter as json_exporter
from opentelemetry.exporter.otlp.proto.http import trace_exporter as protobuf_exporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Tracer

import ace_tracing
import kayba_local
from ace_tracing import Trace, get_trace
from kayba_local import LocalServer

API_KEY: Final = "kb-otel"
PATH: Final = "/api/mlflow/v1/traces"

EXPORTERS: Final[dict[str, Callable[..., SpanExporter]]] = {
    "protobuf": protobuf_exporter.OTLPSpanExporter,
    "JSON": json_exporter.OTLPSpanExporter,
}
"""The exporter classes, by encoding."""


@dataclass(frozen=True, slots=True)
class Sender:
    """An OTLP exporter for one server.

    Attributes:
        encoding: The encoding of spans, a key of `EXPORTERS`.
        url: The server's host.
    """

    encoding: str
    url: str

    def send(
        self,
        spans: Sequence[ReadableSpan],
        *,
        experiment: str | None = "0",
        api_key: str = API_KEY,
        compression: Compression = Compression.NONE,
    ) -> bool:
        """Export spans once and return whether the exporter reports success."""
        headers = {"Authorization": f"Bearer {api_key}"}
        if experiment is not None:
            headers["x-mlflow-experiment-id"] = experiment
        exporter = EXPORTERS[self.encoding](endpoint=f"{self.url}{PATH}", headers=headers, compression=compression)
        try:
            return exporter.export(spans) is SpanExportResult.SUCCESS
        finally:
            exporter.shutdown()


@pytest.fixture(scope="session")
def otlp_server() -> Iterator[LocalServer]:
    """Serve a kayba-local with one API key."""
    with kayba_local.serve(api_key=API_KEY) as running:
        yield running


@pytest.fixture(params=list(EXPORTERS))
def sender(request: pytest.FixtureRequest, otlp_server: LocalServer) -> Iterator[Sender]:
    """Run the test with each exporter, with ace-tracing configured for the same server."""
    ace_tracing.configure(api_key=API_KEY, base_url=otlp_server.url)
    yield Sender(request.param, otlp_server.url)
    ace_tracing.shutdown()


def record_spans(program: Callable[[Tracer], object]) -> Sequence[ReadableSpan]:
    """Return the spans that a program records with OpenTelemetry's SDK."""
    memory = InMemorySpanExporter()
    resource = Resource({"service.name": "shop", "deployment.environment": "eu", "service.replicas": 3})
    provider = TracerProvider(resource=resource)
    provider.add_span_processor(SimpleSpanProcessor(memory))
    program(provider.get_tracer("shop.agent", "1.2"))
    return memory.get_finished_spans()


def read_back(span: ReadableSpan) -> Trace:
    """Return the trace of a span from kayba-local."""
    context = span.get_span_context()
    assert context is not None
    return get_trace(f"tr-{context.trace_id:032x}")
