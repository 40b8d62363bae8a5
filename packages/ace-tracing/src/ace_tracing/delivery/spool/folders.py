"""Folders: the folder in which a process keeps its segments, and the orphaned folders of ended processes.

    <spool>/<address>/<key>/<process>/lock, progress, 1.segment, 2.segment, ...

`<address>` and `<key>` are digests: traces for one service or account are never sent to another. The only exception:
traces for a key that the service has rejected may be sent with the key that follows it. A process holds the lock of its
folder while it lives. A process that gets the lock later owns the content.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import Final, NamedTuple

from ace_tracing.delivery.spool.files import (
    ASIDE,
    create_segment,
    is_on_network,
    make_private_folders,
    read_segment,
    replace_file,
)
from ace_tracing.delivery.spool.lock import FolderLock, lock_folder
from ace_tracing.delivery.spool.segments import SEGMENT_BYTES, Segment

MAX_BYTES: Final = 256 * 1024 * 1024
"""The most that one process keeps."""
_MAX_ATTEMPTS: Final = 10
_REJECTED: Final = "rejected"
_PROGRESS: Final = "progress"
_SUFFIX: Final = ".segment"


class FolderFacts(NamedTuple):
    """The folder of a process.

    Attributes:
        path: The path.
        changed_ns: When a file was last created, replaced or removed in it, in nanoseconds since the epoch.
        size: The bytes of its files.
    """

    path: str
    changed_ns: int
    size: int


class Spool:
    """The folder of one process's segments, created with the first segment.

    Args:
        home: The spool's folder, shared by all processes of a user.
        address: The service's address.
        key: The service's key.
    """

    max_segments = MAX_BYTES // SEGMENT_BYTES

    def __init__(self, home: str, address: str, key: str) -> None:
        self.home = home
        self._address_folder = os.path.join(home, _digest(address))
        self._key_folder = os.path.join(self._address_folder, _digest(key))
        self._folder: str | None = None
        self._lock: FolderLock | None = None
        self._segments_made = 0
        self.failed = False
        """Whether the spool could not be used, and frames therefore wait in memory."""

    def make_segment(self) -> Segment:
        """Return a new segment.

        Raises:
            OSError: The disk is full, or the folder cannot be used.
        """
        if self._folder is None:
            self._open()
        self._segments_made += 1
        return create_segment(os.path.join(self._folder or "", f"{self._segments_made}{_SUFFIX}"))

    def save_progress(self, progress: bytes) -> None:
        """Save how far the segments are settled."""
        if self._folder is not None:
            replace_file(os.path.join(self._folder, _PROGRESS), progress)

    def mark_key_rejected(self, is_rejected: bool) -> None:
        """Record whether the service has rejected the key. If so, its traces may be sent with another key."""
        path = os.path.join(self._key_folder, _REJECTED)
        with contextlib.suppress(OSError):
            if is_rejected:
                os.makedirs(self._key_folder, 0o700, exist_ok=True)
                os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
            else:
                os.unlink(path)

    def release(self) -> None:
        """Release the folder, so that another process can recover it."""
        if self._lock is not None:
            self._lock.release()
        self._lock = self._folder = None

    def remove(self) -> None:
        """Remove the folder, whose segments are deleted already. The next segment is made in a new folder."""
        lock, folder = self._lock, self._folder
        self._lock = self._folder = None
        if lock is not None and folder is not None:
            with contextlib.suppress(OSError):
                os.unlink(os.path.join(folder, _PROGRESS))
            lock.release_and_remove()
            for parent in (self._key_folder, self._address_folder):
                with contextlib.suppress(OSError):
                    os.rmdir(parent)

    def forget(self) -> None:
        """Forget the folder in a forked child: it is the parent's."""
        if self._lock is not None:
            self._lock.forget()
        self._lock = self._folder = None

    def all_folders(self) -> list[FolderFacts]:
        """Return the folders of other processes, of any address and key, some of which may still be running."""
        found = []
        for path in _folders_below(self.home, 3):
            with contextlib.suppress(OSError):
                if path != self._folder:
                    found.append(FolderFacts(path, os.stat(path).st_mtime_ns, _size(path)))
        return found

    def other_folders(self) -> list[str]:
        """Return the folders of other processes, oldest first, some of which may still be running."""
        found = []
        for folder in self._key_folders():
            with contextlib.suppress(OSError), os.scandir(folder) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        found.append((_modified(entry), entry.path))
        return [path for _, path in sorted(found) if path != self._folder]

    def _key_folders(self) -> list[str]:
        """Return the folder of this key, and those of rejected keys."""
        found = [self._key_folder]
        with contextlib.suppress(OSError), os.scandir(self._address_folder) as entries:
            found += [
                entry.path
                for entry in entries
                if entry.path != self._key_folder and os.path.exists(os.path.join(entry.path, _REJECTED))
            ]
        return found

    def _open(self) -> None:
        """Create and lock the folder."""
        if not os.path.isabs(self.home):
            raise OSError(f"the home directory in {self.home} is unknown: set KAYBA_SPOOL_DIR")
        make_private_folders(self._key_folder)
        if is_on_network(self._key_folder):
            raise OSError(f"{self.home} is on a network disk, whose files may vanish while they are in use")
        for _ in range(_MAX_ATTEMPTS):
            folder = os.path.join(self._key_folder, f"{os.getpid()}-{os.urandom(4).hex()}")
            try:
                os.mkdir(folder, 0o700)
                lock = lock_folder(folder, make=True)
            except (FileExistsError, FileNotFoundError):
                # Another process removed the empty folders at the same moment.
                make_private_folders(self._key_folder)
                continue
            if lock is not None:
                self._folder, self._lock = folder, lock
                return
        raise OSError(f"no folder in {self._key_folder} can be locked")


class OrphanedSpool:
    """The folder of an ended process, owned by this process.

    Args:
        folder: The path of the folder.
        lock: The folder's lock, held.
    """

    def __init__(self, folder: str, lock: FolderLock) -> None:
        self._folder = folder
        self._lock = lock

    @classmethod
    def recover(cls, folder: str) -> OrphanedSpool | None:
        """Lock a folder; None when its process is running, or another process has recovered it."""
        try:
            lock = lock_folder(folder, make=False)
        except OSError:
            return None
        return None if lock is None else cls(folder, lock)

    def segments(self, *, newest_first: bool = False) -> Iterator[Segment]:
        """Yield the segments in the order in which they were written. Each is read when it is needed.

        Args:
            newest_first: Whether to yield them in the reverse order.
        """
        found = []
        for path in self._paths():
            segment = read_segment(path, whole=False)
            if segment is not None:
                found.append((segment.number, path))
        for _, path in sorted(found, reverse=newest_first):
            whole = read_segment(path, whole=True)
            if whole is not None:
                yield whole

    def progress(self) -> bytes | None:
        """Return the progress that the process saved last; None when it saved none."""
        try:
            with open(os.path.join(self._folder, _PROGRESS), "rb") as file:
                return file.read()
        except OSError:
            return None

    def save_progress(self, progress: bytes) -> None:
        """Save how far the segments are settled, in case this process ends before it has recovered them all."""
        replace_file(os.path.join(self._folder, _PROGRESS), progress)

    def remove_segments(self) -> None:
        """Remove the segments, when all frames that are still needed are in the progress."""
        with contextlib.suppress(OSError):
            # In this order another process understands the rest if this one ends meanwhile.
            for path in sorted(self._paths(), key=_number_of):
                os.unlink(path)

    def remove(self) -> None:
        """Remove the folder and its content."""
        self.remove_segments()
        with contextlib.suppress(OSError):
            for path in self._progress_paths():
                os.unlink(path)
        self._lock.release_and_remove()
        for folder in (os.path.dirname(self._folder), os.path.dirname(os.path.dirname(self._folder))):
            with contextlib.suppress(OSError):
                os.rmdir(folder)

    def release(self) -> None:
        """Release the folder, so that another process can recover it."""
        self._lock.release()

    def forget(self) -> None:
        """Close the copy of the lock in a forked child: the parent recovers the folder."""
        self._lock.forget()

    def _progress_paths(self) -> list[str]:
        path = os.path.join(self._folder, _PROGRESS)
        return [each for each in (path, f"{path}{ASIDE}") if os.path.exists(each)]

    def _paths(self) -> list[str]:
        with contextlib.suppress(OSError):
            paths = [os.path.join(self._folder, name) for name in os.listdir(self._folder) if name.endswith(_SUFFIX)]
            # Reading from a pipe of that name would wait forever.
            return [path for path in paths if os.path.isfile(path)]
        return []


def _folders_below(folder: str, depth: int) -> list[str]:
    """Return the folders that are `depth` levels below `folder`."""
    if not depth:
        return [folder]
    found = []
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                found += _folders_below(entry.path, depth - 1)
    return found


def _size(folder: str) -> int:
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        return sum(entry.stat(follow_symlinks=False).st_size for entry in entries)
    return 0


def _modified(entry: os.DirEntry[str]) -> float:
    """Return the time of an entry's last change; 0.0 when another process has removed it."""
    with contextlib.suppress(OSError):
        return entry.stat().st_mtime
    return 0.0


def _number_of(path: str) -> int:
    digits = os.path.basename(path).removesuffix(_SUFFIX)
    return int(digits) if digits.isdigit() else 0


def _digest(text: str) -> str:
    # Imported here because it loads OpenSSL.
    import hashlib

    return hashlib.sha256(text.encode()).hexdigest()[:16]
