"""Trace context in the headers of requests: `inject` writes it, `continue_trace` reads it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from typing import Any, Final, TypeVar

from ace_tracing.diagnostics import guard
from ace_tracing.propagation.callers import KNOWN_KEYS, Caller, own_members
from ace_tracing.propagation.companion import companion
from ace_tracing.propagation.span_context import current_span_context
from ace_tracing.propagation.w3c import (
    TraceParent,
    clean_tracestate,
    format_baggage,
    format_traceparent,
    key_of,
    parse_baggage,
    parse_traceparent,
)
from ace_tracing.recording.context import RemoteParent, Scope, current_scope, current_span, leave
from ace_tracing.recording.trace import Passthrough
from ace_tracing.recording.tracer import Tracer, state

TRACEPARENT: Final = "traceparent"
TRACESTATE: Final = "tracestate"
BAGGAGE: Final = "baggage"

Headers = Mapping[str, str] | Mapping[str, Any] | Iterable[tuple[str | bytes, str | bytes]]
"""A mapping with names in any case, a WSGI environ, or the pairs of an ASGI scope."""

H = TypeVar("H", bound=MutableMapping[str, str])


def inject(headers: H) -> H:
    """Add the running span's context to the headers of a request: `traceparent`, `tracestate` and `baggage`.

    The baggage contains the trace's id, sampling decision and experiment, as `kayba.trace` and `kayba.experiment`, and
    its session and user, when they are set, as `session.id` and `user.id`. Other baggage members stay: those in
    `headers`, those of the request being served, and those of OpenTelemetry's context while its bridge is on. The
    tracestate of that request is forwarded unchanged. The folder is not sent, because a trace is filed by its root.
    Outside of a span the headers do not change.

    Args:
        headers: Any mutable mapping. Names are compared without regard to case.

    Returns:
        The same mapping.
    """
    with guard("writing headers"):
        context = current_span_context()
        if context is not None:
            present = read_headers(headers, (BAGGAGE,)).get(BAGGAGE, "")
            _, other_members = parse_baggage(present, KNOWN_KEYS)
            tracestate, received_members, _ = context.passthrough or Passthrough("", (), {})
            others = dict.fromkeys((*other_members, *received_members))
            if (bridge := companion.bridge) is not None:
                # OpenTelemetry's baggage has the received members, too, unless the user has changed them.
                members = {key_of(member): member for member in received_members} | bridge.baggage_members()
                members |= {key_of(member): member for member in other_members}
                others = dict.fromkeys(members.values())
            baggage = format_baggage(own_members(context), others)
            traceparent = format_traceparent(TraceParent(context.trace_id, context.span_id, bool(context.sampled)))
            write_headers(headers, {TRACEPARENT: traceparent, TRACESTATE: tracestate, BAGGAGE: baggage})
    return headers


@contextmanager
def continue_trace(headers: Headers) -> Iterator[None]:
    """Make the spans inside the block children of the caller's span, read from a request's headers.

    A caller that records with this SDK has decided about sampling and experiment. For all other callers, and to trust
    no caller, see `remote_parent` of `configure`. Without a valid `traceparent`, spans inside the block start new
    traces. Never raises.

    Args:
        headers: A mapping with names in any case, pairs of text or bytes, or a WSGI environ. `os.environ` is such a
            mapping too: `continue_trace(os.environ)` continues the trace of a parent process that set `TRACEPARENT` and
            `BAGGAGE`.
    """
    tracer = state.tracer
    span_token = scope_token = None
    if tracer is not None:
        with guard("reading headers"):
            parent, scope = _find_parent(headers, tracer)
            scope_token = current_scope.set(scope)
            span_token = current_span.set(parent)
    try:
        yield
    finally:
        if span_token is not None:
            leave(current_span, span_token)
        if scope_token is not None:
            leave(current_scope, scope_token)


def _find_parent(headers: Headers, tracer: Tracer) -> tuple[RemoteParent | None, Scope | None]:
    """Return the parent and the scope for the spans of a request."""
    caller = _read_caller(headers)
    scope = current_scope.get()
    if caller is not None and tracer.remote_parent != "ignore":
        return caller.to_span_context(tracer).to_remote_parent(tracer), scope
    link = None if caller is None else (caller.parent.trace_id, caller.parent.span_id)
    if scope is not None or link is not None:
        scope = (scope or Scope())._replace(link=link)
    return None, scope


def _read_caller(headers: Headers) -> Caller | None:
    """Return the caller; None without a valid traceparent."""
    found = read_headers(headers, (TRACEPARENT, TRACESTATE, BAGGAGE))
    parent = parse_traceparent(found.get(TRACEPARENT, ""))
    if parent is None:
        return None
    members, others = parse_baggage(found.get(BAGGAGE, ""), KNOWN_KEYS)
    return Caller(parent, members, Passthrough(clean_tracestate(found.get(TRACESTATE, "")), others, {}))


def read_headers(headers: Headers, names: Iterable[str]) -> dict[str, str]:
    """Return the present headers among these lower-case names. Several values of one header are joined with a comma."""
    wanted = frozenset(names)
    pairs = headers.items() if isinstance(headers, Mapping) or hasattr(headers, "items") else headers
    # A WSGI environ also contains the process's environment. The prefix marks the request's headers.
    prefix = "http_" if isinstance(headers, Mapping) and "REQUEST_METHOD" in headers else ""
    found: dict[str, str] = {}
    for name, value in pairs:
        key = _to_text(name).lower()
        if not key.startswith(prefix) or (key := key[len(prefix) :]) not in wanted:
            continue
        text = _to_text(value)
        found[key] = f"{found[key]},{text}" if key in found else text
    return found


def write_headers(headers: MutableMapping[str, str], values: Mapping[str, str]) -> None:
    """Set headers by lower-case name, replacing any other spelling. An empty value removes the header."""
    spellings = {name.lower(): name for name in list(headers) if isinstance(name, str)}
    for name, value in values.items():
        if name in spellings:
            del headers[spellings[name]]
        if value:
            headers[name] = value


def _to_text(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode("latin-1")
    return value if isinstance(value, str) else ""
