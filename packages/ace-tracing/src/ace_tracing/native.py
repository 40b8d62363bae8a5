"""Native threads and locks, also while gevent or eventlet replaces those of the standard library.

Those libraries may patch the standard library before or after this package is imported, `configure` is called, or the
first trace has ended. The worker is a thread of the operating system in each case, and shares native locks with the
threads and greenlets that record, so the order does not matter.
"""

from __future__ import annotations

import _thread
import sys
import threading
from collections.abc import Callable
from importlib.machinery import PathFinder
from typing import Any, Final

from ace_tracing.clocks import monotonic, pause

_POLL_S: Final = 0.005
"""How long a greenlet sleeps before it looks for the result of a native thread again, in seconds."""


def is_patched() -> bool:
    """Return whether gevent or eventlet has replaced the threads or the sockets of the standard library."""
    gevent: Any = sys.modules.get("gevent.monkey")
    if gevent is not None and any(map(gevent.is_module_patched, ("_thread", "socket"))):
        return True
    eventlet: Any = sys.modules.get("eventlet.patcher")
    return eventlet is not None and any(map(eventlet.is_monkey_patched, ("thread", "socket")))


def import_pool_for_gevent() -> None:
    """Import thread pools if gevent is installed, which resolves names in them and may be imported later.

    While the interpreter shuts down, their module can no longer be imported. eventlet, which replaces locks in modules
    that are imported, needs it to be imported after its patch.
    """
    if sys.modules.get("gevent") is not None or (_is_installed("gevent") and not _is_installed("eventlet")):
        import concurrent.futures.thread  # noqa: F401


def _is_installed(name: str) -> bool:
    # A module that a program forbids is None.
    return sys.modules.get(name, True) is not None and PathFinder.find_spec(name) is not None


def _original(name: str) -> Any:
    """Return a function or class of `_thread` as it was before a library replaced it."""
    gevent: Any = sys.modules.get("gevent.monkey")
    if gevent is not None and gevent.is_object_patched("_thread", name):
        return gevent.get_original("_thread", name)
    eventlet: Any = sys.modules.get("eventlet.patcher")
    if eventlet is not None and eventlet.is_monkey_patched("thread"):
        return getattr(eventlet.original("_thread"), name)
    return getattr(_thread, name)


RLock: Final[Any] = _original("RLock")
allocate_lock: Final[Any] = _original("allocate_lock")
get_ident: Final[Callable[[], int]] = _original("get_ident")
_start_new_thread: Final[Callable[..., int]] = _original("start_new_thread")


class Condition(threading.Condition):
    """A condition with a native lock. A greenlet that waits lets the others run."""

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for a notification, or, in a greenlet, for a moment.

        Args:
            timeout: The longest wait, in seconds.

        Returns:
            Whether the condition was notified. A greenlet returns True after its moment, and has to look itself.
        """
        if not is_patched():
            return super().wait(timeout)
        state = self._release_save()  # type: ignore[attr-defined]
        try:
            pause(_POLL_S if timeout is None else min(timeout, _POLL_S))
        finally:
            self._acquire_restore(state)  # type: ignore[attr-defined]
        return True


class DaemonThread:
    """A thread of the operating system that does not delay the end of the process.

    Args:
        target: The function that it runs.
        name: Its name in `threading.enumerate`, which does not list it while threads are patched.
    """

    def __init__(self, target: Callable[[], object], name: str) -> None:
        self._target = target
        self._name = name
        self._thread: threading.Thread | None = None
        self._ident = 0
        self._is_running = False

    def start(self) -> None:
        """Start the thread.

        Raises:
            RuntimeError: The interpreter is shutting down and starts no more threads.
        """
        self._is_running = True
        try:
            if is_patched():
                _start_new_thread(self._run, ())
            else:
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()
        except BaseException:
            self._is_running = False
            raise

    def is_alive(self) -> bool:
        """Return whether the thread was started and has not ended."""
        return self._is_running and (self._thread is None or self._thread.is_alive())

    @property
    def is_current(self) -> bool:
        """Whether the caller runs in this thread."""
        return self._is_running and self._ident == get_ident()

    def join(self, timeout: float) -> None:
        """Wait until the thread ends, at most `timeout` seconds. In a greenlet, the others run meanwhile."""
        if self._thread is not None and not is_patched():
            self._thread.join(min(timeout, threading.TIMEOUT_MAX))
            return
        deadline = monotonic() + timeout
        while self.is_alive() and monotonic() < deadline:
            pause(_POLL_S)

    def _run(self) -> None:
        self._ident = get_ident()
        try:
            self._target()
        finally:
            if self._thread is not None and is_patched():
                # A library has replaced the idents since the start, and the thread looks itself up by its ident now.
                active: Any = threading._active  # type: ignore[attr-defined]
                active.pop(self._thread.ident, None)
                active[threading.get_ident()] = self._thread
            self._is_running = False
