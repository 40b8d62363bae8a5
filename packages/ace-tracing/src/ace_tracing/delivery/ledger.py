"""Ledger: one worker's counts of delivered, pending, dropped and recovered traces and feedback.

The worker's thread records. Any thread reads.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable
from typing import Final

from ace_tracing.delivery.backoff import Backoff
from ace_tracing.delivery.open_traces import Assembled, count_traces
from ace_tracing.delivery.spool.buffer import BUFFER_FULL, BUFFER_FULL_FEEDBACK, Buffer
from ace_tracing.delivery.spool.log import OwnLog
from ace_tracing.delivery.status import Delivery, State, TracingStatus

REJECTED: Final = "rejected by the service"
REJECTED_PARTS: Final = "rejected by the service: spans of kept traces"
REJECTED_SPANS: Final = "rejected by the service: single spans"
EXPIRED: Final = "expired in the spool"
INTERNAL_ERROR: Final = "internal error in ace-tracing"
UNKNOWN_TRACE: Final = "feedback on an unknown trace"
REJECTED_FEEDBACK: Final = "rejected by the service: feedback"
TOO_MUCH_FEEDBACK: Final = "too much pending feedback"
EXPIRED_FEEDBACK: Final = "expired in the spool: feedback"


class Ledger:
    """Counts of the traces and the feedback of one worker.

    Args:
        buffer: The worker's buffer, which counts finished traces, feedback and the frames that it dropped.

    Attributes:
        changed: Holds the lock of all counts. Notified when a trace is settled or `settled_position` moves.
        successes: Batches that the service has accepted.
        settled_position: Everything before this position of the buffer is delivered or dropped.
    """

    def __init__(self, buffer: Buffer) -> None:
        self._buffer = buffer
        # An RLock is acquired in C: a thread cannot be killed between acquiring it and recording that it owns it.
        self._lock = threading.RLock()
        self.changed = threading.Condition(self._lock)
        self.successes = 0
        self.settled_position = 0
        self._assembled = 0
        self._settled = 0
        self._delivered = 0
        self._recovered = 0
        self._dropped: Counter[str] = Counter()
        self._unassembled = 0
        self._feedback_settled = 0
        self._feedback_delivered = 0
        self._feedback_dropped = 0

    def record_assembled(self, assembled: Iterable[Assembled]) -> None:
        """Count traces of this process that were read from the log."""
        self._assembled += count_traces(assembled)

    def reset_assembled(self) -> None:
        """Count the traces that were read and not settled as unread again."""
        self._assembled = self._settled

    def record_success(self, traces: int, *, recovered: bool, rejected_spans: int) -> None:
        """Count a batch that the service has accepted, and wake the threads that wait in `flush`.

        Args:
            traces: The traces of the batch.
            recovered: Whether they are another process's traces.
            rejected_spans: Spans of the batch that the service did not store.
        """
        with self._lock:
            self.successes += 1
            if recovered:
                self._recovered += traces
            else:
                self._delivered += traces
                self._settled += traces
            if rejected_spans:
                self._dropped[REJECTED_SPANS] += rejected_spans
            self.changed.notify_all()

    def record_drop(self, count: int, reason: str, *, settled: int = 0) -> None:
        """Count dropped traces or spans, and wake the threads that wait in `flush`.

        Args:
            count: The dropped traces or spans.
            reason: The key in `Delivery.reasons`.
            settled: The traces of this process among them, which are no longer pending.
        """
        with self._lock:
            self._settled += settled
            self._dropped[reason] += count
            self.changed.notify_all()

    def record_feedback(self, *, is_delivered: bool, recovered: bool) -> None:
        """Count feedback that the service has accepted, or that sampling leaves out, and wake the threads in `flush`.

        Args:
            is_delivered: Whether the service has accepted it.
            recovered: Whether it is another process's feedback.
        """
        with self._lock:
            if recovered:
                self._recovered += is_delivered
            else:
                self._feedback_settled += 1
                self._feedback_delivered += is_delivered
            self.changed.notify_all()

    def record_dropped_feedback(self, count: int, reason: str, *, settled: int) -> None:
        """Count dropped feedback, as `record_drop` does for traces.

        Args:
            count: The dropped feedback.
            reason: The key in `Delivery.reasons`.
            settled: The feedback of this process among it, which is no longer pending.
        """
        with self._lock:
            self._feedback_settled += settled
            self._feedback_dropped += count
            self.record_drop(count, reason)

    def record_position(self, position: int, finished: int, *, is_all: bool) -> None:
        """Record that everything before `position` is settled, and wake the threads that wait in `flush`.

        Args:
            position: The position in the buffer.
            finished: The buffer's count of finished traces, read before `position` was.
            is_all: Whether nothing has finished since and nothing is unread.
        """
        with self._lock:
            self.settled_position = max(self.settled_position, position)
            self.changed.notify_all()
            if is_all:
                # A finished trace is never assembled if, for example, the buffer dropped its start.
                self._unassembled = finished - self._assembled

    def notify(self) -> None:
        """Wake the threads that wait in `flush`."""
        with self._lock:
            self.changed.notify_all()

    def delivery(self, log: OwnLog) -> Delivery:
        """Return the counts of all traces that have finished, and of the feedback logged, so far.

        Args:
            log: The worker's current log.
        """
        with self._lock:
            reasons = self._dropped + self._buffer.dropped
            for reason, count in ((BUFFER_FULL, log.lost_spans), (INTERNAL_ERROR, log.unreadable_frames)):
                if count:
                    reasons[reason] += count
            has_unread = log.has_unread()
            unread = max(0, self._buffer.finished - self._assembled - self._unassembled)
            pending = self._assembled - self._settled + (unread if has_unread else 0)
            feedback = len(log.feedback)
            if has_unread:
                feedback = max(feedback, self._buffer.feedback_count - self._feedback_settled)
            return Delivery(
                self._delivered + self._feedback_delivered,
                pending + feedback,
                sum(reasons.values()),
                dict(reasons),
                feedback_delivered=self._feedback_delivered,
                feedback_pending=feedback,
                feedback_dropped=self._feedback_dropped + self._buffer.dropped[BUFFER_FULL_FEEDBACK],
            )

    def status(self, log: OwnLog, backoff: Backoff, spool: str | None, state: State | None) -> TracingStatus:
        """Return the counts and the state of delivery.

        Args:
            log: The worker's current log.
            backoff: The worker's backoff.
            spool: The spool's folder; None when traces wait in memory.
            state: The state to report instead of the worker's.
        """
        now = self.delivery(log)
        if state is None:
            if backoff.has_failed:
                state = "paused" if backoff.is_paused else "waiting"
            else:
                # Feedback whose attempts do not fail waits for its trace.
                state = "sending" if now.pending > now.feedback_pending else "waiting" if now.pending else "idle"
        return TracingStatus(
            now.delivered,
            now.pending,
            now.dropped,
            now.reasons,
            now.feedback_delivered,
            now.feedback_pending,
            now.feedback_dropped,
            state=state,
            recovered=self._recovered,
            last_error=backoff.last_error,
            spool=spool,
            spool_bytes=self._buffer.unreleased_bytes,
        )
