"""Counts: what `flush`, `shutdown` and `tracing_status` return, checked against the number of traces made."""

from __future__ import annotations

from typing import Final

from tests.helpers.programs import TIMEOUT_S, wait_for

from ace_tracing import Delivery, flush
from ace_tracing.delivery.ledger import REJECTED_PARTS, REJECTED_SPANS
from ace_tracing.delivery.spool.drops import BUFFER_FULL_SPANS

OF_KEPT_TRACES: Final = (REJECTED_PARTS, REJECTED_SPANS, BUFFER_FULL_SPANS)
"""The reasons that count single spans of traces which are delivered or pending."""


def counts(delivery: Delivery, made: int | None = None) -> tuple[int, int, int]:
    """Return delivered, pending and dropped, after checking that each drop has a reason and that nothing vanished.

    Args:
        delivery: The counts.
        made: How many traces and entries of feedback were made. Without it, their sum is not checked.
    """
    assert sum(delivery.reasons.values()) == delivery.dropped, delivery
    assert min(delivery.delivered, delivery.pending, delivery.dropped) >= 0, delivery
    if made is not None:
        spans = sum(delivery.reasons.get(reason, 0) for reason in OF_KEPT_TRACES)
        assert delivery.delivered + delivery.pending + delivery.dropped - spans == made, delivery
    return delivery.delivered, delivery.pending, delivery.dropped


def settle(made: int | None = None, seconds: float = TIMEOUT_S) -> Delivery:
    """Flush until no trace is pending, or only feedback, and return the counts.

    Args:
        made: How many traces and entries of feedback were made, as in `counts`.
        seconds: The longest wait.
    """
    found: list[Delivery] = []

    def is_settled() -> bool:
        found.append(flush(timeout=1))
        counts(found[-1], made)
        return found[-1].pending == found[-1].feedback_pending

    wait_for(is_settled, seconds)
    return found[-1]
