"""`configure`, `flush` and `shutdown`: timeouts, invalid durations, several services, threads."""

from __future__ import annotations

import math
from collections.abc import Iterator

import pytest
from tests.helpers.faulty_server import faulty_server
from tests.helpers.programs import wait_for
from tests.helpers.running_threads import running_threads

import ace_tracing
from ace_tracing import Delivery, start_span
from kayba_local import LocalServer


@pytest.fixture(autouse=True)
def _quiet_and_shut_down(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(ace_tracing.diagnostics, "loud", False)
    ace_tracing.diagnostics._last_warned.clear()
    yield
    ace_tracing.shutdown(timeout=0.1)


def test_an_infinite_timeout_is_accepted() -> None:
    with faulty_server() as server:
        ace_tracing.configure(api_key="kb-test", base_url=server.url)
        with start_span("step"):
            pass
        assert ace_tracing.flush(timeout=math.inf) == Delivery(delivered=1)
        assert ace_tracing.shutdown(timeout=math.inf) == Delivery(delivered=1)


def test_a_hanging_service_does_not_delay_another_service() -> None:
    with faulty_server(hang=True) as hung, faulty_server() as server:
        ace_tracing.configure(api_key="kb-test", base_url=hung.url)
        with start_span("never arrives"):
            pass
        ace_tracing.configure(api_key="kb-test", base_url=server.url)
        # The worker's thread runs already, so a later trace would wait for others in the same request.
        with start_span("first"):
            pass
        # Less than the 10 s of a request to the other service.
        wait_for(lambda: ace_tracing.flush(timeout=0.4) == Delivery(delivered=1, pending=1), 8)


@pytest.mark.parametrize("seconds", ["5", -1.0, math.nan])
def test_an_invalid_duration_raises(seconds: float) -> None:
    with pytest.raises(ace_tracing.ConfigurationError, match="keep_slower_than"):
        ace_tracing.configure(api_key="kb-test", sample_rate=0.5, keep_slower_than=seconds)


def test_repeated_configure_leaves_one_thread(kayba_server: LocalServer) -> None:
    def ours() -> int:
        return sum(thread.name == "ace-tracing" for thread in running_threads())

    for number in range(12):
        ace_tracing.configure(api_key=f"kb-{number}", base_url=kayba_server.url)
        with start_span("once"):
            pass
    assert ace_tracing.flush() == Delivery(delivered=12)
    wait_for(lambda: ours() == 1)
    ace_tracing.shutdown()
