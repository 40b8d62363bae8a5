"""Feedback sender: sends the feedback in a log, each entry once its trace has been delivered.

Feedback waits in the log, behind the frames of its trace. The trace may also belong to another process and reach the
service later: feedback on a trace that the service does not have is sent again, with growing delays. It delays neither
traces nor other feedback.

Every method but `is_awaited`, `is_blocked` and `hurry` runs on the worker's thread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from ace_tracing.clocks import monotonic
from ace_tracing.delivery.attempts import Attempts
from ace_tracing.delivery.backoff import Backoff
from ace_tracing.delivery.content import ContentError, is_environment
from ace_tracing.delivery.exporter import SpanExporter
from ace_tracing.delivery.http.deadline import seconds_left
from ace_tracing.delivery.http.results import Blocked, ExportResult, Rejected, Retryable
from ace_tracing.delivery.ledger import (
    EXPIRED_FEEDBACK,
    INTERNAL_ERROR,
    REJECTED_FEEDBACK,
    TOO_MUCH_FEEDBACK,
    UNKNOWN_TRACE,
    Ledger,
)
from ace_tracing.delivery.parallel import call_all
from ace_tracing.delivery.spool.log import OwnLog
from ace_tracing.diagnostics import internal_error, warn
from ace_tracing.recording.context import UNSAMPLED, current_span
from ace_tracing.recording.feedback import (
    OUTSIDE_SAMPLE,
    Feedback,
    feedback_id_of,
    read_feedback,
    trace_id_of,
)

SLICE_S: Final = 0.25
"""How long feedback is sent before the worker looks for finished traces again, in seconds."""
PARALLEL_REQUESTS: Final = 8
"""The most requests at the same time. Each has one entry of feedback, since the service takes no batches of them."""
MAX_SERVER_ERRORS: Final = 6
"""How many errors inside the service feedback meets before it is dropped, if the service accepts other requests."""
MAX_ENTRIES: Final = 10_000
MAX_BYTES: Final = 16 * 1024 * 1024
"""The limits of the feedback that waits. Beyond either, the oldest is dropped."""

_NO_RESULT: Final[ExportResult | None] = Retryable("the request's thread was killed")
_UNSENDABLE: Final = Rejected(INTERNAL_ERROR, is_unsendable=True)

Waiting = dict[bytes, tuple[int, bytes]]
"""The feedback frames of a log that are not settled, with their positions, by id."""


class _Entry(NamedTuple):
    """One entry of feedback.

    Attributes:
        frame: Its frame.
        waiting: The feedback of its log. It is removed from it when it is settled.
        recovered: Whether the log is an orphaned spool.
    """

    frame: bytes
    waiting: Waiting
    recovered: bool


class FeedbackSender:
    """Sender of the feedback that waits in one worker's log.

    Args:
        exporter: Makes single attempts.
        ledger: Receives the counts.
        log: Returns the worker's current log.

    Attributes:
        backoff: The delay after the service has failed or rejected the key. Traces do not wait for it.
        attempts: How many attempts have ended.
    """

    def __init__(self, exporter: SpanExporter, ledger: Ledger, log: Callable[[], OwnLog]) -> None:
        self._exporter = exporter
        self._ledger = ledger
        self._log = log
        self.backoff = Backoff()
        self.attempts = 0
        self._successes = 0
        self._must_hurry = False
        self._attempts: dict[bytes, Attempts] = {}
        self._settled: set[bytes] = set()

    @property
    def is_empty(self) -> bool:
        """Whether no feedback waits."""
        return not self._log().feedback

    @property
    def delay_s(self) -> float | None:
        """The seconds until the next attempt. None when no feedback waits, or only for the end of running traces."""
        times = [0.0 if attempts is None else attempts.next_at for _, _, attempts in self._sendable()]
        return max(0.0, min(times) - monotonic(), self.backoff.delay_s) if times else None

    def is_awaited(self, position: int, *, with_missing: bool) -> bool:
        """Return whether `flush` waits for feedback that was logged before a position. Any thread may ask.

        It does not wait for the end of a running trace.

        Args:
            position: The position.
            with_missing: Whether it waits, for a short time, for a trace that the service does not have.
        """
        return any(
            self._must_hurry or attempts is None or attempts.is_due or attempts.is_awaited(with_missing=with_missing)
            for at, _, attempts in self._sendable()
            if at < position
        )

    def is_blocked(self, attempts: int) -> bool:
        """Return whether the service rejects the key, or is not found, in more attempts than these."""
        return self.backoff.is_paused and self.attempts > attempts

    def hurry(self) -> None:
        """Make all feedback due that was not sent just now. Any thread may call this."""
        self._must_hurry = True

    def restart(self) -> None:
        """Forget the feedback that was settled, after the worker's thread was killed and the log was read again."""
        for feedback_id in self._settled:
            self._log().feedback.pop(feedback_id, None)

    def deliver(self, settle_log: Callable[[], object]) -> None:
        """Send the feedback that is due, for about `SLICE_S` or, inside a time limit, until it is over.

        Args:
            settle_log: Called when feedback was settled.
        """
        if self._must_hurry:
            self._must_hurry = False
            self.backoff.hurry()
            for attempts in self._attempts.values():
                attempts.hurry()
        self._drop_excess()
        left = seconds_left()
        stop_at = monotonic() + (SLICE_S if left is None else left)
        due = [frame for _, frame, tried in self._sendable() if tried is None or tried.is_due]
        while due and self.backoff.delay_s <= 0 and monotonic() < stop_at:
            # After a failure, one request tests whether the service has recovered.
            size = 1 if self.backoff.has_failed else PARALLEL_REQUESTS
            self._send([_Entry(frame, self._log().feedback, recovered=False) for frame in due[:size]])
            del due[:size]
        if self._settled:
            settle_log()
            self._settled.clear()

    def deliver_recovered(self, frame: bytes, waiting: Waiting) -> bool:
        """Send one entry of an orphaned spool if it is due.

        Args:
            frame: The entry's frame.
            waiting: The feedback of the spool. The entry is removed from it when it is settled.

        Returns:
            False when the service fails.
        """
        tried = self._attempts.get(feedback_id_of(frame))
        if self.backoff.delay_s <= 0 and (tried is None or tried.is_due):
            self._send([_Entry(frame, waiting, recovered=True)])
        return self.backoff.delay_s <= 0

    def drop_expired(self, count: int) -> None:
        """Count feedback of an orphaned spool that is too old."""
        if count:
            self._ledger.record_dropped_feedback(count, EXPIRED_FEEDBACK, settled=0)

    def _sendable(self) -> Iterator[tuple[int, bytes, Attempts | None]]:
        """Yield the feedback whose trace does not run in this process: its position, frame and attempts."""
        log = self._log()
        for at, frame in list(log.feedback.values()):
            if not log.is_running(trace_id_of(frame)):
                yield at, frame, self._attempts.get(feedback_id_of(frame))

    def _drop_excess(self) -> None:
        """Drop the oldest feedback beyond the limits."""
        frames = [frame for _, frame in self._log().feedback.values()]
        count, size = len(frames), sum(map(len, frames))
        for frame in frames:
            if count <= MAX_ENTRIES and size <= MAX_BYTES:
                return
            count, size = count - 1, size - len(frame)
            entry = _Entry(frame, self._log().feedback, recovered=False)
            self._drop(entry, TOO_MUCH_FEEDBACK, "more feedback waits than is kept")

    def _send(self, entries: list[_Entry]) -> None:
        """Try once to send entries, and settle each or set the time of its next attempt."""
        # The HTTP client logs each request. A trace of a log handler must not be sent in turn, without end.
        token = current_span.set(UNSAMPLED)
        try:
            results = call_all([self._prepare(entry) for entry in entries], _NO_RESULT)
        finally:
            current_span.reset(token)
        for entry, result in zip(entries, results, strict=True):
            self._handle(entry, self._attempts[feedback_id_of(entry.frame)], result)
            self.attempts += 1

    def _prepare(self, entry: _Entry) -> Callable[[], ExportResult | None]:
        """Return one attempt to send an entry."""
        feedback_id = feedback_id_of(entry.frame)
        attempts = self._attempts.get(feedback_id)
        if attempts is None:
            attempts = self._attempts[feedback_id] = Attempts(self._count_successes(), recovered=entry.recovered)
        is_repeated = attempts.begin()

        def send() -> ExportResult | None:
            try:
                return self._exporter.send_feedback(read_feedback(entry.frame), is_repeated=is_repeated)
            except ContentError:
                internal_error("encoding feedback")
                return _UNSENDABLE
            except Exception as error:  # noqa: BLE001 - the worker must survive, and the feedback may not be at fault
                if not is_environment(error):
                    internal_error("sending feedback")
                return Retryable(f"{type(error).__name__}: {error}", is_exception=not is_environment(error))

        return send

    def _handle(self, entry: _Entry, attempts: Attempts, result: ExportResult | None) -> None:
        if isinstance(result, Retryable):
            self._retry(entry, attempts, result)
            return
        attempts.may_be_stored = False
        if isinstance(result, Blocked):
            self.backoff.pause(result.reason)
            warn("paused", "Export paused, feedback is kept. Fix this to resume: %s", result.reason)
            return
        if not self.backoff.delay_s > 0:
            self.backoff.record_success()
        if result is None:
            feedback = read_feedback(entry.frame)
            if not attempts.record_missing(feedback):
                self._give_up(entry, feedback)
        elif isinstance(result, Rejected):
            self._drop(entry, INTERNAL_ERROR if result.is_unsendable else REJECTED_FEEDBACK, result.reason)
        else:
            self._successes += 1
            self._settle(entry)
            self._ledger.record_feedback(is_delivered=True, recovered=entry.recovered)

    def _retry(self, entry: _Entry, attempts: Attempts, failure: Retryable) -> None:
        """Set the time of the next attempt, or drop the feedback if it causes the failure."""
        if not (failure.is_internal_error or failure.is_exception):
            if self.backoff.delay_s <= 0 or failure.retry_after_s is not None:
                # One failure of several requests at the same time counts.
                self.backoff.record_failure(failure.reason, failure.retry_after_s)
            warn("retry", "Export failed, feedback is kept and sent again later: %s", failure.reason)
            return
        attempts.record_error()
        if attempts.errors >= MAX_SERVER_ERRORS and self._count_successes() > attempts.successes_before:
            self._drop(entry, INTERNAL_ERROR if failure.is_exception else REJECTED_FEEDBACK, failure.reason)

    def _give_up(self, entry: _Entry, feedback: Feedback) -> None:
        """Drop feedback on a trace that the service does not have."""
        if feedback.flags & OUTSIDE_SAMPLE:
            # Not a loss: sampling left out the trace as well.
            self._settle(entry)
            self._ledger.record_feedback(is_delivered=False, recovered=entry.recovered)
        else:
            self._drop(entry, UNKNOWN_TRACE, "the service has no such trace")

    def _drop(self, entry: _Entry, reason: str, message: str) -> None:
        self._settle(entry)
        self._ledger.record_dropped_feedback(1, reason, settled=int(not entry.recovered))
        warn("dropped feedback", "Feedback on the trace tr-%s is lost: %s", trace_id_of(entry.frame).hex(), message)

    def _settle(self, entry: _Entry) -> None:
        feedback_id = feedback_id_of(entry.frame)
        if not entry.recovered:
            self._settled.add(feedback_id)
        entry.waiting.pop(feedback_id, None)
        self._attempts.pop(feedback_id, None)

    def _count_successes(self) -> int:
        return self._ledger.successes + self._successes
