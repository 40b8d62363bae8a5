# /// script
# requires-python = ">=3.11"
# dependencies = ["langfuse==5.0.4"]
# ///
"""Langfuse, with its decorator."""

import os

# Langfuse uses OpenTelemetry's queue, which drops spans when it is full. This size is enough for all spans.
os.environ.setdefault("OTEL_BSP_MAX_QUEUE_SIZE", "10000000")

from langfuse import Langfuse, get_client, observe

TRACES = 0.25

traced = observe


def start(url):
    """Send spans to the sink."""
    Langfuse(public_key="pk-lf-benchmark", secret_key="sk-lf-benchmark", base_url=url)


def flush():
    """Wait until everything is exported."""
    get_client().flush()
