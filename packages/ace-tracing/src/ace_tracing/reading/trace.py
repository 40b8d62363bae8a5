"""A trace as a whole: what `get_trace` and `search_traces` give, and what can be asked of it.

What needs more than a line is in a module of its own, imported when it is first asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TextIO

import orjson

from ace_tracing.reading.model import Span, TraceInfo

if TYPE_CHECKING:
    import pandas as pd

    from ace_tracing.reading.changes import TraceDiff


@dataclass(frozen=True, slots=True)
class TraceData:
    """The steps of a trace.

    Attributes:
        spans: in the order they started.
    """

    spans: list[Span]


@dataclass(frozen=True, slots=True)
class Node:
    """A span with the spans below it.

    Attributes:
        span: the step itself.
        children: the steps it called, in the order they started.
    """

    span: Span
    children: list[Node]

    def walk(self, depth: int = 0) -> Iterator[tuple[int, Span]]:
        """Give this span and all below it, each with its depth, parents before children."""
        stack = [(depth, self)]
        while stack:
            level, node = stack.pop()
            yield level, node.span
            stack.extend((level + 1, child) for child in reversed(node.children))


@dataclass(frozen=True, slots=True)
class Trace:
    """One run of an agent: what is known of it, and its steps.

    Attributes:
        info: its state, times, tags and metadata.
        data: its spans.
    """

    info: TraceInfo
    data: TraceData

    @property
    def trace_id(self) -> str:
        """Its id, `tr-` and 32 hex digits."""
        return self.info.trace_id

    @property
    def root(self) -> Span | None:
        """The span that called all others; None when the service does not have it yet."""
        return next((span for span in self.data.spans if span.parent_id is None), None)

    @property
    def tree(self) -> list[Node]:
        """The spans as trees: one for the root, and one for each span whose parent the service does not have."""
        nodes = {span.span_id: Node(span, []) for span in self.data.spans}
        tops: list[Node] = []
        for span in self.data.spans:
            parent = nodes.get(span.parent_id) if span.parent_id else None
            (parent.children if parent else tops).append(nodes[span.span_id])
        return tops

    @property
    def duration_ms(self) -> float | None:
        """How long its root took, in milliseconds; None when the service has not seen it end."""
        root = self.root
        return self.info.execution_duration if root is None else root.duration_ms

    @property
    def token_usage(self) -> dict[str, int]:
        """The tokens that its calls of models took: `input_tokens`, `output_tokens`, `total_tokens` and others told.

        A span that holds calls and their sum counts once: of spans below one another only the innermost that report
        usage are added up. Empty when none does.
        """
        from ace_tracing.reading.usage import token_usage

        return token_usage(self)

    @property
    def cost(self) -> dict[str, float]:
        """What its calls of models cost, in US dollars: `input_cost`, `output_cost` and `total_cost`.

        Added up as `token_usage` is. Empty when no span reports a cost.
        """
        from ace_tracing.reading.usage import cost

        return cost(self)

    def walk(self) -> Iterator[tuple[int, Span]]:
        """Give every span with its depth in the tree (0 for the root), parents before children."""
        for node in self.tree:
            yield from node.walk()

    def find(
        self,
        name: str | None = None,
        span_type: str | None = None,
        where: Callable[[Span], bool] | None = None,
    ) -> list[Span]:
        """The spans that fit every condition given, in the order they started; all of them without any.

        Args:
            name: their name.
            span_type: what kind of step they are, as `"LLM"`.
            where: any other condition, as `lambda span: span.status.status_code == "ERROR"`.
        """
        return [
            span
            for span in self.data.spans
            if (name is None or span.name == name)
            and (span_type is None or span.span_type == span_type)
            and (where is None or where(span))
        ]

    def diff(self, other: Trace, *, ignore_order: bool = False, times: bool = False) -> TraceDiff:
        """Compare with a later run of the same agent, step by step along the tree.

        Names, types, outcomes, inputs and outputs are compared; ids and attributes are not.

        Args:
            other: the trace that counts as the newer of the two.
            ignore_order: whether steps of one parent may come in any order, as those of concurrent code do.
            times: whether durations are compared, too; with `ace_tracing.testing.fixed_clock` they can be equal.

        Returns:
            What was added, removed and changed; false when nothing was, and readable as a string.
        """
        from ace_tracing.reading.diff import diff

        return diff(self, other, ignore_order=ignore_order, times=times)

    def print_tree(self, file: TextIO | None = None) -> None:
        """Print the tree with times and errors, a line a span.

        In colour in a terminal when rich is installed (`pip install "ace-tracing[rich]"`), else as plain text.

        Args:
            file: where to; standard output by default.
        """
        from ace_tracing.reading.terminal import print_tree

        print_tree(self, file)

    def to_dataframe(self) -> pd.DataFrame:
        """The spans as a table, one row a span, in the order of the tree.

        Raises:
            ModuleNotFoundError: pandas is not installed: `pip install "ace-tracing[pandas]"`.
        """
        from ace_tracing.reading.dataframe import to_dataframe

        return to_dataframe(self)

    def to_dict(self) -> dict[str, Any]:
        """The trace as plain JSON values: `{"info": {...}, "data": {"spans": [...]}}`."""
        return {"info": self.info.to_dict(), "data": {"spans": [span.to_dict() for span in self.data.spans]}}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Trace:
        """Give the trace that `to_dict` gave: a recorded trace can be a test's fixture, without a service.

        Raises:
            ValueError: `content` is not what `to_dict` gives.
        """
        try:
            spans = [Span.from_dict(span) for span in content["data"]["spans"]]
            return cls(TraceInfo.from_dict(content["info"]), TraceData(spans))
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"Not a trace as Trace.to_dict gives it: {type(error).__name__}: {error}") from error

    def to_json(self) -> str:
        """The trace as JSON text, indented, to be kept in a file; `from_json` reads it."""
        return orjson.dumps(self.to_dict(), option=orjson.OPT_INDENT_2).decode()

    @classmethod
    def from_json(cls, text: str | bytes) -> Trace:
        """Give the trace that `to_json` gave.

        Raises:
            ValueError: `text` is not what `to_json` gives.
        """
        return cls.from_dict(orjson.loads(text))

    def _repr_html_(self) -> str:
        from ace_tracing.reading.notebook import to_html

        return to_html(self)

    def __repr__(self) -> str:
        name = self.info.name or ""
        return f"<Trace {name!r} {self.trace_id} {self.info.state} {len(self.data.spans)} spans>"
