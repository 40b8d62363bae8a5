"""Control: the requests that other threads make to the worker's thread."""

from __future__ import annotations

from _queue import Empty, SimpleQueue


class Control:
    """Flags that any thread sets and the worker's thread reads, and the queue on which that thread sleeps.

    Attributes:
        must_hurry: Whether to send now, without waiting for more traces. The worker's thread clears it.
        must_show: Whether to send the ended spans of all running traces now. The worker's thread clears it.
        is_closed: Whether to end after at most one more attempt.
        is_retired: Whether to end once everything is read.
    """

    def __init__(self) -> None:
        self.must_hurry = False
        self.must_show = False
        self.is_closed = False
        self.is_retired = False
        # Not `queue.SimpleQueue`, which gevent and eventlet replace: the worker is always a native thread.
        self._wakeups: SimpleQueue[None] = SimpleQueue()

    def wake(self) -> None:
        """Wake the worker's thread."""
        self._wakeups.put(None)

    def sleep(self, seconds: float | None) -> None:
        """Sleep until `wake` is called. Only the worker's thread calls this.

        Args:
            seconds: The longest sleep; None for no limit.
        """
        try:
            self._wakeups.get(timeout=seconds)
        except Empty:
            return
