"""Token usage and cost of a whole trace, with nothing counted twice.

Many frameworks report a call's usage on the call and again, summed, on the agent around it. A span's own figures
therefore count only when no descendant reports any, and a call that a framework and its client both report counts once.
MLflow counts the outermost span instead. Both agree on complete sums, but a container may know only some of its calls.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TypeVar

from ace_tracing.conventions import Report, find_counted
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
    """Return the amounts that count, by name."""
    parents: list[int | None] = []
    figures: list[Mapping[str, A]] = []
    reports: dict[int, Report] = {}
    path: list[int] = []
    for position, (depth, span) in enumerate(trace.walk()):
        del path[depth:]
        parents.append(path[-1] if path else None)
        path.append(position)
        figures.append(read(span))
        if figures[-1]:
            # Some instrumentations report a count of 0, and others of the same call leave it out.
            amounts = tuple(sorted((name, amount) for name, amount in figures[-1].items() if amount))
            reports[position] = Report(span.name, span.start_time_ns, span.end_time_ns, amounts)
    counted: dict[str, list[A]] = {}
    for position in find_counted(parents, reports):
        for name, amount in figures[position].items():
            counted.setdefault(name, []).append(amount)
    return counted
