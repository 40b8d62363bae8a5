"""The OTLP/HTTP request: trace records encoded to protobuf bytes, and compressed.

Tags of the trace (its name, its folder) are sent as `mlflow.traceTag.*` attributes of the root span, so a whole trace
needs no second request.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from ace_tracing.delivery.content import encoding
from ace_tracing.delivery.otlp.compression import compress as _compress
from ace_tracing.delivery.otlp.packed import ScopedSpans, append_spans
from ace_tracing.delivery.otlp.protobuf import field, key_value, text_value, varint
from ace_tracing.recording.records import TraceRecord
from ace_tracing.version import __version__

SPANS_PER_YIELD: Final = 8
"""Spans encoded between two calls that yield the GIL. They take about 20 microseconds."""

CHUNK_BYTES: Final = 64 * 1024
"""About how many bytes are joined and compressed at a time. To join them takes about 10 microseconds."""


class ExportRequest:
    """One OTLP request: traces of one experiment, sent together.

    Args:
        traces: The traces, at least one.
        yield_gil: Called regularly during encoding, so that other threads can run.

    Attributes:
        traces: The traces. They may be replaced until `otlp` is called.
        experiment: The name of their experiment. None for the service's default.
    """

    content_type = "application/x-protobuf"
    """Media type of `otlp()`."""

    content_encoding: str | None = "gzip"
    """Compression of `otlp()`. None without compression."""

    def __init__(self, traces: Sequence[TraceRecord], yield_gil: Callable[[], object] = lambda: None) -> None:
        self.traces = traces
        self.experiment = traces[0].experiment
        self._yield_gil = yield_gil
        self._body: bytes | None = None

    @property
    def yield_gil(self) -> Callable[[], object]:
        """The function to call regularly during encoding."""
        return self._yield_gil

    @property
    def has_spans(self) -> bool:
        """Whether `otlp` contains spans."""
        return any(trace.entries for trace in self.traces)

    def otlp(self) -> bytes:
        """Return the request's body, encoded on first use.

        Raises:
            ContentError: The content of a trace cannot be encoded.
        """
        # Not a cached_property: until Python 3.12 it has a lock, which a child could inherit held when forked.
        if self._body is None:
            with encoding:
                self._body = _compress(_encode_chunks(self.traces, self._yield_gil))
        return self._body


def encode(traces: Iterable[TraceRecord], yield_gil: Callable[[], object] = lambda: None) -> bytes:
    """Return an OTLP `ExportTraceServiceRequest` that contains the traces."""
    return b"".join(_encode_chunks(traces, yield_gil))


def _encode_chunks(traces: Iterable[TraceRecord], yield_gil: Callable[[], object]) -> list[bytes]:
    """Return the request in chunks of about `CHUNK_BYTES`: one join of all of it would hold the GIL for long."""
    chunks = [b""]
    small: list[bytes] = []
    pieces: list[bytes] = []
    scoped: ScopedSpans = {}
    spans = size = total = 0
    step = SPANS_PER_YIELD
    for trace in traces:
        entries = trace.entries
        start, count = 0, len(entries)
        while start < count:
            some = entries if count <= step else entries[start : start + step]
            start += step
            append_spans(pieces, scoped, trace, some)
            spans += len(some)
            if spans >= step:
                small.append(joined := b"".join(pieces))
                pieces.clear()
                spans = 0
                size += len(joined)
                if size >= CHUNK_BYTES:
                    chunks.append(b"".join(small))
                    small.clear()
                    total += size
                    size = 0
                # Spans with large values are joined one by one.
                step = SPANS_PER_YIELD if len(joined) < CHUNK_BYTES else 1
                yield_gil()
    chunks.append(last := b"".join((*small, *pieces)))
    total += len(last)
    scope_spans = b"\x12" + varint(len(_SCOPE) + total) + _SCOPE
    others = [field(b"\x12", b"".join((before, *fields, after))) for (before, after), fields in scoped.items()]
    total += len(scope_spans) + sum(map(len, others))
    chunks[0] = b"\x0a" + varint(len(_RESOURCE) + total) + _RESOURCE + scope_spans
    return chunks + others


_SCOPE: Final = field(b"\x0a", field(b"\x0a", b"ace-tracing") + field(b"\x12", __version__.encode()))
_RESOURCE: Final = field(
    b"\x0a",
    key_value(b"\x0a", "telemetry.sdk.name", text_value(b"ace-tracing"))
    + key_value(b"\x0a", "telemetry.sdk.language", text_value(b"python")),
)
