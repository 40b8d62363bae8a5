"""The two ways to record a program: through ace-tracing's bridge, and through OpenTelemetry's own SDK."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from importlib.metadata import entry_points
from typing import Final

StartRoot = Callable[[str], AbstractContextManager[str]]

INSTRUMENTORS: Final = {
    "openai": ["openai"],
    "anthropic": ["anthropic"],
    "langchain": ["langchain"],
    "langgraph": ["langchain"],
    "litellm": ["litellm"],
    "openai-agents": ["openai_agents"],
    "llama-index": ["llama_index"],
    "smolagents": ["smolagents"],
    "dspy": ["dspy"],
    "crewai": ["crewai", "openai"],
}
"""The instrumentors of each framework, by the names of their entry points. The other frameworks emit spans natively."""
ALSO: Final = {"crewai": ("openai",)}
"""Libraries that a framework needs beside it, as its page in docs/frameworks shows."""
GLOBAL_ONLY: Final = ("strands",)
"""Frameworks that use the global provider only."""


@contextmanager
def record_by_bridge(frameworks: Sequence[str]) -> Iterator[StartRoot]:
    """Record with `ace_tracing.instrument`, as a user of the SDK does."""
    import ace_tracing

    ace_tracing.configure()
    names = [name for framework in frameworks for name in (framework, *ALSO.get(framework, ()))]
    report = ace_tracing.instrument(*names, set_global=any(name in GLOBAL_ONLY for name in names))
    print(report)

    @contextmanager
    def start_root(name: str) -> Iterator[str]:
        with ace_tracing.start_span(name) as span:
            yield str(span.trace_id)

    yield start_root
    assert ace_tracing.flush()


@contextmanager
def record_by_sdk(frameworks: Sequence[str]) -> Iterator[StartRoot]:
    """Record with OpenTelemetry's SDK. The environment variables of the exporter are its whole configuration."""
    from opentelemetry import trace
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    for name in (name for framework in frameworks for name in INSTRUMENTORS.get(framework, ())):
        # Several families of instrumentations have the same names. All of those that are installed are used.
        for entry in entry_points(group="opentelemetry_instrumentor", name=name):
            entry.load()().instrument(tracer_provider=provider)
    if "pydantic-ai" in frameworks:
        from pydantic_ai import Agent

        Agent.instrument_all()

    @contextmanager
    def start_root(name: str) -> Iterator[str]:
        with trace.get_tracer("ecosystem").start_as_current_span(name) as span:
            yield f"tr-{span.get_span_context().trace_id:032x}"

    yield start_root
    provider.force_flush()
    provider.shutdown()


RECORDERS: Final[dict[str, Callable[[Sequence[str]], AbstractContextManager[StartRoot]]]] = {
    "bridge": record_by_bridge,
    "sdk": record_by_sdk,
}
