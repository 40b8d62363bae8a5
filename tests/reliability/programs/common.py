"""Shared code of the programs: configuration from their arguments, and reports to the test."""

from __future__ import annotations

import dataclasses
import json
import os
import sys
from typing import Any

from ace_tracing import Delivery, configure, flush, process, start_span, tracing_status

URL = sys.argv[1]
SPOOL = os.environ["SPOOL"] == "1"

if os.environ["PATIENT"] == "1":
    # The test is about the delivery at an exit, not about its duration, which depends on the machine.
    process.SHUTDOWN_TIMEOUT_S = process.SPOOLED_TIMEOUT_S = 120.0


def configure_tracing(url: str = URL) -> None:
    """Configure tracing for the test's server, its collector, or both."""
    collector = os.environ.get("COLLECTOR")
    if collector is None:
        configure(api_key="kb-test", base_url=url, spool=SPOOL)
    elif url == "none":
        configure(exporter="otlp", endpoint=collector, spool=SPOOL)
    else:
        configure(api_key="kb-test", base_url=url, exporter=("kayba", "otlp"), endpoint=collector, spool=SPOOL)


def make_traces(count: int, prefix: str = "n", inputs: object = None) -> None:
    """Make traces of one span each, with numbered names."""
    for number in range(count):
        with start_span(f"{prefix}{number}") as span:
            if inputs is not None:
                span.set_inputs(inputs)


class IdFile:
    """A file of trace ids, which outlives a process that is killed.

    Args:
        path: The path of the file, which is created or appended to.
    """

    def __init__(self, path: str) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0))

    def record(self, trace_id: str | None) -> None:
        """Record the id of a trace whose root has returned."""
        assert trace_id is not None
        os.write(self._file, bytes.fromhex(trace_id.removeprefix("tr-")))


def report(**values: Any) -> None:
    """Print one line of JSON for the test."""
    sys.stdout.write(json.dumps(values) + "\n")
    sys.stdout.flush()


def flush_counts(timeout: float = 240.0) -> dict[str, Any]:
    """Flush, and return the counts of the delivery and of the recovered traces."""
    delivery: Delivery = flush(timeout)
    return {**dataclasses.asdict(delivery), "recovered": tracing_status().recovered}
