"""Dispatch: reads traces from the log and sends them in batches until each is delivered or dropped.

Every method but `is_settled` runs on the worker's thread. At interpreter shutdown, when no thread can be started, they
run on the thread that calls `flush` or `shutdown`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Final

from ace_tracing.delivery.backoff import Backoff
from ace_tracing.delivery.batches import Batch, group_by_experiment
from ace_tracing.delivery.content import ContentError, encoding, is_environment
from ace_tracing.delivery.control import Control
from ace_tracing.delivery.exporter import SpanExporter
from ace_tracing.delivery.feedback import FeedbackSender
from ace_tracing.delivery.gil import LARGE_BYTES, GilYielder
from ace_tracing.delivery.http.results import Blocked, Delivered, ExportResult, Rejected, Retryable
from ace_tracing.delivery.ledger import INTERNAL_ERROR, REJECTED, REJECTED_PARTS, Ledger
from ace_tracing.delivery.open_traces import Assembled
from ace_tracing.delivery.otlp.encoder import ExportRequest
from ace_tracing.delivery.spool.buffer import Buffer
from ace_tracing.delivery.spool.cursors import Cursor
from ace_tracing.delivery.spool.drops import BUFFER_FULL, BUFFER_FULL_SPANS
from ace_tracing.delivery.spool.folders import Spool
from ace_tracing.delivery.spool.log import OwnLog
from ace_tracing.diagnostics import internal_error, warn
from ace_tracing.recording.context import UNSAMPLED, current_span

BATCH_BYTES: Final = 1024 * 1024
"""About how many bytes are read for one round of requests."""
BACKLOG_BYTES: Final = 16 * 1024 * 1024
"""With more unread bytes than this, the worker reads without yielding the GIL."""
TRACES_PER_YIELD: Final = 16
"""Traces to free between two calls that yield the GIL."""
MAX_SPLITS: Final = 32
"""How often batches are split to find the rejected trace, without a success between. It bounds the requests to a
service that rejects everything."""
MAX_SERVER_ERRORS: Final = 6
"""How many errors inside the service a batch meets before it is split, or, as a single trace, dropped."""
MAX_EXCEPTIONS: Final = 3
"""How many exceptions a batch meets before it is split, or, as a single trace, dropped."""

ROOM_POLL_S: Final = 0.5
"""How often a worker that waits for the next attempt looks whether the other destinations need room, in seconds."""

RETRY_WARNING: Final = "Export failed, traces are kept and sent again later: %s"

_UNSENDABLE: Final = Rejected(INTERNAL_ERROR, invalid_content=True, is_unsendable=True)


class Dispatcher:
    """Sender of one buffer's traces, and of the traces that `recovery` reads from orphaned spools.

    Args:
        exporter: Makes single attempts. The dispatcher decides whether and when to try again.
        buffer: The buffer in which frames wait.
        spool: The spool behind the buffer; None when frames wait in memory.
        ledger: Receives the counts.
        control: Flags of the worker.

    Attributes:
        backoff: The delay before the next attempt.
        gil: Yields the GIL between pieces of work.
        log: The frames of this process.
        feedback: Sends the feedback in the log.
        attempts: How many attempts have ended.
    """

    def __init__(
        self, exporter: SpanExporter, buffer: Buffer | Cursor, spool: Spool | None, ledger: Ledger, control: Control
    ) -> None:
        self._exporter = exporter
        self._buffer = buffer
        self._spool = spool
        self._ledger = ledger
        self._control = control
        self.backoff = Backoff()
        self.gil = GilYielder(buffer.write_offset)
        self.log = OwnLog(buffer, spool)
        self.feedback = FeedbackSender(exporter, ledger, lambda: self.log)
        self.attempts = 0
        self._in_flight: deque[Batch] = deque()
        self._is_sending = False
        self._finished_seen = self._feedback_seen = 0
        self._key_is_accepted = False
        self._reported_drops = 0
        self._shown_position = 0
        self._has_made_room = False

    @property
    def has_new(self) -> bool:
        """Whether a trace has finished, or feedback was logged, since the last round began."""
        return self._buffer.finished != self._finished_seen or self._buffer.feedback_count != self._feedback_seen

    @property
    def has_unsent(self) -> bool:
        """Whether a trace is in flight or unread."""
        return bool(self.log.has_unread() or self._in_flight)

    @property
    def is_done(self) -> bool:
        """Whether there is nothing to send until another trace ends or other feedback is logged."""
        return not self.log.has_unread() and self.feedback.delay_s is None

    @property
    def is_cut_off(self) -> bool:
        """Whether an error has cut off the work, so that `restart` is due. Only the sending thread asks."""
        return self._is_sending

    def is_settled(self, position: int, *, with_missing: bool = True) -> bool:
        """Return whether everything before a position of the buffer is delivered or dropped. Any thread may ask.

        Args:
            position: The position.
            with_missing: Whether to count feedback whose trace the service does not have.
        """
        is_unsettled = self._ledger.settled_position < position and (self._is_sending or self.has_unsent)
        # In this order: settled traces have put their feedback into the log.
        return not is_unsettled and not self.feedback.is_awaited(position, with_missing=with_missing)

    def is_shown(self, position: int) -> bool:
        """Return whether the spans of running traces that ended before a position were sent. Any thread may ask."""
        return self._shown_position >= position

    def restart(self) -> None:
        """Read again from the last settled position, after the work was cut off: by an error, or the thread's end."""
        self._is_sending = True
        log = self.log.reopen()
        self._in_flight.clear()
        self._ledger.restart(log.settled_to)
        self.log = log
        self.feedback.restart()
        self._is_sending = False

    def pause_after(self, error: Exception) -> None:
        """Report an error outside an attempt, such as a lack of memory, and wait until the next one."""
        if not is_environment(error):
            internal_error("delivering traces")
        reason = f"{type(error).__name__}: {error}"
        self.backoff.record_failure(reason)
        warn("retry", RETRY_WARNING, reason)
        self._pause()

    def deliver_own(self) -> None:
        """Deliver everything that this process has written so far, and then the feedback that is due."""
        self._finished_seen = finished = self._buffer.finished
        self._feedback_seen = self._buffer.feedback_count
        target = self._buffer.position
        if self._in_flight and not self.deliver([one for batch in self._in_flight for one in batch.assembled]):
            return
        while self.log.read_to < target and self.log.has_unread():
            # Not in a `finally`: after an error, the traces are neither unread nor in flight until `restart`.
            self._is_sending = True
            is_sent = self.deliver(self._read(target))
            if is_sent:
                self._settle_log()
            self._is_sending = False
            if not is_sent:
                return
        is_all = not self.has_new and not self.log.has_unread()
        if is_all and not self.log.has_running_traces:
            self._shown_position = target
        self._ledger.record_position(target, finished, self.log, is_all=is_all)
        self._warn_of_drops()
        self.feedback.deliver(self._settle_log)

    def deliver_running(self, min_age_s: float) -> None:
        """Send the ended spans of the running traces, so that they are visible before their roots end.

        Args:
            min_age_s: The age from which on a trace is sent, in seconds.
        """
        position = self.log.read_to
        is_sent = self.deliver(self.log.take_running(min_age_s))
        if is_sent and (min_age_s == 0.0 or not self.log.has_running_traces):
            self._shown_position = position
            self._ledger.notify()

    def deliver_interrupted(self) -> bool:
        """End the open spans as interrupted and deliver them; False when the worker was closed before all was sent."""
        self._ledger.record_assembled(interrupted := self.log.interrupt(), interrupted=True)
        if self.deliver(interrupted):
            self.feedback.deliver(self._settle_log)
            self._settle_log()
        return not self._in_flight and self.feedback.is_empty

    def deliver(self, assembled: Iterable[Assembled], *, recovered: bool = False) -> bool:
        """Send traces until all are settled.

        Args:
            assembled: The traces.
            recovered: Whether they are another process's traces.

        Returns:
            False when the worker was closed before all were settled.
        """
        batches = group_by_experiment(assembled, self._ledger.successes)
        # Each batch frees its own traces.
        del assembled
        self.gil.yield_gil()
        if not recovered:
            self._in_flight = batches
        splits_left = MAX_SPLITS
        while batches:
            # A batch stays in the queue until its result is known, since this thread may be killed meanwhile.
            batch = batches[0]
            if self._buffer.must_make_room and not recovered:
                self._drop_for_room(batches.popleft())
                continue
            if self._has_made_room:
                # The delay that dropping has cut off.
                self._has_made_room = False
                self._pause()
                continue
            if self._control.is_closed and self.backoff.must_wait:
                return False
            if recovered and self.has_new:
                # The recovered traces may be the cause of the failures.
                self.deliver_own()
            if batch.is_rejected and batch.has_many_traces and splits_left:
                splits_left -= 1
                batches.popleft()
                batches.extendleft(reversed(batch.split_between_traces(self._ledger.successes, invalid_content=True)))
                continue
            result = self._attempt(batch)
            batches.popleft()
            if isinstance(result, Delivered) or result is _UNSENDABLE:
                splits_left = MAX_SPLITS
            if recovered and isinstance(result, Blocked) and result.cause == "experiment":
                # Nobody can change the experiment of these traces, and others must not wait for them.
                self.backoff.record_success()
                warn("experiment", "Traces of an ended process are filed in the default experiment: %s", result.reason)
                batches.appendleft(batch.move_to_default_experiment(self._ledger.successes))
                continue
            if isinstance(result, Rejected) and result.too_large and (parts := batch.split(self._ledger.successes)):
                batches.extendleft(reversed(parts))
            elif isinstance(result, Rejected) and result.invalid_content and batch.has_many_traces and splits_left:
                splits_left -= 1
                batches.extendleft(reversed(batch.split_between_traces(self._ledger.successes, invalid_content=True)))
            elif isinstance(result, Delivered | Rejected):
                self._settle(batch, result, recovered=recovered)
                self._free(batch)
            elif not self._defer(batch, batches, result, recovered=recovered):
                return False
        return True

    def drop(self, count: int, reason: str, message: str, *, recovered: bool, settled: int = 0) -> None:
        """Count dropped traces or spans, as `Ledger.record_drop` does, and log a warning that ends with `message`."""
        self._ledger.record_drop(count, reason, recovered=recovered, settled=settled)
        warn("dropped", "%d traces or spans were not stored and are lost: %s", count, message)

    def _drop_for_room(self, batch: Batch) -> None:
        """Drop a batch, so that another destination gets the new traces."""
        count = batch.trace_count or sum(len(one.trace.entries) for one in batch.assembled)
        reason = BUFFER_FULL if batch.trace_count else BUFFER_FULL_SPANS
        if count:
            message = "the destination fails, and the traces for the other one need the room"
            self.drop(count, reason, message, recovered=False, settled=batch.trace_count)
        self._free(batch)
        self._has_made_room = True

    def _read(self, target: int) -> list[Assembled]:
        """Read about `BATCH_BYTES` from the log, and return the traces that are ready."""
        ready: list[Assembled] = []
        before = self.log.read_to
        has_backlog = self._buffer.unread_bytes > BACKLOG_BYTES
        while self.log.read_to < target and self.log.has_unread():
            ready += self.log.read(LARGE_BYTES if has_backlog else self.gil.max_bytes)
            if not has_backlog:
                self.gil.yield_gil()
            if self.log.read_to - before > BATCH_BYTES:
                break
        self._ledger.record_assembled(ready)
        self.gil.yield_gil()
        return ready

    def _free(self, batch: Batch) -> None:
        """Free the traces of a settled batch in small steps: to free all at once takes more than a millisecond."""
        batch.request = None
        assembled = batch.assembled
        while assembled:
            del assembled[-TRACES_PER_YIELD:]
            self.gil.yield_gil()

    def _settle_log(self) -> None:
        """Release the frames of settled traces. Long traces may have to send their first spans before that."""
        while True:
            self._ledger.prepare(self.log.read_to, self.log.settled_to)
            if not (parts := self.log.settle()):
                return
            if not self.deliver(parts):
                # The parts stay in flight, and no frame is released.
                return

    def _attempt(self, batch: Batch) -> ExportResult:
        """Send a batch once, and record the result in the backoff."""
        # The HTTP client logs each request. If a log handler traced that and the trace were sent in turn, sending would
        # never end.
        token = current_span.set(UNSAMPLED)
        try:
            if batch.request is None:
                with encoding:
                    batch.request = ExportRequest([one.trace for one in batch.assembled], self.gil.yield_gil)
            result = self._exporter.send(batch.request)
        except ContentError:
            internal_error("encoding traces")
            result = _UNSENDABLE
        except Exception as error:  # noqa: BLE001 - the thread must survive, and the traces are not known to be at fault
            if not is_environment(error):
                internal_error("sending traces")
            result = Retryable(f"{type(error).__name__}: {error}", is_exception=not is_environment(error))
        finally:
            current_span.reset(token)
            self.attempts += 1
        if isinstance(result, Retryable):
            self.backoff.record_failure(result.reason, result.retry_after_s)
            warn("retry", RETRY_WARNING, result.reason)
        elif isinstance(result, Blocked):
            self.backoff.pause(result.reason)
            if self._spool is not None and result.cause == "key":
                self._key_is_accepted = False
                self._spool.mark_key_rejected(True)
            warn("paused", "Export paused, traces are kept. Fix this to resume: %s", result.reason)
        else:
            self.backoff.record_success()
            if self._spool is not None and not self._key_is_accepted and isinstance(result, Delivered):
                self._key_is_accepted = True
                self._spool.mark_key_rejected(False)
        return result

    def _settle(self, batch: Batch, result: Delivered | Rejected, *, recovered: bool) -> None:
        """Count the traces of a batch as delivered or dropped."""
        if isinstance(result, Rejected):
            if batch.trace_count:
                reason = INTERNAL_ERROR if result.is_unsendable else REJECTED
                count = batch.trace_count
                self.drop(count, reason, result.reason, recovered=recovered, settled=count)
            elif spans := sum(len(one.trace.entries) for one in batch.assembled):
                self.drop(spans, REJECTED_PARTS, result.reason, recovered=recovered)
            return
        if batch.sibling is not None:
            # The two halves were rejected together, so the rejected trace is in the other half.
            batch.sibling.is_rejected = True
        self._ledger.record_success(batch.trace_count, recovered=recovered, rejected_spans=result.rejected)
        # Outside the lock: a log handler may wait for it.
        if result.rejected:
            warn("partial", "The service did not store %d spans, which are lost: %s", result.rejected, result.reason)

    def _defer(self, batch: Batch, batches: deque[Batch], result: Retryable | Blocked, *, recovered: bool) -> bool:
        """Queue a batch again and wait, or drop it if it causes the failure; False when the worker is closed."""
        if self._control.is_closed:
            batches.appendleft(batch)
            return False
        if not (isinstance(result, Retryable) and (result.is_internal_error or result.is_exception)):
            batches.appendleft(batch)
            self._pause()
        elif self._is_at_fault(batch, batches, is_exception=result.is_exception):
            self._settle(batch, Rejected(result.reason, is_unsendable=result.is_exception), recovered=recovered)
        else:
            self._pause()
        return True

    def _is_at_fault(self, batch: Batch, batches: deque[Batch], *, is_exception: bool) -> bool:
        """Return whether this batch, and not the service, causes the error; if not, queue it again."""
        batch.failures += 1
        if is_exception and batch.failures < MAX_EXCEPTIONS:
            # Other batches show whether the exception is this one's.
            batches.append(batch)
        elif batch.failures < MAX_SERVER_ERRORS and not is_exception:
            batches.appendleft(batch)
        elif batch.has_many_traces:
            failures = 0 if is_exception else MAX_SERVER_ERRORS - 1
            batches.extend(batch.split_between_traces(self._ledger.successes, failures))
        elif self._ledger.successes > batch.successes_before:
            return True
        else:
            batches.append(batch)
        return False

    def _pause(self) -> None:
        """Wait until the next attempt. `close` ends the wait; `hurry` does unless the service set the delay."""
        self._warn_of_drops()
        while not self._control.is_closed:
            if self._control.must_hurry:
                self._control.must_hurry = False
                self.backoff.hurry()
            delay = self.backoff.delay_s
            if delay <= 0 or self._buffer.must_make_room:
                return
            self._control.sleep(min(delay, ROOM_POLL_S) if self._buffer.is_shared else delay)

    def _warn_of_drops(self) -> None:
        """Log a warning if the buffer has dropped frames since the last one."""
        dropped = sum(self._buffer.dropped.values())
        if dropped > self._reported_drops:
            warn("full", "%d traces and spans did not fit into the buffer and are lost", dropped - self._reported_drops)
            self._reported_drops = dropped
