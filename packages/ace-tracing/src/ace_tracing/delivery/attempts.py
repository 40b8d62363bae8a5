"""Attempts: the delays of one entry of feedback that cannot be stored yet, and how long it waits for its trace."""

from __future__ import annotations

import random
from typing import Final

from ace_tracing.clocks import monotonic, time_ns
from ace_tracing.recording.feedback import OUTSIDE_SAMPLE, Feedback

MIN_RETRY_S: Final = 0.25
MAX_RETRY_S: Final = 60.0
"""The shortest and the longest delay between two attempts for one entry, before jitter, in seconds."""
MAX_WAIT_S: Final = 3600.0
"""How long feedback waits for a trace that the service does not have, in seconds. Then it is dropped."""
MIN_RECOVERED_WAIT_S: Final = 60.0
"""How long recovered feedback waits at least, in seconds: the spool with its trace may be recovered later."""
MAX_RECOVERED_AGE_S: Final = 24 * 3600.0
"""The age from which on recovered feedback does not wait for its trace, in seconds."""
OUTSIDE_SAMPLE_WAIT_S: Final = 30.0
"""How long feedback waits for a trace outside the sample, in seconds. It exists only if it failed, or was slow."""
FLUSH_WAIT_S: Final = 10.0
"""How long after the first attempt `flush` still waits for a trace that the service does not have, in seconds."""

_NS_PER_S: Final = 1_000_000_000

_random = random.Random()  # noqa: S311 - jitter, not a secret


class Attempts:
    """The attempts to send one entry of feedback. The worker's thread changes them; any thread may read them.

    Args:
        successes: How many requests the service has accepted so far.
        recovered: Whether another process logged the feedback. It may have stored it as well.

    Attributes:
        errors: How many attempts met an error inside the service.
        successes_before: How many requests the service had accepted at the first attempt.
        next_at: The time of the next attempt on the monotonic clock.
        may_be_stored: Whether an attempt may have stored the feedback although no response confirmed it.
    """

    __slots__ = (
        "_last_at",
        "_missing",
        "_missing_since",
        "_recovered",
        "errors",
        "may_be_stored",
        "next_at",
        "successes_before",
    )

    def __init__(self, successes: int, *, recovered: bool) -> None:
        self.errors = 0
        self.successes_before = successes
        self.next_at = 0.0
        self.may_be_stored = self._recovered = recovered
        self._last_at = 0.0
        self._missing = 0
        self._missing_since: float | None = None

    def begin(self) -> bool:
        """Record that an attempt begins, and return whether an earlier one may have stored the feedback."""
        was_stored = self.may_be_stored
        # Until a response arrives: the thread may be killed meanwhile.
        self.may_be_stored = True
        self._last_at = monotonic()
        return was_stored

    def record_error(self) -> None:
        """Record an error inside the service, and set the time of the next attempt."""
        self.errors += 1
        self.next_at = monotonic() + _delay_s(self.errors)

    def record_missing(self, feedback: Feedback) -> bool:
        """Record that the service does not have the trace, and set the time of the next attempt.

        Returns:
            False when the feedback has waited for long enough.
        """
        now = monotonic()
        if self._missing_since is None:
            self._missing_since = now
        self._missing += 1
        self.next_at = now + _delay_s(self._missing)
        return now - self._missing_since < self._max_wait_s(feedback)

    def hurry(self) -> None:
        """Make the next attempt due, unless the last one was just now."""
        self.next_at = min(self.next_at, self._last_at + MIN_RETRY_S)

    def is_awaited(self, *, with_missing: bool) -> bool:
        """Return whether `flush` waits for an attempt that is not due yet.

        Args:
            with_missing: Whether it waits, for a short time, for a trace that the service does not have.
        """
        since = self._missing_since
        return since is None or (with_missing and monotonic() < since + FLUSH_WAIT_S)

    @property
    def is_due(self) -> bool:
        """Whether it is time for the next attempt."""
        return self.next_at <= monotonic()

    def _max_wait_s(self, feedback: Feedback) -> float:
        """Return how long the feedback waits for its trace, from the first attempt of this process on."""
        if feedback.flags & OUTSIDE_SAMPLE:
            return OUTSIDE_SAMPLE_WAIT_S
        if not self._recovered:
            return MAX_WAIT_S
        # Only recovered feedback is judged by the wall clock, which may jump.
        age_s = (time_ns() - feedback.created_ns) / _NS_PER_S
        if age_s > MAX_RECOVERED_AGE_S:
            return 0.0
        return min(max(MAX_WAIT_S - age_s, MIN_RECOVERED_WAIT_S), MAX_WAIT_S)


def _delay_s(attempts: int) -> float:
    """Return the delay after that many attempts, with jitter."""
    return min(MIN_RETRY_S * 2.0 ** min(attempts - 1, 10), MAX_RETRY_S) * _random.uniform(0.5, 1.0)
