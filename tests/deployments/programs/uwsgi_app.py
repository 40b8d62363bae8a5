"""A WSGI service that configures tracing, and traces, before uWSGI forks its workers."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from common import configure_tracing

from ace_tracing import start_span

configure_tracing()
with start_span("loaded"):
    pass


def application(_environ: object, start_response: Callable[..., object]) -> Iterable[bytes]:
    """Respond to every request with the id of its trace."""
    with start_span("request") as span:
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [span.trace_id.encode()]
