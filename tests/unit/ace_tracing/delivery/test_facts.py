"""Facts of a trace: each is readable after every way of delivery, on every server."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest
from tests.helpers.trace_facts import ROUTES, Destination, deliver_on, expected_facts, facts_of

import ace_tracing
from ace_tracing.testing import capture_traces
from kayba_local import serve

PARTS = [
    pytest.param(route, marks=pytest.mark.skipif(route == "killed" and sys.platform == "win32", reason="no SIGKILL"))
    for route in ROUTES
]


@pytest.fixture(params=[True, False], ids=["otlp", "artifacts"])
def destination(request: pytest.FixtureRequest) -> Iterator[Destination]:
    with serve(otlp=request.param) as server:
        # Shown by time, a trace may get its root's name at the moment when another process names it.
        ace_tracing.configure(api_key="kb-test", base_url=server.url, experiment="facts", show_running_after=600)
        yield Destination(server.url, "facts")
        ace_tracing.shutdown()


@pytest.mark.parametrize("route", PARTS)
def test_every_fact_is_readable_after_every_route(route: str, destination: Destination) -> None:
    assert facts_of(deliver_on(route, destination)) == expected_facts(route)


@pytest.mark.parametrize("route", ["at once", "after the root", "below a foreign caller"])
def test_every_fact_is_in_a_captured_trace(route: str) -> None:
    with capture_traces() as traces:
        ROUTES[route](Destination(""))
    assert facts_of(traces[0]) == expected_facts(route)
