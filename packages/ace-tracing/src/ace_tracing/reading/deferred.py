"""Spans that are decoded on first use, and the responses that they come from.

kayba-local writes each span of a response on a line of its own. JSON text has no raw line break elsewhere, so the lines
can be taken apart without a parser. Other services write other JSON, which is decoded as a whole.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import orjson

from ace_tracing.errors import ServiceError
from ace_tracing.reading.decode import decode_info, decode_span, decode_trace
from ace_tracing.reading.model import Span, TraceData
from ace_tracing.reading.trace import Trace

MALFORMED: Final = (KeyError, TypeError, ValueError, AttributeError)
"""Errors of decoding a response that has another form."""

LARGE_BYTES: Final = 1024 * 1024
"""Responses of at least this size are decoded without the garbage collector."""

_BEFORE_SPANS: Final = b'"spans":['
_STARTS: Final = (b'{"trace_id":', b'{"span_id":')
_ENDS: Final = (b"}", b"},")


def decode_traces(body: bytes) -> list[Trace]:
    """Return the traces of a response: `{"traces": [{"trace_info": {...}, "spans": [...]}, ...]}`.

    Raises:
        KeyError, TypeError, ValueError, AttributeError: The response has another form.
    """
    traces = _defer_traces(body) if _BEFORE_SPANS + b"\n" in body else None
    if traces is not None:
        return traces
    with _no_collection(body):
        return [decode_trace(trace["trace_info"], trace.get("spans") or ()) for trace in _read_traces(body)]


def _read_traces(body: bytes) -> list[dict[str, Any]]:
    return orjson.loads(body).get("traces") or []


def _defer_traces(body: bytes) -> list[Trace] | None:
    """Return the traces with deferred spans; None when the spans are not on lines of their own."""
    frame: list[bytes] = []
    groups: list[list[Span]] = []
    for line in body.split(b"\n"):
        if line.startswith(_STARTS) and line.endswith(_ENDS) and groups:
            groups[-1].append(_defer_span(line))
        else:
            frame.append(line)
            if line.endswith(_BEFORE_SPANS):
                groups.append([])
    try:
        traces = _read_traces(b"".join(frame))
    except ValueError:
        return None
    spans = [trace["spans"] for trace in traces if "spans" in trace]
    if any(spans) or len(spans) != len(groups):
        return None
    rest = iter(groups)
    return [
        Trace(decode_info(trace["trace_info"]), TraceData(next(rest) if "spans" in trace else [])) for trace in traces
    ]


def _defer_span(line: bytes) -> Span:
    span = _DeferredSpan.__new__(_DeferredSpan)
    object.__setattr__(span, "_encoded", line)
    return span


@contextmanager
def _no_collection(body: bytes) -> Iterator[None]:
    """Pause the garbage collector while a large response is decoded.

    It would look through all new objects again and again, which takes longer than the decoding.
    """
    if len(body) < LARGE_BYTES or not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


class _DeferredSpan(Span):
    """A span whose fields are not decoded yet. It becomes a `Span` when one of them is read."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        # Called for a field without a value only.
        _decode(self)
        return object.__getattribute__(self, name)

    def __eq__(self, other: object) -> bool:
        _decode(self)
        return self == other

    __hash__ = Span.__hash__

    def __reduce_ex__(self, protocol: Any) -> Any:
        _decode(self)
        return self.__reduce_ex__(protocol)


def _decode(span: _DeferredSpan) -> None:
    """Fill the fields of a span. Several threads may do so at the same time: they write the same values."""
    encoded = span._encoded
    if encoded is None:
        return
    try:
        fields = decode_span(orjson.loads(encoded.removesuffix(b",")))
    except MALFORMED as error:
        raise ServiceError(f"The service's response contains a span of another form: {error}") from error
    Span.__init__(span, **fields)
    object.__setattr__(span, "_encoded", None)
    object.__setattr__(span, "__class__", Span)
