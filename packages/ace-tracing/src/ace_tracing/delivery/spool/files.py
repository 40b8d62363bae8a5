"""Files: segments in files, and the file operations of a spool."""

from __future__ import annotations

import contextlib
import mmap
import os
import sys
from typing import Final

from ace_tracing.delivery.spool.segments import FIRST_OFFSET, SEGMENT_BYTES, Segment

ASIDE: Final = ".new"
"""The suffix of a file that is being written and then replaces another."""

_BINARY: Final = getattr(os, "O_BINARY", 0)
_CHUNK_BYTES: Final = 256 * 1024
_NETWORK_FILE_SYSTEMS: Final = frozenset(
    {"9p", "afs", "ceph", "cifs", "fuse.sshfs", "glusterfs", "lustre", "ncpfs", "nfs", "nfs4", "smb3", "smbfs"}
)


class FileSegment(Segment):
    """A segment in a mapped file, whose content outlives the process.

    Args:
        path: The path of the file.
        descriptor: The open file, which has its full size already. It stays open, since a deleted file remains
            readable for the processes that have it open.
    """

    __slots__ = ("_descriptor", "_path")

    def __init__(self, path: str, descriptor: int) -> None:
        self._path = path
        self._descriptor = descriptor
        super().__init__(mmap.mmap(descriptor, 0))

    def unmap(self) -> None:
        memory, self.memory = self.memory, None
        if memory is not None:
            memory.close()

    def remap(self) -> None:
        self.memory = mmap.mmap(self._descriptor, 0)

    def orphan(self) -> None:
        used = min(self.at, self.size) if self.end is None else self.end
        self.unmap()
        with contextlib.suppress(OSError):
            os.ftruncate(self._descriptor, used)
        self.forget()

    def forget(self) -> None:
        self.unmap()
        with contextlib.suppress(OSError):
            os.close(self._descriptor)

    def discard(self) -> None:
        self.forget()
        with contextlib.suppress(OSError):
            os.unlink(self._path)


def create_segment(path: str) -> FileSegment:
    """Create the file of a segment, and map it.

    Raises:
        OSError: The disk is full, or the file cannot be created.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | _BINARY, 0o600)
    try:
        _allocate(descriptor, SEGMENT_BYTES)
        return FileSegment(path, descriptor)
    except BaseException:
        os.close(descriptor)
        with contextlib.suppress(OSError):
            os.unlink(path)
        raise


def read_segment(path: str, *, whole: bool) -> Segment | None:
    """Read another process's segment.

    The file is read and not mapped: if it were truncated while it is mapped, the system would kill this process.

    Args:
        path: The path of the file.
        whole: Whether to read the whole file, and not only the preamble.

    Returns:
        None when the file cannot be read or is not a segment.
    """
    content = bytearray()
    try:
        with open(path, "rb") as file:
            # The unwritten rest of a segment is zeros up to its end.
            while chunk := file.read(_CHUNK_BYTES if whole else FIRST_OFFSET):
                content += chunk
                if not whole or not chunk.strip(b"\0"):
                    break
    except OSError:
        return None
    segment = Segment(bytes(content))
    return segment if segment.read_preamble() else None


def replace_file(path: str, content: bytes) -> None:
    """Replace a file atomically. If that fails, for example on a full disk, delete the file.

    The file is `progress`. Without it, segments are read from the beginning, and some traces are sent again. An old one
    would record spans as running that have ended since.
    """
    aside = f"{path}{ASIDE}"
    try:
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | _BINARY, 0o600)
        try:
            while content:
                content = content[os.write(descriptor, content) :]
        finally:
            os.close(descriptor)
        os.replace(aside, path)
    except OSError:
        for useless in (path, aside):
            with contextlib.suppress(OSError):
                os.unlink(useless)


def make_private_folders(folder: str) -> None:
    """Create a folder and its missing parents, accessible to the user only."""
    # `os.makedirs` gives the mode only to the last folder.
    missing = []
    while not os.path.isdir(folder):
        missing.append(folder)
        folder = os.path.dirname(folder)
    for path in reversed(missing):
        with contextlib.suppress(FileExistsError):
            os.mkdir(path, 0o700)


def is_on_network(folder: str) -> bool:
    """Return whether a folder is on another machine's disk, as far as the operating system reports it."""
    if sys.platform == "win32":
        return os.path.realpath(folder).startswith("\\\\")
    try:
        with open("/proc/self/mounts", encoding="utf-8", errors="replace") as file:
            mounts = [line.split() for line in file]
    except OSError:
        return False
    folder = os.path.realpath(folder)
    under = [(point, kind) for _, point, kind, *_ in mounts if f"{folder}/".startswith(f"{point.rstrip('/')}/")]
    return bool(under) and max(under, key=lambda mount: len(mount[0]))[1] in _NETWORK_FILE_SYSTEMS


def _allocate(descriptor: int, size: int) -> None:
    """Allocate the whole file on the disk. On a full disk, writing to a mapped hole would end the process (SIGBUS)."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(descriptor, 0, size)
        return
    zeros = bytes(1024 * 1024)
    for at in range(0, size, len(zeros)):
        os.write(descriptor, zeros[: size - at])
