"""Streams: proxies that watch a stream, or a context manager around one, which a traced function returns."""

from __future__ import annotations

from types import TracebackType
from typing import Any

from ace_tracing.decorator.internal_frames import make_methods_internal
from ace_tracing.decorator.items import StreamCollector
from ace_tracing.diagnostics import guard


@guard("watching a stream")
def wrap_stream(result: Any, collector: StreamCollector) -> Any:
    """Wrap a stream, or a context manager around one, in a proxy that passes each item to the collector.

    Returns:
        The proxy, or None when the result is not a stream.
    """
    kind = type(result)
    if hasattr(kind, "__aiter__") or hasattr(kind, "__aenter__"):
        return _AsyncStreamProxy(result, collector)
    if hasattr(kind, "__next__") or (hasattr(kind, "__enter__") and not hasattr(kind, "__len__")):
        return _SyncStreamProxy(result, collector)
    return None


class _StreamProxy:
    """A proxy of a stream that adds only iteration and the end; every other attribute is the stream's."""

    def __init__(self, result: Any, collector: StreamCollector) -> None:
        self.__wrapped__ = result
        self._stream = result
        self._iterator: Any = None
        self._collector = collector

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def _end(self, error: BaseException | None) -> None:
        if error is None:
            self._collector.finish()
        else:
            self._collector.fail(error)


@make_methods_internal
class _SyncStreamProxy(_StreamProxy):
    def __enter__(self) -> Any:
        self._stream = self.__wrapped__.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> Any:
        try:
            return self.__wrapped__.__exit__(kind, error, where)
        finally:
            self._end(error)

    def __iter__(self) -> Any:
        return self

    def __next__(self) -> Any:
        try:
            with self._collector:
                if self._iterator is None:
                    self._iterator = iter(self._stream)
                item = next(self._iterator)
        except StopIteration:
            self._collector.finish()
            raise
        except BaseException as error:
            self._collector.fail(error)
            raise
        self._collector.add(item)
        return item

    def close(self) -> None:
        """Close the stream, if it has a `close`, and end the span."""
        try:
            close = getattr(self._stream, "close", None)
            if close is not None:
                close()
        finally:
            self._collector.finish()


@make_methods_internal
class _AsyncStreamProxy(_StreamProxy):
    async def __aenter__(self) -> Any:
        self._stream = await self.__wrapped__.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> Any:
        try:
            return await self.__wrapped__.__aexit__(kind, error, where)
        finally:
            self._end(error)

    def __aiter__(self) -> Any:
        return self

    async def __anext__(self) -> Any:
        try:
            with self._collector:
                if self._iterator is None:
                    self._iterator = aiter(self._stream)
                item = await anext(self._iterator)
        except StopAsyncIteration:
            self._collector.finish()
            raise
        except BaseException as error:
            self._collector.fail(error)
            raise
        self._collector.add(item)
        return item

    async def aclose(self) -> None:
        """Close the stream, if it has an `aclose`, and end the span."""
        try:
            close = getattr(self._stream, "aclose", None)
            if close is not None:
                await close()
        finally:
            self._collector.finish()
