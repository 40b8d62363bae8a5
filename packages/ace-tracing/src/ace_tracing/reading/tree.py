"""The tree of a trace's spans. The views in this package take a `SpanTree`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from ace_tracing.errors import NotFoundError
from ace_tracing.reading.model import Span, TraceData, TraceInfo


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Node:
    """A span with its children in the tree. Equality and `repr` work at any depth.

    Attributes:
        span: The span.
        children: The nodes of the span's children, in the order they started.
    """

    span: Span
    children: list[Node]

    def walk(self, depth: int = 0) -> Iterator[tuple[int, Span]]:
        """Yield this span and its descendants, each with its depth, parents before children."""
        stack = [(depth, self)]
        while stack:
            level, node = stack.pop()
            yield level, node.span
            stack.extend((level + 1, child) for child in reversed(node.children))

    def __eq__(self, other: object) -> bool:
        return list(self.walk()) == list(other.walk()) if isinstance(other, Node) else NotImplemented

    def __repr__(self) -> str:
        return f"<Node {self.span!r} {len(self.children)} children>"


@dataclass(frozen=True, slots=True)
class SpanTree:
    """A trace's info and spans, and the tree of the spans.

    Attributes:
        info: The trace's state, times, tags and metadata.
        data: The trace's spans.
    """

    info: TraceInfo
    data: TraceData

    @property
    def trace_id(self) -> str:
        """The trace's id, `tr-` and 32 hex digits."""
        return self.info.trace_id

    @property
    def root(self) -> Span:
        """The span without a parent. While the service has not received it, the first of the top spans.

        Raises:
            NotFoundError: The trace has no spans.
        """
        root = self._root_span()
        if root is not None:
            return root
        if not self.data.spans:
            raise NotFoundError(f"Trace {self.trace_id} has no spans: the service has received none yet.")
        return self.tree[0].span

    @property
    def tree(self) -> list[Node]:
        """The top nodes: the root, and each span whose parent the service has not received.

        Every span is in the tree exactly once. Of spans whose parents form a circle, the one that started first is a
        top node. When spans share an id, the children of that id belong to the first of them.
        """
        return build_tree(self.data.spans)

    @property
    def duration_ms(self) -> float | None:
        """The root's duration in milliseconds; None when the service has not received the root's end."""
        root = self._root_span()
        return self.info.execution_duration if root is None else root.duration_ms

    def walk(self) -> Iterator[tuple[int, Span]]:
        """Yield every span with its depth in the tree (0 for the root), parents before children."""
        for node in self.tree:
            yield from node.walk()

    def find(
        self,
        name: str | None = None,
        span_type: str | None = None,
        where: Callable[[Span], bool] | None = None,
    ) -> list[Span]:
        """Return the spans that meet every given condition, in the order they started; all spans by default.

        Args:
            name: The span's name.
            span_type: The span's type, such as `"LLM"`.
            where: Any other condition, such as `lambda span: span.status.status_code == "ERROR"`.
        """
        return [
            span
            for span in self.data.spans
            if (name is None or span.name == name)
            and (span_type is None or span.span_type == span_type)
            and (where is None or where(span))
        ]

    def _root_span(self) -> Span | None:
        return next((span for span in self.data.spans if span.parent_id is None), None)


def build_tree(spans: Iterable[Span]) -> list[Node]:
    """Return the top nodes of spans, in their order, with every span in the tree exactly once."""
    nodes = [Node(span, []) for span in spans]
    places: dict[str, int] = {}
    for place, node in enumerate(nodes):
        places.setdefault(node.span.span_id, place)
    parents = [None if node.span.parent_id is None else places.get(node.span.parent_id) for node in nodes]
    for place in _circle_tops(parents):
        parents[place] = None
    tops: list[Node] = []
    for node, parent in zip(nodes, parents, strict=True):
        (tops if parent is None else nodes[parent].children).append(node)
    return tops


def _circle_tops(parents: Sequence[int | None]) -> list[int]:
    """Return the first node of each circle.

    Args:
        parents: The place of each node's parent; None for a top node.
    """
    tops: list[int] = []
    walks: list[int | None] = [None] * len(parents)
    for start in range(len(parents)):
        place: int | None = start
        while place is not None and walks[place] is None:
            walks[place] = start
            place = parents[place]
        if place is not None and walks[place] == start:
            # This walk has come back to one of its own nodes.
            circle = [place]
            while (above := parents[circle[-1]]) != place and above is not None:
                circle.append(above)
            tops.append(min(circle))
    return tops
