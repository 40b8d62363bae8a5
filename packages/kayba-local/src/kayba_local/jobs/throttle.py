"""Throttle: pauses for a thread that works for long, so that other threads get the interpreter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

WORK_S: Final = 0.02
"""Seconds of work between two pauses."""
PAUSE_RATIO: Final = 0.5
"""The length of a pause as a share of the time worked before it."""


class Throttle:
    """Pauses after every 20 ms of work, for half of the time worked.

    Args:
        sleep: Called with the seconds to pause.
        clock: Returns the time in seconds.
    """

    def __init__(self, sleep: Callable[[float], object], clock: Callable[[], float]) -> None:
        self._sleep = sleep
        self._clock = clock
        self._started = clock()

    def start(self) -> None:
        """Start a period of work; the time before it does not count."""
        self._started = self._clock()

    def pause_if_due(self) -> None:
        """Pause if the current period of work is longer than `WORK_S`, then start the next one."""
        worked = self._clock() - self._started
        if worked > WORK_S:
            self._sleep(worked * PAUSE_RATIO)
            self._started = self._clock()
