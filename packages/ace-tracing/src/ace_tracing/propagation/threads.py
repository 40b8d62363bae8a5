"""Threads, executors and processes that take the running span along, where Python itself does not.

Work that takes the submitter's place in the trace with it, to a thread or into another process.
"""

from __future__ import annotations

import functools
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from contextvars import Context
from typing import Any, TypeVar

from ace_tracing.propagation.processes import SpawnContext
from ace_tracing.propagation.span_context import SpanContext, running
from ace_tracing.recording.tracer import current_scope, current_span
from ace_tracing.runtime import state

E = TypeVar("E")

_lock = threading.Lock()
_on = False
_patched: list[tuple[type, str, Any, Any]] = []


def propagate_context(on: bool = True) -> None:
    """Let new threads, executors' work and processes be part of the trace that they are started in, process-wide.

    From then on, what runs in a `threading.Thread`, a `ThreadPoolExecutor` (so also in `loop.run_in_executor`) or a
    `ProcessPoolExecutor`, or in a greenlet of gevent (when gevent is imported before this call), is a child of the span
    in which the thread or the greenlet was started, or the work was submitted; and
    processes that `multiprocessing` starts by spawn or forkserver are configured as this one is, and their spans are
    children of the span in which they were started. Where Python carries the context by itself, nothing changes. Only
    this package's context is carried, no other context variable.

    Doing it again does nothing. Call it before pools are made.

    Args:
        on: False undoes it, for what is started from then on.
    """
    global _on
    with _lock:
        _on = on
        if on:
            _patch_all()
        else:
            _unpatch_all()


def with_context(executor: E) -> E:
    """Let the work given to one executor be part of the trace in which it was submitted.

    Args:
        executor: any with a `submit` method, of threads or of processes. Processes must be configured themselves, or
            forked after `configure`, to trace.

    Returns:
        The same executor.
    """
    given: Any = executor
    if not isinstance(given.submit, _Submit):
        given.submit = _Submit(given.submit)
    return executor


class _Submit:
    """An executor's own `submit`, of work that carries its context."""

    def __init__(self, submit: Callable[..., Any]) -> None:
        self._submit = submit
        functools.update_wrapper(self, submit)

    def __call__(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        return self._submit(_carried(fn), *args, **kwargs)


def _carried(function: Callable[..., Any]) -> Callable[..., Any]:
    return function if isinstance(function, BoundContext) else BoundContext(function)


def _submit(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def submit(self: Any, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        return original(self, _carried(fn) if _on else fn, *args, **kwargs)

    return submit


def _start_thread(original: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(original)
    def start(self: threading.Thread) -> None:
        if not _on:
            original(self)
            return
        own = self.__dict__
        before = {key: own[key] for key in ("run",) if key in own}
        carried = BoundContext(self.run)

        def restore() -> None:
            own.pop("run", None)
            own.update(before)

        def run() -> None:
            # At once: the thread would hold itself in a cycle, and a subclass may look at its own run.
            restore()
            carried()

        own["run"] = run
        try:
            original(self)
        except BaseException:
            restore()
            raise

    return start


def _start_process(original: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(original)
    def start(self: Any) -> None:
        if not _on:
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

    _patch(threading.Thread, "start", _start_thread)
    _patch(ThreadPoolExecutor, "submit", _submit)
    # Not every platform has processes to start.
    with suppress(ImportError):
        from concurrent.futures.process import ProcessPoolExecutor
        from multiprocessing.process import BaseProcess

        _patch(ProcessPoolExecutor, "submit", _submit)
        _patch(BaseProcess, "start", _start_process)
    _follow_greenlets(True)


def _follow_greenlets(on: bool) -> None:
    greenlet: Any = getattr(sys.modules.get("gevent"), "Greenlet", None)
    if greenlet is not None:
        greenlet.remove_spawn_callback(_start_greenlet)
        if on:
            greenlet.add_spawn_callback(_start_greenlet)


def _start_greenlet(greenlet: Any) -> None:
    """Called by gevent, in the greenlet that starts another."""
    context = Context() if greenlet.gr_context is None else greenlet.gr_context.copy()
    context.run(current_span.set, current_span.get())
    context.run(current_scope.set, current_scope.get())
    greenlet.gr_context = context


def _patch(owner: type, name: str, make: Callable[[Callable[..., Any]], Callable[..., Any]]) -> None:
    if any(row[:2] == (owner, name) for row in _patched):
        return
    original = getattr(owner, name)
    ours = make(original)
    setattr(owner, name, ours)
    _patched.append((owner, name, original, ours))


def _unpatch_all() -> None:
    _follow_greenlets(False)
    # What someone else has patched over ours stays, and passes everything on unchanged.
    for row in list(_patched):
        owner, name, original, ours = row
        if getattr(owner, name) is ours:
            setattr(owner, name, original)
            _patched.remove(row)


class BoundContext:
    """A function that runs where this object was made, as far as traces go, wherever it is called.

    Only the package's own context variables are carried: what others keep in theirs is as it would be without us. In a
    pickle the running span is what another process can take up.

    Args:
        function: what to call.
    """

    __slots__ = ("_function", "_scope", "_span")

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
        self._span = current_span.get()
        self._scope = current_scope.get()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function."""
        span, scope = current_span.set(self._span), current_scope.set(self._scope)
        try:
            return self._function(*args, **kwargs)
        finally:
            current_scope.reset(scope)
            current_span.reset(span)

    def __reduce__(self) -> tuple[Callable[..., BoundContext], tuple[Any, ...]]:
        # Pickled by whatever thread of a pool does that, not where it was made.
        token = current_span.set(self._span)
        try:
            return _unpickle, (self._function, running(), self._scope)
        finally:
            current_span.reset(token)


def _unpickle(function: Callable[..., Any], parent: SpanContext | None, scope: Any) -> BoundContext:
    carried = BoundContext(function)
    tracer = state.tracer
    carried._span = parent.take_up(tracer) if parent is not None and tracer is not None else None
    carried._scope = scope
    return carried
