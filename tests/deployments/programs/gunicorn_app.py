"""A WSGI service that configures tracing, and traces, before gunicorn forks its workers and patches them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from common import configure_tracing

from ace_tracing import flush, start_span

configure_tracing()
with start_span("loaded"):
    pass


def application(environ: dict[str, str], start_response: Callable[..., object]) -> Iterable[bytes]:
    """Respond to every request with a greeting, in a span; to `/flush` with the number of pending traces."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    if environ["PATH_INFO"] == "/flush":
        return [str(flush(60).pending).encode()]
    with start_span("request"):
        return [b"hello"]
