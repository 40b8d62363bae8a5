"""Orphaned spools: the folders of ended processes, each owned by the process that gets its lock."""

from __future__ import annotations

from collections.abc import Iterator

from ace_tracing.delivery.spool.directory import Directory
from ace_tracing.delivery.spool.files import read_segment, replace_file
from ace_tracing.delivery.spool.folders import PROGRESS_NAME, SEGMENT_SUFFIX
from ace_tracing.delivery.spool.lock import FolderLock, lock_folder
from ace_tracing.delivery.spool.segments import Segment
from ace_tracing.delivery.spool.trust import UnsafeError
from ace_tracing.diagnostics import warn


class OrphanedSpool:
    """The folder of an ended process, owned by this process.

    Args:
        directory: The folder.
        lock: The folder's lock, held.
    """

    def __init__(self, directory: Directory, lock: FolderLock) -> None:
        self._directory = directory
        self._lock = lock

    @classmethod
    def recover(cls, directory: Directory) -> OrphanedSpool | None:
        """Lock a folder; None when its process is running, or another process has recovered it."""
        try:
            lock = lock_folder(directory, make=False)
        except UnsafeError as error:
            warn("unsafe", "Leftover traces are not sent: %s", error)
            return None
        except OSError:
            return None
        return None if lock is None else cls(directory, lock)

    def segments(self, *, newest_first: bool = False) -> Iterator[Segment]:
        """Yield the segments in the order in which they were written. Each is read when it is needed.

        Args:
            newest_first: Whether to yield them in the reverse order.
        """
        found = []
        for name in self._segment_names():
            segment = read_segment(self._directory, name, whole=False)
            if segment is not None:
                found.append((segment.number, name))
        for _, name in sorted(found, reverse=newest_first):
            whole = read_segment(self._directory, name, whole=True)
            if whole is not None:
                yield whole

    def progress(self) -> bytes | None:
        """Return the progress that the process saved last; None when it saved none."""
        try:
            return self._directory.read(PROGRESS_NAME)
        except OSError:
            return None

    def save_progress(self, progress: bytes) -> None:
        """Save how far the segments are settled, in case this process ends before it has recovered them all."""
        if self._lock.is_held():
            replace_file(self._directory, PROGRESS_NAME, progress)

    def remove_segments(self) -> None:
        """Remove the segments, when all frames that are still needed are in the progress."""
        if self._lock.is_held():
            # In this order another process understands the rest if this one ends meanwhile.
            for name in sorted(self._segment_names(), key=_number_of):
                self._directory.remove_file(name)

    def remove(self) -> None:
        """Remove the folder and its content."""
        if self._lock.is_held():
            self.remove_segments()
            self._directory.remove_file(PROGRESS_NAME)
            self._lock.release_and_remove()
        for folder in (self._directory.parent, self._directory.parent.parent):
            folder.remove()

    def release(self) -> None:
        """Release the folder, so that another process can recover it."""
        self._lock.release()

    def forget(self) -> None:
        """Close the copy of the lock in a forked child: the parent recovers the folder."""
        self._lock.forget()

    def _segment_names(self) -> list[str]:
        return [
            entry.name
            for entry in self._directory.entries()
            if not entry.is_folder and entry.name.endswith(SEGMENT_SUFFIX)
        ]


def _number_of(name: str) -> int:
    digits = name.removesuffix(SEGMENT_SUFFIX)
    return int(digits) if digits.isdigit() else 0
