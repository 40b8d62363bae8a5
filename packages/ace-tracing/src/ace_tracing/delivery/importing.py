"""Imports on our own thread, and forks on others: one waits for the other.

A child that is forked while a thread imports a module has that module half made and its lock held for ever. So a fork
waits until an import of ours is done, for a bounded time.
"""

from __future__ import annotations

# At a fork it takes its lock, which modules need that are being imported. What is registered first is called last, so
# with this import first the fork waits for them before that lock is taken, and not while it is held.
import logging  # noqa: F401
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

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
