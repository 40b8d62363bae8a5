"""Live results: objects that a traced function returns before its work has ended, such as a coroutine.

`end_with_result` takes every such result of a call. Any other result is recorded by `TracedFunction.end` at once.
"""

from __future__ import annotations

import weakref
from typing import Any, Final

from ace_tracing.decorator.awaitables import is_awaitable, watch_awaitable
from ace_tracing.decorator.client_results import is_client_result, watch_client_result
from ace_tracing.decorator.items import StreamCollector
from ace_tracing.decorator.streams import wrap_stream
from ace_tracing.values.snapshot import DEFAULT_LIMITS, Limits, make_snapshot

MAX_CACHED_CLASSES: Final = 1_000

# Keyed by id, with a weak reference: hashing a class would run its metaclass's code, and a strong reference would keep
# the class alive.
_cache: Final[dict[int, tuple[weakref.ref[type], bool]]] = {}


class LiveResult(Exception):  # noqa: N818 - a signal, not an error
    """Signal that a result of a call is live, so it is not encoded."""


def is_live(kind: type) -> bool:
    """Return whether the results of a class may be live. No code of the class runs."""
    cached = _cache.get(id(kind))
    if cached is None or cached[0]() is not kind:
        if len(_cache) >= MAX_CACHED_CLASSES:
            _cache.clear()
        cached = _cache[id(kind)] = (weakref.ref(kind), is_awaitable(kind) or is_client_result(kind))
    return cached[1]


def end_with_result(held: list[Any], collector: StreamCollector, *, follows_awaitables: bool = True) -> Any:
    """End the span of a call with its result. If the result is live, the span ends when the result does.

    Args:
        held: A list with the result alone. The caller has no other reference to the result, because an object that
            nobody else refers to can be replaced.
        collector: The collector of the call's span.
        follows_awaitables: Whether the span lasts until an awaitable ends.

    Returns:
        The object for the user: the result, or an object in its place that behaves like it.
    """
    if collector.recorder.reducer is not None:
        proxy = wrap_stream(held[0], collector)
        if proxy is not None:
            return proxy
    if follows_awaitables and watch_awaitable(held, collector, _end_with_awaited_result):
        return held.pop()
    watched = watch_client_result(held[0], collector)
    if watched is not None:
        return watched
    result = held.pop()
    collector.finish_with_result(result)
    return result


def _end_with_awaited_result(held: list[Any], collector: StreamCollector) -> Any:
    return end_with_result(held, collector, follows_awaitables=False)


def _raise_if_live(value: object) -> None:
    if is_live(type(value)):
        raise LiveResult


snapshot_result: Final = make_snapshot(Limits(media_chars=DEFAULT_LIMITS.media_chars, inspect=_raise_if_live))
"""Encodes the result of a call, or raises `LiveResult`."""
