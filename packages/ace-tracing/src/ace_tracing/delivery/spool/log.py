"""Logs: the frames of this process in the order in which they were written, and how far they are settled.

Frames are settled when the traces that were made of them are delivered or dropped. Only the worker's thread uses a log;
`has_unread` may be called by any. `orphaned_log` reads the frames of an ended process.
"""

from __future__ import annotations

from typing import Final

from ace_tracing.clocks import monotonic, sleep
from ace_tracing.delivery.assembler import Assembler
from ace_tracing.delivery.open_traces import Assembled
from ace_tracing.delivery.spool.buffer import Buffer
from ace_tracing.delivery.spool.cursors import Cursor
from ace_tracing.delivery.spool.folders import Spool
from ace_tracing.delivery.spool.progress import ALL_SETTLED, Progress, without_feedback
from ace_tracing.delivery.spool.reader import NUMBER_BITS
from ace_tracing.diagnostics import internal_error

GAP_TIMEOUT_S: Final = 1.0
"""How long the reader waits for a frame that was begun. Afterwards it is skipped: its thread was stopped for good."""
REREAD_BYTES: Final = 64 * 1024
"""Bytes to read at a time when a log is reopened."""
MAX_SEGMENTS_BEHIND: Final = 2
"""How many read segments are kept for open spans. The starts of older spans are kept in `Progress`."""


class OwnLog:
    """The frames of this process.

    Args:
        buffer: The buffer that holds the frames.
        spool: The spool that saves the progress; None when frames end with the process.

    Attributes:
        unreadable_frames: Frames that could not be read.
    """

    def __init__(self, buffer: Buffer | Cursor, spool: Spool | None) -> None:
        self.unreadable_frames = 0
        self._settled_damage = 0, 0
        self._buffer = buffer
        self._spool = spool
        self._assembler = Assembler(self._count_unreadable, takes_feedback=buffer.takes_feedback)
        self._read_to = 0
        self._progress = Progress()
        self._gap_since: float | None = None

    @property
    def read_to(self) -> int:
        """The position up to which frames were read."""
        return self._read_to

    @property
    def settled_to(self) -> int:
        """The position up to which frames are settled."""
        return self._progress.high

    @property
    def lost_traces(self) -> int:
        """Traces whose last frame did not fit into the buffer."""
        return self._assembler.lost_traces

    @property
    def lost_spans(self) -> int:
        """Spans of other traces whose end did not fit into the buffer."""
        return self._assembler.lost_spans

    @property
    def orphan_ends(self) -> int:
        """Ends of spans whose start is lost."""
        return self._assembler.orphan_ends

    @property
    def feedback(self) -> dict[bytes, tuple[int, bytes]]:
        """The feedback frames that are not settled, with their positions, by id. Remove those that are, then settle."""
        return self._assembler.feedback

    def is_running(self, trace_id: bytes) -> bool:
        """Return whether the root of the trace with this id (16 bytes) runs in this process. Any thread may ask."""
        return trace_id in self._assembler.traces

    @property
    def has_open_spans(self) -> bool:
        """Whether a span is open whose start was read."""
        return self._assembler.oldest_position() is not None

    def has_unread(self) -> bool:
        """Return whether the buffer has unread frames."""
        return self._buffer.has_unread()

    def read(self, max_bytes: int) -> list[Assembled]:
        """Read about `max_bytes`, and return the traces that are ready. The caller settles them before `settle`."""
        frames, read_to = self._buffer.read(max_bytes)
        if frames:
            self._gap_since = None
            self._read_to = read_to
            return self._assembler.take(frames)
        if self._buffer.has_unread():
            self._wait_at_gap()
        return []

    def settle(self) -> list[Assembled]:
        """Release the frames read so far, since all traces that `read` has returned are settled.

        Returns:
            Spans that have to be settled first. If there are any, no frame is released yet.
        """
        lost_ends = self._buffer.lost_ends
        while lost_ends and (lost_ends[0][0] <= self._read_to or not self._buffer.has_unread()):
            # Frames before the lost one may still be unread. The id stays until it is dropped.
            self._assembler.drop_span(lost_ends[0][1])
            lost_ends.popleft()
        oldest = self._assembler.oldest_position()
        low = self._read_to if oldest is None else min(oldest, self._read_to)
        starts: list[bytes] = []
        if (self._read_to >> NUMBER_BITS) - (low >> NUMBER_BITS) > MAX_SEGMENTS_BEHIND:
            low = (self._read_to >> NUMBER_BITS) << NUMBER_BITS
        # Released frames cannot be read again, so `low` never goes back. The starts before it are in `held`.
        low = max(low, self._progress.low)
        if oldest is not None and oldest < low:
            starts, held = self._assembler.collect_open_before(low)
            if held:
                return held
        feedback = [frame for _, frame in self._assembler.feedback.values()]
        self._save(Progress(low, self._read_to, (*starts, *feedback)))
        self._settled_damage = self.unreadable_frames, self._assembler.orphan_ends
        self._assembler.forget_dropped(low)
        self._buffer.release(low)
        self._buffer.prepare_segment()
        return []

    def settle_all(self) -> None:
        """Record that no frame is needed any more. The caller then deletes the spool file by file."""
        self._save(ALL_SETTLED)

    def reopen(self) -> OwnLog:
        """Return a log that continues where this one was last settled, for the thread after one that was killed."""
        log = OwnLog(self._buffer, self._spool)
        log._assembler.copy_dropped(self._assembler)
        progress = log._progress = self._progress
        log._assembler.take((0, frame) for frame in progress.held)
        self._buffer.seek(progress.low)
        while log._read_to < progress.high and self._buffer.has_unread():
            frames, log._read_to = self._buffer.read(REREAD_BYTES)
            settled = [entry for entry in frames if entry[0] < progress.high]
            log._assembler.take(without_feedback(settled))
            if len(settled) < len(frames):
                self._buffer.seek(frames[len(settled)][0])
                log._read_to = progress.high
        # The frames behind are read again, and the damaged ones among them counted again.
        log._settled_damage = self._settled_damage
        log.unreadable_frames, log._assembler.orphan_ends = self._settled_damage
        return log

    @property
    def has_running_traces(self) -> bool:
        """Whether the root of a trace is open whose start was read."""
        return bool(self._assembler.traces)

    def take_running(self, min_age_s: float) -> list[Assembled]:
        """Return the ended spans of running traces whose roots were read at least that long ago, in seconds."""
        return self._assembler.traces.take_running(min_age_s)

    def interrupt(self) -> list[Assembled]:
        """End the open spans as interrupted, when no more frames come, and return their traces."""
        return self._assembler.interrupt()

    def _save(self, progress: Progress) -> None:
        if self._spool is not None and progress != self._progress:
            self._spool.save_progress(progress.encode())
        self._progress = progress

    def _count_unreadable(self) -> None:
        self.unreadable_frames += 1
        internal_error("reading a frame")

    def _wait_at_gap(self) -> None:
        """Wait for a frame that was begun, and skip it if its thread never finishes it."""
        now = monotonic()
        if self._gap_since is None:
            self._gap_since = now
        elif now - self._gap_since > GAP_TIMEOUT_S:
            self._buffer.skip_gap()
            self._gap_since = None
        else:
            sleep(0.001)
