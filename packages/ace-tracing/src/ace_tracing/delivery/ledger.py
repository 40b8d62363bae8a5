"""Ledger: one worker's counts of delivered, pending, dropped and recovered traces and feedback.

Pending is a difference: the traces made, less those delivered or dropped. So no trace leaves the counts, whatever
happens in between. The worker's thread records. Any thread reads.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from ace_tracing.delivery.backoff import Backoff
from ace_tracing.delivery.open_traces import Assembled, count_traces
from ace_tracing.delivery.spool.buffer import Buffer
from ace_tracing.delivery.spool.cursors import Cursor
from ace_tracing.delivery.spool.drops import BUFFER_FULL, BUFFER_FULL_FEEDBACK, BUFFER_FULL_SPANS
from ace_tracing.delivery.spool.log import OwnLog
from ace_tracing.delivery.status import Delivery, State, TracingStatus
from ace_tracing.native import Condition, RLock

REJECTED: Final = "rejected by the service"
REJECTED_PARTS: Final = "rejected by the service: spans of kept traces"
REJECTED_SPANS: Final = "rejected by the service: single spans"
EXPIRED: Final = "expired in the spool"
INTERNAL_ERROR: Final = "internal error in ace-tracing"
UNKNOWN_TRACE: Final = "feedback on an unknown trace"
REJECTED_FEEDBACK: Final = "rejected by the service: feedback"
TOO_MUCH_FEEDBACK: Final = "too much pending feedback"
EXPIRED_FEEDBACK: Final = "expired in the spool: feedback"


class _Counts(NamedTuple):
    """Counts of the traces of this process. They are replaced as a whole, since the worker's thread may be killed.

    Attributes:
        assembled: Traces that were read from the log.
        interrupted: Those of them that ended only because recording ended.
        settled: Those of them that are delivered or dropped.
        delivered: Those of them that the service has stored.
        dropped: Dropped traces and spans by reason.
    """

    assembled: int = 0
    interrupted: int = 0
    settled: int = 0
    delivered: int = 0
    dropped: Mapping[str, int] = {}


class Ledger:
    """Counts of the traces and the feedback of one worker.

    Args:
        buffer: The worker's buffer, which counts finished traces, feedback and the frames that it dropped.

    Attributes:
        changed: Holds the lock of all counts. Notified when a trace is settled or `settled_position` moves.
        successes: Batches that the service has accepted.
        settled_position: Everything before this position of the buffer is delivered or dropped.
    """

    def __init__(self, buffer: Buffer | Cursor) -> None:
        self._buffer = buffer
        # An RLock is acquired in C: a thread cannot be killed between acquiring it and recording that it owns it.
        self._lock = RLock()
        self.changed = Condition(self._lock)
        self.successes = 0
        self.settled_position = 0
        self._own = _Counts()
        # The counts at the positions up to which the log was settled last, and may have been settled since.
        self._settled_at = self._prepared_at = 0, self._own
        self._finished: int | None = None
        self._unassembled = 0
        self._lost_starts = 0
        self._recovered = 0
        # Traces and feedback that an earlier worker of this process has left in its spool for this one.
        self._adopted = self._adopted_delivered = 0
        self._has_handed_over = False
        # Drops of other processes' traces, and of feedback, which no restart repeats.
        self._other_drops: Counter[str] = Counter()
        self._feedback_settled = 0
        self._feedback_delivered = 0
        self._feedback_dropped = 0
        self._feedback_lost = 0

    def record_assembled(self, assembled: Iterable[Assembled], *, interrupted: bool = False) -> None:
        """Count traces of this process that were read from the log.

        Args:
            assembled: The traces.
            interrupted: Whether they ended only because recording ended.
        """
        count = count_traces(assembled)
        own = self._own
        self._own = own._replace(assembled=own.assembled + count, interrupted=own.interrupted + count * interrupted)

    def prepare(self, position: int, settled_to: int) -> None:
        """Remember the counts before the log is settled.

        Args:
            position: The position up to which the log is settled next.
            settled_to: The position up to which it is settled.
        """
        if self._prepared_at[0] == settled_to:
            self._settled_at = self._prepared_at
        self._prepared_at = position, self._own

    def restart(self, settled_to: int) -> None:
        """Restore the counts of the time when the log was settled last: the traces behind are read and sent again.

        Args:
            settled_to: The position up to which the log is settled.
        """
        with self._lock:
            self._own = (self._prepared_at if self._prepared_at[0] == settled_to else self._settled_at)[1]

    def stop(self) -> None:
        """Record that the buffer accepts no more frames: a trace that ends later is left to another process."""
        self._finished = self._buffer.finished

    def hand_over(self, other: Ledger, log: OwnLog) -> None:
        """Count the pending traces and feedback as those of another worker, which recovers this worker's spool.

        Args:
            other: The ledger of the other worker.
            log: The log of this one, which is closed.
        """
        other._adopted += self.delivery(log).pending
        self._has_handed_over = True

    def record_success(self, traces: int, *, recovered: bool, rejected_spans: int) -> None:
        """Count a batch that the service has accepted, and wake the threads that wait in `flush`.

        Args:
            traces: The traces of the batch.
            recovered: Whether they are another process's traces.
            rejected_spans: Spans of the batch that the service did not store.
        """
        with self._lock:
            self.successes += 1
            dropped = {REJECTED_SPANS: rejected_spans} if rejected_spans else {}
            if recovered:
                self._recovered += traces - self._settle_adopted(traces, is_delivered=True)
                self._other_drops.update(dropped)
            else:
                own = self._own
                self._own = own._replace(
                    settled=own.settled + traces,
                    delivered=own.delivered + traces,
                    dropped=_sum(own.dropped, dropped),
                )
            self.changed.notify_all()

    def record_drop(self, count: int, reason: str, *, recovered: bool, settled: int = 0) -> None:
        """Count dropped traces or spans, and wake the threads that wait in `flush`.

        Args:
            count: The dropped traces or spans.
            reason: The key in `Delivery.reasons`.
            recovered: Whether they are another process's.
            settled: The traces among them, which are no longer pending. The others are spans.
        """
        with self._lock:
            if recovered:
                self._settle_adopted(settled)
                self._other_drops[reason] += count
            else:
                own = self._own
                self._own = own._replace(settled=own.settled + settled, dropped=_sum(own.dropped, {reason: count}))
            self.changed.notify_all()

    def record_feedback(self, *, is_delivered: bool, recovered: bool) -> None:
        """Count feedback that the service has accepted, or that sampling leaves out, and wake the threads in `flush`.

        Args:
            is_delivered: Whether the service has accepted it.
            recovered: Whether it is another process's feedback.
        """
        with self._lock:
            if recovered:
                self._recovered += is_delivered - self._settle_adopted(1, is_delivered=is_delivered) * is_delivered
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
            self._settle_adopted(count - settled)
            self._feedback_dropped += count
            self._other_drops[reason] += count
            self.changed.notify_all()

    def record_position(self, position: int, finished: int, log: OwnLog, *, is_all: bool) -> None:
        """Record that everything before `position` is settled, and wake the threads that wait in `flush`.

        Args:
            position: The position in the buffer.
            finished: The buffer's count of finished traces, read before `position` was.
            log: The worker's current log.
            is_all: Whether nothing has finished since and nothing is unread.
        """
        with self._lock:
            self.settled_position = max(self.settled_position, position)
            if is_all:
                # A trace without its start is lost. The other differences are spans that end just as their root does.
                left = self._unread(finished, log)
                lost = min(max(0, left), log.orphan_ends - self._lost_starts)
                self._lost_starts += max(0, lost)
                self._unassembled += left - max(0, lost)
                self._feedback_lost = max(0, self._buffer.feedback_count - self._feedback_settled - len(log.feedback))
            self.changed.notify_all()

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
            own = self._own
            lost = (
                (BUFFER_FULL, log.lost_traces),
                (BUFFER_FULL_SPANS, log.lost_spans),
                (INTERNAL_ERROR, log.unreadable_frames + self._lost_starts + self._buffer.unrecorded),
            )
            reasons = Counter(_sum(own.dropped, self._other_drops, self._buffer.dropped, dict(lost)))
            finished = self._buffer.finished if self._finished is None else self._finished
            pending = max(0, own.assembled - own.settled + max(0, self._unread(finished, log)))
            feedback = max(0, self._buffer.feedback_count - self._feedback_settled - self._feedback_lost)
            if self._has_handed_over:
                pending = feedback = 0
            return Delivery(
                own.delivered + self._feedback_delivered + self._adopted_delivered,
                pending + feedback + self._adopted,
                sum(reasons.values()),
                {reason: count for reason, count in reasons.items() if count},
                feedback_delivered=self._feedback_delivered,
                feedback_pending=feedback,
                feedback_dropped=self._feedback_dropped + self._buffer.dropped[BUFFER_FULL_FEEDBACK],
            )

    def _settle_adopted(self, count: int, *, is_delivered: bool = False) -> int:
        """Count recovered traces or feedback as those that were handed over, as far as such are pending."""
        settled = min(count, self._adopted)
        self._adopted -= settled
        self._adopted_delivered += settled * is_delivered
        return settled

    def _unread(self, finished: int, log: OwnLog) -> int:
        """Return how many of the finished traces are neither read nor lost."""
        read = self._own.assembled - self._own.interrupted
        lost = log.lost_traces + log.unreadable_frames + self._lost_starts
        return finished - read - lost - self._unassembled

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


def _sum(*counts: Mapping[str, int]) -> dict[str, int]:
    """Return the sums of counts by reason."""
    total: Counter[str] = Counter()
    for each in counts:
        total.update(each)
    return dict(total)
