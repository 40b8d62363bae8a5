"""A WSGI service that configures tracing before gunicorn forks its workers."""

import os
from collections.abc import Callable, Iterable

from ace_tracing import configure, process, start_span

# As in common.py: the test is about the delivery at an exit, not about its duration.
if os.environ["PATIENT"] == "1":
    process.SHUTDOWN_TIMEOUT_S = process.SPOOLED_TIMEOUT_S = 120.0
configure(api_key="kb-test", base_url=os.environ["SERVER"], spool=os.environ["SPOOL"] == "1")
with start_span("loaded"):
    pass


def application(_environ: object, start_response: Callable[..., object]) -> Iterable[bytes]:
    """Respond to every request with a greeting, in a span."""
    with start_span("request"):
        start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello"]
