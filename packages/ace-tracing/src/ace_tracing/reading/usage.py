"""Token usage and cost of a whole trace, with nothing counted twice.

Many frameworks report a call's usage on the call and again, summed, on the agent around it. A span's own figures
therefore count only when no descendant reports any. MLflow counts the outermost span instead. Both agree on complete
sums, but a container may know only some of its calls.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from ace_tracing.reading.model import SpanTree
from ace_tracing.recording.attributes import COST, TOKEN_USAGE


def sum_token_usage(trace: SpanTree) -> dict[str, int]:
    """Add up the tokens of the innermost reporting spans. A missing total is the sum of input and output."""
    return {name: round(amount) for name, amount in _sum(trace, TOKEN_USAGE, "_tokens").items()}


def sum_cost(trace: SpanTree) -> dict[str, float]:
    """Add up the cost of the innermost reporting spans, in US dollars."""
    return _sum(trace, COST, "_cost")


def _sum(trace: SpanTree, attribute: str, unit: str) -> dict[str, float]:
    parents = {span.span_id: span.parent_id for span in trace.data.spans}
    reported = {span.span_id: figures for span in trace.data.spans if (figures := _figures(span.attributes, attribute))}
    containers: set[str] = set()
    for span_id in reported:
        ancestor = parents[span_id]
        while ancestor is not None and ancestor not in containers:
            containers.add(ancestor)
            ancestor = parents.get(ancestor)
    total: Counter[str] = Counter()
    for span_id, figures in reported.items():
        if span_id not in containers:
            parts = sum(figures.get(f"{part}{unit}", 0) for part in ("input", "output"))
            total.update({f"total{unit}": parts, **figures})
    return dict(total)


def _figures(attributes: Mapping[str, Any], attribute: str) -> dict[str, float]:
    """Return the numbers in an attribute, which may hold any JSON value."""
    reported = attributes.get(attribute)
    if not isinstance(reported, Mapping):
        return {}
    return {
        name: amount
        for name, amount in reported.items()
        if isinstance(amount, int | float) and not isinstance(amount, bool)
    }
