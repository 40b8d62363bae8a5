"""Backoff: the delay before the next attempt after a failure, one for all batches of a service."""

from __future__ import annotations

import random
from typing import Final

from ace_tracing.clocks import monotonic

MIN_RETRY_S: Final = 0.5
"""The delay after the first failure, before jitter, in seconds. It doubles with each further failure."""
MAX_RETRY_S: Final = 30.0
"""The longest delay that the number of failures leads to, in seconds."""
MAX_RETRY_AFTER_S: Final = 300.0
"""The longest delay that a `Retry-After` header leads to, before jitter, in seconds."""
PAUSED_RETRY_S: Final = 60.0
"""The delay after the service has rejected the key or was not found, in seconds. `configure` usually fixes that."""

_random = random.Random()  # noqa: S311 - jitter, not a secret


class Backoff:
    """Exponential backoff with jitter. The worker's thread changes it; any thread may read it.

    A delay that the service asked for is never shortened. `hurry` ends any other delay.

    Attributes:
        last_error: The reason of the last failure; None since the last success.
        is_paused: Whether the last failure lasts until the user fixes the key or the address.
    """

    def __init__(self) -> None:
        self.last_error: str | None = None
        self.is_paused = False
        self._failures = 0
        self._until = 0.0
        self._is_requested = False

    def record_success(self) -> None:
        """Reset the delay."""
        self._failures = 0
        self._until = 0.0
        self._is_requested = self.is_paused = False
        self.last_error = None

    def record_failure(self, reason: str, after: float | None = None) -> None:
        """Set the delay until the next attempt.

        Args:
            reason: The reason, for `last_error`.
            after: The delay that the service asked for, in seconds; None for a delay that grows with each failure.
        """
        self.last_error = reason
        self.is_paused = False
        self._is_requested = after is not None
        if after is not None:
            # The jitter only adds, since the next attempt must not be early.
            delay = min(after, MAX_RETRY_AFTER_S) * _random.uniform(1.0, 1.1)
        else:
            delay = min(MIN_RETRY_S * 2.0 ** min(self._failures, 10), MAX_RETRY_S)
            delay *= _random.uniform(0.5, 1.0)
        self._failures += 1
        self._until = monotonic() + delay

    def pause(self, reason: str) -> None:
        """Set a long delay, since attempts fail until the user fixes the key or the address.

        Args:
            reason: The reason, for `last_error`.
        """
        self.last_error = reason
        self.is_paused = True
        self._is_requested = False
        self._until = monotonic() + PAUSED_RETRY_S

    def hurry(self) -> None:
        """Make the next attempt due now, unless the service asked for the delay."""
        if not self._is_requested:
            self._until = 0.0

    @property
    def must_wait(self) -> bool:
        """Whether a delay that the service asked for is not over yet."""
        return self._is_requested and self.delay_s > 0

    @property
    def has_failed(self) -> bool:
        """Whether the last attempt failed."""
        return self.last_error is not None

    @property
    def delay_s(self) -> float:
        """The seconds until the next attempt."""
        return max(0.0, self._until - monotonic())
