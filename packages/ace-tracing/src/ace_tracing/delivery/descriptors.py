"""Descriptors: whether a number still stands for the file that this package opened.

Any code of the process may close descriptors by number, as recipes for daemons do with `os.closerange`. The numbers
then go to the next files that the program opens, which this package must neither write nor close.
"""

from __future__ import annotations

import os
from typing import NamedTuple


class Identity(NamedTuple):
    """Device and inode of an open file or socket."""

    device: int
    inode: int


def identify(descriptor: int) -> Identity | None:
    """Return the identity of an open file or socket; None when the number is closed, or the system cannot report it."""
    try:
        found = os.fstat(descriptor)
    except OSError:
        return None
    return Identity(found.st_dev, found.st_ino)


def close(descriptor: int, identity: Identity | None) -> None:
    """Close an open file unless other code closed it meanwhile: its number may stand for another file by then."""
    if identify(descriptor) == identity:
        os.close(descriptor)


def is_closed(descriptor: int) -> bool:
    """Return whether a number stands for no open file."""
    try:
        os.fstat(descriptor)
    except OSError:
        return True
    return False
