# /// script
# requires-python = ">=3.11"
# dependencies = ["logfire==5.2.0"]
# ///
"""Logfire, with results recorded, too, as the others do by default."""

import os

# Its queue is OpenTelemetry's, which drops what does not fit: large enough here to deliver everything.
os.environ.setdefault("OTEL_BSP_MAX_QUEUE_SIZE", "10000000")

import logfire

TRACES = 0.25

traced = logfire.instrument(record_return=True)


def start(url):
    """Send spans to the sink; print nothing; no metrics, since none of the others has them."""
    logfire.configure(
        token="benchmark",
        send_to_logfire=True,
        console=False,
        metrics=False,
        advanced=logfire.AdvancedOptions(base_url=url),
    )


def flush():
    """Wait until everything is exported."""
    return logfire.force_flush(60_000)
