"""Tree of a trace's spans for the page, with the depth and the time bar of each span."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from kayba_local.otlp.spans import INPUTS, OUTPUTS, SPAN_TYPE, Event, Span

MAX_INDENT: Final = 20
"""Maximum depth of indentation; the style sheet has no more levels."""
_SHOWN_SEPARATELY: Final = frozenset({INPUTS, OUTPUTS, SPAN_TYPE})


@dataclass(frozen=True, slots=True)
class Node:
    """A span in the tree.

    Attributes:
        depth: The number of ancestors, 0 for a root.
        detached: Whether the span has a parent that has not arrived.
        left: The start of the time bar, in percent of the trace's duration.
        width: The length of the time bar, in percent of the trace's duration.
    """

    span: Span
    depth: int
    detached: bool
    left: float
    width: float

    @property
    def indent(self) -> int:
        """The depth, limited to `MAX_INDENT`."""
        return min(self.depth, MAX_INDENT)

    @property
    def exceptions(self) -> list[Event]:
        """The span's exception events."""
        return [event for event in self.span.events if event.name == "exception"]

    @property
    def events(self) -> list[Event]:
        """The span's other events."""
        return [event for event in self.span.events if event.name != "exception"]

    @property
    def attributes(self) -> dict[str, Any]:
        """The attributes that the page does not show separately."""
        return {key: value for key, value in self.span.attributes.items() if key not in _SHOWN_SEPARATELY}


def build_tree(spans: Sequence[Span]) -> list[Node]:
    """Return the spans as nodes in depth-first order.

    Args:
        spans: The spans in the order of their start, which siblings keep. A span with a missing parent becomes a root.
            So does the first span of a cycle of parents, which only a faulty client sends.
    """
    if not spans:
        return []
    start = min(span.start_ns for span in spans)
    duration = max(max(_end(span) for span in spans) - start, 1)
    return [
        Node(
            span,
            depth,
            detached=depth == 0 and span.parent_id is not None,
            left=round(100 * (span.start_ns - start) / duration, 3),
            width=round(100 * max(_end(span) - span.start_ns, 0) / duration, 3),
        )
        for span, depth in _walk(spans)
    ]


def _walk(spans: Sequence[Span]) -> Iterator[tuple[Span, int]]:
    known = {span.span_id for span in spans}
    children: defaultdict[str | None, list[Span]] = defaultdict(list)
    for span in spans:
        children[span.parent_id if span.parent_id in known else None].append(span)
    seen: set[str] = set()
    # Spans that no root leads to form a cycle; the earliest one becomes a root.
    for root in (*children[None], *spans):
        pending = [(root, 0)]
        while pending:
            span, depth = pending.pop()
            if span.span_id in seen:
                continue
            seen.add(span.span_id)
            yield span, depth
            pending.extend((child, depth + 1) for child in reversed(children[span.span_id]))


def _end(span: Span) -> int:
    return span.start_ns if span.end_ns is None else span.end_ns
