"""Lock: the file lock by which exactly one process owns a folder. The system releases it when the process ends."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import Final

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
        descriptor: The open lock file.
        path: The path of the lock file.
    """

    def __init__(self, descriptor: int, path: str) -> None:
        self._descriptor: int | None = descriptor
        self._path = path

    def release(self) -> None:
        """Release the lock, even while a forked child has a copy of the descriptor."""
        if self._descriptor is not None:
            with contextlib.suppress(OSError):
                _unlock(self._descriptor)
        self._close()

    def release_and_remove(self) -> None:
        """Delete the lock file and its folder, which must be empty otherwise, and release the lock."""
        with contextlib.suppress(OSError):
            if sys.platform == "win32":
                # Windows does not delete open files.
                self._close()
            os.unlink(self._path)
            os.rmdir(os.path.dirname(self._path))
        self.release()

    def forget(self) -> None:
        """Close a forked child's copy of the descriptor, which would keep the parent's lock after the parent's end."""
        self._close()

    def _close(self) -> None:
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            with contextlib.suppress(OSError):
                os.close(descriptor)


def lock_folder(folder: str, *, make: bool) -> FolderLock | None:
    """Lock a folder.

    Args:
        folder: The path of the folder.
        make: Whether to create the lock file. Without it, a folder that has none is not locked.

    Returns:
        None when another process holds the lock, or when the lock file or the folder does not exist.

    Raises:
        OSError: The lock file cannot be created or opened, or the file system does not support locks.
    """
    path = os.path.join(folder, LOCK_NAME)
    try:
        descriptor = os.open(path, os.O_RDWR | (os.O_CREAT if make else 0), 0o600)
    except FileNotFoundError:
        if make:
            raise
        return None
    try:
        _lock(descriptor)
        # The former owner may have deleted the file after it was opened here. Then the lock protects nothing.
        if os.path.samestat(os.fstat(descriptor), os.stat(path)):
            return FolderLock(descriptor, path)
    except (BlockingIOError, PermissionError, FileNotFoundError):
        pass
    except BaseException:
        os.close(descriptor)
        raise
    os.close(descriptor)
    return None
