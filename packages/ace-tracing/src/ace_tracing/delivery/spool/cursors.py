"""Cursors: several readers of one buffer, one for each destination, whose segments the slowest one releases.

A worker uses a cursor as it uses a buffer. The buffer is deleted, or left to another process, when the last cursor has
ended. Until then, a cursor that ends stops the recording and lets the others read the rest.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from typing import Final

from ace_tracing.delivery.spool.buffer import Buffer
from ace_tracing.delivery.spool.drops import BUFFER_FULL_FEEDBACK
from ace_tracing.delivery.spool.reader import NUMBER_BITS, SegmentReader

SPARE_SHARE: Final = 4
MIN_SPARE: Final = 2
"""When one cursor alone fills the buffer, this part of its segments, one of four, is kept free, and at least two."""


class Cursor(SegmentReader):
    """One destination's reader of a buffer.

    Args:
        buffer: The buffer.
        takes_feedback: Whether the destination gets the feedback.

    Attributes:
        on_wake: As in `Buffer`.
        on_first: As in `Buffer`.
        lost_ends: As in `Buffer`.
        takes_feedback: As given.
    """

    is_shared = True

    def __init__(self, buffer: Buffer, *, takes_feedback: bool) -> None:
        super().__init__(buffer)
        self.on_wake: Callable[[], object] = _do_nothing
        self.on_first: Callable[[], object] = _do_nothing
        self.lost_ends: deque[tuple[int, bytes]] = deque()
        self.takes_feedback = takes_feedback
        self._buffer = buffer
        self._others: tuple[Cursor, ...] = ()
        self._asleep = True
        self._has_ended = False
        self._is_left = False
        self._before_rest: Callable[[], object] | None = None

    @property
    def asleep(self) -> bool:
        """Whether the worker sleeps."""
        return self._asleep

    @asleep.setter
    def asleep(self, asleep: bool) -> None:
        self._asleep = asleep
        if asleep:
            # In this order: a thread that finishes a trace in between finds this cursor asleep.
            self._buffer.asleep = True

    @property
    def must_make_room(self) -> bool:
        """Whether this cursor alone fills the buffer, so that its oldest frames have to be dropped.

        Otherwise a destination that is down for long would keep new traces from one that is not.
        """
        with self._buffer._lock:
            segments = self._buffer._segments
            spare = max(MIN_SPARE, self._buffer.max_segments // SPARE_SHARE)
            if len(segments) < self._buffer.max_segments - spare:
                return False
            newest, mine = segments[-1].number, self._released >> NUMBER_BITS
            others = [each._released >> NUMBER_BITS for each in self._others if not each._has_ended]
            return mine < newest - spare and any(other >= newest - spare for other in others)

    @property
    def finished(self) -> int:
        """Traces whose root has ended, and spans that ended without an open root."""
        return self._buffer.finished

    @property
    def feedback_count(self) -> int:
        """Feedback that this process has logged for the destination."""
        return self._buffer.feedback_count if self.takes_feedback else 0

    @property
    def unrecorded(self) -> int:
        """Traces that an internal error kept from starting."""
        return self._buffer.unrecorded

    @property
    def dropped(self) -> Counter[str]:
        """The number of dropped frames by reason."""
        dropped = Counter(self._buffer.dropped)
        if not self.takes_feedback:
            del dropped[BUFFER_FULL_FEEDBACK]
        return dropped

    def write_offset(self) -> int:
        """Return the offset of the next frame in its segment, a number that changes with every frame."""
        return self._buffer.write_offset()

    def wake_if_asleep(self) -> None:
        """Wake the worker if it sleeps."""
        if self._asleep:
            self._asleep = False
            self.on_wake()

    def read(self, max_bytes: int) -> tuple[list[tuple[int, bytes]], int]:
        """Return the next unread frames, as `SegmentReader.read` does."""
        self._before_rest = None
        return super().read(max_bytes)

    def release(self, position: int) -> None:
        """Record that the frames before a position are no longer needed, and free the segments that no cursor needs."""
        with self._buffer._lock:
            self._released = position
            self._release_shared()
            crowding = [other for other in self._others if other.must_make_room]
        for other in crowding:
            other.on_wake()

    def prepare_segment(self) -> None:
        """Make the next segment before it is needed."""
        self._buffer.prepare_segment()

    def free_if_read(self, before: Callable[[], object], after: Callable[[], object]) -> bool:
        """Delete all segments if every cursor has read every frame and rests, as `Buffer.free_if_read` does.

        Args:
            before: Called before the segments are deleted, for this cursor by the one that rests last.
            after: Called after they are deleted.
        """
        with self._buffer._lock:
            self._before_rest = before
            cursors = [each for each in (self, *self._others) if not each._has_ended]
            calls = [each._before_rest for each in cursors if each._before_rest is not None]
            if len(calls) < len(cursors):
                return False

            def settle_all() -> None:
                for call in calls:
                    call()

            return self._buffer.free_if_read(settle_all, after)

    def abandon(self) -> None:
        """Accept no more frames and keep the files as they are, in a forked child."""
        self._buffer.abandon()
        self._asleep = False

    def stop(self) -> bool:
        """Accept no more frames.

        Returns:
            Whether this cursor has read every frame.
        """
        self._buffer.stop()
        return not self.has_unread()

    def orphan(self) -> None:
        """End this cursor. The segments are left to another process once all cursors have ended."""
        self._is_left = True
        self._end()

    def discard(self) -> None:
        """End this cursor. The segments are deleted once all cursors have ended, unless another one left them."""
        self._end()

    def _end(self) -> None:
        self._buffer.stop()
        with self._buffer._lock:
            self._has_ended = True
            cursors = (self, *self._others)
            if not all(each._has_ended for each in cursors):
                self._release_shared()
                return
        if any(each._is_left for each in cursors):
            self._buffer.orphan()
        else:
            self._buffer.discard()

    def _release_shared(self) -> None:
        """Free the segments that no cursor needs. The caller holds the lock."""
        needed = [each._released for each in (self, *self._others) if each._is_left or not each._has_ended]
        if needed:
            self._buffer.release(min(needed))


def add_cursors(buffer: Buffer, takes_feedback: tuple[bool, ...]) -> list[Cursor]:
    """Return cursors of a buffer that nothing has read.

    Args:
        buffer: The buffer.
        takes_feedback: For each cursor, whether its destination gets the feedback.
    """
    cursors = [Cursor(buffer, takes_feedback=takes) for takes in takes_feedback]
    for cursor in cursors:
        cursor._others = tuple(other for other in cursors if other is not cursor)
    buffer.readers = cursors

    def wake() -> None:
        for cursor in cursors:
            cursor.wake_if_asleep()

    def start() -> None:
        for cursor in cursors:
            cursor.on_first()

    buffer.on_wake, buffer.on_first = wake, start
    return cursors


def _do_nothing() -> None:
    """Stand for `on_wake` until the worker sets it."""
