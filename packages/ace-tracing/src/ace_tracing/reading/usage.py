"""Token usage and cost of a whole trace, with nothing counted twice.

Many frameworks report a call's usage on the call and again, summed, on the agent around it. A span's own figures
therefore count only when no descendant reports any. MLflow counts the outermost span instead. Both agree on complete
sums, but a container may know only some of its calls.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TypeVar

from ace_tracing.reading.model import Span
from ace_tracing.reading.tree import SpanTree

A = TypeVar("A", int, float)


def sum_token_usage(trace: SpanTree) -> dict[str, int]:
    """Add up the tokens of the innermost reporting spans."""
    return {name: sum(amounts) for name, amounts in _collect(trace, lambda span: span.token_usage).items()}


def sum_cost(trace: SpanTree) -> dict[str, float]:
    """Add up the cost of the innermost reporting spans, in US dollars."""
    return {name: math.fsum(amounts) for name, amounts in _collect(trace, lambda span: span.cost).items()}


def _collect(trace: SpanTree, read: Callable[[Span], Mapping[str, A]]) -> dict[str, list[A]]:
    """Return the amounts that the innermost reporting spans report, by name."""
    reports: list[Mapping[str, A]] = []
    containers: set[int] = set()
    # For each level of the path to the span: the innermost report on the path down to there.
    innermost: list[int | None] = []
    for depth, span in trace.walk():
        del innermost[depth:]
        above = innermost[-1] if innermost else None
        if figures := read(span):
            if above is not None:
                containers.add(above)
            above = len(reports)
            reports.append(figures)
        innermost.append(above)
    amounts: dict[str, list[A]] = {}
    for place, figures in enumerate(reports):
        if place not in containers:
            for name, amount in figures.items():
                amounts.setdefault(name, []).append(amount)
    return amounts
