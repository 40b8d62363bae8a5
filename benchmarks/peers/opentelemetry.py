# /// script
# requires-python = ">=3.11"
# dependencies = ["opentelemetry-sdk==1.45.2", "opentelemetry-exporter-otlp-proto-http==1.45.2"]
# ///
"""OpenTelemetry's SDK with its OTLP/HTTP exporter. It captures nothing by itself: a decorator does that by hand."""

import functools
import inspect
import json
import os

# Its queue of 2,048 spans drops what does not fit: large enough here to deliver everything.
os.environ.setdefault("OTEL_BSP_MAX_QUEUE_SIZE", "10000000")

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

TRACES = 1.0


def start(url):
    """Export batches to the sink, compressed."""
    global provider, tracer
    provider = TracerProvider()
    exporter = OTLPSpanExporter(f"{url}/v1/traces", compression=Compression.Gzip)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    tracer = provider.get_tracer("benchmark")


def traced(function):
    """Record the arguments by name and the result as JSON, as the others do."""
    name = function.__name__
    names = list(inspect.signature(function).parameters)

    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def call(*args):
            with tracer.start_as_current_span(name) as span:
                span.set_attribute("inputs", json.dumps(dict(zip(names, args, strict=True))))
                result = await function(*args)
                span.set_attribute("outputs", json.dumps(result))
                return result
    else:

        @functools.wraps(function)
        def call(*args):
            with tracer.start_as_current_span(name) as span:
                span.set_attribute("inputs", json.dumps(dict(zip(names, args, strict=True))))
                result = function(*args)
                span.set_attribute("outputs", json.dumps(result))
                return result

    return call


def flush():
    """Wait until the processor's queue is empty."""
    return provider.force_flush(60_000)
