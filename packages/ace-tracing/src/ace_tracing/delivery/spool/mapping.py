"""Mappings: files in memory that stay correct when other code closes the descriptors of the process."""

from __future__ import annotations

import mmap
import os
import sys
from functools import partial
from typing import Any, Final

from ace_tracing.delivery.descriptors import Identity, identify, is_closed

# From 3.13 on, a mapping works without a descriptor. Before, and for Windows' handles, `mmap` keeps a copy.
_OPTIONS: Final[dict[str, Any]] = {"trackfd": False} if sys.version_info >= (3, 13) and os.name == "posix" else {}
_HAS_COPY: Final = not _OPTIONS and os.name == "posix"
_MAX_SEARCHED: Final = 1024
_FREE_PAGES: Final[int | None] = getattr(mmap, "MADV_DONTNEED", None)


class Mapping:
    """A file that is mapped into memory. The caller may close its own descriptor.

    Args:
        descriptor: The open file.
        size: How many bytes to map.

    Attributes:
        memory: The memory.
    """

    __slots__ = ("_copy", "_identity", "memory")

    def __init__(self, descriptor: int, size: int) -> None:
        self._identity = identify(descriptor)
        free = _find_free_number(descriptor) if _HAS_COPY else 0
        self.memory = mmap.mmap(descriptor, size, **_OPTIONS)
        self._copy = _find_copy(descriptor, free, self._identity) if _HAS_COPY else None

    def free_pages(self) -> None:
        """Take the content out of the process's memory. It stays in the file, and is read again when it is used."""
        if _FREE_PAGES is not None:
            self.memory.madvise(_FREE_PAGES)

    def close(self) -> None:
        """End the mapping, unless that would close another file."""
        if self._copy is None or identify(self._copy) == self._identity or is_closed(self._copy):
            self.memory.close()
        else:
            # The number of the copy belongs to a file of the program, which `mmap` would close with the mapping, or
            # when it is garbage-collected. The interpreter frees its fork handlers after all modules and their files.
            os.register_at_fork(after_in_child=partial(_hold, self.memory))


def _hold(memory: mmap.mmap) -> None:
    """Do nothing, and refer to a mapping for as long as the process lives."""


def _find_free_number(descriptor: int) -> int:
    """Return the number that the next descriptor gets unless another thread is faster."""
    number = os.dup(descriptor)
    os.close(number)
    return number


def _find_copy(descriptor: int, expected: int, identity: Identity | None) -> int | None:
    """Return the number of the copy that `mmap` has made of a descriptor."""
    numbers: tuple[int, ...] = (expected, *range(_MAX_SEARCHED))
    for number in numbers:
        if number != descriptor and identify(number) == identity:
            return number
    return None
