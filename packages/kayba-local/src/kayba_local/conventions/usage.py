# Copied from conventions/ by `hatch run conventions`; do not edit.
"""Sums of token usage and cost over the spans of a trace, with no model call counted twice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Hashable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

MAX_OPEN_CALLS: Final = 64
"""The number of running calls with equal figures that a call is compared with."""


class Report(NamedTuple):
    """The figures that one span reports.

    Attributes:
        name: The name of the span.
        start_ns: The start of the span.
        end_ns: Its end. None while it runs.
        figures: The figures, such as the numbers of tokens.
    """

    name: str
    start_ns: int
    end_ns: int | None
    figures: Hashable


def find_counted(parents: Sequence[int | None], reports: Mapping[int, Report]) -> list[int]:
    """Return the positions of the spans whose figures count, in ascending order.

    An agent or a chain repeats the figures of the calls below it, so only the innermost ones count. A framework and the
    client that it calls may both report the same call, as siblings, if both are instrumented. The client's span then
    has another name and equal figures, and lies within the time of the framework's span.

    Args:
        parents: The position of the parent of each span of a trace; None for a span without a stored parent. No span is
            its own ancestor.
        reports: The figures by the position of the span that reports them.
    """
    containers: set[int] = set()
    for position in reports:
        containers.update(_ancestors(parents, position, containers))
    innermost = sorted(position for position in reports if position not in containers)
    groups: defaultdict[Hashable, list[int]] = defaultdict(list)
    for position in innermost:
        groups[reports[position].figures].append(position)
    mixed = [group for group in groups.values() if len({reports[position].name for position in group}) > 1]
    subtrees = _find_subtrees(parents) if mixed else []
    repeated = {position for group in mixed for position in _find_repeated(parents, subtrees, reports, group)}
    return [position for position in innermost if position not in repeated]


def _ancestors(parents: Sequence[int | None], position: int, known: Container[int]) -> Iterator[int]:
    """Yield the ancestors of a span, up to the first one that is known."""
    parent = parents[position]
    while parent is not None and parent not in known:
        yield parent
        parent = parents[parent]


def _find_subtrees(parents: Sequence[int | None]) -> list[range]:
    """Return for each span the places of its subtree in one order of all spans. Its own place is the first one."""
    children: defaultdict[int | None, list[int]] = defaultdict(list)
    for position, parent in enumerate(parents):
        children[parent].append(position)
    subtrees = [range(0)] * len(parents)
    order: list[int] = []
    pending = children[None][::-1]
    while pending:
        position = pending.pop()
        subtrees[position] = range(len(order), len(order) + 1)
        order.append(position)
        pending += children[position]
    for position in reversed(order):
        parent = parents[position]
        if parent is not None:
            last = max(subtrees[parent].stop, subtrees[position].stop)
            subtrees[parent] = range(subtrees[parent].start, last)
    return subtrees


def _find_repeated(
    parents: Sequence[int | None], subtrees: Sequence[range], reports: Mapping[int, Report], group: Sequence[int]
) -> Iterator[int]:
    """Yield the spans of a group with equal figures that repeat the call of another one."""
    outer: list[int] = []
    for position in sorted(group, key=lambda each: _outermost_first(reports[each])):
        call = reports[position]
        outer = [each for each in outer if _end(reports[each]) >= call.start_ns][-MAX_OPEN_CALLS:]
        around = next((each for each in outer if _is_around(parents, subtrees, reports, each, position)), None)
        if around is None:
            outer.append(position)
        else:
            # Each call of the framework makes one call of the client.
            outer.remove(around)
            yield position


def _outermost_first(report: Report) -> tuple[int, float, str]:
    return report.start_ns, -_end(report), report.name


def _end(report: Report) -> float:
    return float("inf") if report.end_ns is None else report.end_ns


def _is_around(
    parents: Sequence[int | None], subtrees: Sequence[range], reports: Mapping[int, Report], outer: int, inner: int
) -> bool:
    """Return whether a span is a framework's call around the client's call."""
    if reports[outer].name == reports[inner].name or _end(reports[inner]) > _end(reports[outer]):
        return False
    parent = parents[inner]
    return parent is None or subtrees[outer].start in subtrees[parent]
