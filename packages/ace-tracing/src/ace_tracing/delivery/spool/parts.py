"""Parts: the spool of a process with several destinations, and the part of each in it.

    <spool>/shared/<destinations>/<process>/lock, 1.segment, 2.segment, ...
    <spool>/shared/<destinations>/<process>/<address>-<key>/progress, lock

The segments are written once. Each destination has a folder with its progress. When the process has ended, each part
is recovered on its own, by a process that sends to this destination: it holds the lock of the part. The process's lock
shows only whether it still runs, and protects the removal of the folder, when no part needs a frame any more.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from ace_tracing.clocks import sleep
from ace_tracing.delivery.spool.directory import Directory
from ace_tracing.delivery.spool.files import replace_file
from ace_tracing.delivery.spool.folders import (
    PROGRESS_NAME,
    SHARED_NAME,
    Spool,
    digest,
    folders_in,
    is_settled,
    part_name,
    remove_part,
)
from ace_tracing.delivery.spool.lock import FolderLock, lock_folder
from ace_tracing.delivery.spool.orphans import OrphanedSpool
from ace_tracing.delivery.spool.progress import ALL_SETTLED, Progress
from ace_tracing.delivery.spool.segments import Segment
from ace_tracing.delivery.spool.trust import UnsafeError
from ace_tracing.diagnostics import warn

_LOOK_ATTEMPTS: Final = 3
_REMOVE_ATTEMPTS: Final = 50
_PAUSE_S: Final = 0.002
"""The attempts to get a lock that another part holds for a moment, and the pause between them, in seconds."""


class SharedSpool(Spool):
    """The folder of one process's segments, with a part for each destination.

    Args:
        home: The spool's folder, shared by all processes of a user.
        destinations: The address and the key of each destination.
    """

    def __init__(self, home: str, destinations: Sequence[tuple[str, str]]) -> None:
        names = sorted(part_name(*destination) for destination in destinations)
        super().__init__(home, "", "")
        self._address_folder = Directory(home, SHARED_NAME)
        self._key_folder = self._address_folder.child(digest(" ".join(names)))
        self._names = names
        self._ended: list[bool] = []
        self.parts = [SpoolPart(self, *destination) for destination in destinations]

    def save_part(self, name: str, progress: bytes) -> None:
        """Save how far the segments are settled for one destination."""
        if self._folder is not None and self._lock is not None and self._lock.is_held():
            replace_file(self._folder.child(name), PROGRESS_NAME, progress)

    def end_part(self, *, is_left: bool) -> None:
        """Release or remove the folder when the last destination has ended.

        Args:
            is_left: Whether the destination still needs frames.
        """
        self._ended.append(is_left)
        if len(self._ended) < len(self.parts):
            return
        if any(self._ended):
            self.release()
        else:
            self.remove()

    def _open(self) -> Directory:
        folder = super()._open()
        for name in self._names:
            folder.child(name).create()
        return folder

    def _remove_progress(self, folder: Directory) -> None:
        for name in self._names:
            remove_part(folder.child(name))


class SpoolPart(Spool):
    """One destination's part of a shared spool.

    Args:
        shared: The spool.
        address: The destination's address.
        key: The destination's key.
    """

    def __init__(self, shared: SharedSpool, address: str, key: str) -> None:
        super().__init__(shared.home, address, key)
        self._shared = shared
        self._name = part_name(address, key)

    @property
    def own_path(self) -> str | None:
        """The path of this process's folder; None before its first segment."""
        return self._shared.own_path

    def save_progress(self, progress: bytes) -> None:
        """Save how far the segments are settled for this destination."""
        self._shared.save_part(self._name, progress)

    def release(self) -> None:
        """End the use of the folder, of which this destination still needs frames."""
        self._shared.end_part(is_left=True)

    def remove(self) -> None:
        """End the use of the folder, of which this destination needs no frame any more."""
        self._shared.end_part(is_left=False)

    def clear(self) -> None:
        """Remove the folder, whose segments are deleted already, although more may follow."""
        self._shared.remove()

    def mark_key_rejected(self, is_rejected: bool) -> None:
        """Record whether the service has rejected the key."""
        super().mark_key_rejected(is_rejected)
        if not is_rejected:
            for folder in (self._key_folder, self._address_folder):
                folder.remove()

    def forget(self) -> None:
        """Forget the folder in a forked child: it is the parent's."""
        self._shared.forget()


class OrphanedPart(OrphanedSpool):
    """One destination's part of the folder of an ended process, owned by this process."""

    @classmethod
    def recover(cls, directory: Directory) -> OrphanedPart | None:
        """Lock a part; None when its process is running, or another process has recovered it."""
        try:
            lock = lock_folder(directory, make=True)
            if lock is None:
                return None
            # Only the lock of an ended process can be got.
            ended = _lock_process(directory.parent, _LOOK_ATTEMPTS)
            if ended is None:
                lock.release()
                return None
            ended.release()
        except UnsafeError as error:
            warn("unsafe", "Leftover traces are not sent: %s", error)
            return None
        except OSError:
            return None
        return cls(directory, lock)

    def segments(self, *, newest_first: bool = False) -> Iterator[Segment]:
        """Yield the segments of the process, as `OrphanedSpool.segments` does."""
        if Progress.decode(self.progress()).high == ALL_SETTLED.high:
            # Only feedback is left, which is in the progress.
            return
        yield from OrphanedSpool(self._directory.parent, self._lock).segments(newest_first=newest_first)

    def remove_segments(self) -> None:
        """Keep the segments, which other parts may need."""

    def remove(self) -> None:
        """Remove the folder of the process if no part needs it any more, and release this part."""
        process = self._directory.parent
        lock = _lock_process(process, _REMOVE_ATTEMPTS) if self._lock.is_held() else None
        try:
            if lock is not None and all(is_settled(part) for part, _ in folders_in(process)):
                OrphanedSpool(process, lock).remove_segments()
                self._lock.release()
                for part, _ in folders_in(process):
                    remove_part(part)
                lock.release_and_remove()
        finally:
            if lock is not None:
                lock.release()
            self._lock.release()
        for folder in (process.parent, process.parent.parent):
            folder.remove()


def recover_spool(directory: Directory) -> OrphanedSpool | None:
    """Lock a folder of the spool, of a process or of a part; None when it is in use."""
    return OrphanedPart.recover(directory) if is_part(directory) else OrphanedSpool.recover(directory)


def split_shared(directory: Directory) -> list[Directory]:
    """Return the parts of a process's folder, or the folder itself if it has none."""
    parts = [part for part, _ in folders_in(directory)] if is_shared(directory) else []
    return parts or [directory]


def is_part(directory: Directory) -> bool:
    """Return whether a folder of the spool is a part."""
    return is_shared(directory.parent)


def is_shared(directory: Directory) -> bool:
    """Return whether a folder of the spool is that of a process with several destinations."""
    return directory.parent.parent.name == SHARED_NAME


def _lock_process(process: Directory, attempts: int) -> FolderLock | None:
    """Return the lock of a process's folder; None when the process runs."""
    for attempt in range(attempts):
        if attempt:
            sleep(_PAUSE_S)
        lock = lock_folder(process, make=False)
        if lock is not None:
            return lock
    return None
