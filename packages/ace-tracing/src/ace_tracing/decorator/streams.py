"""Streams: proxies that watch a stream, or a context manager around one, which a traced function returns.

A proxy adds iteration, entering, and the end. Everything else is the stream's: its class for `isinstance`, its
attributes, and its special methods, also those that it does not have.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from types import AsyncGeneratorType, GeneratorType, TracebackType
from typing import Any, Final
from weakref import WeakKeyDictionary

from ace_tracing.clients.helpers import FINAL_METHODS
from ace_tracing.decorator.internal_frames import make_internal, make_methods_internal
from ace_tracing.decorator.items import StreamCollector
from ace_tracing.diagnostics import guard

_NOT_FORWARDED: Final = frozenset(
    (
        "__class__",
        "__class_getitem__",
        "__del__",
        "__delattr__",
        "__dict__",
        "__getattr__",
        "__getattribute__",
        "__init__",
        "__init_subclass__",
        "__new__",
        "__setattr__",
        "__subclasshook__",
        "__weakref__",
    )
)
"""Methods of a class itself, of a proxy's own state, and of the end of its life."""
_classes: Final = WeakKeyDictionary[type, type["_Proxy"]]()


@guard("watching a stream")
def wrap_stream(result: Any, collector: StreamCollector) -> Any:
    """Wrap a stream, or a context manager around one, in a proxy that passes each item to the collector.

    Returns:
        The proxy, or None when the result is not a stream.
    """
    kind = type(result)
    is_async = hasattr(kind, "__aiter__") or hasattr(kind, "__aenter__")
    if is_async or hasattr(kind, "__next__") or (hasattr(kind, "__enter__") and not hasattr(kind, "__len__")):
        return _make_proxy(result, collector)
    return None


def _make_proxy(stream: Any, collector: StreamCollector) -> _Proxy:
    kind = type(stream)
    proxy_class = _classes.get(kind)
    if proxy_class is None:
        _classes[kind] = proxy_class = _make_class(kind)
    collector.watch(innermost_stream(stream))
    return proxy_class(stream, collector)


def is_proxy(kind: type) -> bool:
    """Return whether a class is one of proxies."""
    return issubclass(kind, _Proxy)


def innermost_stream(value: Any) -> Any:
    """Return the stream in a proxy, or in the proxies of several traced functions; any other value unchanged."""
    while is_proxy(type(value)):
        value = object.__getattribute__(value, "_ace_stream")
    return value


def _make_class(kind: type) -> type[_Proxy]:
    """Return a class of proxies with the special methods of a class of streams."""
    members: dict[str, Any] = {"__slots__": ()}
    for name in dir(kind):
        if name.startswith("__") and name.endswith("__") and name not in _NOT_FORWARDED:
            method = getattr(kind, name, None)
            if callable(method):
                members[name] = vars(_Watchers).get(name) or _forward(name)
            elif name == "__hash__":
                members[name] = None
    return type(kind.__name__, (_Proxy,), members)


@make_internal
def _forward(name: str) -> Callable[..., Any]:
    def forward(self: Any, *args: Any, **kwargs: Any) -> Any:
        stream = self._ace_stream
        return getattr(type(stream), name)(stream, *args, **kwargs)

    return forward


@make_methods_internal
class _Proxy:
    """A proxy of a stream. The names of its slots must not be those of a stream's attributes."""

    __slots__ = ("__weakref__", "_ace_collector", "_ace_stream")

    _ace_collector: StreamCollector
    _ace_stream: Any

    def __init__(self, stream: Any, collector: StreamCollector) -> None:
        object.__setattr__(self, "_ace_stream", stream)
        object.__setattr__(self, "_ace_collector", collector)

    @property  # type: ignore[misc]  # for `isinstance`, as in unittest.mock
    def __class__(self) -> Any:
        stream = self._ace_stream
        # A traced function can return the proxy of another one.
        return stream.__class__ if is_proxy(type(stream)) else type(stream)

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._ace_stream, name)
        if name in FINAL_METHODS:
            return _watch_final_method(self, value)
        return value if name not in _WATCHED_METHODS else _watch_method(self, name, value)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._ace_stream, name, value)

    def __delattr__(self, name: str) -> None:
        delattr(self._ace_stream, name)


def _watch_method(proxy: _Proxy, name: str, method: Any) -> Any:
    # `send` of any other stream, such as a websocket, does not return an item.
    is_generator = isinstance(proxy._ace_stream, (GeneratorType, AsyncGeneratorType))
    if not callable(method) or not (is_generator or name in ("close", "aclose")):
        return method
    watch = _aclose if inspect.iscoroutinefunction(method) else _WATCHED_METHODS[name]
    return functools.partial(watch, proxy, method)


def _watch_final_method(proxy: _Proxy, method: Any) -> Any:
    """Return a method whose result is the answer that the stream's span records."""
    if not callable(method):
        return method
    note_answer = proxy._ace_collector.note_answer

    @make_internal
    def call(*args: Any, **kwargs: Any) -> Any:
        answer = method(*args, **kwargs)
        note_answer(answer)
        return answer

    @make_internal
    async def call_async(*args: Any, **kwargs: Any) -> Any:
        answer = await method(*args, **kwargs)
        note_answer(answer)
        return answer

    return call_async if inspect.iscoroutinefunction(method) else call


def _watch_iterator(proxy: _Proxy, iterator: Any) -> Any:
    """Return the proxy of a stream's iterator, which is the stream's proxy if the stream is its own iterator."""
    return proxy if iterator is proxy._ace_stream else _make_proxy(iterator, proxy._ace_collector)


def _watch_entered(proxy: _Proxy, entered: Any) -> Any:
    """Return the proxy of the stream that a context manager returned. Any other value stays as it is."""
    kind = type(entered)
    is_iterable = hasattr(kind, "__iter__") and not hasattr(kind, "__len__")
    if entered is proxy._ace_stream or is_iterable or hasattr(kind, "__aiter__"):
        return _watch_iterator(proxy, entered)
    return entered


@make_internal
def _step(proxy: _Proxy, step: Callable[..., Any], *args: Any) -> Any:
    """Return the next item, after one step of the stream."""
    collector = proxy._ace_collector
    try:
        with collector:
            item = step(*args)
    except StopIteration as end:
        collector.finish(end.value)
        raise
    except BaseException as error:
        collector.fail(error)
        raise
    collector.add(item)
    return item


@make_internal
async def _async_step(proxy: _Proxy, step: Callable[..., Any], *args: Any) -> Any:
    collector = proxy._ace_collector
    try:
        with collector:
            item = await step(*args)
    except StopAsyncIteration:
        collector.finish()
        raise
    except BaseException as error:
        collector.fail(error)
        raise
    collector.add(item)
    return item


@make_internal
def _close(proxy: _Proxy, close: Callable[[], Any]) -> Any:
    try:
        return close()
    finally:
        proxy._ace_collector.finish()


@make_internal
async def _aclose(proxy: _Proxy, close: Callable[[], Any]) -> Any:
    try:
        return await close()
    finally:
        proxy._ace_collector.finish()


def _end(proxy: _Proxy, error: BaseException | None) -> None:
    if error is None:
        proxy._ace_collector.finish()
    else:
        proxy._ace_collector.fail(error)


@make_methods_internal
class _Watchers:
    """The special methods that a proxy does not only forward."""

    _ace_collector: StreamCollector
    _ace_stream: Any

    def __enter__(self: Any) -> Any:
        stream, collector = self._ace_stream, self._ace_collector
        try:
            # Some clients send their request here.
            with collector:
                entered = type(stream).__enter__(stream)
        except BaseException as error:
            collector.fail(error)
            raise
        return _watch_entered(self, entered)

    def __exit__(
        self: Any, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> Any:
        stream = self._ace_stream
        try:
            return type(stream).__exit__(stream, kind, error, where)
        finally:
            _end(self, error)

    def __iter__(self: Any) -> Any:
        return _watch_iterator(self, iter(self._ace_stream))

    def __next__(self: Any) -> Any:
        return _step(self, next, self._ace_stream)

    async def __aenter__(self: Any) -> Any:
        stream, collector = self._ace_stream, self._ace_collector
        try:
            with collector:
                entered = await type(stream).__aenter__(stream)
        except BaseException as error:
            collector.fail(error)
            raise
        return _watch_entered(self, entered)

    async def __aexit__(
        self: Any, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> Any:
        stream = self._ace_stream
        try:
            return await type(stream).__aexit__(stream, kind, error, where)
        finally:
            _end(self, error)

    def __aiter__(self: Any) -> Any:
        return _watch_iterator(self, aiter(self._ace_stream))

    async def __anext__(self: Any) -> Any:
        return await _async_step(self, anext, self._ace_stream)


_WATCHED_METHODS: Final[dict[str, Callable[..., Any]]] = {
    "send": _step,
    "throw": _step,
    "close": _close,
    "asend": _async_step,
    "athrow": _async_step,
    "aclose": _aclose,
}
