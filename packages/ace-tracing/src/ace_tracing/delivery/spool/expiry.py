"""Expiry: the age of the traces that ended processes left, and the folders that are dropped for age or size.

The age is that of the frames. The times of files say little: writing to a mapped file need not change them.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import Final

from ace_tracing.clocks import time_ns
from ace_tracing.delivery.open_traces import Assembled
from ace_tracing.delivery.spool.directory import Directory
from ace_tracing.delivery.spool.folders import FolderFacts, Spool
from ace_tracing.delivery.spool.orphans import OrphanedSpool
from ace_tracing.delivery.spool.progress import Progress
from ace_tracing.recording.feedback import read_feedback
from ace_tracing.recording.frames import FEEDBACK, end_time_of, time_of
from ace_tracing.recording.records import PackedSpan, SpanRecord

MAX_AGE_S: Final = 7 * 24 * 3600
"""The age from which on a trace of an ended process is dropped."""
MAX_ORPHANED_BYTES: Final = 1024 * 1024 * 1024
"""The most that all folders keep together. Beyond it, the oldest are dropped."""

_SECOND_NS: Final = 1_000_000_000
_MIN_TIME_NS: Final = 1_767_225_600 * _SECOND_NS
"""The year 2026. No trace is older, so an earlier time comes from a clock that was wrong."""


def is_too_old(at_ns: int) -> bool:
    """Return whether a time is more than `MAX_AGE_S` ago. Of a wrong clock's time, the age is unknown.

    Args:
        at_ns: Nanoseconds since the epoch.
    """
    return _MIN_TIME_NS <= at_ns < _oldest_ns()


def _oldest_ns() -> int:
    """Return the time before which everything is too old."""
    return time_ns() - MAX_AGE_S * _SECOND_NS


class AgeFilter:
    """Drops the traces and the feedback of one log that are too old, and keeps the others."""

    def __init__(self) -> None:
        self._kept_parts: set[str] = set()

    def split(self, assembled: Iterable[Assembled]) -> tuple[list[Assembled], int]:
        """Return the traces to send, and the number of the others.

        A trace whose first spans were kept, because it was still running, is kept whole.
        """
        kept = []
        too_old = 0
        oldest_ns = _oldest_ns()
        for one in assembled:
            entries = one.trace.entries
            if not one.is_counted:
                self._kept_parts.add(one.trace.trace_id)
            elif (
                entries
                # The root ends last, so the other spans need not be looked at.
                and _end_of(entries[-1]) < oldest_ns
                and _MIN_TIME_NS <= max(map(_end_of, entries)) < oldest_ns
                and one.trace.trace_id not in self._kept_parts
            ):
                too_old += 1
                continue
            kept.append(one)
        return kept, too_old

    @staticmethod
    def find_feedback(feedback: dict[bytes, tuple[int, bytes]]) -> list[bytes]:
        """Return the ids of the feedback that is too old."""
        return [each for each, (_, frame) in feedback.items() if is_too_old(_frame_time(frame))]


class Expiry:
    """Search for the folders of ended processes that are too old or beyond `MAX_ORPHANED_BYTES`.

    Args:
        spool: The spool of this process, beside which folders of any address and key are searched.
    """

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._newest: dict[str, int] = {}

    def folders(self) -> list[Directory]:
        """Return the folders to drop."""
        found = self._spool.all_folders()
        now_ns = time_ns()
        is_crowded = sum(folder.size for folder in found) > MAX_ORPHANED_BYTES
        aged = []
        for folder in found:
            # Most folders are new, and need not be read.
            must_read = is_crowded or is_too_old(folder.changed_ns)
            aged.append((min(self._newest_time(folder) if must_read else folder.changed_ns, now_ns), folder))
        size = 0
        expired = []
        for newest, folder in sorted(aged, key=lambda each: each[0], reverse=True):
            # The folders of running processes count for the limit as well, but cannot be locked and so stay.
            size += folder.size
            if is_too_old(newest) or size > MAX_ORPHANED_BYTES:
                expired.append(folder.directory)
        return expired

    def _newest_time(self, folder: FolderFacts) -> int:
        """Return the time of the newest frame, or of the folder's last change if it has none."""
        path = folder.directory.path
        if path not in self._newest:
            orphan = OrphanedSpool.recover(folder.directory)
            if orphan is None:
                # Its process is running.
                return time_ns()
            try:
                self._newest[path] = _newest_frame_time(orphan) or folder.changed_ns
            finally:
                orphan.release()
        return self._newest[path]


def _newest_frame_time(orphan: OrphanedSpool) -> int:
    """Return the time of the newest frame whose time is plausible, or 0."""
    held = max((_frame_time(frame) for frame in Progress.decode(orphan.progress()).held), default=0)
    for segment in orphan.segments(newest_first=True):
        for frame in segment.read_backwards():
            found = _frame_time(frame)
            if found >= _MIN_TIME_NS:
                return max(found, held)
    return held


def _frame_time(frame: bytes) -> int:
    """Return the time of a frame in nanoseconds since the epoch; 0 when it has none or is damaged."""
    try:
        return read_feedback(frame).created_ns if frame[:1] == bytes((FEEDBACK,)) else time_of(frame)
    except struct.error:
        return 0


def _end_of(entry: SpanRecord | PackedSpan) -> int:
    return entry.end_ns if isinstance(entry, SpanRecord) else end_time_of(entry[1])
