"""Directories of the spool: every file operation, on folders and files that only this user can change.

Another user may have put links, pipes or files into a folder that was open to all. Each operation therefore opens the
folder anew, from the spool's home downwards, checks owner and mode, and follows no link below home. Nothing is checked
by a path and then used by it, and no descriptor is kept. Windows has neither modes nor such descriptors: there, links
are refused, and the folder's access list protects the rest.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final, NamedTuple

from ace_tracing.delivery.descriptors import close, identify
from ace_tracing.delivery.spool.trust import (
    UnsafeError,
    check_absolute,
    check_file,
    is_odd,
    is_own,
    make_folders,
    open_folder,
    relative_to,
    resolve_home,
)
from ace_tracing.diagnostics import warn

_HAS_DESCRIPTORS: Final = {os.open, os.mkdir, os.unlink, os.rmdir, os.stat, os.rename} <= os.supports_dir_fd
# Opening a pipe would wait for its other end.
_FILE_FLAGS: Final = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_ASIDE: Final = ".new"


class Entry(NamedTuple):
    """A regular file or a folder of this user.

    Attributes:
        name: The name in its folder.
        is_folder: Whether it is a folder.
        size: The size in bytes.
        changed_ns: The time of the last change, in nanoseconds since the epoch.
    """

    name: str
    is_folder: bool
    size: int
    changed_ns: int


class Directory:
    """One folder of the spool.

    Args:
        home: The path of the spool. It may be a link of this user's, or of root's.
        names: The names of the folders from there to this one.
    """

    def __init__(self, home: str, *names: str) -> None:
        self._home = home
        self._names = names
        self.path = os.path.join(home, *names)

    @property
    def name(self) -> str:
        """The name of the folder; home has none."""
        return self._names[-1] if self._names else ""

    def child(self, name: str) -> Directory:
        """Return a folder in this one."""
        return Directory(self._home, *self._names, name)

    @property
    def parent(self) -> Directory:
        """The folder above; home has none."""
        return Directory(self._home, *self._names[:-1])

    def create(self) -> None:
        """Create the folder and its missing parents, accessible to the user only.

        Raises:
            UnsafeError: A folder is not this user's, or others can write to it.
            OSError: It cannot be created.
        """
        if self._names:
            self.parent.create()
            with suppress(FileExistsError):
                self.make_folder()
        else:
            check_absolute(self._home)
            make_folders(self._home)
        with self._opened():
            return

    def make_folder(self) -> None:
        """Create the folder in its parent.

        Raises:
            FileExistsError: It exists.
            OSError: It cannot be created.
        """
        with self.parent._opened() as parent:
            os.mkdir(self._place(parent), 0o700, **relative_to(parent))

    def open(self, name: str, flags: int) -> int:
        """Open a regular file, and return its descriptor. A file that is created gets the mode 0600.

        Raises:
            UnsafeError: It is a link, a pipe or another user's file, or has a second name.
            OSError: It cannot be opened.
        """
        with self._opened() as folder:
            place = self._file_place(folder, name)
            if folder is None and os.path.islink(place):
                raise UnsafeError(f"{self._describe(name)} is a link")
            try:
                descriptor = os.open(place, flags | _FILE_FLAGS, 0o600, **relative_to(folder))
            except OSError as error:
                if is_odd(place, folder):
                    raise UnsafeError(f"{self._describe(name)} is a link or no file") from error
                raise
        try:
            check_file(self._describe(name), os.fstat(descriptor))
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor

    def read(self, name: str) -> bytes:
        """Return the content of a file.

        Raises:
            OSError: It cannot be read.
        """
        with open(self.open(name, os.O_RDONLY), "rb") as file:
            return file.read()

    def replace(self, name: str, content: bytes) -> None:
        """Replace a file atomically.

        Raises:
            OSError: It cannot be written, for example on a full disk.
        """
        aside = f"{name}{_ASIDE}"
        try:
            descriptor = self.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        except (FileExistsError, UnsafeError):
            self.remove_file(aside)
            descriptor = self.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        identity = identify(descriptor)
        try:
            while content:
                content = content[os.write(descriptor, content) :]
        finally:
            close(descriptor, identity)
        with self._opened() as folder:
            places = self._file_place(folder, aside), self._file_place(folder, name)
            if folder is None:
                os.replace(*places)
            else:
                os.replace(*places, src_dir_fd=folder, dst_dir_fd=folder)

    def remove_file(self, name: str) -> None:
        """Remove a file, or a link itself, and the rest of an interrupted `replace`. Does nothing if it fails."""
        with suppress(OSError), self._opened() as folder:
            for each in (name, f"{name}{_ASIDE}"):
                with suppress(OSError):
                    os.unlink(self._file_place(folder, each), **relative_to(folder))

    def remove(self) -> None:
        """Remove the folder if it is empty."""
        with suppress(OSError), self.parent._opened() as parent:
            os.rmdir(self._place(parent), **relative_to(parent))

    def entries(self) -> list[Entry]:
        """Return the regular files and the folders that belong to this user. An unsafe folder has none."""
        found = []
        ignored = ""
        with (
            suppress(OSError),
            self._opened() as folder,
            os.scandir(self.path if folder is None else folder) as entries,
        ):
            for entry in entries:
                with suppress(OSError):
                    facts = entry.stat(follow_symlinks=False)
                    is_folder = stat.S_ISDIR(facts.st_mode)
                    if is_own(facts) and (is_folder or stat.S_ISREG(facts.st_mode)):
                        found.append(Entry(entry.name, is_folder, facts.st_size, facts.st_mtime_ns))
                    elif not is_own(facts, or_root=True) or not is_folder:
                        # Root's folders are a file system's, for example `lost+found`.
                        ignored = entry.name
        if ignored:
            warn("unsafe", "%s is ignored: it is a link, a pipe, or another user's. Remove it", self._describe(ignored))
        return found

    def stat(self, name: str) -> os.stat_result:
        """Return the facts of a file, without following a link.

        Raises:
            OSError: It does not exist.
        """
        with self._opened() as folder:
            return os.stat(self._file_place(folder, name), follow_symlinks=False, **relative_to(folder))

    def _describe(self, name: str) -> str:
        return f"{os.path.join(self.path, name)} in the spool"

    def _place(self, parent: int | None) -> str:
        return self.path if parent is None else self._names[-1]

    def _file_place(self, folder: int | None, name: str) -> str:
        return os.path.join(self.path, name) if folder is None else name

    @contextmanager
    def _opened(self) -> Iterator[int | None]:
        """Open the folder; yields its descriptor, or None where paths are used.

        Raises:
            UnsafeError: A folder on the way is not this user's, or others can write to it.
            OSError: It cannot be opened.
        """
        check_absolute(self._home)
        if not _HAS_DESCRIPTORS:
            home = resolve_home(self._home)
            for number in range(len(self._names)):
                if os.path.islink(path := os.path.join(home, *self._names[: number + 1])):
                    raise UnsafeError(f"{path} is a link: remove it")
            yield None
            return
        home = resolve_home(self._home) if os.path.islink(self._home) else self._home
        path = home
        folder, identity = open_folder(home, home)
        try:
            for name in self._names:
                path = f"{path}{os.sep}{name}"
                below = open_folder(name, path, dir_fd=folder)
                close(folder, identity)
                folder, identity = below
            yield folder
        finally:
            close(folder, identity)
