"""Items: collects the items of a generator or another stream, within bounds, and records them when it ends."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Any, Final, Protocol

from orjson import Fragment, dumps

from ace_tracing.clients.answers import note_recorded
from ace_tracing.clients.recognition import recognize_stream
from ace_tracing.clients.streams import recognize_item
from ace_tracing.clocks import perf_counter, thread_time
from ace_tracing.decorator.captures import copy_for_capture
from ace_tracing.decorator.client_calls import ClientItems
from ace_tracing.diagnostics import guard, internal_error
from ace_tracing.recording.context import SpanToken, current_span, end_with_error
from ace_tracing.recording.span import LiveSpan
from ace_tracing.values.snapshot import DEFAULT_LIMITS, Limits, snapshot

MAX_ITEMS: Final = 10_000
"""The maximum number of recorded items of one stream. Further items are only counted."""
MAX_ENCODING_SECONDS: Final = 1.0
"""The total time for encoding or copying the items of one stream, in seconds. Further items are only counted."""

_ITEM_LIMITS: Final = Limits(depth=DEFAULT_LIMITS.depth - 1)
_MIN_ITEM_BYTES: Final = 25
"""The longest text of a number, with a comma."""
_BYTES_PER_CHAR: Final = 6
"""The longest text of a character: an escape such as `\\u0000`."""
_MAX_PENDING_BYTES: Final = 16_384
_LONG_SECONDS: Final = 0.001


class OutputRecorder(Protocol):
    """The recorder of a call's outputs; `TracedFunction` is one."""

    @property
    def reducer(self) -> Callable[[list[Any]], Any] | None:
        """Return the user's function that folds the items of a stream, or None."""

    @property
    def needs_items(self) -> bool:
        """Return whether a user's function takes the items of the stream when it ends."""

    @property
    def ignores_items(self) -> bool:
        """Return whether no item of a stream is recorded."""

    def record_result(self, span: LiveSpan, result: Any) -> None:
        """Record a result that is not a stream."""

    def record_items(self, span: LiveSpan, items: list[Any] | bytes, return_value: Any) -> None:
        """Record the items of a stream, as a list or as JSON text, and the return value of a generator."""


class StreamCollector:
    """The collector of one stream's items, which ends the stream's span with the stream.

    As a context manager it makes the span current. It is entered only while the stream's own code runs, so spans that
    the consumer starts between two items are not the stream's children.

    An item that can change later is encoded when it arrives. Strings and numbers wait, up to a few KB, because encoding
    many at once costs a tenth. Nothing else of an item is kept: tracing a stream of large items must not fill the
    memory. Copies of the items are kept only for a reducer or a capture function.

    Args:
        span: The stream's span. With None the stream is not traced, and every method does nothing.
        recorder: Records the items when the stream ends.
    """

    __slots__ = (
        "_client_items",
        "_clock",
        "_encoded",
        "_encoded_count",
        "_ignores_items",
        "_items",
        "_pending",
        "_recorder",
        "_room",
        "_seconds_left",
        "_span",
        "_token",
        "_unrecorded_count",
    )

    def __init__(self, span: LiveSpan | None, recorder: OutputRecorder) -> None:
        self._recorder = recorder
        # Copies for a user's function, or None when there is no such function.
        self._items: list[Any] | None = [] if span is not None and recorder.needs_items else None
        self._ignores_items = span is None or recorder.ignores_items
        self._client_items: ClientItems | None = None
        # The items since the last `_encode_pending`: strings, numbers and encoded fragments.
        self._pending: list[Any] = []
        # The bytes for which items can still wait. It counts the longest possible text of each.
        self._room = 0 if self._ignores_items else _MAX_PENDING_BYTES
        # One growing text: keeping thousands of small ones takes seven times as long.
        self._encoded = bytearray()
        self._encoded_count = 0
        self._unrecorded_count = 0
        self._seconds_left = MAX_ENCODING_SECONDS
        self._clock = perf_counter
        self._token: SpanToken | None = None
        # Last: an interrupt can come at any of these lines.
        self._span = span

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
        kind = type(item)
        # Only immutable values can wait. Types are compared with `is`: `==` would run their metaclass's code.
        if kind is str:
            room = self._room - _BYTES_PER_CHAR * len(item) - _MIN_ITEM_BYTES
        elif kind is int or kind is float or kind is bool or item is None:
            room = self._room - _MIN_ITEM_BYTES
        else:
            room = 0
        if room > 0:
            self._room = room
            self._pending.append(item)
        elif self._span is not None:
            try:
                self._add_now(item, kind)
            except Exception:  # noqa: BLE001 - see diagnostics.guard
                internal_error("encoding an item")
                self._unrecorded_count += 1

    def _add_now(self, item: Any, kind: type) -> None:
        is_plain = kind is str or kind is dict or kind is list
        if not is_plain and self._fold(item) and self._items is None:
            return
        if self._ignores_items:
            return
        if self._room <= 0:
            self._encode_pending()
            if self._room <= 0:
                self._unrecorded_count += 1
                return
        clock = self._clock
        start = clock()
        if self._items is not None:
            # A copy, because the item can change later, and because the user's function can change it.
            self._pending.append(copy_for_capture(item))
            self._room -= _MIN_ITEM_BYTES
        else:
            encoded = snapshot(item, _ITEM_LIMITS)
            self._pending.append(Fragment(encoded))
            # At least the bytes of a number, because the room also limits the number of items.
            self._room -= len(encoded) + _MIN_ITEM_BYTES
        seconds = clock() - start
        if seconds > _LONG_SECONDS and clock is perf_counter:
            # The thread may have waited for the processor, which does not count. That clock costs ten times as much.
            self._clock = thread_time
            seconds = _LONG_SECONDS
        self._seconds_left -= seconds
        if self._seconds_left <= 0:
            self._room = 0

    def _fold(self, item: Any) -> bool:
        """Return whether an item is one of a client's stream, after it has been folded into the client's answer."""
        recognized = recognize_item(item)
        if recognized is None:
            return False
        if self._client_items is None:
            self._client_items = ClientItems()
        self._client_items.add(item, recognized)
        return True

    @guard("watching a stream")
    def watch(self, stream: object) -> None:
        """Note the stream whose items are collected: a client's can have the whole answer."""
        recognized = recognize_stream(stream)
        if recognized is not None and self._span is not None:
            self._client_items = self._client_items or ClientItems()
            self._client_items.watch(stream, recognized)

    @guard("noting an answer")
    def note_answer(self, answer: object) -> None:
        """Note the answer that a method of the stream returned: a function that returns it made no other call."""
        if self._client_items is None:
            note_recorded(answer)
        else:
            self._client_items.note_answer(answer)

    def _encode_pending(self) -> None:
        """Encode the waiting items, and compute the room for others."""
        pending = self._pending
        if self._items is not None:
            self._items += pending
            pending.clear()
        elif pending:
            self._pending = []
            self._encoded += b"," if self._encoded_count else b"["
            self._encoded += _encode_all(pending)[1:-1]
            self._encoded_count += len(pending)
        count = self._encoded_count if self._items is None else len(self._items)
        room = min(DEFAULT_LIMITS.value_bytes - len(self._encoded), (MAX_ITEMS - count) * _MIN_ITEM_BYTES)
        self._room = min(room, _MAX_PENDING_BYTES) if self._seconds_left > 0 else 0

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
        span = self._release()
        if span is not None:
            try:
                self._recorder.record_result(span, result)
            finally:
                span.end()

    def fail_call(self, error: BaseException) -> None:
        """End the span with the exception of a call that returned no stream, and without outputs."""
        end_with_error(self._release(), None, error)

    def abandon(self, description: str) -> None:
        """End the span of a call whose result will never exist, with a description of the reason."""
        span = self._release()
        if span is not None:
            span.set_status("ERROR", description)
            span.end()

    @property
    def span(self) -> LiveSpan | None:
        """The span, until it has ended."""
        return self._span

    @property
    def recorder(self) -> OutputRecorder:
        """The recorder of the call's outputs."""
        return self._recorder

    def record_with(self, recorder: OutputRecorder) -> None:
        """Replace the recorder, before the first item."""
        self._recorder = recorder
        self._items = [] if recorder.needs_items else None

    def _release(self) -> LiveSpan | None:
        """Return the span, and leave its end to the caller."""
        span, self._span = self._span, None
        self.__class__ = StreamCollector
        return span

    def _end(self, error: BaseException | None, return_value: Any) -> None:
        span = self._release()
        if span is None:
            return
        try:
            answers = self._record_calls(span)
            items = self._encode(answers) if self._items is None else self._items + self._pending
            # A stream can be iterated once more.
            self._ignores_items, self._room = True, 0
            self._recorder.record_items(span, items, return_value)
            if self._unrecorded_count:
                span.set_attribute("stream.items_not_recorded", self._unrecorded_count)
            if error is not None:
                span._record_failure(error)
        finally:
            # An interrupt can come before the end of the span, and in the middle of it.
            try:
                span.end()
            finally:
                span.end()

    def _record_calls(self, span: LiveSpan) -> list[Any]:
        """Record the facts of the calls of a client's stream, and return their answers."""
        client_items, self._client_items = self._client_items, None
        with guard("folding a stream"):
            return [] if client_items is None else client_items.record(span)
        return []

    def _encode(self, answers: list[Any]) -> bytes:
        """Return the items as JSON text. One answer of a client alone is no list."""
        try:
            if self._ignores_items:
                return b"[]"
            if len(answers) == 1 and not self._pending and not self._encoded:
                return snapshot(answers[0])
            self._pending += [Fragment(snapshot(answer, _ITEM_LIMITS)) for answer in answers]
            if not self._encoded:
                return _encode_all(self._pending)
            self._encode_pending()
        except Exception:  # noqa: BLE001 - see diagnostics.guard
            internal_error("encoding items")
            self._unrecorded_count += len(self._pending)
        return bytes(self._encoded + b"]") if self._encoded else b"[]"


class CollectableStreamCollector(StreamCollector):
    """A collector that also ends the span when it is garbage-collected: nobody has to close the stream.

    An ended one is a `StreamCollector`, because the exception of a signal handler is lost in a finalizer.
    """

    __slots__ = ()

    def __del__(self) -> None:
        # An interrupt can come before there is a span.
        if getattr(self, "_span", None) is not None:
            self.finish()


def _encode_all(items: list[Any]) -> bytes:
    try:
        return dumps(items)
    except TypeError:
        # A lone surrogate, or an integer beyond 64 bits.
        return b"[%b]" % b",".join(_encode_one(item) for item in items)


def _encode_one(item: Any) -> bytes:
    return dumps(item) if type(item) is Fragment else snapshot(item, _ITEM_LIMITS)
