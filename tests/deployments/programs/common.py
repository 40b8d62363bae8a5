"""Shared code of the programs: configuration from the environment."""

from __future__ import annotations

import os

from ace_tracing import configure, process

if os.environ["PATIENT"] == "1":
    # The test is about the delivery at an exit, not about its duration, which depends on the machine.
    process.SHUTDOWN_TIMEOUT_S = process.SPOOLED_TIMEOUT_S = 120.0


def configure_tracing() -> None:
    """Configure tracing for the test's server."""
    configure(api_key="kb-test", base_url=os.environ["SERVER"], spool=os.environ["SPOOL"] == "1")
