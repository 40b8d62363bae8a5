# /// script
# requires-python = ">=3.11"
# dependencies = ["opentelemetry-sdk==1.45.2", "opentelemetry-exporter-otlp-proto-http==1.45.2"]
# ///
"""OpenTelemetry's SDK with its OTLP/HTTP exporter, and a decorator that captures, which the SDK does not have."""

import functools
import inspect
import json
import os

# The queue of 2,048 spans drops spans when it is full. This size is enough for all spans.
os.environ.setdefault("OTEL_BSP_MAX_QUEUE_SIZE", "10000000")

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

TRACES = 1.0


def start(url):
    """Export batches to the sink, compressed with gzip."""
    global provider, tracer
    provider = TracerProvider()
    exporter = OTLPSpanExporter(f"{url}/v1/traces", compression=Compression.Gzip)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    tracer = provider.get_tracer("benchmark")


def to_json(value):
    """Return a value as JSON: a pydantic model with its fields, a numpy array with its first values."""
    return json.dumps(value, default=convert)


def convert(value):
    """Return a value that JSON does not have in parts that it has."""
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    return {"dtype": str(value.dtype), "shape": value.shape, "first": value.flat[:10].tolist()}


def traced(function):
    """Record the arguments by name and the result as JSON, as the other SDKs do."""
    name = function.__name__
    names = list(inspect.signature(function).parameters)

    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def call(*args):
            with tracer.start_as_current_span(name) as span:
                span.set_attribute("inputs", to_json(dict(zip(names, args, strict=True))))
                result = await function(*args)
                span.set_attribute("outputs", to_json(result))
                return result
    elif inspect.isgeneratorfunction(function):

        @functools.wraps(function)
        def call(*args):
            with tracer.start_as_current_span(name) as span:
                span.set_attribute("inputs", to_json(dict(zip(names, args, strict=True))))
                items = []
                for item in function(*args):
                    items.append(item)
                    yield item
                span.set_attribute("outputs", to_json(items))
    else:

        @functools.wraps(function)
        def call(*args):
            with tracer.start_as_current_span(name) as span:
                span.set_attribute("inputs", to_json(dict(zip(names, args, strict=True))))
                result = function(*args)
                span.set_attribute("outputs", to_json(result))
                return result

    return call


def flush():
    """Wait until the processor's queue is empty."""
    return provider.force_flush(60_000)
