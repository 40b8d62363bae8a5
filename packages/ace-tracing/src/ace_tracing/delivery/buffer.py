"""Where finished traces wait for the worker: in memory, bounded in bytes."""

from __future__ import annotations

import queue
import threading
from collections import deque

MAX_BYTES = 64 * 1024 * 1024
FULL_BATCH_BYTES = 1024 * 1024
"""With this much waiting, waiting for more would not make the next request any cheaper."""


class Buffer:
    """Records between the threads that trace and the one that sends.

    `put` may be called from anywhere, a garbage collector's callback inside this very class included: so its lock is
    re-entrant and the wake-up is a SimpleQueue, whose `put` is, too.

    Args:
        max_bytes: how much may wait; a record beyond it is dropped and counted.
    """

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._records: deque[bytes] = deque()
        self._bytes = 0
        self._lock = threading.RLock()
        # By its full name: gevent may have replaced it since this module was imported, and a greenlet must not block.
        self._wakeups: queue.SimpleQueue[None] = queue.SimpleQueue()
        self.accepted = 0
        """Records taken since the start."""
        self.dropped = 0
        """Records that found no room since the start."""

    def put(self, record: bytes) -> bool:
        """Take a record; False when there is no room for it and it is dropped."""
        with self._lock:
            if self._bytes + len(record) > self._max_bytes:
                self.dropped += 1
                return False
            before = self._bytes
            self._records.append(record)
            self._bytes += len(record)
            self.accepted += 1
        if not before or before < FULL_BATCH_BYTES <= self._bytes:
            self._wakeups.put(None)
        return True

    def take(self, max_bytes: int) -> list[bytes]:
        """Remove and give the oldest records, `max_bytes` in all or a single larger one."""
        taken: list[bytes] = []
        size = 0
        with self._lock:
            while self._records and (not taken or size + len(self._records[0]) <= max_bytes):
                record = self._records.popleft()
                taken.append(record)
                size += len(record)
            self._bytes -= size
        return taken

    def has_full_batch(self) -> bool:
        """Whether so much waits that a request need not wait for more."""
        return self._bytes >= FULL_BATCH_BYTES

    def wait(self, timeout: float | None = None) -> None:
        """Wait for news: the first record, a full batch, a call of `wake`, or `timeout` seconds gone by."""
        try:
            self._wakeups.get(timeout=timeout)
        except queue.Empty:
            return

    def wake(self) -> None:
        """End a `wait`."""
        self._wakeups.put(None)

    def __len__(self) -> int:
        return len(self._records)
