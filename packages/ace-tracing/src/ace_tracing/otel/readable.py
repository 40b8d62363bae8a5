"""Read properties of OpenTelemetry's SDK spans, for instrumentations that read what they have written."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import cache
from typing import Any, Final, NamedTuple, TypeGuard

import orjson
from opentelemetry.trace import SpanContext, TraceFlags, TraceState

from ace_tracing.recording.callsite import InstrumentationScope
from ace_tracing.recording.trace import OpenTrace

SDK: Final = "opentelemetry.sdk.trace"
"""The module of the SDK's spans, which is never imported here."""

_SAMPLED: Final = TraceFlags(TraceFlags.SAMPLED)
_NOT_SAMPLED: Final = TraceFlags(TraceFlags.DEFAULT)
_NO_STATE: Final = TraceState()
_MAX_TIME: Final = 2**63


class Event(NamedTuple):
    """Event of a span, with the names of OpenTelemetry's SDK. The time is in nanoseconds since the epoch."""

    name: str
    timestamp: int
    attributes: Mapping[str, Any]


class ReadableScope(NamedTuple):
    """Instrumentation scope, with the names of OpenTelemetry's SDK."""

    name: str
    version: str
    schema_url: str
    attributes: Mapping[str, Any]


class Resource(NamedTuple):
    """Resource of this process, with the names of OpenTelemetry's SDK."""

    attributes: Mapping[str, Any]
    schema_url: str = ""


class LocalContext(SpanContext):
    """Span context of a span that this process records. It refers to the trace, so a span below it continues that."""

    @staticmethod
    def of(trace: OpenTrace, span_id: int) -> LocalContext:
        """Return the context of a span of a trace."""
        tracestate = trace.passthrough.tracestate if trace.passthrough else ""
        state = TraceState.from_header([tracestate]) if tracestate else _NO_STATE
        flags = _SAMPLED if trace.sampled else _NOT_SAMPLED
        context = SpanContext.__new__(LocalContext, trace._id, span_id, False, flags, state)
        context.__dict__["trace"] = trace
        return context  # type: ignore[return-value]

    def __reduce__(self) -> tuple[Any, ...]:
        return SpanContext, self.__getnewargs__()


class ReadableFields:
    """Read properties that spans of OpenTelemetry's SDK have, beside those of their API."""

    __slots__ = ()

    _start_ns: int
    _end_ns: int | None

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        """The class, which is also one of the SDK's readable spans as soon as the SDK is imported."""
        kind: Any = type(self)
        return readable_class(kind) if SDK in sys.modules else kind

    @property
    def context(self) -> SpanContext:
        """The span's context."""
        return self.get_span_context()  # type: ignore[attr-defined, no-any-return]

    @property
    def start_time(self) -> int:
        """The start in nanoseconds since the epoch."""
        return self._start_ns

    @property
    def end_time(self) -> int | None:
        """The end in nanoseconds since the epoch. None while the span runs."""
        return self._end_ns

    @property
    def dropped_attributes(self) -> int:
        """The number of attributes that were left out: none for their number."""
        return 0

    @property
    def dropped_events(self) -> int:
        """The number of events that were left out, as the last event counts them."""
        return 0

    @property
    def dropped_links(self) -> int:
        """The number of links that were left out."""
        return 0


@cache
def readable_class(kind: type) -> type:
    """Return a subclass that is also a subclass of the SDK's `ReadableSpan`. It has no instances."""
    sdk: Any = sys.modules[SDK]
    readable = getattr(sdk, "ReadableSpan", None)
    # The SDK may still be importing.
    return kind if readable is None else type(kind.__name__, (kind, readable), {"__slots__": ()})


def decode_attributes(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Return attributes as plain values."""
    return {
        key: orjson.loads(orjson.dumps(value)) if isinstance(value, orjson.Fragment) else value
        for key, value in attributes.items()
    }


def is_time(value: object) -> TypeGuard[int]:
    """Return whether a value is a time in nanoseconds since the epoch that frames can hold."""
    return type(value) is int and 0 <= value < _MAX_TIME


def instrumentation_scope(scope: InstrumentationScope) -> Any:
    """Return a scope with the names of OpenTelemetry's SDK, or as an object of it if it is imported."""
    kind: Any = getattr(
        sys.modules.get("opentelemetry.sdk.util.instrumentation"), "InstrumentationScope", ReadableScope
    )
    return kind(scope.name, scope.version, scope.schema_url, scope.attributes)


def resource() -> Any:
    """Return the resource of this process, as an object of OpenTelemetry's SDK if it is imported."""
    kind: Any = getattr(sys.modules.get("opentelemetry.sdk.resources"), "Resource", Resource)
    return kind({"telemetry.sdk.name": "ace-tracing", "telemetry.sdk.language": "python"})
