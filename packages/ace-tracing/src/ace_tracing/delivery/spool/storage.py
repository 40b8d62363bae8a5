"""Storage: makes the segments of a buffer, in memory or, as `folders.Spool`, in files."""

from __future__ import annotations

import mmap
from collections.abc import Callable
from typing import Protocol

from ace_tracing.delivery.spool.segments import SEGMENT_BYTES, Segment
from ace_tracing.interrupts import raise_interrupt


class Storage(Protocol):
    """Maker of segments.

    Attributes:
        max_segments: How many segments may be in use.
    """

    max_segments: int

    def make_segment(self) -> Segment:
        """Return a new segment.

        Raises:
            OSError: There is no space for it.
        """


class MemoryStorage:
    """Maker of segments that end with the process.

    Args:
        max_bytes: The bytes that all segments may take together.
    """

    def __init__(self, max_bytes: int) -> None:
        self.max_segments = max_bytes // SEGMENT_BYTES

    def make_segment(self) -> Segment:
        """Return a new segment."""
        return Segment(mmap.mmap(-1, SEGMENT_BYTES))


class SegmentMaker:
    """Maker of a buffer's segments, from the fallback once the storage has failed.

    Args:
        storage: Makes the segments.
        fallback: Makes the segments after `storage` has failed.
        on_failure: Called once, with the error, when `storage` has failed.
    """

    def __init__(self, storage: Storage, fallback: Storage, on_failure: Callable[[OSError], object]) -> None:
        self._storage = storage
        self._fallback = fallback
        self._on_failure = on_failure
        self._failure: OSError | None = None

    @property
    def max_segments(self) -> int:
        """How many segments may be in use."""
        return self._storage.max_segments

    def make(self) -> Segment | None:
        """Return a new segment; None when the process has no memory for one."""
        try:
            try:
                return self._storage.make_segment()
            except OSError as error:
                raise_interrupt(error)
                self._storage = self._fallback
                self._failure = error
                return self._storage.make_segment()
        except (OSError, MemoryError):
            return None

    def report_failure(self) -> None:
        """Report a failure of the storage. Call it without locks: it logs, and a log handler may wait for a thread."""
        failure, self._failure = self._failure, None
        if failure is not None:
            self._on_failure(failure)
