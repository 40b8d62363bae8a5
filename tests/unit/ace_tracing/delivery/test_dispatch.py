"""Worker: one bad trace, one failing exporter or one failing log handler does not lose other traces."""

from __future__ import annotations

import gc
import logging
import tracemalloc
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import pytest
from tests.helpers.faulty_server import FakeResponse, faulty_server
from tests.helpers.programs import wait_for

import ace_tracing
from ace_tracing import Delivery, LiveSpan, search_traces, start_span
from ace_tracing.delivery.dispatch import MAX_SPLITS, TRACES_PER_YIELD
from ace_tracing.delivery.http.results import Blocked, Delivered, ExportResult, Rejected, Retryable
from ace_tracing.delivery.otlp import encoder
from ace_tracing.delivery.otlp.encoder import ExportRequest
from ace_tracing.delivery.spool.buffer import Buffer
from ace_tracing.delivery.spool.storage import MemoryStorage
from ace_tracing.delivery.worker import Worker
from ace_tracing.pipeline import MEMORY_BYTES
from ace_tracing.recording.attributes import encode_attributes
from ace_tracing.recording.callsite import CallSite, call_site
from ace_tracing.recording.frames import ENDED_WITH_DETAILS, pack_end
from ace_tracing.recording.records import TraceRecord
from ace_tracing.recording.tracer import Tracer
from kayba_local import LocalServer


@pytest.fixture(autouse=True)
def _quiet_and_shut_down(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(ace_tracing.diagnostics, "loud", False)
    ace_tracing.diagnostics._last_warned.clear()
    yield
    ace_tracing.shutdown(timeout=0.1)


@pytest.fixture
def raising_handler() -> Iterator[None]:
    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            raise OSError("disk full")

    handler = Handler()
    logger = logging.getLogger("ace_tracing")
    logger.addHandler(handler)
    yield
    logger.removeHandler(handler)


class Exporter:
    """Exporter whose result depends on the experiment."""

    def __init__(self, answer: Callable[[str | None], ExportResult]) -> None:
        self.answer = answer
        self.requests = 0

    def send(self, batch: ExportRequest) -> ExportResult:
        self.requests += 1
        batch.otlp()
        return self.answer(batch.experiment)

    def close(self) -> None:
        """Do nothing."""


def buffer() -> Buffer:
    storage = MemoryStorage(MEMORY_BYTES)
    return Buffer(storage, storage, lambda _: None)


def put(into: Buffer, experiment: str | None = None, outputs: bytes = b"null") -> None:
    """Put a finished trace of one span."""
    span = Tracer(into, experiment).open(CallSite("step", "TOOL"), parent=None)
    span._finish(outputs)


def settled(exporter: Exporter, *traces: Callable[[Buffer], object]) -> Delivery:
    into = buffer()
    worker = Worker(exporter, into)
    for each in traces:
        each(into)
    return worker.close(timeout=120)


def settled_by_flushes(exporter: Exporter, *traces: Callable[[Buffer], object]) -> Delivery:
    """Do the same as `settled`. Each flush ends the delay before the next attempt."""
    into = buffer()
    worker = Worker(exporter, into)
    for each in traces:
        each(into)
    wait_for(lambda: not worker.flush(timeout=0.1).pending)
    return worker.close(timeout=120)


def test_only_the_unreadable_trace_is_dropped() -> None:
    def put_broken(into: Buffer) -> None:
        span = Tracer(into).open(CallSite("step", "TOOL"), parent=None)
        into.put(pack_end(ENDED_WITH_DETAILS, span._id, 1, 1) + b'{"outputs": ')

    assert settled(Exporter(lambda _: Delivered()), put, put_broken, put) == Delivery(delivered=2, dropped=1)


def test_only_the_unencodable_trace_is_dropped() -> None:
    traces = [put, put, lambda into: put(into, outputs=b"no JSON"), put, lambda into: put(into, "other experiment")]
    assert settled(Exporter(lambda _: Delivered()), *traces) == Delivery(delivered=4, dropped=1)


def test_a_trace_for_which_only_the_exporter_raises_is_dropped() -> None:
    def answer(experiment: str | None) -> ExportResult:
        if experiment == "a":
            raise ValueError("not foreseen")
        return Delivered()

    traces = [lambda into, name=name: put(into, name) for name in "abc"]
    assert settled(Exporter(answer), *traces) == Delivery(delivered=2, dropped=1)


@pytest.mark.parametrize("error", [MemoryError(), OSError("no files"), ImportError("no module"), KeyError("x")])
def test_an_exporter_that_always_raises_drops_no_trace(error: Exception) -> None:
    def answer(_: str | None) -> ExportResult:
        if exporter.requests < 4:
            raise error
        return Delivered()

    exporter = Exporter(answer)
    assert settled_by_flushes(exporter, *[put] * 5) == Delivery(delivered=5)


@pytest.mark.parametrize("error", [MemoryError(), OSError("no files")])
def test_no_trace_is_dropped_for_a_lack_of_memory_or_files(error: Exception) -> None:
    def answer(experiment: str | None) -> ExportResult:
        if experiment == "a" and exporter.requests < 8:
            raise error
        return Delivered()

    exporter = Exporter(answer)
    traces = [lambda into, name=name: put(into, name) for name in "abc"]
    assert settled_by_flushes(exporter, *traces) == Delivery(delivered=3)


def test_memory_that_is_short_for_encoding_drops_no_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    errors = [MemoryError(), MemoryError()]
    real = encoder._compress

    def compress(*arguments: Any) -> bytes:
        if errors:
            raise errors.pop()
        return real(*arguments)

    monkeypatch.setattr(encoder, "_compress", compress)
    assert settled(Exporter(lambda _: Delivered()), *[put] * 5) == Delivery(delivered=5)


def test_a_service_that_rejects_everything_gets_few_requests() -> None:
    exporter = Exporter(lambda _: Rejected("HTTP 400", invalid_content=True))
    assert settled(exporter, *[put] * 1_000) == Delivery(dropped=1_000)
    assert exporter.requests <= 2 * MAX_SPLITS + 10


def test_a_rejected_key_is_not_sent_again() -> None:
    exporter = Exporter(lambda _: Blocked("HTTP 401", "key"))
    assert settled(exporter, *[put] * 10) == Delivery(pending=10)
    assert exporter.requests <= 2


def test_a_rejected_trace_does_not_drop_its_neighbours() -> None:
    with faulty_server(FakeResponse(400), FakeResponse(200), FakeResponse(400), FakeResponse(200)) as server:
        ace_tracing.configure(api_key="kb-test", base_url=server.url)
        for name in ("one", "two", "three", "four"):
            with start_span(name):
                pass
        delivery = ace_tracing.flush(timeout=120)
    assert delivery.delivered + delivery.dropped == 4
    assert delivery.delivered >= 3


@pytest.mark.usefixtures("raising_handler")
def test_a_log_handler_that_raises_drops_no_trace() -> None:
    answers: list[ExportResult] = [Retryable("HTTP 503"), Delivered()]
    into = buffer()
    worker = Worker(Exporter(lambda _: answers.pop(0)), into)
    put(into)
    assert worker.flush(timeout=120) == Delivery(delivered=1)
    worker.close(timeout=5)


def test_close_from_the_sending_thread_returns() -> None:
    found: list[Delivery] = []

    def answer(*_: object) -> ExportResult:
        found.append(worker.close(timeout=5))
        return Delivered()

    into = buffer()
    worker = Worker(Exporter(answer), into)
    put(into)
    assert worker.flush(timeout=120) == Delivery(delivered=1)
    assert found == [Delivery(pending=1)]


def test_memory_does_not_grow_with_large_sent_spans() -> None:
    exporter = Exporter(lambda _: Delivered())
    into = buffer()
    worker = Worker(exporter, into)
    recording = Tracer(into)

    def send(number: int) -> None:
        attributes = encode_attributes({"text": f"{number}" + "x" * 100_000})
        agent = f"{number}" + "a" * 100_000
        root = recording.open(call_site("root", "TOOL", agent, attributes), parent=None)
        recording.open(call_site(f"{number}" + "n" * 100_000, "TOOL"), parent=root).end()
        root.end()
        assert worker.flush(10).delivered == number + 1

    send(0)
    tracemalloc.start()
    for number in range(1, 50):
        send(number)
    grown, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert worker.close(timeout=120).delivered == 50
    assert grown < 2_000_000


def test_sent_traces_are_freed_in_small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    into = buffer()
    worker = Worker(Exporter(lambda _: Delivered()), into)
    alive: list[int] = []
    monkeypatch.setattr(
        worker._dispatcher.gil,
        "yield_gil",
        lambda: alive.append(sum(isinstance(each, TraceRecord) for each in gc.get_objects())),
    )
    for _ in range(4 * TRACES_PER_YIELD):
        put(into)
    assert worker.flush(30).delivered == 4 * TRACES_PER_YIELD
    worker.close(1)
    assert max(alive) - alive[-1] == 4 * TRACES_PER_YIELD
    assert max(before - after for before, after in pairwise(alive)) <= TRACES_PER_YIELD


def test_an_invalid_retry_after_date_drops_no_trace() -> None:
    later = {"Retry-After": "Mon, 01 Jan 99999999999 00:00:00 GMT"}
    with faulty_server(FakeResponse(503, headers=later), FakeResponse(200)) as server:
        ace_tracing.configure(api_key="kb-test", base_url=server.url)
        with start_span("step"):
            pass
        assert ace_tracing.flush(timeout=120) == Delivery(delivered=1)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda span: span.add_link("not an id", "nor this"),
        lambda span: span.add_link("0" * 32, "0" * 16),
        lambda span: span.set_attribute("k" * 100_000, 1),
        lambda span: span.add_event("e" * 100_000, {"k" * 100_000: {"k" * 100_000: 1}}),
        lambda _: ace_tracing.update_current_trace(tags={"k" * 100_000: "v"}, metadata={"k" * 100_000: "v"}),
    ],
)
def test_invalid_ids_and_long_keys_do_not_drop_traces(tracing: LocalServer, spoil: Callable[[LiveSpan], None]) -> None:
    with start_span("spoilt") as span:
        assert isinstance(span, LiveSpan)
        spoil(span)
    with start_span("neighbour"):
        pass
    assert ace_tracing.flush(timeout=120).dropped == 0
    assert {trace.data.spans[0].name for trace in search_traces()} >= {"spoilt", "neighbour"}
