# /// script
# requires-python = ">=3.11"
# dependencies = ["opik==2.2.122"]
# ///
"""Opik, with its decorator."""

import os

# Opik's usage reports would leave the machine. It reads these variables during its import.
os.environ.update(OPIK_SENTRY_ENABLE="false", OPIK_ANALYTICS_ENABLE="false", OPIK_CONSOLE_LOGGING_LEVEL="ERROR")

import opik

TRACES = 0.1

traced = opik.track


def start(url):
    """Send traces and spans to the sink. The default client reads the environment on first use."""
    os.environ.update(OPIK_URL_OVERRIDE=url, OPIK_API_KEY="benchmark", OPIK_WORKSPACE="benchmark")


def flush():
    """Wait until its queue is empty."""
    opik.flush_tracker()
