"""Tokens and money of a whole trace, nothing counted twice.

Many frameworks report a call's usage on the call and once more, summed, on the agent around it. So a span's own figures
count only when no span below it reports any. (MLflow does it the other way round, with the outermost: that is the same
wherever sums are faithful, but trusts a container that knows of only some of its calls.)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ace_tracing.recording.span import COST, TOKEN_USAGE

if TYPE_CHECKING:
    from ace_tracing.reading.trace import Trace


def token_usage(trace: Trace) -> dict[str, int]:
    """Add up what innermost spans report as tokens; where one reports no total, it is its input and output."""
    return {name: round(amount) for name, amount in _sum(trace, TOKEN_USAGE, "_tokens").items()}


def cost(trace: Trace) -> dict[str, float]:
    """Add up what innermost spans report as cost, in US dollars."""
    return _sum(trace, COST, "_cost")


def _sum(trace: Trace, attribute: str, unit: str) -> dict[str, float]:
    parents = {span.span_id: span.parent_id for span in trace.data.spans}
    reported = {span.span_id: figures for span in trace.data.spans if (figures := _figures(span.attributes, attribute))}
    containers: set[str] = set()
    for span_id in reported:
        above = parents[span_id]
        while above is not None and above not in containers:
            containers.add(above)
            above = parents.get(above)
    total: Counter[str] = Counter()
    for span_id, figures in reported.items():
        if span_id not in containers:
            parts = sum(figures.get(f"{part}{unit}", 0) for part in ("input", "output"))
            total.update({f"total{unit}": parts, **figures})
    return dict(total)


def _figures(attributes: Mapping[str, Any], attribute: str) -> dict[str, float]:
    """The numbers among what is reported: an attribute is whatever its writer made of it."""
    reported = attributes.get(attribute)
    if not isinstance(reported, Mapping):
        return {}
    return {
        name: amount
        for name, amount in reported.items()
        if isinstance(amount, int | float) and not isinstance(amount, bool)
    }
