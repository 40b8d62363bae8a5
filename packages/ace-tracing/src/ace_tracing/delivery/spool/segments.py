"""Segments: pieces of memory, backed by a file or not, into which any thread writes frames one behind the other.

A segment begins with a preamble. Each frame has a header with its length and the segment's mark, a random number that
changes whenever the segment is reused. The header is written last, so a frame that has one is whole. A reader skips a
gap without a header and continues at the next mark.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from struct import Struct
from typing import Any, Final

from ace_tracing.forks import on_fork

SEGMENT_BYTES: Final = 8 * 1024 * 1024
FIRST_OFFSET: Final = 32
"""The offset of the first frame, behind the preamble."""
HEADER_BYTES: Final = 8

# A generator of its own: the user's `random.seed()` must not make marks repeat, and marks must not change the numbers
# that the user's program draws.
_random = random.Random()  # noqa: S311 - no secrets

on_fork(_random.seed)

_MAGIC: Final = b"kayba\x00\x01\n"
_PREAMBLE: Final = Struct("<8sIQ")
_HEADER: Final = Struct("<II")
_MARK: Final = Struct("<I")

write_header = _HEADER.pack_into
_read_header = _HEADER.unpack_from


class Segment:
    """One piece of memory, with the offset up to which it is filled.

    Args:
        memory: The memory: an mmap, or bytes that are only read.

    Attributes:
        number: The place among the segments of its log; set by `begin`.
        mark: The number at the end of each frame's header.
        at: The offset of the next frame. Beyond `size`, no frame fits any more.
        end: The end of the last frame, once no more frames come.
    """

    __slots__ = ("at", "end", "mark", "memory", "number", "size")

    def __init__(self, memory: Any) -> None:
        self.memory = memory
        self.size = len(memory)
        self.number = -1
        self.mark = 0
        self.at = FIRST_OFFSET
        self.end: int | None = None

    def free_pages(self) -> None:
        """Free the memory of a full segment that waits to be read, if a file keeps the content."""

    def orphan(self) -> None:
        """Free the unused space behind the last frame, and leave the file to another process."""

    def forget(self) -> None:
        """Free the memory and keep the file. A forked child does that, since the file is the parent's."""

    def discard(self) -> None:
        """Delete the segment."""
        self.memory = None

    def begin(self, number: int) -> None:
        """Start or reuse the segment as the one with that number. Frames written before are no longer valid."""
        self.number = number
        self.mark = _random.randrange(1, 1 << 32)
        self.at = FIRST_OFFSET
        self.end = None
        _PREAMBLE.pack_into(self.memory, 0, _MAGIC, self.mark, number)

    def clear(self) -> None:
        """Make the content unreadable while the segment is kept for reuse."""
        self.memory[: _PREAMBLE.size] = bytes(_PREAMBLE.size)

    def read_preamble(self) -> bool:
        """Set number and mark from the preamble that another process has written; False when there is none."""
        if self.size < FIRST_OFFSET:
            return False
        magic, self.mark, self.number = _PREAMBLE.unpack_from(self.memory)
        self.end = self.size
        return magic == _MAGIC and bool(self.mark)

    def read_frames(
        self, at: int, max_bytes: int, *, base: int = 0, careful: bool = False
    ) -> tuple[list[tuple[int, bytes]], int]:
        """Return the frames from an offset on, each with its offset, and the offset behind them.

        Args:
            at: The offset of the first frame.
            max_bytes: About how many bytes to read. One frame is returned even if it is larger.
            base: A number to add to the offset of each frame.
            careful: Whether to stop at a frame that contains the mark of another frame. Its length is then damaged.
        """
        found = []
        memory, mark = self.memory, self.mark
        limit = self.size if self.end is None else self.end
        stop = min(at + max_bytes, limit - HEADER_BYTES)
        while at < stop:
            size, its_mark = _read_header(memory, at)
            after = at + HEADER_BYTES + size
            if its_mark != mark or after > limit:
                break
            if careful and memory.find(_MARK.pack(mark), at + HEADER_BYTES, after) >= 0:
                break
            found.append((base + at, memory[at + HEADER_BYTES : after]))
            at = after
        return found, at

    def read_backwards(self) -> Iterator[bytes]:
        """Yield the frames from the last to the first."""
        mark = _MARK.pack(self.mark)
        limit = self.size if self.end is None else self.end
        found = limit
        while (found := self.memory.rfind(mark, FIRST_OFFSET + _MARK.size, found)) >= 0:
            size, _ = _read_header(self.memory, found - _MARK.size)
            after = found + _MARK.size + size
            if size and after <= limit:
                yield self.memory[found + _MARK.size : after]

    def find_frame(self, at: int) -> int | None:
        """Return the offset of the next whole frame behind a gap at `at`; None when there is none."""
        mark = _MARK.pack(self.mark)
        limit = self.size if self.end is None else self.end
        while True:
            found = self.memory.find(mark, at + 1 + _MARK.size, limit)
            if found < 0:
                return None
            at = found - _MARK.size
            size, _ = _read_header(self.memory, at)
            if size and at + HEADER_BYTES + size <= limit:
                return at


def no_segment() -> Segment:
    """Return a segment into which no frame fits, for a buffer that has none."""
    segment = Segment(b"")
    segment.size = -1
    return segment
