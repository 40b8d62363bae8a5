"""Buffer: the segments in which frames wait for the worker. In a spool they outlive the process.

`put` is the last step of a traced call. It takes no lock and makes no system call: one line that runs no other code
reserves the space for a frame, so no other thread can run in between in an interpreter with a GIL.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Sequence
from typing import Protocol

from ace_tracing.delivery.spool.drops import BUFFER_FULL, TOO_LARGE, select_reason
from ace_tracing.delivery.spool.reader import NUMBER_BITS, SegmentReader, SegmentStore, position_of
from ace_tracing.delivery.spool.segments import (
    FIRST_OFFSET,
    HEADER_BYTES,
    SEGMENT_BYTES,
    Segment,
    no_segment,
    write_header,
)
from ace_tracing.delivery.spool.storage import SegmentMaker, Storage
from ace_tracing.native import RLock
from ace_tracing.recording.frames import (
    DESCRIBED,
    ENDED,
    ENDED_WITH_DETAILS,
    FEEDBACK,
    SPAN_ID,
    STARTED,
    strip_values,
)


class Buffer(SegmentStore, SegmentReader):
    """The frames of one process, written by any thread and read by one worker, or by several through `cursors`.

    Every method but `put` may take a lock.

    Args:
        storage: Makes the segments, the first one with the first frame.
        fallback: Makes the segments after `storage` has failed.
        on_failure: Called once, with the error, when `storage` has failed.

    Attributes:
        on_wake: Called when a trace has finished while the worker sleeps.
        on_first: Called after the first frame.
        finished: Traces whose root has ended, and spans that ended without an open root.
        feedback_count: Feedback that this process has logged.
        unrecorded: Traces that an internal error kept from starting.
        asleep: Whether the worker sleeps.
        dropped: The number of dropped frames by reason.
        lost_ends: Ids of the spans whose end did not fit, each with the position of the next frame.
        is_abandoned: Whether this is a forked child and the buffer is its parent's.
        readers: The readers: this buffer, or its cursors.
    """

    takes_feedback = True
    """Whether its reader gets the feedback."""
    is_shared = False
    must_make_room = False
    """As in `Cursor`."""

    def __init__(self, storage: Storage, fallback: Storage, on_failure: Callable[[OSError], object]) -> None:
        SegmentStore.__init__(self, no_segment())
        SegmentReader.__init__(self)
        # With cursors, every one of them reads and gets the lost ends.
        self.readers: Sequence[Reader] = (self,)
        self.on_wake: Callable[[], object] = _do_nothing
        self.on_first: Callable[[], object] = _do_nothing
        self.finished = 0
        self.feedback_count = 0
        self.unrecorded = 0
        self.asleep = True
        self.dropped: Counter[str] = Counter()
        self.lost_ends: deque[tuple[int, bytes]] = deque()
        self.is_abandoned = False
        self._maker = SegmentMaker(storage, fallback, on_failure)
        self._spare: Segment | None = None
        self._next_number = 0
        self._reserve: Segment | None = None
        self._closed = False

    def put(self, frame: bytes) -> bool | None:
        """Add a frame; true when it does not fit and is dropped."""
        size = len(frame)
        segment = self._current
        segment.at = end = (start := (at := segment.at) + HEADER_BYTES) + size
        if end > segment.size:
            return self._overflow(segment, at, frame)
        memory = segment.memory
        memory[start:end] = frame
        write_header(memory, at, size, segment.mark)
        return None

    @property
    def max_segments(self) -> int:
        """How many segments may be in use."""
        return self._maker.max_segments

    def wake(self) -> None:
        """Wake the worker."""
        self.asleep = False
        self.on_wake()

    def write_offset(self) -> int:
        """Return the offset of the next frame in its segment, a number that changes with every frame."""
        return self._current.at

    def release(self, position: int) -> None:
        """Free the segments before a position, whose frames are no longer needed."""
        number = position >> NUMBER_BITS
        with self._lock:
            self._released = position
            while self._segments and self._segments[0].number < number and self._segments[0] is not self._current:
                segment = self._segments.popleft()
                if segment is self._reserve:
                    self._reserve = None
                if self._spare is None:
                    segment.clear()
                    self._spare = segment
                else:
                    segment.discard()
            has_room = len(self._segments) < self._maker.max_segments
            if self._current.size < 0 and self._segments and has_room and not self._closed:
                self._close_reserve()

    def prepare_segment(self) -> None:
        """Make the next segment before it is needed, so that no traced call has to make it."""
        segment = self._current
        if self._spare is None and not self._closed and segment.at > segment.size // 2 > 0:
            fresh = self._maker.make()
            if fresh is None:
                return
            with self._lock:
                is_needed = self._spare is None and not self._closed
                if is_needed:
                    self._spare = fresh
            if not is_needed:
                fresh.discard()
            self._maker.report_failure()

    def free_if_read(self, before: Callable[[], object], after: Callable[[], object]) -> bool:
        """Delete all segments if every frame is read. The next frame goes into a new segment.

        Args:
            before: Called before the segments are deleted.
            after: Called after they are deleted, before a new frame can come.

        Returns:
            Whether every frame was read.
        """
        with self._lock:
            current = self._current
            # From now on, a thread that adds a frame waits for the lock.
            self._current = no_segment()
            if any(reader.has_unread() for reader in self.readers):
                self._current = current
                return False
            segments = [*self._segments, *([self._spare] if self._spare else [])]
            self._segments.clear()
            self._forget_reading()
            before()
            for segment in segments:
                segment.discard()
            after()
            return True

    def abandon(self) -> None:
        """Accept no more frames and keep the files as they are, in a forked child: they are the parent's."""
        self._lock = RLock()
        self._closed = self.is_abandoned = True
        self._current = no_segment()
        for segment in (*self._segments, *([self._spare] if self._spare else [])):
            segment.forget()
        self._segments.clear()
        self._forget_reading()
        self.asleep = False

    def orphan(self) -> None:
        """Accept no more frames, and leave the segments to another process."""
        with self._lock:
            self._closed = True
            self._current = no_segment()
            segments, self._segments = self._segments, deque()
            spare = self._spare
            self._forget_reading()
        for segment in segments:
            segment.orphan()
        if spare is not None:
            spare.discard()

    def stop(self) -> bool:
        """Accept no more frames.

        Returns:
            Whether every frame is read.
        """
        with self._lock:
            self._closed = True
            self._current = no_segment()
            return not self.has_unread()

    def discard(self) -> None:
        """Delete the segments."""
        with self._lock:
            segments = [*self._segments, *([self._spare] if self._spare else [])]
            self._segments.clear()
            self._forget_reading()
        for segment in segments:
            segment.discard()

    def _forget_reading(self) -> None:
        """Forget the segments, which the caller deletes or leaves. The caller holds the lock."""
        self._spare = self._reserve = None
        for reader in self.readers:
            reader._reading = None

    def _overflow(self, segment: Segment, at: int, frame: bytes) -> bool | None:
        """Add a frame that does not fit into the current segment."""
        is_dropped = self._put_in_next(segment, at, frame)
        self._maker.report_failure()
        if segment.size < 0 and not is_dropped:
            self.on_first()
        return is_dropped

    def _put_in_next(self, segment: Segment, at: int, frame: bytes) -> bool | None:
        with self._lock:
            if self._closed:
                return True
            if len(frame) + HEADER_BYTES > SEGMENT_BYTES - FIRST_OFFSET:
                # The frame fits into no segment. Its space is returned unless other threads reserved more since.
                if segment.at == at + len(frame) + HEADER_BYTES:
                    segment.at = at
                elif at <= segment.size:
                    segment.end = at
                return self._drop_large(frame)
            if at <= segment.size:
                segment.end = at
            if self._current is segment and not self._roll(segment):
                return self._put_in_reserve(frame)
        return self.put(frame)

    def _roll(self, full: Segment) -> bool:
        """Start the next segment; False when `max_segments` are in use. The caller holds the lock."""
        if len(self._segments) >= self._maker.max_segments:
            self._current = full if full.size < 0 else no_segment()
            return False
        fresh, self._spare = self._spare, None
        if fresh is None:
            fresh = self._maker.make()
            if fresh is None:
                self._current = full if full.size < 0 else no_segment()
                return False
        fresh.begin(self._next_number)
        # The garbage collector may have run above and called back into traced code, which then has rolled already.
        if self._current is not full:
            self._spare = fresh
            return True
        self._end_reserve()
        self._next_number += 1
        self._current = fresh
        self._segments.append(fresh)
        if full.size > 0 and full is not self._reading:
            full.free_pages()
        return True

    def _lose(self, frame: bytes) -> bool:
        """Drop the end of a span. The worker counts it: as a trace, or as a span."""
        position = (
            position_of(self._next_number, 0)
            if self._reserve is None
            else position_of(self._reserve.number, self._reserve.at)
        )
        for reader in self.readers:
            reader.lost_ends.append((position, frame[SPAN_ID]))
        return True

    def _put_in_reserve(self, frame: bytes) -> bool | None:
        """Add the end of a span to the reserve segment, and drop other frames. The caller holds the lock."""
        if frame[0] in (STARTED, FEEDBACK, DESCRIBED):
            return self._drop(frame, BUFFER_FULL)
        if self._reserve is None:
            fresh = self._maker.make()
            if fresh is None:
                return self._lose(frame)
            fresh.begin(self._next_number)
            if self._reserve is None:
                self._next_number += 1
                self._reserve = fresh
                self._segments.append(fresh)
            else:
                fresh.discard()
        reserve = self._reserve
        at, end = reserve.at, reserve.at + HEADER_BYTES + len(frame)
        if end > reserve.size:
            return self._lose(frame)
        reserve.memory[at + HEADER_BYTES : end] = frame
        write_header(reserve.memory, at, len(frame), reserve.mark)
        reserve.at = end
        return None

    def _close_reserve(self) -> None:
        """Accept new spans again. The caller holds the lock."""
        self._end_reserve()
        self._roll(self._current)

    def _end_reserve(self) -> None:
        """Let the reader continue behind the reserve segment. The caller holds the lock."""
        if self._reserve is not None:
            self._reserve.end = self._reserve.at
            self._reserve = None

    def _drop_large(self, frame: bytes) -> bool | None:
        """Drop a frame that fits into no segment. An end is kept without its values."""
        if frame[0] in (ENDED, ENDED_WITH_DETAILS):
            return self.put(strip_values(frame, "all values: they do not fit into a file"))
        return self._drop(frame, TOO_LARGE)

    def _drop(self, frame: bytes, reason: str) -> bool:
        self.dropped[select_reason(frame, reason)] += 1
        return True


class Reader(Protocol):
    """A reader of a buffer: the buffer itself, or a cursor.

    Attributes:
        lost_ends: As in `Buffer`.
    """

    lost_ends: deque[tuple[int, bytes]]
    _reading: Segment | None

    def has_unread(self) -> bool:
        """Return whether there are frames that it has not read."""


def _do_nothing() -> None:
    """Stand for `on_wake` until the worker sets it."""
