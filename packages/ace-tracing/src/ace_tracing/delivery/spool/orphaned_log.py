"""Orphaned logs: the frames of an ended process, read for the process that recovers them."""

from __future__ import annotations

from collections.abc import Iterator

from ace_tracing.delivery.assembler import Assembler
from ace_tracing.delivery.open_traces import Assembled
from ace_tracing.delivery.spool.orphans import OrphanedSpool
from ace_tracing.delivery.spool.progress import ALL_SETTLED, FEEDBACK_KIND, Progress, without_feedback
from ace_tracing.delivery.spool.reader import NUMBER_BITS
from ace_tracing.delivery.spool.segments import FIRST_OFFSET, Segment
from ace_tracing.recording.callsite import read_call_site
from ace_tracing.recording.feedback import read_feedback
from ace_tracing.recording.frames import END_BYTES, STATUSES, split_start
from ace_tracing.recording.records import PackedSpan, SpanRecord


class OrphanedLog:
    """The frames of an ended process.

    Args:
        spool: The process's folder.
        takes_feedback: Whether to read the feedback, and not to skip it.

    Attributes:
        is_read: Whether all frames were read.
        is_settled: Whether no frame is needed any more, and the folder is removed.
        bytes_read: The size of the frames that were read.
        feedback: The feedback frames that are not settled, with their positions, by id.
    """

    def __init__(self, spool: OrphanedSpool, *, takes_feedback: bool = True) -> None:
        self.is_read = self.is_settled = False
        self.bytes_read = 0
        self._spool = spool
        self._progress = Progress.decode(spool.progress())
        # Unreadable frames are skipped without a report: the disk may have failed, which is no defect of this package.
        self._assembler = Assembler(lambda: None, takes_feedback=takes_feedback)
        self.feedback = self._assembler.feedback
        self._assembler.take((0, frame) for frame in self._progress.held)
        self._segments: Iterator[Segment] = spool.segments()
        self._segment: Segment | None = None
        self._at = FIRST_OFFSET

    def read(self, max_bytes: int) -> list[Assembled]:
        """Read about `max_bytes`, and return the traces that are ready.

        At the end, the spans that were open when the process ended are returned as interrupted.
        """
        segment = self._segment
        if segment is None:
            segment = self._segment = next(self._segments, None)
            self._at = FIRST_OFFSET
            if segment is None:
                self.is_read = True
                for feedback_id in [each for each, (_, frame) in self.feedback.items() if not _is_readable(frame)]:
                    del self.feedback[feedback_id]
                return _keep_readable(self._assembler.interrupt())
        base = segment.number << NUMBER_BITS
        frames, after = segment.read_frames(self._at, max_bytes, base=base, careful=True)
        if frames:
            self.bytes_read += after - self._at
            self._at = after
            if frames[0][0] >= self._progress.high:
                return _keep_readable(self._assembler.take(frames))
            needed = [entry for entry in frames if entry[0] >= self._progress.low]
            # Settled frames are read again only to find the spans that were open then.
            settled = [entry for entry in needed if entry[0] < self._progress.high]
            self._assembler.take(without_feedback(settled))
            return _keep_readable(self._assembler.take(entry for entry in needed if entry[0] >= self._progress.high))
        found = segment.find_frame(self._at)
        if found is None:
            self._segment = None
        else:
            self._at = found
        return []

    def mark(self) -> Progress:
        """Return the progress to save once the traces that were read so far, and no others, are settled."""
        feedback = tuple(frame for _, frame in self.feedback.values())
        progress = self._progress
        if self.is_read:
            return ALL_SETTLED._replace(held=feedback)
        if self._segment is not None:
            high = (self._segment.number << NUMBER_BITS) + self._at
            if high > progress.high:
                starts = [frame for frame in progress.held if frame[:1] != FEEDBACK_KIND]
                return Progress(progress.low, high, (*starts, *feedback))
        return progress

    def settle(self, progress: Progress) -> None:
        """Save how far the log is settled. Remove the folder once everything is, the segments once all traces are.

        Args:
            progress: The result of `mark`.
        """
        if progress != self._progress:
            self._progress = progress
            self._spool.save_progress(progress.encode())
        if progress == ALL_SETTLED:
            self._spool.remove()
            self.is_settled = True
        elif progress.high == ALL_SETTLED.high:
            self._spool.remove_segments()


def _keep_readable(assembled: list[Assembled]) -> list[Assembled]:
    """Return the traces without the spans that cannot be read, since the disk may have failed."""
    readable = []
    for one in assembled:
        trace = one.trace
        entries = [entry for entry in trace.entries if _is_span(entry)]
        if len(entries) == len(trace.entries):
            readable.append(one)
        elif entries:
            readable.append(Assembled(trace.with_entries(entries, is_last=False), one.is_counted))
    return readable


def _is_readable(frame: bytes) -> bool:
    try:
        return bool(read_feedback(frame).assessment)
    except (ValueError, TypeError, OverflowError):
        return False


def _is_span(entry: SpanRecord | PackedSpan) -> bool:
    """Return whether a span can be unpacked, without unpacking it."""
    if isinstance(entry, SpanRecord):
        return True
    first, second = entry
    try:
        site, inputs = split_start(first)
        outputs = second[END_BYTES:]
        # Each of these raises for damaged bytes.
        read_call_site(site), STATUSES[second[END_BYTES - 1]]
        inputs.isascii() or inputs.decode()
        outputs.isascii() or outputs.decode()
    except Exception:  # noqa: BLE001 - a damaged frame contains anything
        return False
    return True
