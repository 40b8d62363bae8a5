# /// script
# requires-python = ">=3.11"
# dependencies = ["logfire==5.2.0"]
# ///
"""Logfire with `record_return`, because the other SDKs record results by default."""

import os

# Logfire uses OpenTelemetry's queue, which drops spans when it is full. This size is enough for all spans.
os.environ.setdefault("OTEL_BSP_MAX_QUEUE_SIZE", "10000000")

import logfire

TRACES = 0.25

traced = logfire.instrument(record_return=True)


def start(url):
    """Send spans to the sink, without console output, and without metrics, which the other SDKs do not have."""
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
