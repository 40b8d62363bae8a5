"""Feedback sender: parallel requests, and failures that cost no other feedback."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

import ace_tracing
from ace_tracing import Delivery
from ace_tracing.delivery.feedback import PARALLEL_REQUESTS
from ace_tracing.delivery.http.results import Delivered, ExportResult, Retryable
from ace_tracing.delivery.otlp.encoder import ExportRequest
from ace_tracing.delivery.spool.buffer import Buffer
from ace_tracing.delivery.spool.storage import MemoryStorage
from ace_tracing.delivery.worker import Worker
from ace_tracing.pipeline import MEMORY_BYTES
from ace_tracing.recording.feedback import Feedback, record_feedback

COUNT = 4 * PARALLEL_REQUESTS


@pytest.fixture(autouse=True)
def _quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ace_tracing.diagnostics, "loud", False)
    ace_tracing.diagnostics._last_warned.clear()


class Exporter:
    """Exporter whose result depends on the feedback."""

    def __init__(self, respond: Callable[[Feedback], ExportResult | None]) -> None:
        self.respond = respond
        self.sent: list[bytes] = []

    def send(self, batch: ExportRequest) -> ExportResult:
        return Delivered()

    def send_feedback(self, feedback: Feedback, *, is_repeated: bool) -> ExportResult | None:
        self.sent.append(feedback.feedback_id)
        return self.respond(feedback)

    def close(self) -> None:
        """Do nothing."""


def delivery_of(exporter: Exporter, count: int) -> Delivery:
    """Log feedback, numbered by its trace id, and return the counts after a flush."""
    storage = MemoryStorage(MEMORY_BYTES)
    buffer = Buffer(storage, storage, lambda _: None)
    worker = Worker(exporter, buffer)
    judgement = dict.fromkeys(("span_id", "rationale", "metadata"))
    for number in range(count):
        values = {"name": "n", "value": number, "source": "CODE", "source_id": "c"}
        record_feedback(buffer, None, 0, number.to_bytes(16, "big"), judgement | values)
    delivery = worker.flush(timeout=60)
    worker.close(timeout=5)
    return delivery


def test_feedback_is_sent_in_parallel() -> None:
    together = threading.Barrier(PARALLEL_REQUESTS)

    def respond(_: Feedback) -> ExportResult:
        # Raises unless that many requests wait here at the same time.
        together.wait(30)
        return Delivered()

    exporter = Exporter(respond)
    assert delivery_of(exporter, COUNT) == Delivery(delivered=COUNT, feedback_delivered=COUNT)
    assert len(set(exporter.sent)) == len(exporter.sent) == COUNT


def test_an_exporter_that_raises_drops_only_its_feedback() -> None:
    def respond(feedback: Feedback) -> ExportResult:
        if int.from_bytes(feedback.trace_id) == 5:
            raise ValueError("not foreseen")
        return Delivered()

    delivery = delivery_of(Exporter(respond), COUNT)
    assert delivery == Delivery(COUNT - 1, 0, 1, feedback_delivered=COUNT - 1, feedback_dropped=1)
    assert delivery.reasons == {"internal error in ace-tracing": 1}


def test_parallel_failures_delay_the_next_attempt_once() -> None:
    failed: list[bytes] = []

    def respond(feedback: Feedback) -> ExportResult:
        if len(failed) < PARALLEL_REQUESTS:
            failed.append(feedback.feedback_id)
            return Retryable("HTTP 503")
        return Delivered()

    # With a delay for each of the failures, the first of them would last for half a minute.
    exporter = Exporter(respond)
    assert delivery_of(exporter, COUNT) == Delivery(delivered=COUNT, feedback_delivered=COUNT)


def test_a_missing_trace_does_not_stop_the_feedback_behind_it() -> None:
    exporter = Exporter(lambda feedback: None if int.from_bytes(feedback.trace_id) < COUNT else Delivered())
    assert delivery_of(exporter, 2 * COUNT) == Delivery(
        delivered=COUNT, pending=COUNT, feedback_delivered=COUNT, feedback_pending=COUNT
    )
