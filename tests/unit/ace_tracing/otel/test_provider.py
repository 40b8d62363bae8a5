"""The tracer provider: one in a process, global only by an explicit argument, absent unless it is asked for."""

from __future__ import annotations

import subprocess
import sys
from typing import Final

import pytest

import ace_tracing.otel
from ace_tracing.otel import TracerProvider, tracer_provider
from kayba_local import LocalServer

SETS: Final = """
from opentelemetry import trace
from ace_tracing.otel import tracer_provider

before = trace.get_tracer_provider()
early = trace.get_tracer("early")
assert tracer_provider() is tracer_provider()
assert trace.get_tracer_provider() is before
assert tracer_provider(set_global=True) is trace.get_tracer_provider() is tracer_provider()
assert tracer_provider(set_global=True) is trace.get_tracer_provider()
"""

KEEPS: Final = """
import logging
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from ace_tracing.otel import tracer_provider

logging.basicConfig(format="%(message)s")
own = TracerProvider()
trace.set_tracer_provider(own)
tracer_provider()
assert trace.get_tracer_provider() is own
tracer_provider(set_global=True)
assert trace.get_tracer_provider() is own
"""

OFF: Final = """
import sys
import ace_tracing
from ace_tracing import configure, shutdown, start_span, trace

@trace
def step():
    with start_span("inner"):
        ace_tracing.inject({})

configure(api_key="kb-key", base_url=sys.argv[1])
step()
with ace_tracing.continue_trace({"traceparent": f"00-{'ab' * 16}-{'cd' * 8}-01"}):
    step()
ace_tracing.propagate_context()
shutdown(20)
assert not [name for name in sys.modules if name.startswith(("opentelemetry", "ace_tracing.otel"))]
"""

WITHOUT_API: Final = """
import sys
sys.modules["opentelemetry"] = None
try:
    import ace_tracing.otel
except ImportError as error:
    print(error)
"""


def run(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a program in a process of its own."""
    done = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done


def test_the_provider_becomes_global_only_when_asked() -> None:
    assert run(SETS).stderr == ""


def test_the_users_global_provider_stays() -> None:
    (warning,) = run(KEEPS).stderr.splitlines()
    assert "The global tracer provider stays TracerProvider" in warning
    assert "add_span_processor(ace_tracing.otel.SpanProcessor())" in warning


def test_opentelemetry_is_not_imported_without_the_bridge(tracing: LocalServer) -> None:
    run(OFF, tracing.url)


def test_a_missing_api_is_reported_with_the_install_line() -> None:
    assert "pip install opentelemetry-api" in run(WITHOUT_API).stdout


NAMES: Final = """
import inspect, sys
from ace_tracing import *
import ace_tracing
assert callable(instrument) and callable(uninstrument)
assert len(inspect.getmembers(ace_tracing)) > len(ace_tracing.__all__)
assert not [name for name in sys.modules if name.startswith("opentelemetry.")]
for function in (instrument, uninstrument):
    try:
        function()
    except ImportError as error:
        print(error)
"""


def test_all_public_names_can_be_imported_without_the_api() -> None:
    printed = run(f"import sys\nsys.modules['opentelemetry'] = None\n{NAMES}").stdout.splitlines()
    assert len(printed) == 2
    assert all("pip install opentelemetry-api" in line for line in printed)


def test_the_public_names_are_those_of_all() -> None:
    assert set(ace_tracing.otel.__all__) >= {"SpanProcessor", "TracerProvider", "tracer_provider"}


def test_there_is_one_provider(provider: TracerProvider) -> None:
    assert tracer_provider() is provider


def test_force_flush_sends_what_has_ended(provider: TracerProvider, tracing: LocalServer) -> None:
    with provider.get_tracer("library").start_as_current_span("name"):
        pass
    assert provider.force_flush(60_000)
    assert [found.data.spans[0].name for found in ace_tracing.search_traces()] == ["name"]


def test_force_flush_without_a_configuration_is_done(provider: TracerProvider) -> None:
    assert provider.force_flush()


@pytest.mark.parametrize("name", ["", None, 5])
def test_a_tracer_of_any_name_works(provider: TracerProvider, name: str) -> None:
    assert not provider.get_tracer(name, version := None, version).start_span("name").is_recording()
