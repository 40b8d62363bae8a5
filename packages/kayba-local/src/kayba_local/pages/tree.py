"""Tree of a trace's spans for the page, with the depth and the time bar of each span."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final, Generic, Protocol, TypeVar

from kayba_local.otlp.spans import INPUTS, OUTPUTS, SPAN_TYPE, Event, Span
from kayba_local.store.traces.outlines import SpanOutline

MAX_INDENT: Final = 20
"""Maximum depth of indentation; the style sheet has no more levels."""
_SHOWN_SEPARATELY: Final = frozenset({INPUTS, OUTPUTS, SPAN_TYPE})


class Place(Protocol):
    """The fields of a span that determine its place in the tree. Both a whole span and its outline have them."""

    @property
    def span_id(self) -> str:
        """The span's id."""

    @property
    def parent_id(self) -> str | None:
        """The parent's id; None for a root."""

    @property
    def start_ns(self) -> int:
        """The start in ns since 1970."""

    @property
    def end_ns(self) -> int | None:
        """The end in ns since 1970; None while the span runs."""


PlaceT = TypeVar("PlaceT", bound=Place)


@dataclass(frozen=True, slots=True)
class Node(Generic[PlaceT]):
    """A span in the tree.

    Attributes:
        depth: The number of ancestors, 0 for a root.
        detached: Whether the span has a parent that has not arrived.
        circular: Whether the span is shown as a root because its ancestors form a cycle.
        left: The start of the time bar, in percent of the trace's duration.
        width: The length of the time bar, in percent of the trace's duration.
    """

    span: PlaceT
    depth: int
    detached: bool
    circular: bool
    left: float
    width: float

    @property
    def indent(self) -> int:
        """The depth, limited to `MAX_INDENT`."""
        return min(self.depth, MAX_INDENT)


@dataclass(frozen=True, slots=True)
class ShownNode(Node[Span]):
    """A node with its whole span, as the page shows it."""

    @property
    def exceptions(self) -> list[Event]:
        """The span's exception events."""
        return [event for event in self.span.events if event.name == "exception"]

    @property
    def failure(self) -> str:
        """The error of a span without an exception: its message, or only the type, as some instrumentations send it."""
        error_type = self.span.attributes.get("error.type", "") if self.span.status == "ERROR" else ""
        return self.span.status_message or str(error_type)

    @property
    def events(self) -> list[Event]:
        """The span's other events."""
        return [event for event in self.span.events if event.name != "exception"]

    @property
    def attributes(self) -> dict[str, Any]:
        """The attributes that the page does not show separately."""
        return {key: value for key, value in self.span.attributes.items() if key not in _SHOWN_SEPARATELY}


def build_tree(spans: Sequence[PlaceT], limit: int | None = None) -> list[Node[PlaceT]]:
    """Return the spans as nodes in depth-first order.

    Args:
        spans: The spans in the order of their start, which siblings keep. A span with a missing parent becomes a root.
            So does the earliest span of a cycle of parents, which only a faulty client sends.
        limit: The number of nodes to return, the first ones; None for all.
    """
    if not spans:
        return []
    start = min(span.start_ns for span in spans)
    duration = max(max(_end(span) for span in spans) - start, 1)
    known = {span.span_id: span for span in spans}
    return [
        Node(
            span,
            depth,
            detached=depth == 0 and span.parent_id is not None and span.parent_id not in known,
            circular=depth == 0 and span.parent_id in known,
            left=round(100 * (span.start_ns - start) / duration, 3),
            width=round(100 * max(_end(span) - span.start_ns, 0) / duration, 3),
        )
        for span, depth in islice(_walk(spans, known), limit)
    ]


def with_spans(nodes: Iterable[Node[SpanOutline]], spans: Mapping[int, Span]) -> list[ShownNode]:
    """Return nodes with their whole spans, given by row id. A span that was deleted meanwhile is omitted."""
    return [
        ShownNode(span, node.depth, node.detached, node.circular, node.left, node.width)
        for node in nodes
        if (span := spans.get(node.span.row)) is not None
    ]


def _walk(spans: Sequence[PlaceT], known: Mapping[str, PlaceT]) -> Iterator[tuple[PlaceT, int]]:
    children: defaultdict[str | None, list[PlaceT]] = defaultdict(list)
    for span in spans:
        children[span.parent_id if span.parent_id in known else None].append(span)
    seen: set[str] = set()
    for span in (*children[None], *spans):
        if span.span_id in seen:
            continue
        # No root leads to the spans that are left: their ancestors form a cycle.
        pending = [(span if span.parent_id not in known else _first_of_cycle(span, known), 0)]
        while pending:
            node, depth = pending.pop()
            if node.span_id not in seen:
                seen.add(node.span_id)
                yield node, depth
                pending.extend((child, depth + 1) for child in reversed(children[node.span_id]))


def _first_of_cycle(span: PlaceT, known: Mapping[str, PlaceT]) -> PlaceT:
    """Return the earliest span of the cycle that the ancestors of a span form."""
    ancestors: dict[str, PlaceT] = {}
    while span.span_id not in ancestors:
        ancestors[span.span_id] = span
        span = known[str(span.parent_id)]
    members = list(ancestors.values())
    cycle = members[members.index(span) :]
    return min(cycle, key=lambda member: (member.start_ns, member.span_id))


def _end(span: Place) -> int:
    return span.start_ns if span.end_ns is None else span.end_ns
