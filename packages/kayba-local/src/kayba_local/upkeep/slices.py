"""Slices: long work on the store as many short write transactions, with rests in which requests are stored."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, TypeAlias

from kayba_local.store.database import Database, Transaction

SLICE_S: Final = 0.01
"""Seconds after which a slice ends: the time that a request may wait for it. A request of 600 spans takes as long."""
MIN_REST_S: Final = 0.002
"""Seconds of the shortest rest. A waiting thread needs a moment to take a lock that another has released."""

Rest: TypeAlias = Callable[[float], bool]
"""A function that waits for so many seconds, as `threading.Event.wait` does. True ends the work."""


def sleep(seconds: float) -> bool:
    """Rest in a thread that nothing stops."""
    time.sleep(seconds)
    return False


def run(db: Database, step: Callable[[Transaction], bool], rest: Rest = sleep) -> bool:
    """Call `step` in write transactions of some 10 ms, with rests of the same length, until it returns False.

    Args:
        db: The store.
        step: A short piece of the work. It returns whether there is more.
        rest: The function that waits between two slices.

    Returns:
        Whether the work is done; False if `rest` ended it.
    """
    while True:
        with db.write() as tx:
            start = time.perf_counter()
            while (has_more := step(tx)) and time.perf_counter() - start < SLICE_S:
                pass
        if not has_more:
            return True
        if rest(max(MIN_REST_S, time.perf_counter() - start)):
            return False
