"""What is read, in order, and settled, in order: the frames of this process, and what dead processes have left."""

from __future__ import annotations

import struct
import time
from collections.abc import Iterator
from struct import Struct
from typing import NamedTuple

from ace_tracing.delivery.assembler import Assembled, Assembler
from ace_tracing.delivery.spool.buffer import Buffer
from ace_tracing.delivery.spool.folders import OrphanedSpool, Spool
from ace_tracing.delivery.spool.segments import FIRST, Segment
from ace_tracing.diagnostics import internal_error
from ace_tracing.recording.frames import PackedSpan, SpanRecord, TraceRecord, unpack

PATIENCE_WITH_HOLES_S = 1.0
SETTLED_AT_A_TIME = 64 * 1024
MOST_SEGMENTS_BEHIND = 2
"""Segments that are kept only for spans that are still running; further back, what they need is kept elsewhere."""

_NUMBER_BITS = 32
_HEAD = Struct("<QQ")
_LENGTH = Struct("<I")


class Progress(NamedTuple):
    """How far a log is settled.

    Attributes:
        low: what stands before it is not needed any more.
        high: what stands before it is settled; from `low` on, it is needed to understand what follows.
        carried: frames from before `low` that are needed all the same.
    """

    low: int = 0
    high: int = 0
    carried: tuple[bytes, ...] = ()

    def encode(self) -> bytes:
        """Give it as bytes."""
        carried = b"".join(_LENGTH.pack(len(frame)) + frame for frame in self.carried)
        return _HEAD.pack(self.low, self.high) + carried

    @classmethod
    def decode(cls, encoded: bytes | None) -> Progress:
        """Read what `encode` gave; that of a log of which nothing is settled, when it cannot be read."""
        if encoded is None or len(encoded) < _HEAD.size:
            return cls()
        low, high = _HEAD.unpack_from(encoded)
        carried = []
        at = _HEAD.size
        while at + _LENGTH.size <= len(encoded):
            (size,) = _LENGTH.unpack_from(encoded, at)
            at += _LENGTH.size
            carried.append(encoded[at : at + size])
            at += size
        return cls(low, high, tuple(carried))


ALL_SETTLED = Progress((1 << 64) - 1, (1 << 64) - 1)


class OwnLog:
    """The frames of this process.

    Args:
        buffer: where they are.
        spool: keeps how far they are settled; None when they end with the process.
    """

    def __init__(self, buffer: Buffer, spool: Spool | None) -> None:
        self._buffer = buffer
        self._spool = spool
        self._assembler = Assembler(self._could_not_read)
        self._read_to = 0
        self._progress = Progress()
        self._hole_since: float | None = None
        self.given_up = 0
        """Spans whose end found no room."""
        self.unreadable = 0
        """Frames that could not be read."""

    @property
    def read_to(self) -> int:
        """The position up to which it was read."""
        return self._read_to

    @property
    def has_open_spans(self) -> bool:
        """Whether there are spans that have started and not ended, as far as it was read."""
        return self._assembler.oldest() is not None

    def has_unread(self) -> bool:
        """Whether there is more to read."""
        return self._buffer.has_unread()

    def read(self, most: int) -> list[Assembled]:
        """Read on by about so many bytes, and give what is ready; it is to be settled before `settled` is called."""
        frames, read_to = self._buffer.read(most)
        if frames:
            self._hole_since = None
            self._read_to = read_to
            return self._assembler.take(frames)
        if self._buffer.has_unread():
            self._wait_at_hole()
        return []

    def settled(self) -> list[Assembled]:
        """Let go of what was read, since all that was given is settled.

        Returns:
            What has to be sent before more can be let go of.
        """
        while self._buffer.lost_ends:
            self._assembler.give_up(self._buffer.lost_ends.popleft())
            self.given_up += 1
        oldest = self._assembler.oldest()
        low = self._read_to if oldest is None else min(oldest, self._read_to)
        carried: list[bytes] = []
        if (self._read_to >> _NUMBER_BITS) - (low >> _NUMBER_BITS) > MOST_SEGMENTS_BEHIND:
            low = (self._read_to >> _NUMBER_BITS) << _NUMBER_BITS
        # What has been let go of does not come back: what is needed from before is carried on.
        low = max(low, self._progress.low)
        if oldest is not None and oldest < low:
            carried, parts = self._assembler.carry(low)
            if parts:
                return parts
        self._save(Progress(low, self._read_to, tuple(carried)))
        self._buffer.release(low)
        self._buffer.prepare()
        return []

    def all_settled(self) -> None:
        """Say that nothing in the spool is needed, before it goes, piece by piece."""
        self._save(ALL_SETTLED)

    def read_again(self) -> OwnLog:
        """The same from where it was last settled, for a thread that follows one which was killed."""
        log = OwnLog(self._buffer, self._spool)
        log.given_up, log.unreadable = self.given_up, self.unreadable
        progress = log._progress = self._progress
        log._assembler.take((0, frame) for frame in progress.carried)
        self._buffer.seek(progress.low)
        while log._read_to < progress.high and self._buffer.has_unread():
            frames, log._read_to = self._buffer.read(SETTLED_AT_A_TIME)
            settled = [entry for entry in frames if entry[0] < progress.high]
            log._assembler.take(settled)
            if len(settled) < len(frames):
                self._buffer.seek(frames[len(settled)][0])
                log._read_to = progress.high
        return log

    def interrupt(self) -> list[Assembled]:
        """End what is running, since nothing more comes."""
        return self._assembler.interrupt()

    def _save(self, progress: Progress) -> None:
        if self._spool is not None and progress != self._progress:
            self._spool.save(progress.encode())
        self._progress = progress

    def _could_not_read(self) -> None:
        self.unreadable += 1
        internal_error("reading a frame")

    def _wait_at_hole(self) -> None:
        """A frame has been begun: if its thread was ended in the middle of it, it is never whole."""
        now = time.monotonic()
        if self._hole_since is None:
            self._hole_since = now
        elif now - self._hole_since > PATIENCE_WITH_HOLES_S:
            self._buffer.skip_hole()
            self._hole_since = None
        else:
            time.sleep(0.001)


class OrphanedLog:
    """The frames that a dead process has left."""

    def __init__(self, left: OrphanedSpool) -> None:
        self._left = left
        self._progress = Progress.decode(left.progress())
        # The disk may have failed, which is no error of ours.
        self._assembler = Assembler(lambda: None)
        self._assembler.take((0, frame) for frame in self._progress.carried)
        self._segments: Iterator[Segment] = left.segments()
        self._segment: Segment | None = None
        self._at = FIRST
        self.ended = False
        """Whether all of it was read."""

    def read(self, most: int) -> list[Assembled]:
        """Read on by about so many bytes, and give what is ready; at the end, what was running at the process's end."""
        segment = self._segment
        if segment is None:
            segment = self._segment = next(self._segments, None)
            self._at = FIRST
            if segment is None:
                self.ended = True
                return _sound(self._assembler.interrupt())
        base = segment.number << _NUMBER_BITS
        frames, after = segment.frames(self._at, most, careful=True)
        if frames:
            self._at = after
            needed = [(base + at, frame) for at, frame in frames if base + at >= self._progress.low]
            # What is settled is read again only to know what was running then.
            self._assembler.take(entry for entry in needed if entry[0] < self._progress.high)
            return _sound(self._assembler.take(entry for entry in needed if entry[0] >= self._progress.high))
        found = segment.next_frame(self._at)
        if found is None:
            self._segment = None
        else:
            self._at = found
        return []

    def settled(self) -> None:
        """Remember how far it is settled; once it has ended, do away with it."""
        if self.ended:
            self._left.save(ALL_SETTLED.encode())
            self._left.remove()
        elif self._segment is not None:
            high = (self._segment.number << _NUMBER_BITS) + self._at
            if high > self._progress.high:
                self._progress = self._progress._replace(high=high)
                self._left.save(self._progress.encode())

    def leave(self) -> None:
        """Let another process have what is not settled."""
        self._left.leave()


def _sound(assembled: list[Assembled]) -> list[Assembled]:
    """What can be read of traces from a disk, which may have failed."""
    sound = []
    for trace, finishes in assembled:
        spans = [span for entry in trace.entries if (span := _span(entry)) is not None]
        if spans:
            kept = TraceRecord(trace.trace_id, trace.experiment, trace.folder, trace.details, spans)
            sound.append(Assembled(kept, finishes))
    return sound


def _span(entry: SpanRecord | PackedSpan) -> SpanRecord | None:
    try:
        return entry if isinstance(entry, SpanRecord) else unpack(*entry)[0]
    except (ValueError, TypeError, IndexError, KeyError, struct.error):
        return None
