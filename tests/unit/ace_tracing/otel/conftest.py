"""Fixtures of the tests of the bridge to OpenTelemetry."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ace_tracing.otel import TracerProvider, tracer_provider
from ace_tracing.otel.tracer import Tracer


@pytest.fixture
def provider() -> Iterator[TracerProvider]:
    """Return this process's tracer provider, and turn the bridge off after the test."""
    provider = tracer_provider()
    yield provider
    provider.shutdown()


@pytest.fixture
def tracer(provider: TracerProvider) -> Tracer:
    """Return a tracer of a library."""
    return provider.get_tracer("tests.library", "1.2", "https://example.com/schema", {"key": "value"})
