"""Forks: notices that this process is a forked child, and renews the state that it must not share with its parent.

`os.fork` runs Python's hooks. A fork in C runs none, and uWSGI forks its workers that way. Each entry point therefore
looks at `page`, a page of memory that the kernel clears in every child. That takes 11 ns, and `os.getpid`, a system
call, 15 times as long.
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Callable
from typing import Final, Protocol

from ace_tracing.diagnostics import internal_error
from ace_tracing.native import RLock

_WIPE_ON_FORK: Final = 18
"""Linux's `MADV_WIPEONFORK`, which the module `mmap` does not have."""


class _Page(Protocol):
    def __getitem__(self, index: int, /) -> int: ...

    def __setitem__(self, index: int, value: int, /) -> None: ...


class _ProcessId:
    """A page for systems whose kernel clears none: its item 0 is 1 in the process that set it last, and 0 in others."""

    def __init__(self) -> None:
        self._process = 0

    def __getitem__(self, _: int, /) -> int:
        return self._process == os.getpid()

    def __setitem__(self, _: int, __: int, /) -> None:
        self._process = os.getpid()


class _Gate:
    """The lock of one renewal. It is made in the child, so no thread of the parent holds it."""

    def __init__(self) -> None:
        self.lock = RLock()
        self.is_entered = False


def _make_page() -> _Page:
    if not hasattr(os, "fork"):
        return bytearray(1)
    page = None
    try:
        page = mmap.mmap(-1, mmap.PAGESIZE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        page.madvise(_WIPE_ON_FORK)
    except (AttributeError, OSError):
        return _ProcessId()
    try:
        page.madvise(-1)
    except OSError:
        return page
    # This system, an emulator, accepts any advice and follows none.
    return _ProcessId()


page: Final = _make_page()
"""Its item 0 is 1, and 0 in a forked child until `renew` has run there."""
page[0] = 1

_handlers: Final[list[Callable[[], object]]] = []
_gates: Final[dict[tuple[int, int], _Gate]] = {}
_generation = 0


def on_fork(handler: Callable[[], object]) -> None:
    """Call a function in each forked child, before anything of this package runs there, in order of registration."""
    _handlers.append(handler)


def renew_if_forked() -> None:
    """Call the handlers if this is a forked child in which nothing has done so yet."""
    if not page[0]:
        renew()


def renew() -> None:
    """Call the handlers in a forked child, once. Another thread of the child waits until that is done."""
    global _generation
    # No lock of the parent is usable here, so each thread brings one. `setdefault` decides which of them all use.
    gate = _gates.setdefault((os.getpid(), _generation), _Gate())
    with gate.lock:
        # It is entered if the garbage collector called back into traced code during the renewal.
        if page[0] or gate.is_entered:
            return
        gate.is_entered = True
        for handler in _handlers:
            try:
                handler()
            except Exception:  # noqa: BLE001 - see diagnostics.guard
                internal_error("renewing tracing after a fork")
        _gates.clear()
        _generation += 1
        page[0] = 1


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=renew)
