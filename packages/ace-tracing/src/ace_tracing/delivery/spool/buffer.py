"""Where frames wait for the worker: a log in segments, which in a spool outlive the process.

`put` is the caller's last step. It takes no lock and makes no system call: the room for a frame is taken on one line
that runs no other code, so that in an interpreter with a global lock no other thread comes in between.
"""

from __future__ import annotations

import mmap
import sys
import threading
from collections import Counter, deque
from collections.abc import Callable
from typing import Protocol

from ace_tracing.delivery.spool.segments import FIRST, HEADER_BYTES, SEGMENT_BYTES, Segment, write_header
from ace_tracing.recording.frames import NO_ID, PARENT_ID, SPAN_ID, STARTED

NO_ROOM = "no room"
NO_ROOM_FOR_SPAN = "no room, spans of traces that were kept"
TOO_LARGE = "too large"

_NUMBER_BITS = 32
_OFFSET = (1 << _NUMBER_BITS) - 1


class Storage(Protocol):
    """Makes segments."""

    max_segments: int
    """As many may be in use."""

    def make(self) -> Segment:
        """Give a new segment.

        Raises:
            OSError: there is no place for it.
        """


class MemoryStorage:
    """Segments that end with the process."""

    def __init__(self, max_bytes: int) -> None:
        self.max_segments = max_bytes // SEGMENT_BYTES

    def make(self) -> Segment:
        """Give a new segment."""
        return Segment(mmap.mmap(-1, SEGMENT_BYTES))


class Buffer:
    """The frames of one process on their way to one worker.

    Everything but `put` may take a lock, which is re-entrant, for a garbage collector's callback that traces.

    Args:
        storage: gives the first segment when the first frame comes.
        instead: gives segments when `storage` fails, after `failed` was called with why.
        failed: told once.
    """

    def __init__(self, storage: Storage, instead: Storage, failed: Callable[[OSError], object]) -> None:
        self._storage = storage
        self._instead = instead
        self._failed = failed
        self._lock = threading.RLock()
        self._segments: deque[Segment] = deque()
        self._spare: Segment | None = None
        self._numbers = 0
        self._reading: Segment | None = None
        self._read_at = 0
        self._released = 0
        self._reserve: Segment | None = None
        self._closed = False
        self._failure: OSError | None = None
        self._current = _NO_SEGMENT()
        self.alarm: Callable[[], object] = _nothing
        """Called when something has finished while the worker sleeps."""
        self.finished = 0
        """Traces whose root has ended, and spans that ended without one above them."""
        self.asleep = True
        self.dropped: Counter[str] = Counter()
        """What found no room, by reason."""
        self.lost_ends: deque[bytes] = deque()
        """Ids of spans whose end found no room."""

    def put(self, frame: bytes) -> bool | None:
        """Take a frame; true when there is no room for it and it is dropped."""
        size = len(frame) + HEADER_BYTES
        segment = self._current
        segment.at = end = (at := segment.at) + size
        if end > segment.size:
            return self._overflow(segment, at, frame)
        memory = segment.memory
        memory[at + HEADER_BYTES : end] = frame
        write_header(memory, at, size - HEADER_BYTES, segment.mark)
        return None

    def wake(self) -> None:
        """Rouse the worker."""
        self.asleep = False
        self.alarm()

    def pulse(self) -> int:
        """A number that changes with each frame."""
        return self._current.at

    @property
    def position(self) -> int:
        """Where the next frame goes; positions grow."""
        with self._lock:
            segment = self._current
            if segment.number < 0:
                segment = self._segments[-1] if self._segments else segment
            return _position(max(segment.number, 0), min(segment.at, segment.size) if segment.size > 0 else 0)

    @property
    def waiting_bytes(self) -> int:
        """About how much has not been read yet."""
        with self._lock:
            if self._reading is None:
                return sum(min(segment.at, segment.size) - FIRST for segment in tuple(self._segments))
            return sum(
                min(segment.at, segment.size) - (self._read_at if segment is self._reading else FIRST)
                for segment in tuple(self._segments)
                if segment.number >= self._reading.number
            )

    @property
    def kept_bytes(self) -> int:
        """About how much has not been released yet."""
        with self._lock:
            used = sum(min(segment.at, segment.size) - FIRST for segment in tuple(self._segments))
            first = self._segments[0].number if self._segments else 0
            if self._released >> _NUMBER_BITS == first:
                used -= max(0, (self._released & _OFFSET) - FIRST)
            return used

    def read(self, most: int) -> tuple[list[tuple[int, bytes]], int]:
        """Give the frames that follow those read before, each with its position, and the position behind them.

        Args:
            most: about how many bytes.
        """
        with self._lock:
            segment = self._next_to_read()
            if segment is None:
                return [], 0
            at = self._read_at
            limit = min(segment.at, segment.size) if segment.end is None else segment.end
            frames, after = segment.frames(at, min(most, limit - at))
            self._read_at = after
            number = segment.number
        base = number << _NUMBER_BITS
        return [(base + at, frame) for at, frame in frames], base + after

    def seek(self, position: int) -> None:
        """Read again from a position on, which was not released yet."""
        number = position >> _NUMBER_BITS
        with self._lock:
            self._reading = None
            for segment in tuple(self._segments):
                if segment.number == number and position & _OFFSET:
                    if segment.memory is None:
                        segment.resume()
                    self._reading, self._read_at = segment, position & _OFFSET
                    return

    def skip_hole(self) -> None:
        """Go on behind a frame that was begun and never written to its end."""
        with self._lock:
            segment = self._reading
            if segment is not None and self._read_at < min(segment.at, segment.end or segment.size):
                found = segment.next_frame(self._read_at)
                self._read_at = min(segment.at, segment.end or segment.size) if found is None else found

    def has_unread(self) -> bool:
        """Whether there is something that `read` has not given."""
        with self._lock:
            segment = self._next_to_read()
            if segment is None:
                return False
            return self._read_at < (min(segment.at, segment.size) if segment.end is None else segment.end)

    def release(self, position: int) -> None:
        """Forget what stands before a position: it is settled, or is kept elsewhere."""
        number = position >> _NUMBER_BITS
        with self._lock:
            self._released = position
            while self._segments and self._segments[0].number < number and self._segments[0] is not self._current:
                segment = self._segments.popleft()
                if segment is self._reserve:
                    self._reserve = None
                if self._spare is None and segment.memory is not None:
                    segment.clear()
                    self._spare = segment
                else:
                    segment.discard()
            if self._current.size < 0 and self._segments and len(self._segments) < self._storage.max_segments:
                self._leave_reserve()

    def prepare(self) -> None:
        """Have the next segment ready before it is needed, so that no caller has to make it."""
        segment = self._current
        if self._spare is None and not self._closed and segment.at > segment.size // 2 > 0:
            fresh = self._make()
            with self._lock:
                is_needed = self._spare is None and not self._closed
                if is_needed:
                    self._spare = fresh
            if not is_needed:
                fresh.discard()
            self._tell_of_failure()

    def rest(self, settle: Callable[[], object], detach: Callable[[], object]) -> bool:
        """Do away with all segments if there is nothing in them that was not read; the next frame has a new one made.

        Args:
            settle: called when it is so, before they go.
            detach: called when they are gone, before anything new can come.

        Returns:
            Whether that was so.
        """
        with self._lock:
            current = self._current
            # From now on whoever has a frame waits for the lock.
            self._current = _NO_SEGMENT()
            if self.has_unread():
                self._current = current
                return False
            segments = [*self._segments, *([self._spare] if self._spare else [])]
            self._segments.clear()
            self._reading = self._spare = self._reserve = None
            settle()
            for segment in segments:
                segment.discard()
            detach()
            return True

    def abandon(self) -> None:
        """Take nothing more and touch no segment, in a forked child: they are the parent's."""
        self._lock = threading.RLock()
        self._closed = True
        self._current = _NO_SEGMENT()
        for segment in (*self._segments, *([self._spare] if self._spare else [])):
            segment.forget()
        self._segments.clear()
        self._reading = self._spare = self._reserve = None
        self.asleep = False

    def leave(self) -> None:
        """Take nothing more, and let another process read what is there."""
        with self._lock:
            self._closed = True
            self._current = _NO_SEGMENT()
            segments, self._segments = self._segments, deque()
            spare, self._spare = self._spare, None
            self._reading = self._reserve = None
        for segment in segments:
            segment.leave()
        if spare is not None:
            spare.discard()

    def stop(self) -> bool:
        """Take nothing more.

        Returns:
            Whether all that was taken has been read.
        """
        with self._lock:
            self._closed = True
            self._current = _NO_SEGMENT()
            return not self.has_unread()

    def discard(self) -> None:
        """Do away with the segments."""
        with self._lock:
            segments = [*self._segments, *([self._spare] if self._spare else [])]
            self._segments.clear()
            self._reading = self._spare = self._reserve = None
        for segment in segments:
            segment.discard()

    def _next_to_read(self) -> Segment | None:
        """The segment that the next frame to read is in. The lock is held."""
        segment = self._reading
        if segment is None:
            if not self._segments:
                return None
            segment = self._segments[0]
        elif segment.end is not None and self._read_at >= segment.end:
            segment = next((later for later in tuple(self._segments) if later.number > segment.number), None)
            if segment is None:
                return self._reading
        else:
            return segment
        if segment.memory is None:
            segment.resume()
        self._reading, self._read_at = segment, FIRST
        return segment

    def _overflow(self, segment: Segment, at: int, frame: bytes) -> bool | None:
        """Take a frame that does not fit into the current segment."""
        taken = self._put_elsewhere(segment, at, frame)
        if self._failure is not None:
            self._tell_of_failure()
        return taken

    def _put_elsewhere(self, segment: Segment, at: int, frame: bytes) -> bool | None:
        with self._lock:
            if self._closed:
                return True
            if len(frame) + HEADER_BYTES > SEGMENT_BYTES - FIRST:
                # No segment has room for it: give back what it took of this one, unless others took more since.
                if segment.at == at + len(frame) + HEADER_BYTES:
                    segment.at = at
                elif at <= segment.size:
                    segment.end = at
                return self._drop(frame, TOO_LARGE)
            if at <= segment.size:
                segment.end = at
            if self._current is segment and not self._roll(segment):
                return self._put_in_reserve(frame)
        return self.put(frame)

    def _roll(self, full: Segment) -> bool:
        """Go on in another segment; False when there may be no more. The lock is held."""
        if len(self._segments) >= self._storage.max_segments:
            self._current = full if full.size < 0 else _NO_SEGMENT()
            return False
        fresh, self._spare = self._spare, None
        if fresh is None:
            fresh = self._make()
        fresh.begin(self._numbers)
        # What was called above can have called back into code that traces, and so have rolled already.
        if self._current is not full:
            self._spare = fresh
            return True
        self._numbers += 1
        self._current = fresh
        self._segments.append(fresh)
        if full.size > 0 and full is not self._reading:
            full.rest()
        return True

    def _make(self) -> Segment:
        try:
            return self._storage.make()
        except OSError as error:
            self._storage = self._instead
            self._failure = error
            return self._storage.make()

    def _tell_of_failure(self) -> None:
        """Not under the lock: a log handler of the user's may wait for a thread that waits for it."""
        failure, self._failure = self._failure, None
        if failure is not None:
            self._failed(failure)

    def _put_in_reserve(self, frame: bytes) -> bool | None:
        """While nothing new is taken, spans that were taken may still end. The lock is held."""
        if frame[0] == STARTED:
            return self._drop(frame, NO_ROOM)
        if self._reserve is None:
            fresh = self._make()
            fresh.begin(self._numbers)
            if self._reserve is None:
                self._numbers += 1
                self._reserve = fresh
                self._segments.append(fresh)
            else:
                fresh.discard()
        reserve = self._reserve
        at, end = reserve.at, reserve.at + HEADER_BYTES + len(frame)
        if end > reserve.size:
            self.lost_ends.append(frame[SPAN_ID])
            return True
        reserve.memory[at + HEADER_BYTES : end] = frame
        write_header(reserve.memory, at, len(frame), reserve.mark)
        reserve.at = end
        return None

    def _leave_reserve(self) -> None:
        """Take new spans again. The lock is held."""
        if self._reserve is not None:
            self._reserve.end = self._reserve.at
            self._reserve = None
        blocked = self._current
        self._roll(blocked)

    def _drop(self, frame: bytes, why: str) -> bool:
        is_part = frame[0] != STARTED or frame[PARENT_ID] != NO_ID
        self.dropped[NO_ROOM_FOR_SPAN if is_part and why == NO_ROOM else why] += 1
        return True


class LockedBuffer(Buffer):
    """For interpreters without a global lock, where a line is not run all at once."""

    def put(self, frame: bytes) -> bool | None:
        """Take a frame; true when there is no room for it and it is dropped."""
        with self._lock:
            return super().put(frame)


def best_buffer() -> type[Buffer]:
    """The kind of buffer that is right for this interpreter."""
    has_lock = getattr(sys, "_is_gil_enabled", lambda: sys.implementation.name == "cpython")()
    return Buffer if has_lock else LockedBuffer


def _NO_SEGMENT() -> Segment:  # noqa: N802
    """Stands where there is no segment: nothing fits into it."""
    segment = Segment(b"")
    segment.size = -1
    return segment


def _position(number: int, at: int) -> int:
    return (number << _NUMBER_BITS) + at


def _nothing() -> None:
    """Rouses nobody."""
