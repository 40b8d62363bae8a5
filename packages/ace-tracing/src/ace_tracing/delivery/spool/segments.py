"""Pieces of memory that frames are written into, one after the other, by whoever has one; backed by a file or not.

A segment begins with a preamble. A frame has a header of its length and the segment's mark, a number that changes
whenever the segment is used anew; the header is written last, so a frame that has one is whole. What is read where no
header stands is left out, and the next mark is where it goes on.
"""

from __future__ import annotations

import os
import random
from struct import Struct
from typing import Any

SEGMENT_BYTES = 8 * 1024 * 1024
FIRST = 32
"""Where the first frame stands, behind the preamble."""
HEADER_BYTES = 8

# One of our own: the user's random.seed() must not make marks repeat, nor do ours change what their program draws.
_random = random.Random()  # noqa: S311 - no secrets

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_random.seed)

_MAGIC = b"kayba\x00\x01\n"
_PREAMBLE = Struct("<8sIQ")
_HEADER = Struct("<II")
_MARK = Struct("<I")

write_header = _HEADER.pack_into
_read_header = _HEADER.unpack_from


class Segment:
    """One piece of memory and how far it is filled.

    Args:
        memory: where frames go: an mmap, or bytes that are only read.

    Attributes:
        number: its place among the segments of its log; given by `begin`.
        mark: what the header of each of its frames ends with.
        at: where the next frame goes. Beyond `size`, nothing fits any more.
        end: where its last frame ends, once nothing more comes.
    """

    __slots__ = ("at", "end", "mark", "memory", "number", "size")

    def __init__(self, memory: Any) -> None:
        self.memory = memory
        self.size = len(memory)
        self.number = -1
        self.mark = 0
        self.at = FIRST
        self.end: int | None = None

    def rest(self) -> None:
        """Let go of the memory while the segment is full and not read yet, if it can be had again."""

    def resume(self) -> None:
        """Have the memory again."""

    def leave(self) -> None:
        """Give back the room behind the last frame: nothing more comes, and another process will read it."""

    def forget(self) -> None:
        """In a forked child: leave it to the parent."""

    def discard(self) -> None:
        """Do away with the segment."""
        self.memory = None

    def begin(self, number: int) -> None:
        """Use it, also anew, as the segment of that number: frames from before are none any more."""
        self.number = number
        self.mark = _random.randrange(1, 1 << 32)
        self.at = FIRST
        self.end = None
        _PREAMBLE.pack_into(self.memory, 0, _MAGIC, self.mark, number)

    def clear(self) -> None:
        """Let nobody read what is in it: it is kept to be used anew."""
        self.memory[: _PREAMBLE.size] = bytes(_PREAMBLE.size)

    def recall(self) -> bool:
        """Take number and mark from the preamble, as another process has written it; False when there is none."""
        if self.size < FIRST:
            return False
        magic, self.mark, self.number = _PREAMBLE.unpack_from(self.memory)
        self.end = self.size
        return magic == _MAGIC and bool(self.mark)

    def frames(self, at: int, most: int, *, careful: bool = False) -> tuple[list[tuple[int, bytes]], int]:
        """Give the frames from `at` on, about `most` bytes, each with where it stands, and where they end.

        Args:
            at: where the first one begins.
            most: as many bytes as are looked at, or one frame.
            careful: whether a frame is not taken that has another's header in it: the disk got its length wrong.
        """
        found = []
        memory, mark = self.memory, self.mark
        limit = self.size if self.end is None else self.end
        stop = min(at + most, limit - HEADER_BYTES)
        while at < stop:
            size, its_mark = _read_header(memory, at)
            after = at + HEADER_BYTES + size
            if its_mark != mark or after > limit:
                break
            if careful and memory.find(_MARK.pack(mark), at + HEADER_BYTES, after) >= 0:
                break
            found.append((at, memory[at + HEADER_BYTES : after]))
            at = after
        return found, at

    def next_frame(self, at: int) -> int | None:
        """Where the next whole frame begins behind a hole at `at`; None when there is none."""
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
