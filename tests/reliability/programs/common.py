"""What the programs share: a configuration from their arguments, and telling a trace's id so that it outlives them."""

from __future__ import annotations

import dataclasses
import json
import os
import sys
from typing import Any

from ace_tracing import Delivery, configure, flush, start_span, tracing_status

URL = sys.argv[1]
SPOOL = os.environ["SPOOL"] == "1"


def begin(url: str = URL) -> None:
    """Configure tracing for the server that the test has named."""
    configure(api_key="kb-test", base_url=url, spool=SPOOL)


def make(count: int, prefix: str = "n", inputs: object = None) -> None:
    """Make traces of one span each, with their names numbered."""
    for number in range(count):
        with start_span(f"{prefix}{number}") as span:
            if inputs is not None:
                span.set_inputs(inputs)


class Told:
    """A file of trace ids. What is written to it stays when the process is killed.

    Args:
        path: where; made when missing, and added to.
    """

    def __init__(self, path: str) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0))

    def tell(self, trace_id: str | None) -> None:
        """Say that the root of this trace has returned."""
        assert trace_id is not None
        os.write(self._file, bytes.fromhex(trace_id.removeprefix("tr-")))


def say(**what: Any) -> None:
    """One line of JSON for the test."""
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def settled(timeout: float = 60.0) -> dict[str, Any]:
    """Flush, and give what came of it with what has been recovered."""
    delivery: Delivery = flush(timeout)
    return {**dataclasses.asdict(delivery), "recovered": tracing_status().recovered}
