"""Imports on our own thread, and forks on others: one waits for the other.

A child that is forked while a thread imports a module has that module half made and its lock held for ever. So a fork
waits until an import of ours is done, for a bounded time.

Processes that `multiprocessing` runs leave past `atexit`: a finalizer of theirs delivers what they traced.
"""

from __future__ import annotations

import logging  # noqa: F401
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

LONGEST_WAIT_S = 10.0

_lock = threading.RLock()
_held = False


@contextmanager
def no_fork() -> Iterator[None]:
    """Keep the process from being forked while the block runs."""
    with _lock:
        yield


def _wait() -> None:
    global _held
    _held = _lock.acquire(timeout=LONGEST_WAIT_S)


def _go_on() -> None:
    if _held:
        _lock.release()


def _go_on_in_child() -> None:
    global _lock
    _lock = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_wait, after_in_parent=_go_on, after_in_child=_go_on_in_child)


_AFTER_THE_USERS = -1_000
"""A finalizer's priority: after those of users, which may trace, and after the process's own children were joined."""

_announced = False
_arranged_in = 0


def deliver_at_end(deliver: Callable[[], object]) -> None:
    """Call `deliver` when this process ends, or one forked from it, if `multiprocessing` runs it.

    Does nothing before `multiprocessing` is imported: a process that it runs has imported it. `atexit` is for the rest.

    Args:
        deliver: a function of a module, always the same.
    """
    global _announced
    util: Any = sys.modules.get("multiprocessing.util")
    if util is None:
        return
    if not _announced:
        # A child clears its finalizers before it runs these callbacks: those found then are the ones that stay.
        util.register_after_fork(deliver, _arrange)
        _announced = True
    if _arranged_in != os.getpid() and sys.modules["multiprocessing.process"].parent_process() is not None:
        _arrange(deliver)


def _arrange(deliver: Callable[[], object]) -> None:
    global _arranged_in
    _arranged_in = os.getpid()
    sys.modules["multiprocessing.util"].Finalize(None, deliver, exitpriority=_AFTER_THE_USERS)
