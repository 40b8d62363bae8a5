"""Two destinations: each gets every trace, and one that fails holds only its own."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.helpers.faulty_server import FakeResponse, FaultyServer, faulty_server, poisoned_by
from tests.helpers.programs import make_traces, numbered_names, wait_for

import ace_tracing
from ace_tracing import Delivery, diagnostics, start_span
from kayba_local import LocalServer, serve


@pytest.fixture(autouse=True)
def _afterwards() -> Iterator[None]:
    diagnostics._last_warned.clear()
    yield
    ace_tracing.shutdown(timeout=0)


@pytest.fixture
def kayba() -> Iterator[FaultyServer]:
    with faulty_server() as server:
        yield server


@pytest.fixture
def collector() -> Iterator[FaultyServer]:
    with faulty_server() as server:
        yield server


@pytest.fixture(params=[True, False], ids=["spool", "memory"])
def both(request: pytest.FixtureRequest, kayba: FaultyServer, collector: FaultyServer) -> Callable[..., None]:
    """Return a function that configures both destinations."""

    def configure(**arguments: Any) -> None:
        ace_tracing.configure(
            api_key="kb-test", base_url=kayba.url, exporter=("kayba", "otlp"), endpoint=collector.url,
            **{"spool": request.param, **arguments},
        )  # fmt: skip

    return configure


def counts(delivery: Delivery) -> dict[str, tuple[int, int, int]]:
    """Return the delivered, pending and dropped traces of each destination."""
    return {name: (each.delivered, each.pending, each.dropped) for name, each in delivery.destinations.items()}


def spool_files() -> list[str]:
    """Return the files in the spool, except for the marks of rejected keys."""
    found = [name for _, _, names in os.walk(os.environ["KAYBA_SPOOL_DIR"]) for name in names]
    return [name for name in found if name != "rejected"]


def test_each_destination_gets_every_trace_once(
    both: Callable[..., None], kayba: FaultyServer, collector: FaultyServer
) -> None:
    both()
    make_traces(50)
    delivery = ace_tracing.flush(30)
    assert delivery
    assert counts(delivery) == {"kayba": (50, 0, 0), "otlp": (50, 0, 0)}
    assert delivery.delivered == 100
    assert kayba.store.names == collector.store.names == numbered_names(50)
    assert kayba.store.duplicates == collector.store.duplicates == 0
    assert kayba.store.traces.keys() == collector.store.traces.keys()
    assert {path for _, path, _, _ in collector.requests} == {"/v1/traces"}
    assert "/v1/traces" not in {path for _, path, _, _ in kayba.requests}
    assert ace_tracing.shutdown(30) == Delivery(delivered=100)
    assert spool_files() == []


@pytest.mark.parametrize("down", ["kayba", "otlp"])
def test_a_destination_that_is_down_holds_only_its_own(
    down: str, both: Callable[..., None], kayba: FaultyServer, collector: FaultyServer
) -> None:
    failing, healthy = (kayba, collector) if down == "kayba" else (collector, kayba)
    up = "otlp" if down == "kayba" else "kayba"
    failing.down()
    both()
    make_traces(20)
    ace_tracing.flush(1)
    now = ace_tracing.tracing_status()
    assert counts(now) == {down: (0, 20, 0), up: (20, 0, 0)}
    assert (now.state, now.destinations[down].state, now.destinations[up].state) == ("waiting", "waiting", "idle")
    assert now.last_error == now.destinations[down].last_error is not None
    assert now.destinations[up].last_error is None
    make_traces(20, "m")
    wait_for(lambda: len(healthy.store.names) == 40)
    failing.up()
    assert ace_tracing.flush(30) == Delivery(delivered=80)
    assert failing.store.names == healthy.store.names == {**numbered_names(20), **numbered_names(20, "m")}
    assert failing.store.duplicates == healthy.store.duplicates == 0


def test_a_read_waits_for_kayba_only(kayba_server: LocalServer) -> None:
    with faulty_server(hang=True) as collector:
        ace_tracing.configure(
            api_key="kb-test", base_url=kayba_server.url, exporter=("kayba", "otlp"), endpoint=collector.url
        )
        with start_span("step") as span:
            pass
        assert ace_tracing.get_trace(span.trace_id).root.name == "step"
        collector.release()
        assert ace_tracing.flush(30)


def test_feedback_goes_to_kayba_only(kayba_server: LocalServer, collector: FaultyServer) -> None:
    ace_tracing.configure(
        api_key="kb-test", base_url=kayba_server.url, exporter=("otlp", "kayba"), endpoint=collector.url
    )
    with start_span("step") as span:
        pass
    ace_tracing.log_feedback(span.trace_id, "correct", True)
    delivery = ace_tracing.flush(30)
    assert counts(delivery) == {"kayba": (2, 0, 0), "otlp": (1, 0, 0)}
    assert delivery.destinations["kayba"].feedback_delivered == 1
    assert len(collector.requests) == 1
    assert len(ace_tracing.get_trace(span.trace_id).info.assessments) == 1


def test_a_trace_that_one_destination_rejects_is_stored_by_the_other(
    both: Callable[..., None], kayba: FaultyServer, collector: FaultyServer
) -> None:
    collector.rules.append(poisoned_by("n1"))
    both()
    make_traces(3)
    assert counts(ace_tracing.flush(30)) == {"kayba": (3, 0, 0), "otlp": (2, 0, 1)}
    assert kayba.store.names == numbered_names(3)
    assert ace_tracing.tracing_status().destinations["otlp"].reasons == {"rejected by the service": 1}


def test_a_running_trace_is_sent_to_both(
    both: Callable[..., None], kayba: FaultyServer, collector: FaultyServer
) -> None:
    both()
    with start_span("root"):
        make_traces(1)
        ace_tracing.flush(30)
        assert collector.store.names == {"n0": 1}
        assert kayba.store.names == {"n0": 1}
    assert ace_tracing.flush(30)
    assert kayba.store.names == collector.store.names == {"n0": 1, "root": 1}


def test_destinations_may_come_and_go(both: Callable[..., None], kayba: FaultyServer, collector: FaultyServer) -> None:
    ace_tracing.configure(api_key="kb-test", base_url=kayba.url)
    make_traces(5, "a")
    both()
    make_traces(5, "b")
    ace_tracing.configure(exporter="otlp", endpoint=collector.url)
    make_traces(5, "c")
    both()
    make_traces(5, "d")
    ace_tracing.configure(api_key="kb-test", base_url=kayba.url)
    make_traces(5, "e")
    delivery = ace_tracing.shutdown(60)
    assert counts(delivery) == {"kayba": (20, 0, 0), "otlp": (15, 0, 0)}
    assert {name[0] for name in kayba.store.names} == {*"abde"}
    assert {name[0] for name in collector.store.names} == {*"bcd"}
    assert kayba.store.duplicates == collector.store.duplicates == 0
    assert spool_files() == []


def test_a_retired_pair_delivers_after_an_outage_of_one(
    both: Callable[..., None], kayba: FaultyServer, collector: FaultyServer
) -> None:
    collector.down()
    both()
    make_traces(5)
    ace_tracing.configure(api_key="kb-test", base_url=kayba.url)
    make_traces(5, "m")
    ace_tracing.flush(1)
    assert counts(ace_tracing.tracing_status()) == {"kayba": (10, 0, 0), "otlp": (0, 5, 0)}
    collector.up()
    assert ace_tracing.flush(30)
    assert collector.store.names == numbered_names(5)
    assert ace_tracing.shutdown(30)
    wait_for(lambda: spool_files() == [])


@pytest.mark.parametrize("down", ["kayba", "otlp"])
def test_traces_of_an_exit_during_an_outage_are_sent_later_to_that_one_only(
    down: str, kayba: FaultyServer, collector: FaultyServer
) -> None:
    def configure() -> None:
        ace_tracing.configure(api_key="kb-test", base_url=kayba.url, exporter=("kayba", "otlp"), endpoint=collector.url)

    failing = kayba if down == "kayba" else collector
    failing.down()
    configure()
    make_traces(20)
    assert ace_tracing.shutdown(1).pending == 20
    assert spool_files() != []
    failing.up()
    configure()
    wait_for(lambda: ace_tracing.tracing_status().recovered == 20)
    wait_for(lambda: spool_files() == [])
    assert kayba.store.names == collector.store.names == numbered_names(20)
    assert kayba.store.duplicates == collector.store.duplicates == 0


def test_each_part_of_an_orphaned_spool_waits_for_its_destination(kayba: FaultyServer, collector: FaultyServer) -> None:
    for server in (kayba, collector):
        server.down()
    ace_tracing.configure(api_key="kb-test", base_url=kayba.url, exporter=("kayba", "otlp"), endpoint=collector.url)
    with start_span("root"):
        make_traces(5)
    assert counts(ace_tracing.shutdown(0.5)) == {"kayba": (0, 1, 0), "otlp": (0, 1, 0)}
    collector.up()
    ace_tracing.configure(exporter="otlp", endpoint="http://127.0.0.1:9")
    ace_tracing.shutdown(0.5)
    assert collector.store.names == {}, "another address gets nothing"
    ace_tracing.configure(exporter="otlp", endpoint=collector.url)
    wait_for(lambda: len(collector.store.names) == 6)
    ace_tracing.shutdown(30)
    assert spool_files() != []
    ace_tracing.configure(api_key="kb-other", base_url=kayba.url)
    kayba.up()
    ace_tracing.shutdown(1)
    assert kayba.store.names == {}, "another key gets nothing"
    ace_tracing.configure(api_key="kb-test", base_url=kayba.url)
    wait_for(lambda: len(kayba.store.names) == 6)
    wait_for(lambda: spool_files() == [])
    assert kayba.store.duplicates == collector.store.duplicates == 0


def test_feedback_of_an_ended_process_goes_to_kayba_only(kayba: FaultyServer, collector: FaultyServer) -> None:
    kayba.down()
    ace_tracing.configure(api_key="kb-test", base_url=kayba.url, exporter=("kayba", "otlp"), endpoint=collector.url)
    with start_span("step") as span:
        pass
    ace_tracing.log_feedback(span.trace_id, "correct", True)
    assert counts(ace_tracing.shutdown(1)) == {"kayba": (0, 2, 0), "otlp": (1, 0, 0)}
    kayba.close()
    with serve(port=kayba.port):
        ace_tracing.configure(api_key="kb-test", base_url=kayba.url)
        wait_for(lambda: ace_tracing.tracing_status().recovered == 2)
        assert len(ace_tracing.get_trace(span.trace_id).info.assessments) == 1
        wait_for(lambda: spool_files() == [])
        ace_tracing.shutdown(30)
    assert collector.store.duplicates == 0


def test_a_part_of_a_rejected_key_is_sent_with_the_next_one(kayba: FaultyServer, collector: FaultyServer) -> None:
    kayba.respond_with(FakeResponse(401, b"no"))
    for key in ("kb-old", "kb-new"):
        ace_tracing.configure(api_key=key, base_url=kayba.url, exporter=("kayba", "otlp"), endpoint=collector.url)
        if key == "kb-old":
            make_traces(3)
            assert counts(ace_tracing.shutdown(1)) == {"kayba": (0, 3, 0), "otlp": (3, 0, 0)}
            kayba.respond_with(FakeResponse())
    wait_for(lambda: kayba.store.names == numbered_names(3))
    wait_for(lambda: spool_files() == [])
    assert collector.store.duplicates == 0


def test_segments_are_kept_for_the_slower_one_and_then_freed(
    both: Callable[..., None], kayba: FaultyServer, collector: FaultyServer
) -> None:
    segment = 8 * 1024 * 1024
    collector.down()
    both()
    # 25 MB, of three segments.
    make_traces(100, texts=["x" * 60_000] * 4)
    wait_for(lambda: len(kayba.store.names) == 100)
    assert ace_tracing.tracing_status().spool_bytes > 2 * segment
    collector.up()
    assert counts(ace_tracing.flush(30)) == {"kayba": (100, 0, 0), "otlp": (100, 0, 0)}
    assert ace_tracing.tracing_status().spool_bytes < segment


def test_a_full_buffer_drops_the_oldest_of_the_failing_destination_only(
    kayba: FaultyServer, collector: FaultyServer
) -> None:
    collector.down()
    ace_tracing.configure(
        api_key="kb-test", base_url=kayba.url, exporter=("kayba", "otlp"), endpoint=collector.url, spool=False
    )
    made = 0
    for number in range(30):
        # 6 segments of 8 MiB are kept in memory.
        make_traces(10, f"{number}-", texts=["x" * 60_000] * 4)
        made += 10
        wait_for(lambda expected=made: ace_tracing.tracing_status().destinations["kayba"].delivered == expected)
    now = ace_tracing.tracing_status()
    assert counts(now)["kayba"] == (made, 0, 0)
    delivered, pending, dropped = counts(now)["otlp"]
    assert (delivered, pending + dropped) == (0, made)
    assert dropped > 0
    assert {*now.destinations["otlp"].reasons} == {"buffer full"}
    collector.up()
    after = ace_tracing.flush(60)
    delivered, pending, dropped = counts(after)["otlp"]
    assert (delivered + dropped, pending) == (made, 0)
    assert len(collector.store.names) == delivered
    assert collector.store.names["29-9"] == 1, "the newest are kept"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_a_forked_child_delivers_to_both(kayba: FaultyServer, collector: FaultyServer, tmp_path: Path) -> None:
    ace_tracing.configure(api_key="kb-test", base_url=kayba.url, exporter=("kayba", "otlp"), endpoint=collector.url)
    make_traces(3, "parent")
    child = os.fork()
    if not child:
        make_traces(3, "child")
        os._exit(0 if counts(ace_tracing.shutdown(60)) == {"kayba": (3, 0, 0), "otlp": (3, 0, 0)} else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert ace_tracing.flush(30)
    expected = {**numbered_names(3, "parent"), **numbered_names(3, "child")}
    assert kayba.store.names == collector.store.names == expected
    assert kayba.store.duplicates == collector.store.duplicates == 0
