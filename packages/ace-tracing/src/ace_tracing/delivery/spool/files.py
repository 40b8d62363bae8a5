"""Files: segments in files, and the kinds of disks."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import Final

from ace_tracing.delivery.descriptors import Identity, close, identify
from ace_tracing.delivery.spool.directory import Directory
from ace_tracing.delivery.spool.mapping import Mapping
from ace_tracing.delivery.spool.segments import FIRST_OFFSET, SEGMENT_BYTES, Segment

_CHUNK_BYTES: Final = 256 * 1024
_NETWORK_FILE_SYSTEMS: Final = frozenset(
    {"9p", "afs", "ceph", "cifs", "fuse.sshfs", "glusterfs", "lustre", "ncpfs", "nfs", "nfs4", "smb3", "smbfs"}
)


class FileSegment(Segment):
    """A segment in a mapped file, whose content outlives the process.

    It keeps the mapping and no descriptor. A mapped file stays readable after its deletion.

    Args:
        directory: The folder of the file.
        name: The name of the file.
        identity: The device and the inode of the file.
        mapping: The mapped file.
    """

    __slots__ = ("_directory", "_identity", "_mapping", "_name")

    def __init__(self, directory: Directory, name: str, identity: Identity | None, mapping: Mapping) -> None:
        self._directory = directory
        self._name = name
        self._identity = identity
        self._mapping = mapping
        super().__init__(mapping.memory)

    def free_pages(self) -> None:
        self._mapping.free_pages()

    def orphan(self) -> None:
        used = min(self.at, self.size) if self.end is None else self.end
        self.forget()
        with contextlib.suppress(OSError):
            descriptor = self._directory.open(self._name, os.O_RDWR)
            try:
                if identify(descriptor) == self._identity:
                    os.ftruncate(descriptor, used)
            finally:
                os.close(descriptor)

    def forget(self) -> None:
        if self.memory is not None:
            self.memory = None
            self._mapping.close()

    def discard(self) -> None:
        self.forget()
        self._directory.remove_file(self._name)


def create_segment(directory: Directory, name: str) -> FileSegment:
    """Create the file of a segment, and map it.

    Raises:
        OSError: The disk is full, or the file cannot be created.
    """
    descriptor = directory.open(name, os.O_RDWR | os.O_CREAT | os.O_EXCL)
    identity = identify(descriptor)
    try:
        _allocate(descriptor, SEGMENT_BYTES)
        return FileSegment(directory, name, identity, Mapping(descriptor, SEGMENT_BYTES))
    except BaseException:
        directory.remove_file(name)
        raise
    finally:
        close(descriptor, identity)


def read_segment(directory: Directory, name: str, *, whole: bool) -> Segment | None:
    """Read another process's segment.

    The file is read and not mapped: if it were truncated while it is mapped, the system would kill this process.

    Args:
        directory: The folder of the file.
        name: The name of the file.
        whole: Whether to read the whole file, and not only the preamble.

    Returns:
        None when the file cannot be read or is not a segment.
    """
    content = bytearray()
    try:
        with open(directory.open(name, os.O_RDONLY), "rb") as file:
            # The unwritten rest of a segment is zeros up to its end.
            while chunk := file.read(_CHUNK_BYTES if whole else FIRST_OFFSET):
                content += chunk
                if not whole or not chunk.strip(b"\0"):
                    break
    except OSError:
        return None
    segment = Segment(bytes(content))
    return segment if segment.read_preamble() else None


def replace_file(directory: Directory, name: str, content: bytes) -> None:
    """Replace a file atomically. If that fails, for example on a full disk, delete the file.

    The file is `progress`. Without it, segments are read from the beginning, and some traces are sent again. An old one
    would record spans as running that have ended since.
    """
    try:
        directory.replace(name, content)
    except OSError:
        directory.remove_file(name)


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
