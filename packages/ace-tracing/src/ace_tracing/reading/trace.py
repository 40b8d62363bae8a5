"""`Trace`, the result of `get_trace` and `search_traces`. Each method imports its view on first use."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TextIO

import orjson

from ace_tracing.reading.model import Span, TraceData, TraceInfo
from ace_tracing.reading.tree import SpanTree

if TYPE_CHECKING:
    import re

    import pandas as pd

    from ace_tracing.reading.changes import TraceDiff


@dataclass(frozen=True, slots=True)
class Trace(SpanTree):
    """One run of an agent: its info and its spans.

    Attributes:
        info: The trace's state, times, tags and metadata.
        data: The trace's spans.
    """

    @property
    def token_usage(self) -> dict[str, int]:
        """The tokens of the trace's model calls: `input_tokens`, `output_tokens`, `total_tokens` and other counts.

        Other counts are, for example, `cache_read_input_tokens` and `reasoning_tokens`, parts of the first two.

        Nothing counts twice: when spans on one path of the tree report usage, only the innermost one counts. Empty when
        no span reports usage.
        """
        from ace_tracing.reading.usage import sum_token_usage

        return sum_token_usage(self)

    @property
    def cost(self) -> dict[str, float]:
        """The cost of the trace's model calls in US dollars: `input_cost`, `output_cost` and `total_cost`.

        Added up like `token_usage`. Empty when no span reports a cost.
        """
        from ace_tracing.reading.usage import sum_cost

        return sum_cost(self)

    def diff(
        self,
        other: Trace,
        *,
        ignore_order: bool = False,
        times: bool = False,
        ignore: str | re.Pattern[str] | Iterable[str | re.Pattern[str]] = (),
    ) -> TraceDiff:
        """Compare this trace with a later run of the same agent, span by span along the tree.

        Names, types, statuses, inputs and outputs are compared; the ids of the spans and their attributes are not.

        Args:
            other: The newer trace.
            ignore_order: Whether the children of a span may come in any order, for example in concurrent code.
            times: Whether durations are compared too. With `ace_tracing.testing.fixed_clock` they can be equal.
            ignore: One rule or several for the parts of inputs, outputs, names and errors that may differ. A text is
                the name of a key at any depth (`"session"`), a path (`"outputs.items[*].score"`) or a field
                (`"status"`), where `*` stands for any text. A regular expression is a part of any text. `"ids"` and
                `"times"` stand for the usual names of keys with ids or times (`id`, `*_id`, `created_at`, ...), and for
                UUIDs, hashes, dates and times inside texts.

        Returns:
            The added, removed and changed spans. The result is false without a difference, and readable as a string.

        Raises:
            ConfigurationError: A rule of `ignore` is neither text nor a regular expression.
        """
        from ace_tracing.reading.diff import diff

        return diff(self, other, ignore_order=ignore_order, times=times, ignore=ignore)

    def print_tree(self, file: TextIO | None = None) -> None:
        """Print a headline with the tokens and the cost, and the tree with durations and errors, one line per span.

        A terminal gets colours when rich is installed (`pip install rich`). Any other output is plain text.

        Args:
            file: The output; standard output by default.
        """
        from ace_tracing.reading.terminal import print_tree

        print_tree(self, file)

    def to_dataframe(self) -> pd.DataFrame:
        """Return the spans as a table, one row per span, in the order of the tree.

        Raises:
            ModuleNotFoundError: pandas is not installed. Install it with `pip install pandas`.
        """
        from ace_tracing.reading.dataframe import to_dataframe

        return to_dataframe(self, rows="spans")

    def to_dict(self) -> dict[str, Any]:
        """Return the trace as plain JSON values: `{"info": {...}, "data": {"spans": [...]}}`."""
        return {"info": self.info.to_dict(), "data": {"spans": [span.to_dict() for span in self.data.spans]}}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Trace:
        """Return the trace from its `to_dict` form. A saved trace can be a test's fixture, without a service.

        Raises:
            ValueError: `content` does not have the form of `to_dict`.
        """
        try:
            spans = [Span.from_dict(span) for span in content["data"]["spans"]]
            return cls(TraceInfo.from_dict(content["info"]), TraceData(spans))
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"Not a trace in the form of Trace.to_dict: {type(error).__name__}: {error}") from error

    def to_json(self) -> str:
        """Return the trace as indented JSON text, for a file. `from_json` reads it."""
        return orjson.dumps(self.to_dict(), option=orjson.OPT_INDENT_2).decode()

    @classmethod
    def from_json(cls, text: str | bytes) -> Trace:
        """Return the trace from its `to_json` form.

        Raises:
            ValueError: `text` does not have the form of `to_json`.
        """
        return cls.from_dict(orjson.loads(text))

    def _repr_html_(self) -> str:
        from ace_tracing.reading.notebook import to_html

        return to_html(self)

    def __repr__(self) -> str:
        name = self.info.name or ""
        return f"<Trace {name!r} {self.trace_id} {self.info.state} {len(self.data.spans)} spans>"
