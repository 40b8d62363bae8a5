"""A rejected trace is found, dropped and counted, and costs no other trace: points 5, 6, 7 and 9."""

from __future__ import annotations

import logging
import math
import random
from collections.abc import Callable, Iterator

import pytest
from tests.helpers.counts import counts
from tests.helpers.faulty_server import FakeResponse, FaultyServer, faulty_server, poisoned_by, too_large
from tests.helpers.programs import TIMEOUT_S, Programs, make_traces, numbered_names, wait_for

import ace_tracing
from ace_tracing import diagnostics, tracing_status

Configured = Callable[..., None]

MAX_BYTES = 20_000


@pytest.fixture
def late_server() -> Iterator[FaultyServer]:
    """A server that starts after all traces are made, so that the batches do not depend on time."""
    with faulty_server(up=False) as server:
        yield server


def requests_for(server: FaultyServer) -> int:
    return sum(path.endswith("/v1/traces") for _, path, _, _ in server.requests)


@pytest.mark.point(5)
@pytest.mark.parametrize("place", [0, 100, 199])
def test_one_poison_trace_in_200_is_dropped_alone(
    configured: Configured, spool: bool, late_server: FaultyServer, place: int
) -> None:
    configured(late_server.url, spool)
    make_traces(200, "fine")
    late_server.up()
    assert counts(ace_tracing.flush(timeout=TIMEOUT_S)) == (200, 0, 0)
    without = requests_for(late_server)

    late_server.down()
    late_server.rules = [poisoned_by("poison0")]
    make_traces(place, "before")
    make_traces(1, "poison")
    make_traces(199 - place, "after")
    late_server.up()
    delivery = ace_tracing.flush(timeout=TIMEOUT_S)
    assert counts(delivery) == (399, 0, 1)
    assert late_server.store.names == {
        **numbered_names(200, "fine"),
        **numbered_names(place, "before"),
        **numbered_names(199 - place, "after"),
    }
    assert requests_for(late_server) - 2 * without <= 2 * math.log2(200)


@pytest.mark.point(6)
def test_too_large_batch_is_split_until_it_fits(configured: Configured, spool: bool, late_server: FaultyServer) -> None:
    late_server.rules = [too_large(MAX_BYTES)]
    configured(late_server.url, spool)
    for number in range(200):
        make_traces(1, f"part{number}-", noise=random.randbytes(1_000).hex())
    late_server.up()
    assert counts(ace_tracing.flush(timeout=TIMEOUT_S)) == (200, 0, 0)
    assert late_server.store.names == {name: 1 for number in range(200) for name in numbered_names(1, f"part{number}-")}


@pytest.mark.point(6)
def test_too_large_single_span_is_cut_and_marked(
    configured: Configured, spool: bool, late_server: FaultyServer
) -> None:
    late_server.rules = [too_large(MAX_BYTES)]
    configured(late_server.url, spool)
    make_traces(3, "before")
    make_traces(1, "oversize", noise=random.randbytes(100_000).hex())
    make_traces(3, "after")
    late_server.up()
    assert counts(ace_tracing.flush(timeout=TIMEOUT_S)) == (7, 0, 0)
    assert late_server.store.names == {
        **numbered_names(3, "before"),
        **numbered_names(1, "oversize"),
        **numbered_names(3, "after"),
    }
    stored = [span for batch in late_server.exported()[-8:] for span in batch if span["name"] == "oversize0"][-1]
    attributes = {each["key"]: each["value"] for each in stored["attributes"]}
    assert "span.cut" in attributes
    assert len(str(attributes)) < 2 * MAX_BYTES


@pytest.mark.point(7)
@pytest.mark.parametrize("status", [302, 401, 403, 404])
def test_blocked_export_warns_once_and_keeps_the_traces(
    configured: Configured,
    spool: bool,
    status: int,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # A warning may come once a minute, and a busy machine may take longer than that.
    monkeypatch.setattr(diagnostics, "_INTERVAL_S", TIMEOUT_S)
    with (
        faulty_server() as elsewhere,
        faulty_server(FakeResponse(status, headers={"Location": elsewhere.url})) as server,
    ):
        with caplog.at_level(logging.WARNING, logger="ace_tracing"):
            configured(server.url, spool)
            for _ in range(3):
                make_traces(4)
                wait_for(lambda: tracing_status().state == "paused")
                delivery = ace_tracing.flush(timeout=1)
                # The traces are neither delivered nor lost. They wait until the service accepts them.
                assert (delivery.delivered, delivery.dropped) == (0, 0)
        wait_for(lambda: tracing_status().pending == 12)
        # On a busy machine, an attempt may also take too long, which is another warning.
        (warning,) = [message for message in caplog.messages if message.startswith("Export paused")]
        assert str(status) in warning
        assert elsewhere.requests == []
        wait_for(lambda: str(status) in str(tracing_status().last_error))


@pytest.mark.point(7)
@pytest.mark.parametrize("status", [302, 401, 403, 404])
def test_blocked_traces_arrive_once_the_service_accepts_them(programs: Programs, status: int) -> None:
    with faulty_server(FakeResponse(status, headers={"Location": "http://127.0.0.1:9/"})) as server:
        programs.run("trace_and_exit", server.url, 20, "return")
        assert requests_for(server) > 0
        server.respond_with(FakeResponse())
        left = programs.report("deliver", server.url, "all")
        assert (left["pending"], left["dropped"]) == (0, 0)
        assert server.store.names == numbered_names(20)


@pytest.mark.point(9)
def test_partial_success_is_not_retried_and_is_counted(configured: Configured, spool: bool) -> None:
    with faulty_server(FakeResponse(rejected=2), FakeResponse()) as server:
        configured(server.url, spool)
        make_traces(5)
        # The traces are stored without two of their spans.
        assert counts(ace_tracing.flush(timeout=TIMEOUT_S)) == (5, 0, 2)
        assert requests_for(server) == 1
        make_traces(1)
        assert counts(ace_tracing.flush(timeout=TIMEOUT_S)) == (6, 0, 2)
