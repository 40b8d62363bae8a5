# /// script
# requires-python = ">=3.11"
# dependencies = ["opik==2.2.122"]
# ///
"""Opik, with its decorator."""

import os

# Reports on its own use go elsewhere: nothing here may leave the machine. It reads these while it is imported.
os.environ.update(OPIK_SENTRY_ENABLE="false", OPIK_ANALYTICS_ENABLE="false", OPIK_CONSOLE_LOGGING_LEVEL="ERROR")

import opik

TRACES = 0.1

traced = opik.track


def start(url):
    """Send traces and spans to the sink; the default client reads the environment when it is first used."""
    os.environ.update(OPIK_URL_OVERRIDE=url, OPIK_API_KEY="benchmark", OPIK_WORKSPACE="benchmark")


def flush():
    """Wait until its queue is empty."""
    opik.flush_tracker()
