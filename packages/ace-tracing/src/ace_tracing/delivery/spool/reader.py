"""Reader: the side of a buffer that one worker uses, which returns each frame once and in order.

A position is a segment's number and an offset in it; positions grow.
"""

from __future__ import annotations

from collections import deque
from typing import Final, cast

from ace_tracing.delivery.spool.segments import FIRST_OFFSET, Segment
from ace_tracing.native import RLock

NUMBER_BITS: Final = 32
"""The bits of a position behind which the segment's number stands."""
OFFSET_MASK: Final = (1 << NUMBER_BITS) - 1


def position_of(number: int, at: int) -> int:
    """Return the position of an offset in the segment with that number."""
    return (number << NUMBER_BITS) + at


class SegmentStore:
    """The segments of a buffer.

    The lock is re-entrant, since the garbage collector may call back into traced code while it is held.

    Args:
        current: The segment into which frames are written.
    """

    def __init__(self, current: Segment) -> None:
        self._lock = RLock()
        self._segments: deque[Segment] = deque()
        self._current = current


class SegmentReader:
    """How far the segments of a buffer are read. Every method takes the buffer's lock.

    Args:
        store: The segments. None if this object is also their store.
    """

    def __init__(self, store: SegmentStore | None = None) -> None:
        self._store = cast("SegmentStore", self) if store is None else store
        self._reading: Segment | None = None
        self._read_at = 0
        self._released = 0

    @property
    def position(self) -> int:
        """The position of the next frame."""
        with self._store._lock:
            segment = self._store._current
            if segment.number < 0:
                segment = self._store._segments[-1] if self._store._segments else segment
            return position_of(max(segment.number, 0), min(segment.at, segment.size) if segment.size > 0 else 0)

    @property
    def unread_bytes(self) -> int:
        """About how many bytes are not read yet."""
        with self._store._lock:
            if self._reading is None:
                return sum(min(segment.at, segment.size) - FIRST_OFFSET for segment in tuple(self._store._segments))
            return sum(
                min(segment.at, segment.size) - (self._read_at if segment is self._reading else FIRST_OFFSET)
                for segment in tuple(self._store._segments)
                if segment.number >= self._reading.number
            )

    @property
    def unreleased_bytes(self) -> int:
        """About how many bytes are not released yet."""
        with self._store._lock:
            used = sum(min(segment.at, segment.size) - FIRST_OFFSET for segment in tuple(self._store._segments))
            first = self._store._segments[0].number if self._store._segments else 0
            if self._released >> NUMBER_BITS == first:
                used -= max(0, (self._released & OFFSET_MASK) - FIRST_OFFSET)
            return used

    def read(self, max_bytes: int) -> tuple[list[tuple[int, bytes]], int]:
        """Return the next unread frames, each with its position, and the position behind them.

        Args:
            max_bytes: About how many bytes to read.
        """
        with self._store._lock:
            segment = self._next_to_read()
            if segment is None:
                return [], 0
            at = self._read_at
            limit = min(segment.at, segment.size) if segment.end is None else segment.end
            base = segment.number << NUMBER_BITS
            frames, after = segment.read_frames(at, min(max_bytes, limit - at), base=base)
            self._read_at = after
        return frames, base + after

    def seek(self, position: int) -> None:
        """Read again from a position on that is not released yet."""
        number = position >> NUMBER_BITS
        with self._store._lock:
            self._reading = None
            for segment in tuple(self._store._segments):
                if segment.number == number and position & OFFSET_MASK:
                    self._reading, self._read_at = segment, position & OFFSET_MASK
                    return

    def skip_gap(self) -> None:
        """Continue behind a frame that was begun and never finished."""
        with self._store._lock:
            segment = self._reading
            if segment is not None and self._read_at < min(segment.at, segment.end or segment.size):
                found = segment.find_frame(self._read_at)
                self._read_at = min(segment.at, segment.end or segment.size) if found is None else found

    def has_unread(self) -> bool:
        """Return whether there are frames that `read` has not returned."""
        with self._store._lock:
            segment = self._next_to_read()
            if segment is None:
                return False
            return self._read_at < (min(segment.at, segment.size) if segment.end is None else segment.end)

    def _next_to_read(self) -> Segment | None:
        """Return the segment of the next unread frame. The caller holds the lock."""
        segment = self._reading
        if segment is None:
            if not self._store._segments:
                return None
            segment = self._store._segments[0]
        elif segment.end is not None and self._read_at >= segment.end:
            segment = next((later for later in tuple(self._store._segments) if later.number > segment.number), None)
            if segment is None:
                return self._reading
        else:
            return segment
        self._reading, self._read_at = segment, FIRST_OFFSET
        return segment
