"""Tracer provider of OpenTelemetry's API, and the process's one provider."""

from __future__ import annotations

from typing import Any

from opentelemetry import trace as trace_api
from opentelemetry.trace import ProxyTracerProvider
from opentelemetry.trace import TracerProvider as ApiTracerProvider

from ace_tracing.diagnostics import guard, warn
from ace_tracing.otel import bridge
from ace_tracing.otel.attributes import clean_attributes
from ace_tracing.otel.processor import flush
from ace_tracing.otel.readable import resource
from ace_tracing.otel.tracer import Tracer
from ace_tracing.recording.callsite import InstrumentationScope
from ace_tracing.recording.checks import to_name


class TracerProvider(ApiTracerProvider):
    """Tracer provider whose spans this package records: one trace with those of `@trace` and `start_span`.

    Making one turns the bridge on: from then on, OpenTelemetry's current span and this package's are the same.
    Sampling, mask, spool and delivery are those of `configure`. Give it to an instrumentation:

        OpenAIInstrumentor().instrument(tracer_provider=tracer_provider())
    """

    def __init__(self) -> None:
        bridge.activate()

    def get_tracer(
        self,
        instrumenting_module_name: str,
        instrumenting_library_version: str | None = None,
        schema_url: str | None = None,
        attributes: Any = None,
    ) -> Tracer:
        """Return a tracer for an instrumentation.

        Args:
            instrumenting_module_name: The name of the instrumentation scope.
            instrumenting_library_version: Its version.
            schema_url: The URL of its schema.
            attributes: Its attributes.
        """
        bridge.activate()
        scope = InstrumentationScope(
            to_name(instrumenting_module_name, ""),
            to_name(instrumenting_library_version, ""),
            to_name(schema_url, ""),
            clean_attributes(attributes),
            1,
        )
        return Tracer(scope)

    @property
    def resource(self) -> Any:
        """The resource of this process."""
        return resource()

    @guard("flushing")
    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Send all finished traces now, and return whether that was possible in time.

        Args:
            timeout_millis: The longest wait, in milliseconds.
        """
        return flush(timeout_millis)

    def shutdown(self) -> None:
        """Turn the bridge off: OpenTelemetry's context no longer follows this package's current span.

        Finished traces are sent as before. The next call of `tracer_provider` turns it on again.
        """
        bridge.deactivate()


_provider: TracerProvider | None = None


def tracer_provider(*, set_global: bool = False) -> TracerProvider:
    """Return this process's tracer provider, and turn the bridge to OpenTelemetry on.

    The global provider of OpenTelemetry does not change, unless you ask for it.

    Args:
        set_global: Whether to make it the global provider, for instrumentations that use no other one. This is possible
            once in a process, and only while there is none; otherwise a warning is logged. False by default.
    """
    global _provider
    if _provider is None:
        _provider = TracerProvider()
    bridge.activate()
    if set_global:
        _set_global(_provider)
    return _provider


@guard("setting the global tracer provider")
def _set_global(provider: TracerProvider) -> None:
    present = trace_api.get_tracer_provider()
    if isinstance(present, ProxyTracerProvider):
        trace_api.set_tracer_provider(provider)
        present = trace_api.get_tracer_provider()
    if present is not provider:
        warn(
            "otel global",
            "The global tracer provider stays %s, which was set before. Add this SDK to it: "
            "provider.add_span_processor(ace_tracing.otel.SpanProcessor())",
            type(present).__qualname__,
        )
