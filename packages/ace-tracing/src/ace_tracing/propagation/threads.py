"""Patches of threads, executors, processes and greenlets that propagate the running span into the work they run."""

from __future__ import annotations

import functools
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from contextvars import Context
from typing import Any, TypeVar

from ace_tracing.propagation.bound_context import BoundContext, bind_context
from ace_tracing.propagation.companion import companion
from ace_tracing.propagation.executors import make_submit, propagation
from ace_tracing.propagation.patches import patch, unpatch_all
from ace_tracing.propagation.processes import SpawnContext
from ace_tracing.recording.context import current_scope, current_span

E = TypeVar("E")


def propagate_context(on: bool = True) -> None:
    """Make new threads, work in executors and new processes part of the trace that started them, process-wide.

    Their spans become children of the span in which the thread or process was started, or the work was submitted. This
    covers:

    - `ThreadPoolExecutor`, and with it `loop.run_in_executor`, which is on by default after `configure`;
    - `threading.Thread` and `ProcessPoolExecutor`;
    - greenlets of gevent, when gevent is imported before this call;
    - processes that `multiprocessing` starts by spawn or forkserver, which also get this process's configuration.

    Where Python already propagates the context, nothing changes. Only this package's context is propagated, no other
    context variable. Call it before pools are made. A second call has no effect.

    Args:
        on: False undoes it for threads, work and processes that start from then on. It also ends the propagation into
            `ThreadPoolExecutor` that is on by default.
    """
    propagation.mode = "all" if on else "off"
    if on:
        _patch_all()
    else:
        _set_greenlet_callback(False)
        unpatch_all()


def with_context(executor: E) -> E:
    """Make the work of one executor part of the trace that submits it.

    Args:
        executor: Any executor with a `submit` method, of threads or of processes. Its processes trace only if they call
            `configure` themselves or are forked after `configure`.

    Returns:
        The same executor.
    """
    untyped: Any = executor
    if not isinstance(untyped.submit, _BindingSubmit):
        untyped.submit = _BindingSubmit(untyped.submit)
    return executor


class _BindingSubmit:
    """The `submit` method of one executor, which binds the submitted function to its context."""

    def __init__(self, submit: Callable[..., Any]) -> None:
        self._submit = submit
        functools.update_wrapper(self, submit)

    def __call__(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        return self._submit(bind_context(fn), *args, **kwargs)


def _make_process_submit(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def submit(self: Any, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        return original(self, bind_context(fn) if propagation.mode == "all" else fn, *args, **kwargs)

    return submit


def _make_thread_start(original: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(original)
    def start(self: threading.Thread) -> None:
        if propagation.mode != "all":
            original(self)
            return
        attributes = self.__dict__
        before = {key: attributes[key] for key in ("run",) if key in attributes}
        bound_run = BoundContext(self.run)

        def restore() -> None:
            attributes.pop("run", None)
            attributes.update(before)

        def run() -> None:
            # Restored first, since the bound method keeps the thread in a cycle and a subclass may read its own `run`.
            restore()
            bound_run()

        attributes["run"] = run
        try:
            original(self)
        except BaseException:
            restore()
            raise

    return start


def _make_process_start(original: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(original)
    def start(self: Any) -> None:
        if propagation.mode != "all":
            original(self)
            return
        self._ace_tracing = SpawnContext(propagate_context)
        try:
            original(self)
        finally:
            del self._ace_tracing

    return start


def _patch_all() -> None:
    from concurrent.futures import ThreadPoolExecutor

    patch(threading.Thread, "start", _make_thread_start)
    patch(ThreadPoolExecutor, "submit", make_submit)
    # Some platforms cannot start processes.
    with suppress(ImportError):
        from concurrent.futures.process import ProcessPoolExecutor
        from multiprocessing.process import BaseProcess

        patch(ProcessPoolExecutor, "submit", _make_process_submit)
        patch(BaseProcess, "start", _make_process_start)
    _set_greenlet_callback(True)


def _set_greenlet_callback(on: bool) -> None:
    greenlet: Any = getattr(sys.modules.get("gevent"), "Greenlet", None)
    if greenlet is not None:
        greenlet.remove_spawn_callback(_copy_context_to_greenlet)
        if on:
            greenlet.add_spawn_callback(_copy_context_to_greenlet)


def _copy_context_to_greenlet(greenlet: Any) -> None:
    """Set the spawning greenlet's span and scope in a new greenlet. gevent calls it in the spawning greenlet."""
    context = Context() if greenlet.gr_context is None else greenlet.gr_context.copy()
    context.run(current_span.set, current_span.get())
    context.run(current_scope.set, current_scope.get())
    if (bridge := companion.bridge) is not None:
        context.run(bridge.enter, bridge.capture())
    greenlet.gr_context = context
