"""The bridge to OpenTelemetry: instrumentations made for it record into the same traces as `@trace`.

    from ace_tracing.otel import tracer_provider

    OpenAIInstrumentor().instrument(tracer_provider=tracer_provider())

It needs opentelemetry-api: `pip install opentelemetry-api`. Only the names in `__all__` are public.
"""

try:
    import opentelemetry.trace  # noqa: F401
except ImportError as error:
    raise ImportError(
        "ace_tracing.otel needs another package: pip install opentelemetry-api", name="opentelemetry"
    ) from error

from ace_tracing.otel.processor import SpanProcessor
from ace_tracing.otel.provider import TracerProvider, tracer_provider
from ace_tracing.otel.report import InstrumentationReport, LibraryInstrumentation

__all__ = [
    "InstrumentationReport",
    "LibraryInstrumentation",
    "SpanProcessor",
    "TracerProvider",
    "tracer_provider",
]
