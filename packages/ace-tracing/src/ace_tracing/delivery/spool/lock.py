"""Lock: the file lock by which exactly one process owns a folder. The system releases it when the process ends."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import Final

from ace_tracing.delivery.descriptors import identify
from ace_tracing.delivery.spool.directory import Directory
from ace_tracing.delivery.spool.mapping import Mapping

if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

    def _unlock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)
else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _unlock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_UN)


LOCK_NAME: Final = "lock"


class FolderLock:
    """The lock of a folder, held by this process.

    Args:
        directory: The folder.
        descriptor: The open lock file.
    """

    def __init__(self, directory: Directory, descriptor: int) -> None:
        self._directory = directory
        self._descriptor: int | None = descriptor
        self._identity = identify(descriptor)
        self._mapping = _map(descriptor)

    def is_held(self) -> bool:
        """Return whether the lock is still held, after trying to get it back if other code closed the descriptor.

        On Linux, the mapping holds the lock until then. Elsewhere another process may have got it.
        """
        if self._owns_descriptor():
            return True
        self._descriptor = None
        self._unmap()
        again = None
        with contextlib.suppress(OSError):
            again = lock_folder(self._directory, make=False)
        if again is None:
            return False
        self._descriptor, self._identity, self._mapping = again._descriptor, again._identity, again._mapping
        return True

    def release(self) -> None:
        """Release the lock, even while a forked child has a copy of the descriptor."""
        if self._owns_descriptor():
            with contextlib.suppress(OSError):
                _unlock(self._descriptor or 0)
        self.forget()

    def release_and_remove(self) -> None:
        """Delete the lock file and its folder, which must be empty otherwise, and release the lock."""
        if sys.platform == "win32":
            # Windows does not delete open files.
            self.forget()
        self._directory.remove_file(LOCK_NAME)
        self._directory.remove()
        self.release()

    def forget(self) -> None:
        """Close a forked child's copy of the lock, which would keep the parent's lock after the parent's end."""
        if self._owns_descriptor():
            with contextlib.suppress(OSError):
                os.close(self._descriptor or 0)
        self._descriptor = None
        self._unmap()

    def _owns_descriptor(self) -> bool:
        """Return whether the number still stands for the lock file."""
        return self._descriptor is not None and identify(self._descriptor) == self._identity

    def _unmap(self) -> None:
        mapping, self._mapping = self._mapping, None
        if mapping is not None:
            mapping.close()


def lock_folder(directory: Directory, *, make: bool) -> FolderLock | None:
    """Lock a folder.

    Args:
        directory: The folder.
        make: Whether to create the lock file. Without it, a folder that has none is not locked.

    Returns:
        None when another process holds the lock, or when the lock file or the folder does not exist.

    Raises:
        OSError: The lock file cannot be created or opened, or the file system does not support locks.
    """
    try:
        descriptor = directory.open(LOCK_NAME, os.O_RDWR | (os.O_CREAT if make else 0))
    except FileNotFoundError:
        if make:
            raise
        return None
    try:
        _lock(descriptor)
        # The former owner may have deleted the file after it was opened here. Then the lock protects nothing.
        if os.path.samestat(os.fstat(descriptor), directory.stat(LOCK_NAME)):
            return FolderLock(directory, descriptor)
    except (BlockingIOError, PermissionError, FileNotFoundError):
        pass
    except BaseException:
        os.close(descriptor)
        raise
    os.close(descriptor)
    return None


def _map(descriptor: int) -> Mapping | None:
    """Map the lock file, so that Linux keeps the lock when other code closes the descriptor."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, ValueError):
            if not os.fstat(descriptor).st_size:
                os.write(descriptor, b"\0")
            return Mapping(descriptor, 1)
    return None
