"""One trace over several services: the running span goes out in headers, and comes in from them.

Headers in the forms that servers and clients have them in: read as one, and written into any mapping.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

from ace_tracing.diagnostics import internal_error
from ace_tracing.propagation.span_context import SESSION_KEYS, SpanContext, running
from ace_tracing.propagation.w3c import (
    TraceParent,
    clean_tracestate,
    format_baggage,
    format_traceparent,
    parse_baggage,
    parse_traceparent,
)
from ace_tracing.recording.tracer import Passthrough, current_span
from ace_tracing.runtime import state

TRACEPARENT = "traceparent"
TRACESTATE = "tracestate"
BAGGAGE = "baggage"

H = TypeVar("H", bound=MutableMapping[str, str])


def inject(headers: H) -> H:
    """Tell the service that is called which span calls it: set `traceparent`, `tracestate` and `baggage`.

    The baggage holds the trace's session and user, as far as they were set, as `session.id` and `user.id`; members of
    others, those already in the headers and those that came with the request that is being served, are kept. So is the
    tracestate that came with it. The folder is not sent: a trace is filed where its root says. Outside of a span
    nothing is changed.

    Args:
        headers: any mutable mapping; names are compared without regard to case.

    Returns:
        The same mapping.
    """
    try:
        parent = running()
        if parent is not None:
            there = read(headers, (BAGGAGE,)).get(BAGGAGE, "")
            _, foreign = parse_baggage(there, SESSION_KEYS)
            tracestate, brought = parent.passed_on or Passthrough("", ())
            baggage = format_baggage(parent.session, dict.fromkeys((*foreign, *brought)))
            traceparent = format_traceparent(TraceParent(parent.trace_id, parent.span_id, parent.sampled))
            write(headers, {TRACEPARENT: traceparent, TRACESTATE: tracestate, BAGGAGE: baggage})
    except Exception:  # noqa: BLE001 - nothing of ours raises into the user's code
        internal_error("writing headers")
    return headers


@contextmanager
def continue_trace(headers: Headers) -> Iterator[None]:
    """Make spans inside the block children of the span that the headers of a request name.

    Whether the trace is kept was decided where it began. Without a traceparent, or with a malformed one, spans inside
    begin new traces. Never raises.

    Args:
        headers: a mapping with names in any case, pairs of text or bytes, or a WSGI environ. The process's environment
            is such a mapping, too: `continue_trace(os.environ)` takes up what a parent process put into `TRACEPARENT`.
    """
    tracer = state.tracer
    token = None
    if tracer is not None:
        try:
            parent = _handed_over(headers)
            token = current_span.set(parent and parent.take_up(tracer))
        except Exception:  # noqa: BLE001 - nothing of ours raises into the user's code
            internal_error("reading headers")
    try:
        yield
    finally:
        if token is not None:
            # ValueError: left in another context than it was entered in, where nothing is to be restored.
            with suppress(ValueError):
                current_span.reset(token)


def _handed_over(headers: Headers) -> SpanContext | None:
    found = read(headers, (TRACEPARENT, TRACESTATE, BAGGAGE))
    parent = parse_traceparent(found.get(TRACEPARENT, ""))
    if parent is None:
        return None
    session, foreign = parse_baggage(found.get(BAGGAGE, ""), SESSION_KEYS)
    passed_on = Passthrough(clean_tracestate(found.get(TRACESTATE, "")), foreign)
    return SpanContext(*parent, agent=None, session=session, passed_on=passed_on)


Headers = Mapping[str, str] | Mapping[str, Any] | Iterable[tuple[str | bytes, str | bytes]]
"""A mapping with names in any case, a WSGI environ, or pairs as ASGI has them."""


def read(headers: Headers, names: Iterable[str]) -> dict[str, str]:
    """Give the headers of these lower-case names that are there; values of one given several times are joined."""
    wanted = frozenset(names)
    pairs = headers.items() if isinstance(headers, Mapping) or hasattr(headers, "items") else headers
    # In a WSGI environ the request's headers are told from all else, the process's environment included, by a prefix.
    prefix = "http_" if isinstance(headers, Mapping) and "REQUEST_METHOD" in headers else ""
    found: dict[str, str] = {}
    for name, value in pairs:
        key = _text(name).lower()
        if not key.startswith(prefix) or (key := key[len(prefix) :]) not in wanted:
            continue
        text = _text(value)
        found[key] = f"{found[key]},{text}" if key in found else text
    return found


def write(headers: MutableMapping[str, str], values: Mapping[str, str]) -> None:
    """Set the headers of these lower-case names, in place of any spelled otherwise; an empty value removes them."""
    there = {name.lower(): name for name in list(headers) if isinstance(name, str)}
    for name, value in values.items():
        if name in there:
            del headers[there[name]]
        if value:
            headers[name] = value


def _text(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode("latin-1")
    return value if isinstance(value, str) else ""
