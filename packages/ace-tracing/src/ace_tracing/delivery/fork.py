"""Fork safety and process exit: imports that a fork must not interrupt, and delivery at the end of child processes.

A child that is forked while another thread imports a module has a half-initialized module whose import lock is held for
ever. A fork therefore waits until the imports of a `configure` that runs in another thread are done, for at most
`MAX_WAIT_S`.

Child processes of `multiprocessing` skip `atexit`. A finalizer of `multiprocessing` delivers their traces.

`ace_tracing.process` replaces the parent's state in a forked child.
"""

from __future__ import annotations

# `logging` registers a fork handler when it is imported. Handlers that run before a fork run in reverse order of their
# registration. With `logging` imported first, `_acquire` runs before `logging` takes its lock, without which a running
# import cannot end.
import logging  # noqa: F401
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from ace_tracing.forks import on_fork
from ace_tracing.native import RLock

MAX_WAIT_S: Final = 10.0
"""The longest time that a fork waits for an import, in seconds."""

_lock = RLock()
_is_acquired = False


@contextmanager
def no_fork() -> Iterator[None]:
    """Delay forks of the process while the block runs."""
    with _lock:
        yield


def _acquire() -> None:
    """Wait for running imports. Runs before a fork, on the thread that forks."""
    global _is_acquired
    _is_acquired = _lock.acquire(timeout=MAX_WAIT_S)


def _release() -> None:
    """Allow imports again. Runs after a fork, in the parent."""
    if _is_acquired:
        _lock.release()


def _renew_lock() -> None:
    """Replace the lock. Runs after a fork, in the child, where the threads that may hold the lock do not exist."""
    global _lock
    _lock = RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_acquire, after_in_parent=_release)
on_fork(_renew_lock)


_EXIT_PRIORITY: Final = -1_000
"""The finalizer's priority: it runs after the user's finalizers, which may trace, and after children are joined."""

_is_announced = False
_registered_pid = 0


def register_exit_delivery(deliver: Callable[[], object]) -> None:
    """Call `deliver` when this process, or one forked from it, ends and `multiprocessing` runs it.

    Does nothing unless `multiprocessing` is imported, which it always is in its child processes. Other processes use
    `atexit`.

    Args:
        deliver: A module-level function, the same on every call.
    """
    global _is_announced
    util: Any = sys.modules.get("multiprocessing.util")
    if util is None:
        return
    if not _is_announced:
        # A forked child clears its finalizers and then runs these callbacks, so a finalizer registered here stays.
        util.register_after_fork(deliver, _register_finalizer)
        _is_announced = True
    if _registered_pid != os.getpid() and sys.modules["multiprocessing.process"].parent_process() is not None:
        _register_finalizer(deliver)


def _register_finalizer(deliver: Callable[[], object]) -> None:
    global _registered_pid
    _registered_pid = os.getpid()
    sys.modules["multiprocessing.util"].Finalize(None, deliver, exitpriority=_EXIT_PRIORITY)
