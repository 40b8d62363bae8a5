"""Streams: collects the items of a generator or another stream, within bounds, and records them when it ends."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Final, Protocol

from ace_tracing.clocks import perf_counter
from ace_tracing.decorator.captures import copy_for_capture
from ace_tracing.decorator.internal_frames import make_methods_internal
from ace_tracing.diagnostics import guard, internal_error
from ace_tracing.recording.context import SpanToken, current_span
from ace_tracing.recording.span import LiveSpan
from ace_tracing.values.snapshot import DEFAULT_LIMITS, Limits, snapshot

MAX_ITEMS: Final = 10_000
"""The maximum number of recorded items of one stream. Further items are only counted."""
MAX_ENCODING_SECONDS: Final = 1.0
"""The total time for encoding or copying the items of one stream, in seconds. Further items are only counted."""

_ITEM_LIMITS: Final = Limits(depth=DEFAULT_LIMITS.depth - 1)


class OutputRecorder(Protocol):
    """The recorder of a call's outputs; `TracedFunction` is one."""

    @property
    def needs_items(self) -> bool:
        """Return whether a user's function takes the items of the stream when it ends."""

    def record_result(self, span: LiveSpan, result: Any) -> None:
        """Record a result that is not a stream."""

    def record_items(self, span: LiveSpan, items: list[Any] | bytes, return_value: Any) -> None:
        """Record the items of a stream, as a list or as JSON text, and the return value of a generator."""


class StreamCollector:
    """The collector of one stream's items, which ends the stream's span with the stream.

    As a context manager it makes the span current. It is entered only while the stream's own code runs, so spans that
    the consumer starts between two items are not the stream's children.

    An item is encoded when it arrives, because it can change later, and is not kept: tracing a stream of large items
    must not fill the memory. Copies of the items are kept only for a reducer or a capture function.

    Args:
        span: The stream's span. With None the stream is not traced, and every method does nothing.
        recorder: Records the items when the stream ends.
    """

    __slots__ = (
        "_encoded",
        "_items",
        "_recorded_count",
        "_recorder",
        "_seconds_left",
        "_span",
        "_token",
        "_unrecorded_count",
    )

    def __init__(self, span: LiveSpan | None, recorder: OutputRecorder) -> None:
        self._span = span
        self._recorder = recorder
        self._items: list[Any] = []
        # One growing text: keeping thousands of small ones takes seven times as long.
        self._encoded = bytearray()
        self._recorded_count = 0
        self._unrecorded_count = 0
        self._seconds_left = MAX_ENCODING_SECONDS
        self._token: SpanToken | None = None

    def __enter__(self) -> None:
        if self._span is not None:
            self._token = current_span.set(self._span)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        if self._token is not None:
            token, self._token = self._token, None
            # ValueError: a coroutine started in one context and was closed in another, where the span never was
            # current.
            try:  # noqa: SIM105 - contextlib.suppress costs as much as the rest of this
                current_span.reset(token)
            except ValueError:
                pass

    def add(self, item: Any) -> None:
        """Add one item, or count it once a bound is reached."""
        if self._span is None:
            return
        if (
            self._recorded_count >= MAX_ITEMS
            or len(self._encoded) >= DEFAULT_LIMITS.value_bytes
            or self._seconds_left <= 0
        ):
            self._unrecorded_count += 1
        elif self._recorder.needs_items:
            start = perf_counter()
            # A copy, because the item can change later, and because the user's function can change it.
            self._items.append(copy_for_capture(item))
            self._recorded_count += 1
            self._seconds_left -= perf_counter() - start
        else:
            self._encode(item)

    def _encode(self, item: Any) -> None:
        start = perf_counter()
        try:
            encoded = snapshot(item, _ITEM_LIMITS)
        except Exception:  # noqa: BLE001 - see diagnostics.guard
            internal_error("encoding an item")
            self._unrecorded_count += 1
            return
        self._encoded += b"," if self._recorded_count else b"["
        self._encoded += encoded
        self._recorded_count += 1
        self._seconds_left -= perf_counter() - start

    def finish(self, return_value: Any = None) -> None:
        """End the span: the stream is exhausted or abandoned. A second call does nothing.

        Args:
            return_value: The return value of a generator.
        """
        self._end(None, return_value)

    def fail(self, error: BaseException) -> None:
        """End the span with the exception that the stream raised. A second call does nothing."""
        self._end(error, None)

    def finish_with_result(self, result: Any) -> None:
        """End the span with a result that is not a stream."""
        span, self._span = self._span, None
        if span is not None:
            self._recorder.record_result(span, result)
            span.end()

    def __del__(self) -> None:
        # A stream that is garbage-collected before its end, such as an asynchronous generator, is still recorded.
        self.finish()

    def _end(self, error: BaseException | None, return_value: Any) -> None:
        span, self._span = self._span, None
        if span is None:
            return
        encoded = bytes(self._encoded + b"]") if self._encoded else b"[]"
        self._recorder.record_items(span, self._items if self._recorder.needs_items else encoded, return_value)
        if self._unrecorded_count:
            span.set_attribute("stream.items_not_recorded", self._unrecorded_count)
        if error is not None:
            span._record_failure(error)
        span.end()


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
