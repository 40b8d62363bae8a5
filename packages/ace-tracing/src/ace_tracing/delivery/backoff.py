"""When the service may be tried again after a failure: one answer for all that waits to be sent to it."""

from __future__ import annotations

import random
import time

FIRST_RETRY_S = 0.5
LAST_RETRY_S = 30.0
LONGEST_RETRY_AFTER_S = 300.0
PAUSED_RETRY_S = 60.0
"""While the key or the address is at fault, since that is rarely mended without `configure`."""


_random = random.Random()  # noqa: S311 - jitter, not a secret


class Backoff:
    """Closed while the service takes what is sent; open, for longer each time, from a failure on.

    What is asked for by the service itself is never cut short; the rest is by `hurry`, for whoever waits.
    """

    def __init__(self) -> None:
        self._failures = 0
        self._until = 0.0
        self._asked = False
        self.reason: str | None = None
        """What the last failure was; None since the last success."""
        self.paused = False
        """Whether the failure is one that passes only when something is set right."""

    def succeeded(self) -> None:
        """Close it."""
        self._failures = 0
        self._until = 0.0
        self._asked = self.paused = False
        self.reason = None

    def failed(self, reason: str, after: float | None = None) -> None:
        """Open it until the service may have recovered.

        Args:
            reason: what happened.
            after: seconds for which the service asked to be left alone.
        """
        self.reason = reason
        self.paused = False
        self._asked = after is not None
        if after is not None:
            # Never early: the jitter only adds.
            delay = min(after, LONGEST_RETRY_AFTER_S) * _random.uniform(1.0, 1.1)
        else:
            delay = min(FIRST_RETRY_S * 2.0 ** min(self._failures, 10), LAST_RETRY_S)
            delay *= _random.uniform(0.5, 1.0)
        self._failures += 1
        self._until = time.monotonic() + delay

    def pause(self, reason: str) -> None:
        """Open it for long: the next attempt makes sense when something was set right."""
        self.reason = reason
        self.paused = True
        self._asked = False
        self._until = time.monotonic() + PAUSED_RETRY_S

    def hurry(self) -> None:
        """Let the next attempt be now, unless the service asked to be left alone."""
        if not self._asked:
            self._until = 0.0

    @property
    def must_wait(self) -> bool:
        """Whether the service asked to be left alone for now."""
        return self._asked and self.wait_s > 0

    @property
    def is_open(self) -> bool:
        """Whether the last attempt failed."""
        return self.reason is not None

    @property
    def wait_s(self) -> float:
        """How long to wait before the next attempt, in seconds."""
        return max(0.0, self._until - time.monotonic())
