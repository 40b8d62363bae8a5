"""Folders: the folder in which a process keeps its segments, and the folders of other processes.

    <spool>/<address>/<key>/<process>/lock, progress, 1.segment, 2.segment, ...

A process with several destinations has its folder elsewhere, see `parts`.

`<address>` and `<key>` are digests: traces for one service or account are never sent to another. The only exception:
traces for a key that the service has rejected may be sent with the key that follows it. A process holds the lock of its
folder while it lives. A process that gets the lock later owns the content, see `orphans`.
"""

from __future__ import annotations

import contextlib
import os
from typing import Final, NamedTuple

from ace_tracing.delivery.spool.directory import Directory, Entry
from ace_tracing.delivery.spool.files import create_segment, is_on_network, replace_file
from ace_tracing.delivery.spool.lock import LOCK_NAME, FolderLock, lock_folder
from ace_tracing.delivery.spool.progress import ALL_SETTLED
from ace_tracing.delivery.spool.segments import SEGMENT_BYTES, Segment

MAX_BYTES: Final = 256 * 1024 * 1024
"""The most that one process keeps."""

PROGRESS_NAME: Final = "progress"
SEGMENT_SUFFIX: Final = ".segment"

SHARED_NAME: Final = "shared"
"""The folder of the processes with several destinations. It is no digest, so no address has this name."""

_MAX_ATTEMPTS: Final = 10
_REJECTED: Final = "rejected"


class FolderFacts(NamedTuple):
    """The folder of a process.

    Attributes:
        directory: The folder.
        changed_ns: When a file was last created, replaced or removed in it, in nanoseconds since the epoch.
        size: The bytes of its files.
    """

    directory: Directory
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
    takes_feedback = True
    """Whether the destination gets the feedback in orphaned spools."""

    def __init__(self, home: str, address: str, key: str) -> None:
        self.home = home
        self._address_folder = Directory(home, digest(address))
        self._key_folder = self._address_folder.child(digest(key))
        self._folder: Directory | None = None
        self._lock: FolderLock | None = None
        self._segments_made = 0
        self.failed = False
        """Whether the spool could not be used, and frames therefore wait in memory."""

    def make_segment(self) -> Segment:
        """Return a new segment.

        Raises:
            OSError: The disk is full, or the folder cannot be used.
        """
        if self._lock is not None and not self._lock.is_held():
            # Another process recovers the segments so far, which this process keeps sending from its memory.
            self._lock = self._folder = None
        folder = self._open() if self._folder is None else self._folder
        self._segments_made += 1
        return create_segment(folder, f"{self._segments_made}{SEGMENT_SUFFIX}")

    def save_progress(self, progress: bytes) -> None:
        """Save how far the segments are settled."""
        if self._folder is not None and self._lock is not None and self._lock.is_held():
            replace_file(self._folder, PROGRESS_NAME, progress)

    def mark_key_rejected(self, is_rejected: bool) -> None:
        """Record whether the service has rejected the key. If so, its traces may be sent with another key."""
        if not is_rejected:
            self._key_folder.remove_file(_REJECTED)
            return
        with contextlib.suppress(OSError):
            self._key_folder.create()
            os.close(self._key_folder.open(_REJECTED, os.O_CREAT | os.O_WRONLY))

    def release(self) -> None:
        """Release the folder, so that another process can recover it."""
        if self._lock is not None:
            self._lock.release()
        self._lock = self._folder = None

    def remove(self) -> None:
        """Remove the folder, whose segments are deleted already. The next segment is made in a new folder."""
        lock, folder = self._lock, self._folder
        self._lock = self._folder = None
        if lock is None or folder is None:
            return
        if lock.is_held():
            self._remove_progress(folder)
            lock.release_and_remove()
        for parent in (self._key_folder, self._address_folder):
            parent.remove()

    def clear(self) -> None:
        """Remove the folder, whose segments are deleted already, although more may follow."""
        self.remove()

    def _remove_progress(self, folder: Directory) -> None:
        """Remove everything but the segments and the lock."""
        folder.remove_file(PROGRESS_NAME)

    def forget(self) -> None:
        """Forget the folder in a forked child: it is the parent's."""
        if self._lock is not None:
            self._lock.forget()
        self._lock = self._folder = None

    def all_folders(self) -> list[FolderFacts]:
        """Return the folders of other processes, of any address and key, some of which may still be running."""
        found = []
        for address, _ in folders_in(Directory(self.home)):
            for key, _ in folders_in(address):
                for folder, facts in folders_in(key):
                    if self._folder is None or folder.path != self._folder.path:
                        size = sum(entry.size for entry in folder.entries())
                        found.append(FolderFacts(folder, facts.changed_ns, size))
        return found

    def other_folders(self) -> list[Directory]:
        """Return the folders of other processes, oldest first, some of which may still be running."""
        found = [
            (facts.changed_ns, folder.path, folder) for key in self._key_folders() for folder, facts in folders_in(key)
        ]
        found += [(changed_ns, part.path, part) for part, changed_ns in self._shared_parts()]
        own = self.own_path
        return [
            folder
            for _, path, folder in sorted(found, key=lambda each: each[:2])
            if own is None or own not in (path, folder.parent.path)
        ]

    @property
    def own_path(self) -> str | None:
        """The path of this process's folder; None before its first segment."""
        return None if self._folder is None else self._folder.path

    def _shared_parts(self) -> list[tuple[Directory, int]]:
        """Return this destination's parts of the folders of processes with several destinations, and their ages."""
        address = self._address_folder.name
        keys = {f"{address}-{key.name}" for key in self._key_folders()}
        return [
            (part, facts.changed_ns)
            for group, _ in folders_in(Directory(self.home, SHARED_NAME))
            for process, facts in folders_in(group)
            for part in unsettled_parts(process)
            if part.name in keys
        ]

    def _key_folders(self) -> list[Directory]:
        """Return the folder of this key, and those of rejected keys."""
        return [self._key_folder] + [
            key
            for key, _ in folders_in(self._address_folder)
            if key.path != self._key_folder.path and any(entry.name == _REJECTED for entry in key.entries())
        ]

    def _open(self) -> Directory:
        """Create and lock the folder."""
        self._key_folder.create()
        if is_on_network(self._key_folder.path):
            raise OSError(f"{self.home} is on a network disk, whose files may vanish while they are in use")
        for _ in range(_MAX_ATTEMPTS):
            folder = self._key_folder.child(f"{os.getpid()}-{os.urandom(4).hex()}")
            try:
                folder.make_folder()
                lock = lock_folder(folder, make=True)
            except (FileExistsError, FileNotFoundError):
                # Another process removed the empty folders at the same moment.
                self._key_folder.create()
                continue
            if lock is not None:
                self._folder, self._lock = folder, lock
                return folder
        raise OSError(f"no folder in {self._key_folder.path} can be locked")


def folders_in(directory: Directory) -> list[tuple[Directory, Entry]]:
    """Return the folders in a folder, with their facts."""
    return [(directory.child(entry.name), entry) for entry in directory.entries() if entry.is_folder]


def unsettled_parts(process: Directory) -> list[Directory]:
    """Return the parts of a process's folder with frames to send, or all of them when there are no frames to send."""
    parts = [part for part, _ in folders_in(process)]
    if not any(entry.name == LOCK_NAME for entry in process.entries()):
        # The folder was being removed while another process looked at it.
        for part in parts:
            remove_part(part)
        process.remove()
        return []
    return [part for part in parts if not is_settled(part)] or parts


def remove_part(part: Directory) -> None:
    """Remove a destination's folder in the folder of a process."""
    for name in (PROGRESS_NAME, LOCK_NAME):
        part.remove_file(name)
    part.remove()


def is_settled(part: Directory) -> bool:
    """Return whether a destination needs no frame of a process any more."""
    try:
        return part.read(PROGRESS_NAME) == ALL_SETTLED.encode()
    except OSError:
        return False


def part_name(address: str, key: str) -> str:
    """Return the name of a destination's folder in the folder of a process with several destinations."""
    return f"{digest(address)}-{digest(key)}"


def digest(text: str) -> str:
    """Return the name of a folder for an address or a key."""
    # Imported here because it loads OpenSSL.
    import hashlib

    return hashlib.sha256(text.encode()).hexdigest()[:16]
