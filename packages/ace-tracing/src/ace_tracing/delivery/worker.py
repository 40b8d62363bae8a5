"""One daemon thread that sends what is in the buffer: gathers, groups, retries, and answers to `flush`."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterable
from contextvars import Context
from itertools import groupby
from typing import Protocol

from ace_tracing.delivery.buffer import Buffer
from ace_tracing.delivery.encoder import Batch
from ace_tracing.delivery.outcome import Delivery, Outcome, Refused, Sent, TryAgain
from ace_tracing.diagnostics import internal_error, warn
from ace_tracing.record import TraceRecord, load
from ace_tracing.tracer import NOWHERE, current_span

GATHER_S = 0.5
"""How long the first finished trace waits for others to share its request."""
BATCH_BYTES = 4 * 1024 * 1024
FIRST_RETRY_S = 0.5
LAST_RETRY_S = 30.0
LONGEST_RETRY_AFTER_S = 300.0
MAX_DIVISIONS = 32
"""How often one batch is halved to find what in it is refused: a service that refuses all must not be flooded."""

_OUR_ERROR = Refused("an error inside ace-tracing", for_content=True)


class SpanExporter(Protocol):
    """One attempt to hand spans to a service."""

    def send(self, batch: Batch) -> Outcome:
        """Try once to deliver traces into their experiment; say what became of them."""

    def close(self) -> None:
        """Close connections."""


class Worker:
    """Takes records from any thread and delivers them from one of its own, started by the first record.

    Args:
        exporter: makes single attempts; the worker decides whether and when to try again.
        buffer: where records wait.
    """

    def __init__(self, exporter: SpanExporter, buffer: Buffer) -> None:
        self._exporter = exporter
        self._buffer = buffer
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()
        self._settled = threading.Condition()
        self._delivered = 0
        self._refused = 0
        self._hurry = False
        self._closed = False
        self._retired = False

    def submit(self, record: bytes) -> None:
        """Take a record made by `record.dump_trace`. Never blocks on the network and never raises."""
        if self._buffer.put(record):
            self._ensure_thread()

    def hurry(self) -> None:
        """Send what waits now, without waiting for it here."""
        self._hurry = True
        self._buffer.wake()

    def flush(self, timeout: float) -> Delivery:
        """Send what waits now, and come back when all of it is settled or `timeout` seconds have passed."""
        if threading.current_thread() is self._thread:
            # Asked from a log handler of the user's, while sending: waiting for oneself would be waiting in vain.
            return self.delivery()
        deadline = time.monotonic() + timeout
        target = self._buffer.accepted
        if self._settled_count() < target and not self._ensure_thread():
            self._closed = True
            self._drain()
        self.hurry()
        with self._settled:
            while self._settled_count() < target:
                left = deadline - time.monotonic()
                if left <= 0 or not self._settled.wait(min(left, threading.TIMEOUT_MAX)):
                    break
        return self.delivery()

    def close(self, timeout: float) -> Delivery:
        """Flush, then let the thread end after at most one more attempt at what is left."""
        deadline = time.monotonic() + timeout
        delivery = self.flush(timeout)
        self._closed = True
        self._buffer.wake()
        if threading.current_thread() is self._thread:
            # Asked from a log handler of the user's, while sending. The thread ends by itself.
            return delivery
        if self._thread is not None and self._thread.is_alive():
            self._thread.join(min(max(0.0, deadline - time.monotonic()), threading.TIMEOUT_MAX))
        else:
            self._exporter.close()
        return delivery

    def retire(self) -> None:
        """Let the thread end once nothing waits. A trace that still comes starts it again, and it ends again."""
        self._retired = True
        self._buffer.wake()

    def delivery(self) -> Delivery:
        """What has become of everything submitted so far."""
        with self._settled:
            pending = self._buffer.accepted - self._settled_count()
            return Delivery(self._delivered, pending, self._refused + self._buffer.dropped)

    def abandon(self) -> None:
        """Take nothing more, in a forked child: what began in its parent is the parent's to send."""
        self._buffer = Buffer(max_bytes=0)

    def _settled_count(self) -> int:
        return self._delivered + self._refused

    def _ensure_thread(self) -> bool:
        """Start the thread unless it lives; False when the interpreter, shutting down, starts no more of them."""
        if self._thread is not None and self._thread.is_alive():
            return True
        # Not waited for: held, it says that the thread is being started, perhaps by this very thread further up, whose
        # garbage collection calls back into code that traces.
        if not self._starting.acquire(blocking=False):
            return True
        try:
            thread = threading.Thread(target=self._run, name="ace-tracing", daemon=True)
            # In a context of its own, so that it never is a child of whatever span was running by chance.
            Context().run(thread.start)
            self._thread = thread
        except RuntimeError:
            return False
        finally:
            self._starting.release()
        return True

    def _run(self) -> None:
        while not ((self._closed or self._retired) and not len(self._buffer)):
            self._buffer.wait()
            self._pause(GATHER_S, may_hurry=True, until_full=True)
            self._drain()
        self._exporter.close()

    def _drain(self) -> None:
        while records := self._buffer.take(BATCH_BYTES):
            traces = sorted(filter(None, map(self._loaded, records)), key=_experiment_of)
            for _, group in groupby(traces, _experiment_of):
                self._deliver(list(group))

    def _loaded(self, record: bytes) -> TraceRecord | None:
        try:
            return load(record)
        except Exception:  # noqa: BLE001 - the others of the batch must not be lost with it
            internal_error("reading a trace")
            self._settle(1, _OUR_ERROR)
            return None

    def _deliver(self, traces: list[TraceRecord]) -> None:
        """Send traces of one experiment, in parts when something among them keeps the whole from being taken."""
        waiting = [traces]
        divisions = MAX_DIVISIONS
        while waiting:
            part = waiting.pop()
            try:
                outcome = self._attempt(part)
            except Exception:  # noqa: BLE001 - the thread must live on for the traces that follow
                internal_error("sending traces")
                outcome = _OUR_ERROR
            if (
                isinstance(outcome, Refused)
                and outcome.for_content
                and len(part) > 1
                and divisions
                and not self._closed
            ):
                divisions -= 1
                middle = len(part) // 2
                waiting += [part[middle:], part[:middle]]
            else:
                self._settle(len(part), outcome)

    def _attempt(self, traces: list[TraceRecord]) -> Outcome:
        """Send traces in one request, trying again for as long as that may help."""
        try:
            batch = Batch(traces)
            batch.otlp()
        except Exception:  # noqa: BLE001 - one of them; which one, halves will tell
            internal_error("encoding traces")
            return _OUR_ERROR
        attempt = 0
        while isinstance(outcome := self._send(batch), TryAgain):
            if self._closed:
                break
            warn("retry", "Traces are waiting, will try again: %s", outcome.reason)
            self._pause(_delay(attempt, outcome.after), may_hurry=outcome.after is None)
            attempt += 1
        return outcome

    def _settle(self, count: int, outcome: Outcome) -> None:
        """Count what has become of traces, and tell those who wait."""
        with self._settled:
            if isinstance(outcome, Sent):
                self._delivered += count
            else:
                self._refused += count
            self._settled.notify_all()
        # Not under the lock: a log handler may want it, too.
        if not isinstance(outcome, Sent):
            warn("refused", "%d traces were not stored: %s", count, outcome.reason)

    def _send(self, batch: Batch) -> Outcome:
        # The HTTP client logs each request. Were a log handler's trace of that sent in turn, there would be no end.
        token = current_span.set(NOWHERE)
        try:
            return self._exporter.send(batch)
        finally:
            current_span.reset(token)

    def _pause(self, seconds: float, *, may_hurry: bool, until_full: bool = False) -> None:
        """Wait; a close ends it, and so do, if asked, a flush that began since the last wait, and a full batch."""
        deadline = time.monotonic() + seconds
        while not (self._closed or (until_full and self._buffer.has_full_batch())):
            if may_hurry and self._hurry:
                self._hurry = False
                return
            left = deadline - time.monotonic()
            if left <= 0:
                return
            self._buffer.wait(left)


def hurry(workers: Iterable[Worker]) -> None:
    """Let all of them send at once, before the first is waited for: one that hangs must not take the others' time."""
    for worker in workers:
        worker.hurry()


def _experiment_of(trace: TraceRecord) -> str:
    return trace.experiment or ""


def _delay(attempt: int, asked: float | None) -> float:
    """Seconds until the next attempt: what the service asked for, or doubling from half a second; jittered."""
    if asked is not None:
        # Never early: the jitter only adds.
        return min(asked, LONGEST_RETRY_AFTER_S) * random.uniform(1.0, 1.1)  # noqa: S311 - jitter, not a secret
    backoff = min(FIRST_RETRY_S * 2.0 ** min(attempt, 10), LAST_RETRY_S)
    return backoff * random.uniform(0.5, 1.0)  # noqa: S311 - jitter, not a secret
