"""Counts: what `flush`, `shutdown` and `tracing_status` return, checked against the number of traces made."""

from __future__ import annotations

from tests.helpers.programs import TIMEOUT_S, wait_for

from ace_tracing import Delivery, flush


def settle(seconds: float = TIMEOUT_S) -> Delivery:
    """Flush until no trace is pending, or only feedback, and return the counts."""
    found: list[Delivery] = []

    def is_settled() -> bool:
        found.append(flush(timeout=1))
        return found[-1].pending == found[-1].feedback_pending

    wait_for(is_settled, seconds)
    return found[-1]
