"""Trust: checks that a folder or a file belongs to this user, and that no other user can change it."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from ace_tracing.delivery.descriptors import Identity

_FOLDER_FLAGS: Final = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0)
_OTHERS_WRITE: Final = stat.S_IWGRP | stat.S_IWOTH


class UnsafeError(OSError):
    """A folder or a file that another user may have put there, or can change."""


def relative_to(folder: int | None) -> dict[str, Any]:
    """Return the argument of `os` functions for names in an open folder."""
    return {} if folder is None else {"dir_fd": folder}


def check_absolute(home: str) -> None:
    """Raise `OSError` unless the path of the spool is absolute."""
    if not os.path.isabs(home):
        raise OSError(f"the folder in which {home} is meant to be is unknown: set KAYBA_SPOOL_DIR to an absolute path")


def resolve_home(home: str) -> str:
    """Return the path of home, behind the links on the way to it.

    Raises:
        UnsafeError: Home itself is another user's link.
    """
    if os.path.islink(home) and not is_own(os.lstat(home), or_root=True):
        raise UnsafeError(f"{home} is another user's link: set KAYBA_SPOOL_DIR to a folder of your own")
    return os.path.realpath(home)


def make_folders(path: str) -> None:
    """Create a folder and its missing parents, accessible to the user only."""
    # `os.makedirs` gives the mode only to the last folder.
    missing = []
    while not os.path.isdir(path):
        missing.append(path)
        path = os.path.dirname(path)
    for each in reversed(missing):
        with suppress(FileExistsError):
            os.mkdir(each, 0o700)


def open_folder(name: str, path: str, **options: Any) -> tuple[int, Identity]:
    """Open a folder that only this user can change, and return its descriptor and identity.

    Args:
        name: The name for the system.
        path: The path for messages.
        **options: `dir_fd`, if the name is relative.

    Raises:
        UnsafeError: It is a link, another user's, or others can write to it.
        OSError: It cannot be opened.
    """
    try:
        descriptor = os.open(name, _FOLDER_FLAGS, **options)
    except OSError as error:
        if is_odd(name, options.get("dir_fd"), stat.S_ISDIR):
            raise UnsafeError(f"{path} is a link or no folder: remove it") from error
        raise
    try:
        facts = os.fstat(descriptor)
        if not is_own(facts):
            raise UnsafeError(f"{path} belongs to another user: set KAYBA_SPOOL_DIR to a new folder, for example in it")
        if facts.st_mode & _OTHERS_WRITE:
            raise UnsafeError(
                f"other users can write to {path}: set KAYBA_SPOOL_DIR to a new folder, for example in it, "
                "or remove their permission if you trust its content (chmod go-w)"
            )
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor, Identity(facts.st_dev, facts.st_ino)


def is_odd(name: str, folder: int | None, is_expected: Callable[[int], bool] = stat.S_ISREG) -> bool:
    """Return whether a name stands for something else than expected, for example a link."""
    try:
        return not is_expected(os.stat(name, follow_symlinks=False, **relative_to(folder)).st_mode)
    except OSError:
        return False


def check_file(name: str, facts: os.stat_result) -> None:
    """Raise `UnsafeError` unless an open file is regular, of this user, and has one name at most."""
    if not stat.S_ISREG(facts.st_mode):
        raise UnsafeError(f"{name} is no file")
    if not is_own(facts):
        raise UnsafeError(f"{name} belongs to another user")
    if facts.st_nlink > 1:
        raise UnsafeError(f"{name} is also the file of another name")


def is_own(facts: os.stat_result, *, or_root: bool = False) -> bool:
    """Return whether a file belongs to this process's user, which Windows does not report."""
    return not hasattr(os, "geteuid") or facts.st_uid == os.geteuid() or (or_root and facts.st_uid == 0)
