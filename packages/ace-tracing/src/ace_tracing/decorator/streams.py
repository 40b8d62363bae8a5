"""Results that come bit by bit: what they gave is collected, bounded, and recorded when they end."""

from __future__ import annotations

from time import perf_counter
from types import TracebackType
from typing import Any, Protocol

from ace_tracing.diagnostics import internal_error
from ace_tracing.recording.span import LiveSpan
from ace_tracing.recording.tracer import SpanToken, current_span
from ace_tracing.values.snapshot import DEFAULT_LIMITS, Limits, snapshot

MAX_COLLECTED = 10_000
"""Items kept for the outputs of one stream; more are counted."""
MAX_SECONDS = 1.0
"""Time spent on encoding the items of one stream, all together; items after that are counted."""

_ITEM_LIMITS = Limits(depth=DEFAULT_LIMITS.depth - 1)


class Recording(Protocol):
    """What to record of a call's end."""

    @property
    def needs_items(self) -> bool:
        """Whether a function of the user's is to be given the items themselves when the stream ends."""

    def returned(self, span: LiveSpan, result: Any) -> None:
        """Record what the call gave back at once."""

    def collected(self, span: LiveSpan, items: list[Any] | bytes, returned: Any) -> None:
        """Record what the call gave bit by bit, as a list or as JSON text, and the return value of a generator."""


class Collected:
    """The items of one stream, on their way to be the outputs of its span, which ends with the stream.

    As a context manager it makes the span current: only while the stream's own code runs, since what its consumer does
    between two items is no part of it.

    An item is encoded when it comes. It may change after that, and it is the consumer's to let go of: a stream of large
    items must not fill the memory because it is traced. Only a reducer or a capture function gets the items themselves.

    Args:
        span: the stream's span; None when the stream is not traced, and then nothing is done.
        recording: says what to record of the items.
    """

    __slots__ = ("_encoded", "_items", "_kept", "_not_kept", "_recording", "_seconds", "_span", "_token")

    def __init__(self, span: LiveSpan | None, recording: Recording) -> None:
        self._span = span
        self._recording = recording
        self._items: list[Any] = []
        # One text that grows: thousands of small ones, kept, take seven times as long to make.
        self._encoded = bytearray()
        self._kept = 0
        self._not_kept = 0
        self._seconds = MAX_SECONDS
        self._token: SpanToken | None = None

    def __enter__(self) -> None:
        if self._span is not None:
            self._token = current_span.set(self._span)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        if self._token is not None:
            token, self._token = self._token, None
            # ValueError: a coroutine that was begun in one context and closed in another, where it never was current.
            try:  # noqa: SIM105 - contextlib.suppress costs as much as all of the rest here
                current_span.reset(token)
            except ValueError:
                pass

    def add(self, item: Any) -> None:
        """Take one item."""
        if self._span is None:
            return
        if self._kept >= MAX_COLLECTED or len(self._encoded) >= DEFAULT_LIMITS.value_bytes or self._seconds <= 0:
            self._not_kept += 1
        elif self._recording.needs_items:
            self._items.append(item)
            self._kept += 1
        else:
            self._encode(item)

    def _encode(self, item: Any) -> None:
        start = perf_counter()
        try:
            encoded = snapshot(item, _ITEM_LIMITS)
        except Exception:  # noqa: BLE001 - nothing of ours raises into the user's code
            internal_error("encoding an item")
            self._not_kept += 1
            return
        self._encoded += b"," if self._kept else b"["
        self._encoded += encoded
        self._kept += 1
        self._seconds -= perf_counter() - start

    def finish(self, returned: Any = None) -> None:
        """End the span: the stream is exhausted, or was left. Doing so again does nothing.

        Args:
            returned: the return value of a generator.
        """
        self._end(None, returned)

    def fail(self, error: BaseException) -> None:
        """End the span: the stream raised."""
        self._end(error, None)

    def finish_at_once(self, result: Any) -> None:
        """End the span: what came was no stream."""
        span, self._span = self._span, None
        if span is not None:
            self._recording.returned(span, result)
            span.end()

    def __del__(self) -> None:
        # Dropped without an end, as an asynchronous generator may be: what came is recorded all the same.
        self.finish()

    def _end(self, error: BaseException | None, returned: Any) -> None:
        span, self._span = self._span, None
        if span is None:
            return
        encoded = bytes(self._encoded + b"]") if self._encoded else b"[]"
        self._recording.collected(span, self._items if self._recording.needs_items else encoded, returned)
        if self._not_kept:
            span.set_attribute("stream.items_not_recorded", self._not_kept)
        if error is not None:
            span.record_exception(error)
        span.end()


def stand_in(result: Any, collected: Collected) -> Any:
    """Give a stand-in for a stream, or for a context manager around one, that collects what the stream gives.

    Returns:
        The stand-in, or None when the result is no stream.
    """
    kind = type(result)
    try:
        if hasattr(kind, "__aiter__") or hasattr(kind, "__aenter__"):
            return _AsyncStream(result, collected)
        if hasattr(kind, "__next__") or (hasattr(kind, "__enter__") and not hasattr(kind, "__len__")):
            return _Stream(result, collected)
    except Exception:  # noqa: BLE001 - nothing of ours raises into the user's code
        internal_error("watching a stream")
    return None


class _StandIn:
    """Everything about the stream but its iteration and its end is the stream's own."""

    def __init__(self, result: Any, collected: Collected) -> None:
        self.__wrapped__ = result
        self._stream = result
        self._iterator: Any = None
        self._collected = collected

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def _left(self, error: BaseException | None) -> None:
        if error is None:
            self._collected.finish()
        else:
            self._collected.fail(error)


class _Stream(_StandIn):
    def __enter__(self) -> Any:
        self._stream = self.__wrapped__.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> Any:
        try:
            return self.__wrapped__.__exit__(kind, error, where)
        finally:
            self._left(error)

    def __iter__(self) -> Any:
        return self

    def __next__(self) -> Any:
        try:
            with self._collected:
                if self._iterator is None:
                    self._iterator = iter(self._stream)
                item = next(self._iterator)
        except StopIteration:
            self._collected.finish()
            raise
        except BaseException as error:
            self._collected.fail(error)
            raise
        self._collected.add(item)
        return item

    def close(self) -> None:
        """Close the stream, if it can be, and end the span."""
        try:
            getattr(self._stream, "close", _nothing)()
        finally:
            self._collected.finish()


class _AsyncStream(_StandIn):
    async def __aenter__(self) -> Any:
        self._stream = await self.__wrapped__.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> Any:
        try:
            return await self.__wrapped__.__aexit__(kind, error, where)
        finally:
            self._left(error)

    def __aiter__(self) -> Any:
        return self

    async def __anext__(self) -> Any:
        try:
            with self._collected:
                if self._iterator is None:
                    self._iterator = aiter(self._stream)
                item = await anext(self._iterator)
        except StopAsyncIteration:
            self._collected.finish()
            raise
        except BaseException as error:
            self._collected.fail(error)
            raise
        self._collected.add(item)
        return item

    async def aclose(self) -> None:
        """Close the stream, if it can be, and end the span."""
        try:
            close = getattr(self._stream, "aclose", None)
            if close is not None:
                await close()
        finally:
            self._collected.finish()


def _nothing() -> None:
    """Closes what cannot be closed."""
