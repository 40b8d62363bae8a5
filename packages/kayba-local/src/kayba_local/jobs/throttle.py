"""How a thread that works for long leaves the interpreter to others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

WORK_S: Final = 0.02
"""Seconds of work between rests."""
REST: Final = 0.5
"""How long a rest is, of the time worked before it."""


class Pace:
    """Rests after every 20 ms of work for half of the time worked.

    Args:
        rest: Called with the seconds to rest.
        clock: The time in seconds.
    """

    def __init__(self, rest: Callable[[float], object], clock: Callable[[], float]) -> None:
        self._rest = rest
        self._clock = clock
        self._since = clock()

    def begin(self) -> None:
        """Work begins; what was before was none."""
        self._since = self._clock()

    def step(self) -> None:
        """A piece of work is done: rest, if it is time to."""
        worked = self._clock() - self._since
        if worked > WORK_S:
            self._rest(worked * REST)
            self._since = self._clock()
