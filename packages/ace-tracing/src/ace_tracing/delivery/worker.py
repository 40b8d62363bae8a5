"""One daemon thread that delivers what is in the logs: gathers, groups, retries, divides, and answers to `flush`."""

from __future__ import annotations

import queue
import threading
import time
from collections import Counter, deque
from collections.abc import Iterable
from contextvars import Context
from itertools import groupby
from typing import Protocol

from ace_tracing.delivery.assembler import Assembled
from ace_tracing.delivery.backoff import Backoff
from ace_tracing.delivery.batches import Batch
from ace_tracing.delivery.gil import LARGE_BYTES, GilYielder
from ace_tracing.delivery.http.results import Blocked, Delivered, ExportResult, Rejected, Retryable
from ace_tracing.delivery.http.transport import within
from ace_tracing.delivery.otlp.encoder import ExportRequest
from ace_tracing.delivery.spool.buffer import Buffer
from ace_tracing.delivery.spool.folders import OrphanedSpool, Spool
from ace_tracing.delivery.spool.log import OrphanedLog, OwnLog
from ace_tracing.delivery.status import Delivery, State, TracingStatus
from ace_tracing.diagnostics import internal_error, warn
from ace_tracing.recording.tracer import UNSAMPLED, current_span

GATHER_S = 0.5
"""How long the first finished trace waits for others to share its request."""
LOOK_S = 0.05
BATCH_BYTES = 1024 * 1024
"""Read at most for one round of requests."""
IMPATIENT_BYTES = 16 * 1024 * 1024
"""With more than this waiting, the worker does not give way to callers while it reads."""
TRACES_AT_A_TIME = 256
LOOK_FOR_LEFT_S = 10.0
SHORTEST_ATTEMPT_S = 0.1
MAX_DIVISIONS = 32
"""How often one batch is halved to find what in it is refused: a service that refuses all must not be flooded."""
PATIENCE = 6
"""So often a batch meets an error inside the service before its parts are tried one by one."""

REFUSED = "refused by the service"
REFUSED_SPANS = "refused by the service, spans of traces that were taken"
REJECTED = "rejected by the service, single spans"
TOO_OLD = "too old"
OUR_ERROR = "an error inside ace-tracing"
END_LOST = "no room"

_OUR_ERROR = Rejected(OUR_ERROR, for_content=True)


class SpanExporter(Protocol):
    """One attempt to hand spans to a service."""

    def send(self, batch: ExportRequest) -> ExportResult:
        """Try once to deliver traces of one experiment; say what became of it."""

    def close(self) -> None:
        """Close connections."""


class Worker:
    """Delivers from one thread of its own what others put into the buffer; the first trace that finishes starts it.

    Args:
        exporter: makes single attempts; the worker decides whether and when to try again.
        buffer: where frames wait.
        spool: the folder behind it, which keeps what cannot be sent while the process lives; None when there is none.
    """

    def __init__(self, exporter: SpanExporter, buffer: Buffer, spool: Spool | None = None) -> None:
        self._exporter = exporter
        self._buffer = buffer
        self._spool = spool
        self._own = OwnLog(buffer, spool)
        self._breaker = Backoff()
        self._courtesy = GilYielder(buffer.pulse)
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()
        # By its full name: gevent may have replaced it since this module was imported, and a greenlet must not block.
        self._wakeups: queue.SimpleQueue[None] = queue.SimpleQueue()
        # The lock itself is taken in C, where no thread can be killed between having it and knowing that it has it.
        self._lock = threading.RLock()
        self._settled = threading.Condition(self._lock)
        self._assembled = 0
        self._settled_own = 0
        self._delivered = 0
        self._recovered = 0
        self._dropped: Counter[str] = Counter()
        self._attempts = 0
        self._told_dropped = 0
        self._successes = 0
        self._sending = False
        self._in_hand: deque[Batch] = deque()
        self._settled_to = 0
        self._seen = 0
        self._next_look = 0.0
        self._key_is_good = False
        self._hurry = False
        self._closed = False
        self._retired = False
        self._over = False
        self._is_running = False
        self._left_in_hand: OrphanedSpool | None = None
        self._base = 0
        buffer.alarm = self._alarm

    def start(self) -> None:
        """Start the thread now, for what others have left."""
        self._ensure_thread()

    @property
    def is_spooled(self) -> bool:
        """Whether what is not sent outlives the process."""
        return self._spool is not None and not self._spool.failed

    @property
    def is_paused(self) -> bool:
        """Whether the service does not take the key, or is not found at the address."""
        return self._breaker.paused

    def has_left(self) -> bool:
        """Whether there are folders in the spool that others may have left."""
        return self._spool is not None and bool(self._spool.left())

    def hurry(self) -> None:
        """Send what waits now, without waiting for it here."""
        self._hurry = True
        self._next_look = 0.0
        self._wakeups.put(None)

    def flush(self, timeout: float) -> Delivery:
        """Send what waits now, and come back when all of it is settled or `timeout` seconds have passed."""
        if threading.current_thread() is self._thread:
            # Asked from a log handler of the user's, while sending: waiting for oneself would be waiting in vain.
            return self.delivery()
        deadline = time.monotonic() + timeout
        target = self._buffer.position
        if self._is_settled(target):
            return self.delivery()
        if not self._ensure_thread():
            # The interpreter, shutting down, starts no more threads.
            self._closed = True
            with within(max(SHORTEST_ATTEMPT_S, timeout)):
                self._work()
            return self.delivery()
        attempts = self._attempts
        self.hurry()
        with self._lock:
            while not self._is_settled(target):
                left = deadline - time.monotonic()
                if left <= 0 or (self._breaker.paused and self._attempts > attempts):
                    break
                if not self._settled.wait(min(left, LOOK_S)):
                    self._ensure_thread()
        return self.delivery()

    def close(self, timeout: float) -> Delivery:
        """Flush, then let the thread end after at most one more attempt at what is left.

        Spans that are running are recorded as interrupted.

        Args:
            timeout: seconds.
        """
        deadline = time.monotonic() + timeout
        self.flush(timeout)
        self._closed = True
        self._wakeups.put(None)
        if threading.current_thread() is self._thread:
            # Asked from a log handler of the user's, while sending. The thread ends by itself.
            return self.delivery()
        thread = self._thread
        if thread is not None and thread.is_alive():
            thread.join(min(max(0.05, deadline - time.monotonic()), threading.TIMEOUT_MAX))
        else:
            with within(max(SHORTEST_ATTEMPT_S, deadline - time.monotonic())):
                self._end(adopt=False)
        return self.delivery()

    def retire(self) -> None:
        """Let the thread end once nothing waits. A trace that still comes starts it again, and it ends again."""
        self._retired = True
        self._wakeups.put(None)

    def delivery(self) -> Delivery:
        """What has become of everything that finished so far."""
        with self._lock:
            reasons = self._dropped + self._buffer.dropped
            for why, count in ((END_LOST, self._own.given_up), (OUR_ERROR, self._own.unreadable)):
                if count:
                    reasons[why] += count
            unread = max(0, self._buffer.finished - self._assembled - self._base)
            pending = self._assembled - self._settled_own + (unread if self._own.has_unread() else 0)
            return Delivery(self._delivered, pending, sum(reasons.values()), dict(reasons))

    def status(self, state: State | None = None) -> TracingStatus:
        """How delivery stands.

        Args:
            state: what to say instead of what the worker is doing.
        """
        now = self.delivery()
        breaker = self._breaker
        if state is None:
            if breaker.is_open:
                state = "paused" if breaker.paused else "waiting"
            else:
                state = "sending" if now.pending else "idle"
        return TracingStatus(
            now.delivered,
            now.pending,
            now.dropped,
            now.reasons,
            state=state,
            recovered=self._recovered,
            last_error=breaker.reason,
            spool=self._spool.home if self._spool is not None and self.is_spooled else None,
            spool_bytes=self._buffer.kept_bytes,
        )

    def abandon(self) -> None:
        """Take nothing more, in a forked child: what began in its parent is the parent's to send."""
        self._buffer.abandon()
        if self._left_in_hand is not None:
            self._left_in_hand.forget()
        if self._spool is not None:
            self._spool.forget()

    def _alarm(self) -> None:
        if self._ensure_thread():
            self._wakeups.put(None)

    def _is_settled(self, target: int) -> bool:
        if self._settled_to >= target:
            return True
        return not (self._sending or self._in_hand or self._own.has_unread())

    def _ensure_thread(self) -> bool:
        """Start the thread unless it lives; False when the interpreter, shutting down, starts no more of them."""
        thread = self._thread
        if thread is not None and thread.is_alive():
            return True
        # Not waited for: held, it says that the thread is being started, perhaps by this very thread further up, whose
        # garbage collection calls back into code that traces.
        if not self._starting.acquire(blocking=False):
            return True
        try:
            self._thread = threading.Thread(target=self._run, name="ace-tracing", daemon=True)
            # In a context of its own, so that it never is a child of whatever span was running by chance.
            Context().run(self._thread.start)
        except RuntimeError:
            self._thread = None
            return False
        finally:
            self._starting.release()
        return True

    def _run(self) -> None:
        try:
            if self._is_running:
                # The thread before this one was killed in the middle of something.
                self._own = self._own.read_again()
                self._in_hand.clear()
                self._assembled = self._settled_own
            self._is_running = True
            while not (self._closed or (self._retired and not self._own.has_unread())):
                self._wait()
                self._gather()
                self._work()
            if self._closed:
                self._end()
            else:
                self._rest()
            self._is_running = False
        finally:
            self._sending = False
            # From here on whoever finishes a trace starts another thread; what has finished just before does it here.
            self._thread = None
            self._buffer.asleep = True
            if not self._closed and self._buffer.finished != self._seen:
                self._ensure_thread()

    def _wait(self) -> None:
        """Wait until there is something to do."""
        while not (self._closed or self._retired or self._hurry):
            self._buffer.asleep = True
            if self._buffer.finished != self._seen:
                break
            until_look = None if self._spool is None else max(0.0, self._next_look - time.monotonic())
            if until_look == 0.0:
                break
            self._sleep(until_look)
        self._buffer.asleep = False

    def _gather(self) -> None:
        """Wait a little for others to share the request."""
        deadline = time.monotonic() + GATHER_S
        while not (self._closed or self._retired or self._hurry or self._buffer.waiting_bytes > BATCH_BYTES):
            left = deadline - time.monotonic()
            if left <= 0 or self._buffer.finished == self._seen:
                break
            self._sleep(min(left, LOOK_S))
        self._hurry = False

    def _sleep(self, seconds: float | None) -> None:
        try:
            self._wakeups.get(timeout=seconds)
        except queue.Empty:
            return

    def _work(self) -> None:
        """Deliver all that has been written so far, and what others have left."""
        self._deliver_own()
        if self._spool is not None and not self._closed and time.monotonic() >= self._next_look:
            self._next_look = time.monotonic() + LOOK_FOR_LEFT_S
            self._adopt(self._spool)

    def _deliver_own(self) -> None:
        """Deliver all that has been written so far."""
        self._seen = self._buffer.finished
        target = self._buffer.position
        if self._in_hand and not self._deliver([one for part in self._in_hand for one in part.assembled]):
            return
        while self._own.read_to < target and self._own.has_unread():
            self._sending = True
            try:
                if not self._deliver(self._read(target)):
                    return
                self._settle_own()
            finally:
                self._sending = False
        with self._lock:
            self._settled_to = max(self._settled_to, target)
            self._settled.notify_all()
            if self._buffer.finished == self._seen and not self._own.has_unread():
                # What is counted as finished and never comes, since its start found no room, say.
                self._base = self._seen - self._assembled
        self._tell_of_drops()

    def _settle_own(self) -> None:
        while parts := self._own.settled():
            if not self._deliver(parts):
                # They stay in hand, and nothing is let go of.
                return

    def _read(self, target: int) -> list[Assembled]:
        """What is ready of about as much as makes a request."""
        ready: list[Assembled] = []
        before = self._own.read_to
        impatient = self._buffer.waiting_bytes > IMPATIENT_BYTES
        while self._own.read_to < target and self._own.has_unread():
            ready += self._own.read(LARGE_BYTES if impatient else self._courtesy.bytes_at_a_time)
            if not impatient:
                self._courtesy.yield_gil()
            if self._own.read_to - before > BATCH_BYTES:
                break
        self._assembled += sum(one.finishes for one in ready)
        return ready

    def _rest(self) -> None:
        """Keep no folder while nothing is to be expected."""
        if not self._own.has_open_spans:
            self._buffer.rest(self._own.all_settled, self._spool.remove if self._spool is not None else _nothing)
        self._exporter.close()

    def _end(self, *, adopt: bool = True) -> None:
        """Leave nothing behind but what could not be sent.

        Args:
            adopt: whether to look for what others have left once more.
        """
        if self._over:
            return
        self._over = True
        try:
            is_sent = not (self._own.has_unread() or self._in_hand)
            if is_sent and adopt and self._spool is not None:
                self._adopt(self._spool)
                self._deliver_own()
            is_all = self._buffer.stop()
            if is_sent and not is_all:
                self._deliver_own()
                is_all = not self._own.has_unread()
            if is_sent and is_all:
                running = self._own.interrupt()
                self._assembled += sum(one.finishes for one in running)
                is_sent = self._deliver(running)
            if is_sent and is_all:
                self._own.all_settled()
                self._buffer.discard()
                if self._spool is not None:
                    self._spool.remove()
            else:
                self._buffer.leave()
                if self._spool is not None:
                    self._spool.leave()
        except Exception:  # noqa: BLE001 - the process ends; what is left is for the next one
            internal_error("ending delivery")
        finally:
            self._exporter.close()

    def _adopt(self, spool: Spool) -> None:
        """Deliver what dead processes have left; those that two find belong to one of them."""
        for folder in spool.expired():
            self._take_over(folder, too_old=True)
        for folder in spool.left():
            if not self._take_over(folder, too_old=False):
                return

    def _take_over(self, folder: str, *, too_old: bool) -> bool:
        left = OrphanedSpool.adopt(folder)
        if left is None:
            return True
        self._left_in_hand = left
        is_settled = False
        try:
            is_settled = self._deliver_left(OrphanedLog(left), too_old=too_old)
        except Exception:  # noqa: BLE001 - what others left must not keep ours from being sent
            internal_error("reading what a process has left")
        finally:
            self._left_in_hand = None
            if not is_settled:
                left.leave()
        return is_settled

    def _deliver_left(self, log: OrphanedLog, *, too_old: bool) -> bool:
        while not log.ended:
            if self._hurry or self._buffer.finished != self._seen:
                # Nobody is to wait for what others have left.
                self._hurry = False
                self._deliver_own()
            ready: list[Assembled] = []
            while not log.ended and len(ready) < TRACES_AT_A_TIME:
                ready += log.read(self._courtesy.bytes_at_a_time)
                self._courtesy.yield_gil()
            if too_old:
                self._drop(sum(one.finishes for one in ready), TOO_OLD, "they were left too long ago")
            elif not self._deliver(ready, recovered=True):
                return False
            log.settled()
        return True

    def _deliver(self, assembled: Iterable[Assembled], *, recovered: bool = False) -> bool:
        """Send traces until all are settled; False when the end came before that."""
        ordered = sorted(assembled, key=_experiment_of)
        parts = deque(Batch(list(group), self._successes) for _, group in groupby(ordered, _experiment_of))
        if not recovered:
            self._in_hand = parts
        divisions = MAX_DIVISIONS
        while parts:
            # It stays until it is known what has become of it: the thread may be killed meanwhile.
            part = parts[0]
            if self._closed and self._breaker.must_wait:
                return False
            if part.is_refused and part.is_many and divisions:
                divisions -= 1
                parts.popleft()
                parts.extendleft(reversed(part.halves(self._successes, for_content=True)))
                continue
            outcome = self._attempt(part)
            parts.popleft()
            if isinstance(outcome, Rejected) and outcome.for_size and (smaller := part.smaller(self._successes)):
                parts.extendleft(reversed(smaller))
            elif isinstance(outcome, Rejected) and outcome.for_content and part.is_many and divisions:
                divisions -= 1
                parts.extendleft(reversed(part.halves(self._successes, for_content=True)))
            elif isinstance(outcome, (Delivered, Rejected)):
                if isinstance(outcome, Delivered) and part.other is not None:
                    # Together they were refused: it is in the other half.
                    part.other.is_refused = True
                self._settle(part, outcome, recovered=recovered)
            elif self._closed:
                parts.appendleft(part)
                return False
            elif not (isinstance(outcome, Retryable) and outcome.inside):
                parts.appendleft(part)
                self._pause()
            elif self._is_at_fault(part, parts):
                self._settle(part, Rejected(outcome.reason), recovered=recovered)
            else:
                self._pause()
        return True

    def _is_at_fault(self, part: Batch, parts: deque[Batch]) -> bool:
        """Whether it is this part, and not the service, because of which the service fails; else it is tried again."""
        part.failures += 1
        if part.failures < PATIENCE:
            parts.appendleft(part)
        elif part.is_many:
            parts.extend(part.halves(self._successes, PATIENCE - 1))
        elif self._successes > part.successes_before:
            return True
        else:
            parts.append(part)
        return False

    def _attempt(self, part: Batch) -> ExportResult:
        """Send a part once; how it went decides when the next attempt of any may be."""
        # The HTTP client logs each request. Were a log handler's trace of that sent in turn, there would be no end.
        token = current_span.set(UNSAMPLED)
        try:
            if part.batch is None:
                part.batch = ExportRequest([one.trace for one in part.assembled], self._courtesy.yield_gil)
            outcome = self._exporter.send(part.batch)
        except Exception:  # noqa: BLE001 - the thread must live on for the traces that follow
            internal_error("sending traces")
            outcome = _OUR_ERROR
        finally:
            current_span.reset(token)
            self._attempts += 1
        if isinstance(outcome, Retryable):
            self._breaker.failed(outcome.reason, outcome.after)
            warn("retry", "Traces are waiting, will try again: %s", outcome.reason)
        elif isinstance(outcome, Blocked):
            self._breaker.pause(outcome.reason)
            if self._spool is not None and outcome.cause == "key":
                self._key_is_good = False
                self._spool.reject(True)
            warn("held", "Traces are kept until this is set right: %s", outcome.reason)
        else:
            self._breaker.succeeded()
            if self._spool is not None and not self._key_is_good and isinstance(outcome, Delivered):
                self._key_is_good = True
                self._spool.reject(False)
        return outcome

    def _settle(self, part: Batch, outcome: Delivered | Rejected, *, recovered: bool) -> None:
        """Count what has become of traces, and tell those who wait."""
        if isinstance(outcome, Rejected):
            with self._lock:
                self._settled_own += 0 if recovered else part.finishes
            if part.finishes:
                self._drop(part.finishes, REFUSED if outcome is not _OUR_ERROR else OUR_ERROR, outcome.reason)
            else:
                self._drop(sum(len(one.trace.entries) for one in part.assembled), REFUSED_SPANS, outcome.reason)
            return
        with self._lock:
            self._successes += 1
            if recovered:
                self._recovered += part.finishes
            else:
                self._delivered += part.finishes
                self._settled_own += part.finishes
            if outcome.rejected:
                self._dropped[REJECTED] += outcome.rejected
            self._settled.notify_all()
        # Not under the lock: a log handler may want it, too.
        if outcome.rejected:
            warn("rejected", "%d spans were not stored: %s", outcome.rejected, outcome.reason)

    def _drop(self, count: int, why: str, reason: str) -> None:
        with self._lock:
            self._dropped[why] += count
            self._settled.notify_all()
        warn("refused", "%d traces or spans were not stored: %s", count, reason)

    def _tell_of_drops(self) -> None:
        dropped = sum(self._buffer.dropped.values())
        if dropped > self._told_dropped:
            warn("room", "%d traces and spans found no room and are lost", dropped - self._told_dropped)
            self._told_dropped = dropped

    def _pause(self) -> None:
        """Wait until the next attempt; a close ends it, and so does, if the service does not mind, a flush."""
        self._tell_of_drops()
        while not self._closed:
            if self._hurry:
                self._hurry = False
                self._breaker.hurry()
            left = self._breaker.wait_s
            if left <= 0:
                return
            self._sleep(left)


def hurry(workers: Iterable[Worker]) -> None:
    """Let all of them send at once, before the first is waited for: one that hangs must not take the others' time."""
    for worker in workers:
        worker.hurry()


def _nothing() -> None:
    """There is no folder to do away with."""


def _experiment_of(assembled: Assembled) -> str:
    return assembled.trace.experiment or ""
