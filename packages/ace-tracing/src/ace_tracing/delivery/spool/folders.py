"""The folder that a process keeps its segments in, and the folders that dead processes have left.

    <spool>/<address>/<key>/<process>/lock, progress, 1.segment, 2.segment, ...

`<address>` and `<key>` are digests: what was traced for one service or account never goes to another. Only what was
meant for a key that the service has rejected may go out with the key that follows it. A process holds the lock of its
folder as long as it lives; whoever gets the lock of a folder later owns what is in it.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import sys
import time
from collections.abc import Iterator

from ace_tracing.delivery.spool.lock import FolderLock, lock_folder
from ace_tracing.delivery.spool.segments import FIRST, SEGMENT_BYTES, Segment

MAX_BYTES = 256 * 1024 * 1024
"""The most that one process keeps."""
MAX_AGE_S = 7 * 24 * 3600.0
"""What is left by a process that ended longer ago is dropped."""
MAX_LEFT_BYTES = 1024 * 1024 * 1024
"""The most that is kept of what dead processes have left, all together; the oldest is dropped."""

_BINARY = getattr(os, "O_BINARY", 0)
ATTEMPTS = 10
_REJECTED = "rejected"
_PROGRESS = "progress"
_SUFFIX = ".segment"
_ASIDE = ".new"
_PIECE_BYTES = 256 * 1024
_NETWORK_FILE_SYSTEMS = frozenset(
    {"9p", "afs", "ceph", "cifs", "fuse.sshfs", "glusterfs", "lustre", "ncpfs", "nfs", "nfs4", "smb3", "smbfs"}
)


class FileSegment(Segment):
    """A segment in a file, which the process's death leaves as it is.

    Args:
        path: where the file is.
        descriptor: the open file, which has its full size already. It is kept, since a file that is deleted is still
            there for those who have it open.
    """

    __slots__ = ("_descriptor", "_path")

    def __init__(self, path: str, descriptor: int) -> None:
        self._path = path
        self._descriptor = descriptor
        super().__init__(mmap.mmap(descriptor, 0))

    def rest(self) -> None:
        memory, self.memory = self.memory, None
        if memory is not None:
            memory.close()

    def resume(self) -> None:
        self.memory = mmap.mmap(self._descriptor, 0)

    def leave(self) -> None:
        used = min(self.at, self.size) if self.end is None else self.end
        self.rest()
        with contextlib.suppress(OSError):
            os.ftruncate(self._descriptor, used)
        self.forget()

    def forget(self) -> None:
        self.rest()
        with contextlib.suppress(OSError):
            os.close(self._descriptor)

    def discard(self) -> None:
        self.forget()
        with contextlib.suppress(OSError):
            os.unlink(self._path)


class Spool:
    """Where one process keeps its segments. Touches nothing until it is first asked for one.

    Args:
        home: the spool's folder, shared by all processes of a user.
        address: the service's address.
        key: the service's key.
    """

    max_segments = MAX_BYTES // SEGMENT_BYTES

    def __init__(self, home: str, address: str, key: str) -> None:
        self.home = home
        self._of_address = os.path.join(home, _digest(address))
        self._of_key = os.path.join(self._of_address, _digest(key))
        self._folder: str | None = None
        self._lock: FolderLock | None = None
        self._made = 0
        self.failed = False
        """Whether it could not be used, and so keeps nothing any more."""

    def make(self) -> Segment:
        """Give a new segment.

        Raises:
            OSError: there is no room, or the folder cannot be used.
        """
        if self._folder is None:
            self._open()
        self._made += 1
        path = os.path.join(self._folder or "", f"{self._made}{_SUFFIX}")
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | _BINARY, 0o600)
        try:
            _allocate(descriptor, SEGMENT_BYTES)
            return FileSegment(path, descriptor)
        except BaseException:
            os.close(descriptor)
            with contextlib.suppress(OSError):
                os.unlink(path)
            raise

    def save(self, progress: bytes) -> None:
        """Keep what is to be known of how far the segments are settled."""
        if self._folder is not None:
            _keep(os.path.join(self._folder, _PROGRESS), progress)

    def reject(self, rejected: bool) -> None:
        """Remember whether the service has rejected the key: then what was traced for it may go out with another."""
        path = os.path.join(self._of_key, _REJECTED)
        with contextlib.suppress(OSError):
            if rejected:
                os.makedirs(self._of_key, 0o700, exist_ok=True)
                os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
            else:
                os.unlink(path)

    def leave(self) -> None:
        """Let whoever comes next have what is left."""
        if self._lock is not None:
            self._lock.release()
        self._lock = self._folder = None

    def remove(self) -> None:
        """Do away with the folder, whose segments are gone; the next one that is needed is another."""
        lock, folder = self._lock, self._folder
        self._lock = self._folder = None
        if lock is not None and folder is not None:
            with contextlib.suppress(OSError):
                os.unlink(os.path.join(folder, _PROGRESS))
            lock.release_and_remove()
            for parent in (self._of_key, self._of_address):
                with contextlib.suppress(OSError):
                    os.rmdir(parent)

    def forget(self) -> None:
        """In a forked child: the folder is the parent's."""
        if self._lock is not None:
            self._lock.forget()
        self._lock = self._folder = None

    def expired(self) -> list[str]:
        """The folders, of any address and key, that are kept no longer: too old, or beyond the bound in bytes."""
        found = []
        for path in _folders(self.home, 3):
            with contextlib.suppress(OSError):
                # Of a process that lives only the room counts, which it has for itself.
                found.append((os.stat(path).st_mtime, path, _size(path)))
        kept = 0
        expired = []
        for changed, path, size in sorted(found, reverse=True):
            kept += size
            if path != self._folder and (time.time() - changed > MAX_AGE_S or kept > MAX_LEFT_BYTES):
                expired.append(path)
        return expired

    def left(self) -> list[str]:
        """The folders that others may have left, oldest first; some may belong to processes that live."""
        found = []
        for folder in self._keys():
            with contextlib.suppress(OSError), os.scandir(folder) as entries:
                found += [(entry.stat().st_mtime, entry.path) for entry in entries if entry.is_dir()]
        return [path for _, path in sorted(found) if path != self._folder]

    def _keys(self) -> list[str]:
        """The folders of this key, and of those that the service has rejected."""
        found = [self._of_key]
        with contextlib.suppress(OSError), os.scandir(self._of_address) as entries:
            found += [
                entry.path
                for entry in entries
                if entry.path != self._of_key and os.path.exists(os.path.join(entry.path, _REJECTED))
            ]
        return found

    def _open(self) -> None:
        if not os.path.isabs(self.home):
            raise OSError(f"there is no home directory for {self.home}: set KAYBA_SPOOL_DIR")
        _make_private(self._of_key)
        if _is_on_network(self._of_key):
            raise OSError(f"{self.home} is on a network disk, whose files may vanish while they are in use")
        for _ in range(ATTEMPTS):
            folder = os.path.join(self._of_key, f"{os.getpid()}-{os.urandom(4).hex()}")
            try:
                os.mkdir(folder, 0o700)
                lock = lock_folder(folder, make=True)
            except (FileExistsError, FileNotFoundError):
                # Another process tidied up at that very moment.
                _make_private(self._of_key)
                continue
            if lock is not None:
                self._folder, self._lock = folder, lock
                return
        raise OSError(f"no folder in {self._of_key} can be locked")


class OrphanedSpool:
    """What a dead process has left, now ours: read as if by that process, and gone when it is settled.

    Args:
        folder: where it is.
        lock: the folder's, held.
    """

    def __init__(self, folder: str, lock: FolderLock) -> None:
        self._folder = folder
        self._lock = lock

    @classmethod
    def adopt(cls, folder: str) -> OrphanedSpool | None:
        """Take a folder over; None when its process lives, or another was faster."""
        try:
            lock = lock_folder(folder, make=False)
        except OSError:
            return None
        return None if lock is None else cls(folder, lock)

    def segments(self) -> Iterator[Segment]:
        """The segments in the order in which they were written, each read when it is its turn."""
        found = []
        for path in self._paths():
            segment = _read(path, whole=False)
            if segment is not None:
                found.append((segment.number, path))
        for _, path in sorted(found):
            whole = _read(path, whole=True)
            if whole is not None:
                yield whole

    def progress(self) -> bytes | None:
        """What the process has last said with `Spool.save`; None when it said nothing."""
        try:
            with open(os.path.join(self._folder, _PROGRESS), "rb") as file:
                return file.read()
        except OSError:
            return None

    def save(self, progress: bytes) -> None:
        """Say how far it is settled now, for the case that this process ends, too, before all is."""
        _keep(os.path.join(self._folder, _PROGRESS), progress)

    def remove(self) -> None:
        """Do away with it: all is settled."""
        with contextlib.suppress(OSError):
            # Segments in their order and then the rest, so that whoever finds a part of it understands that part.
            for path in (*sorted(self._paths(), key=_number_of), *self._progress_paths()):
                os.unlink(path)
        self._lock.release_and_remove()
        for folder in (os.path.dirname(self._folder), os.path.dirname(os.path.dirname(self._folder))):
            with contextlib.suppress(OSError):
                os.rmdir(folder)

    def leave(self) -> None:
        """Let another process have it."""
        self._lock.release()

    def forget(self) -> None:
        """In a forked child: it is the parent's."""
        self._lock.forget()

    def _progress_paths(self) -> list[str]:
        path = os.path.join(self._folder, _PROGRESS)
        return [each for each in (path, f"{path}{_ASIDE}") if os.path.exists(each)]

    def _paths(self) -> list[str]:
        with contextlib.suppress(OSError):
            return [os.path.join(self._folder, name) for name in os.listdir(self._folder) if name.endswith(_SUFFIX)]
        return []


def _folders(folder: str, depth: int) -> list[str]:
    """The folders that are so many levels below one."""
    if not depth:
        return [folder]
    found = []
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                found += _folders(entry.path, depth - 1)
    return found


def _size(folder: str) -> int:
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        return sum(entry.stat().st_size for entry in entries)
    return 0


def _number_of(path: str) -> int:
    digits = os.path.basename(path).removesuffix(_SUFFIX)
    return int(digits) if digits.isdigit() else 0


def _digest(text: str) -> str:
    # Here, since it takes OpenSSL with it.
    import hashlib

    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _make_private(folder: str) -> None:
    # Of folders that are made on the way, makedirs gives only the last one the mode.
    missing = []
    while not os.path.isdir(folder):
        missing.append(folder)
        folder = os.path.dirname(folder)
    for path in reversed(missing):
        with contextlib.suppress(FileExistsError):
            os.mkdir(path, 0o700)


def _allocate(descriptor: int, size: int) -> None:
    """Have all of a file's room now: a hole that cannot be filled later would end the process by a signal."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(descriptor, 0, size)
        return
    zeros = bytes(1024 * 1024)
    for at in range(0, size, len(zeros)):
        os.write(descriptor, zeros[: size - at])


def _read(path: str, *, whole: bool) -> Segment | None:
    """A segment of another process; read and not mapped, since a file that is cut meanwhile would end the process."""
    content = bytearray()
    try:
        with open(path, "rb") as file:
            # What was never written is zeros to the end.
            while piece := file.read(_PIECE_BYTES if whole else FIRST):
                content += piece
                if not whole or not piece.strip(b"\0"):
                    break
    except OSError:
        return None
    segment = Segment(bytes(content))
    return segment if segment.recall() else None


def _keep(path: str, content: bytes) -> None:
    """Replace a file at once, so that it is never half written; where there is no room for it, there is none at all.

    Without one, segments are read from the beginning, and more than is needed is sent again. An old one would tell of
    spans as running that have ended since.
    """
    aside = f"{path}{_ASIDE}"
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


def _is_on_network(folder: str) -> bool:
    """Whether a folder is on another machine's disk, as far as the system tells."""
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
