"""One owner of a folder: a lock on a file in it, which the system lets go when the process ends, however it ends."""

from __future__ import annotations

import contextlib
import os
import sys

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


LOCK_NAME = "lock"


class FolderLock:
    """The lock of a folder, held.

    Args:
        descriptor: the open file.
        path: where it is.
    """

    def __init__(self, descriptor: int, path: str) -> None:
        self._descriptor: int | None = descriptor
        self._path = path

    def release(self) -> None:
        """Let another have the folder, even while a forked child has a copy of the file."""
        if self._descriptor is not None:
            with contextlib.suppress(OSError):
                _unlock(self._descriptor)
        self._close()

    def release_and_remove(self) -> None:
        """Do away with the lock and its folder, which is empty but for it."""
        with contextlib.suppress(OSError):
            if sys.platform == "win32":
                # An open file cannot be removed there.
                self._close()
            os.unlink(self._path)
            os.rmdir(os.path.dirname(self._path))
        self.release()

    def forget(self) -> None:
        """In a forked child: the lock is the parent's, and this copy of its file must not keep it after the parent."""
        self._close()

    def _close(self) -> None:
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            with contextlib.suppress(OSError):
                os.close(descriptor)


def lock_folder(folder: str, *, make: bool) -> FolderLock | None:
    """Lock a folder; None when another process has it, or when it is gone.

    Args:
        folder: its path.
        make: whether the lock's file may be made; otherwise a folder without one is nobody's yet.

    Raises:
        OSError: the file cannot be made or opened, or the file system knows no locks.
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
        # Whoever had it before may have removed it in between: then this is the lock of nothing.
        if os.path.samestat(os.fstat(descriptor), os.stat(path)):
            return FolderLock(descriptor, path)
    except (BlockingIOError, PermissionError, FileNotFoundError):
        pass
    except BaseException:
        os.close(descriptor)
        raise
    os.close(descriptor)
    return None
