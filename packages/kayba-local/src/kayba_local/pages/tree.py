"""A trace's spans in the order of its tree, each with its depth and its place in time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from kayba_local.otlp.spans import INPUTS, OUTPUTS, SPAN_TYPE, Event, Span

DEEPEST_INDENT: Final = 20
"""Deeper spans are drawn at this depth; the style sheet has no more steps."""
_SHOWN_BY_THEMSELVES: Final = frozenset({INPUTS, OUTPUTS, SPAN_TYPE})


@dataclass(frozen=True, slots=True)
class Node:
    """A span in its tree.

    Attributes:
        depth: 0 for a root.
        detached: Whether the span that it belongs to has not arrived.
        left: Where its time bar begins, in percent of the trace's time.
        width: How long the bar is, the same.
    """

    span: Span
    depth: int
    detached: bool
    left: float
    width: float

    @property
    def indent(self) -> int:
        """The depth as far as it is drawn."""
        return min(self.depth, DEEPEST_INDENT)

    @property
    def exceptions(self) -> list[Event]:
        """What it raised."""
        return [event for event in self.span.events if event.name == "exception"]

    @property
    def events(self) -> list[Event]:
        """What else happened during it."""
        return [event for event in self.span.events if event.name != "exception"]

    @property
    def attributes(self) -> dict[str, Any]:
        """Attributes that nothing else shows."""
        return {key: value for key, value in self.span.attributes.items() if key not in _SHOWN_BY_THEMSELVES}


def arrange(spans: Sequence[Span]) -> list[Node]:
    """The spans as nodes, each one after its parent and before its next sibling.

    Args:
        spans: In the order of their start; siblings keep it. One whose parent is missing stands as a root, and so does
            the first of a circle of parents, which no honest client sends.
    """
    if not spans:
        return []
    start = min(span.start_ns for span in spans)
    whole = max(max(_end(span) for span in spans) - start, 1)
    return [
        Node(
            span,
            depth,
            detached=depth == 0 and span.parent_id is not None,
            left=round(100 * (span.start_ns - start) / whole, 3),
            width=round(100 * max(_end(span) - span.start_ns, 0) / whole, 3),
        )
        for span, depth in _walk(spans)
    ]


def _walk(spans: Sequence[Span]) -> Iterator[tuple[Span, int]]:
    known = {span.span_id for span in spans}
    children: defaultdict[str | None, list[Span]] = defaultdict(list)
    for span in spans:
        children[span.parent_id if span.parent_id in known else None].append(span)
    seen: set[str] = set()
    # Roots first; whatever they do not lead to is in a circle, and its earliest span is taken as a root.
    for root in (*children[None], *spans):
        ahead = [(root, 0)]
        while ahead:
            span, depth = ahead.pop()
            if span.span_id in seen:
                continue
            seen.add(span.span_id)
            yield span, depth
            ahead.extend((child, depth + 1) for child in reversed(children[span.span_id]))


def _end(span: Span) -> int:
    return span.start_ns if span.end_ns is None else span.end_ns
