"""The same work under each SDK: a root with two children, small inputs; 3 spans a call."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, NamedTuple

QUESTION = "What is the capital of France?"


class Subject(NamedTuple):
    """What is measured: a traced call, and how to wait until all is delivered."""

    call: Callable[[], Any]
    flush: Callable[[], object]


def plain(_url: str) -> Subject:
    """The same functions without tracing: the floor."""

    def retrieve(query: str) -> list[str]:
        return ["doc1", "doc2"]

    def generate(docs: list[str], query: str) -> str:
        return "Paris"

    def agent(query: str) -> str:
        return generate(retrieve(query), query)

    return Subject(lambda: agent(QUESTION), lambda: None)


def ace(url: str) -> Subject:
    """ace-tracing, everything captured, as users write it."""
    from ace.tracing import configure, flush, trace

    configure(api_key="kb-benchmark", base_url=url, folder="benchmark")

    @trace
    def retrieve(query: str) -> list[str]:
        return ["doc1", "doc2"]

    @trace
    def generate(docs: list[str], query: str) -> str:
        return "Paris"

    @trace
    def agent(query: str) -> str:
        return generate(retrieve(query), query)

    def wait() -> None:
        delivery = flush(60)
        if not delivery:
            raise RuntimeError(f"not all was delivered: {delivery}")

    return Subject(lambda: agent(QUESTION), wait)


def disabled(url: str) -> Subject:
    """ace-tracing, switched off."""
    subject = ace(url)
    from ace.tracing import disable

    disable()
    return subject


def opentelemetry(url: str) -> Subject:
    """OpenTelemetry's SDK with its HTTP exporter; inputs and outputs set by hand as JSON, since it captures nothing."""
    import json

    # Its queue drops what does not fit: large enough here that both deliver everything.
    os.environ["OTEL_BSP_MAX_QUEUE_SIZE"] = "1000000"
    from opentelemetry import trace
    from opentelemetry.exporter.otlp.proto.http import Compression
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    exporter = OTLPSpanExporter(f"{url}/v1/traces", compression=Compression.Gzip)
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    tracer = provider.get_tracer("benchmark")

    def retrieve(query: str) -> list[str]:
        with tracer.start_as_current_span("retrieve") as span:
            span.set_attribute("inputs", json.dumps({"query": query}))
            docs = ["doc1", "doc2"]
            span.set_attribute("outputs", json.dumps(docs))
            return docs

    def generate(docs: list[str], query: str) -> str:
        with tracer.start_as_current_span("generate") as span:
            span.set_attribute("inputs", json.dumps({"docs": docs, "query": query}))
            span.set_attribute("outputs", json.dumps("Paris"))
            return "Paris"

    def agent(query: str) -> str:
        with tracer.start_as_current_span("agent") as span:
            span.set_attribute("inputs", json.dumps({"query": query}))
            answer = generate(retrieve(query), query)
            span.set_attribute("outputs", json.dumps(answer))
            return answer

    return Subject(lambda: agent(QUESTION), lambda: provider.force_flush(60_000))


SUBJECTS = {"plain": plain, "ace-tracing, disabled": disabled, "ace-tracing": ace, "OpenTelemetry": opentelemetry}
