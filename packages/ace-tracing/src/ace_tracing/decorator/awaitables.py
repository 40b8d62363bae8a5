"""Awaitables: the span of a call that returns a coroutine or a future lasts until that ends.

A coroutine that nobody else refers to is replaced by one that awaits it in the call's span. A future stays the same
object and gets a callback. Any other awaitable ends the span at once.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from types import CoroutineType
from typing import Any, Final

from ace_tracing.decorator.internal_frames import make_internal
from ace_tracing.decorator.items import StreamCollector
from ace_tracing.diagnostics import guard
from ace_tracing.values.introspection import MISSING, bases_of, class_attribute, namespace_of

EndWithResult = Callable[[list[Any], StreamCollector], Any]
"""Ends the span of a call with the awaited result, the only item of the list. Returns the object for the user."""

_FUTURES: Final = (
    ("asyncio.tasks", "_CTask"),
    ("asyncio.futures", "_CFuture"),
    ("asyncio.futures", "_PyFuture"),
    ("concurrent.futures._base", "Future"),
)
"""Modules with their classes of futures. They are not imported here: a future means that its module is imported."""
_FUTURE_ATTRIBUTES: Final = ("add_done_callback", "_state", "_exception", "_result")
_CANCELLED: Final = ("CANCELLED", "CANCELLED_AND_NOTIFIED")


def is_awaitable(kind: type) -> bool:
    """Return whether `watch_awaitable` may watch the objects of a class."""
    return kind is CoroutineType or _future_class_of(kind) is not None


def watch_awaitable(held: list[Any], collector: StreamCollector, end_with_result: EndWithResult) -> bool:
    """Let the span of a call last until the awaitable that it returned ends.

    Args:
        held: A list with the awaitable alone. The function may replace it by an object for the user.
        collector: The collector of the call's span.
        end_with_result: Takes the awaited result.

    Returns:
        Whether the awaitable is watched. False for an object that is no awaitable or cannot be watched.
    """
    with guard("watching an awaitable"):
        if collector.span is None or collector.span._end_ns is not None:
            return False
        kind = type(held[0])
        if kind is CoroutineType:
            return _watch_coroutine(held, collector, end_with_result)
        future_class = _future_class_of(kind)
        if future_class is not None:
            return _watch_future(held[0], future_class, collector)
    return False


class _UnstartedCoroutine:
    """A coroutine before its start. If it is never started, it is closed, and the span ends."""

    __slots__ = ("_collector", "_coroutine")

    def __init__(self, coroutine: Any, collector: StreamCollector) -> None:
        self._coroutine: Any = coroutine
        self._collector = collector

    def take(self) -> Any:
        """Return the coroutine, which starts now."""
        coroutine, self._coroutine = self._coroutine, None
        return coroutine

    def __del__(self) -> None:
        # At the recursion limit, `__init__` may not have run.
        coroutine = self.take() if hasattr(self, "_collector") else None
        if coroutine is not None:
            # The coroutine in its place has warned that it was never awaited.
            coroutine.close()
            name = coroutine.__qualname__
            self._collector.abandon(
                f"The coroutine '{name}' never ran: it was not awaited, or cancelled before it began."
            )


@make_internal
async def _run(unstarted: _UnstartedCoroutine, collector: StreamCollector, end_with_result: EndWithResult) -> Any:
    """Run a coroutine in the span of the call that returned it."""
    try:
        with collector:
            held = [await unstarted.take()]
    except BaseException as error:
        collector.fail_call(error)
        raise
    return end_with_result(held, collector)


def _watch_coroutine(held: list[Any], collector: StreamCollector, end_with_result: EndWithResult) -> bool:
    # Somebody else can await a coroutine that they refer to, and expects the same object.
    if not _is_unshared(held) or inspect.getcoroutinestate(held[0]) != inspect.CORO_CREATED:
        return False
    coroutine = held[0]
    unstarted = _UnstartedCoroutine(coroutine, collector)
    try:
        watched: Any = _run(unstarted, collector, end_with_result)
        watched.__name__ = coroutine.__name__
        watched.__qualname__ = coroutine.__qualname__
    except BaseException:
        unstarted.take()
        raise
    held[0] = watched
    return True


def _count_references(held: list[Any]) -> int:
    return sys.getrefcount(held[0])


_UNSHARED_COUNT: Final = _count_references([object()])
"""The count of an object that only a list refers to. It depends on the version of Python."""


def _is_unshared(held: list[Any]) -> bool:
    """Return whether nothing but a list refers to its item."""
    return _count_references(held) <= _UNSHARED_COUNT


def _future_class_of(kind: type) -> type | None:
    """Return the class of futures that a class is derived from, unless it overrides attributes that are read here."""
    for base in bases_of(kind):
        for module, name in _FUTURES:
            if getattr(sys.modules.get(module), name, MISSING) is base:
                own = namespace_of(base)
                is_same = all(class_attribute(kind, key) is own.get(key, MISSING) for key in _FUTURE_ATTRIBUTES)
                return base if is_same else None
    return None


class _EndOfFuture:
    """The callback of a future, which ends the span of the call that returned the future."""

    __slots__ = ("_collector",)

    def __init__(self, collector: StreamCollector) -> None:
        self._collector = collector

    def __call__(self, future: Any) -> None:
        """End the span with the result or the exception of a future that is done."""
        with guard("ending the span of a future"):
            # `exception()` would mark the exception as retrieved, and asyncio would not log it.
            error = future._exception
            if future._state in _CANCELLED:
                error = _cancelled_error(future)
            if error is None:
                self._collector.finish_with_result(future._result)
            else:
                self._collector.fail_call(error)

    def __del__(self) -> None:
        self._collector.abandon("The future was never done.")


def _watch_future(future: Any, future_class: Any, collector: StreamCollector) -> bool:
    callback = _EndOfFuture(collector)
    if future._state == "FINISHED" or future._state in _CANCELLED:
        callback(future)
    else:
        future_class.add_done_callback(future, callback)
    return True


def _cancelled_error(future: Any) -> BaseException:
    """Return an exception like the one that the future raises. Its own one would lose its traceback."""
    message = getattr(future, "_cancel_message", None)
    module = sys.modules["asyncio.exceptions" if hasattr(future, "_cancel_message") else "concurrent.futures._base"]
    error: BaseException = module.CancelledError(*(() if message is None else (message,)))
    return error
