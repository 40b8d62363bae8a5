"""The tree of a trace in every view: spans whose parents form a circle, share an id or are missing, and deep trees."""

from __future__ import annotations

import copy
import io
import pickle
import re
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ace_tracing import NotFoundError, Span, SpanStatus, Trace, TraceData, TraceInfo, TraceState

TRACE_ID = "tr-" + "a" * 32
USAGE = "mlflow.chat.tokenUsage"


def make_span(number: int, span_id: str, parent_id: str | None, attributes: dict[str, Any] | None = None) -> Span:
    start = number * 1_000_000
    return Span(
        f"s{number}", TRACE_ID, span_id, parent_id, "TOOL", start, start + 1, SpanStatus("OK"), None, None,
        attributes or {}, [],
    )  # fmt: skip


def make_trace(parents: Sequence[int | None], attributes: dict[str, Any] | None = None) -> Trace:
    """Return a trace whose n-th span has the n-th parent: the number of a span, which may be any."""
    spans = [
        make_span(number, f"{number:016x}", None if parent is None else f"{parent:016x}", attributes)
        for number, parent in enumerate(parents)
    ]
    return Trace(TraceInfo(TRACE_ID, "0", TraceState.OK, 1, 1, {}, {}), TraceData(spans))


def names(trace: Trace) -> list[tuple[int, str]]:
    return [(depth, span.name) for depth, span in trace.walk()]


def printed_names(trace: Trace) -> list[str]:
    out = io.StringIO()
    trace.print_tree(file=out)
    return [found[0] for line in out.getvalue().splitlines()[1:] if (found := re.search(r"\bs\d+\b", line))]


def test_spans_of_a_circle_are_shown_below_the_first_of_them() -> None:
    assert names(make_trace([None, 2, 1, 2, 1])) == [(0, "s0"), (0, "s1"), (1, "s2"), (2, "s3"), (1, "s4")]
    assert names(make_trace([1, 0])) == [(0, "s0"), (1, "s1")]
    assert names(make_trace([2, 2, 1])) == [(0, "s1"), (1, "s2"), (2, "s0")]


def test_a_span_that_is_its_own_parent_is_a_top_node() -> None:
    assert names(make_trace([0, 0])) == [(0, "s0"), (1, "s1")]


def test_spans_with_the_same_id_are_all_shown() -> None:
    spans = [make_span(0, "a" * 16, None), make_span(1, "a" * 16, "a" * 16), make_span(2, "b" * 16, "a" * 16)]
    trace = Trace(make_trace([]).info, TraceData(spans))
    assert names(trace) == [(0, "s0"), (1, "s1"), (1, "s2")]


@settings(deadline=None)
@given(st.lists(st.none() | st.integers(0, 12), max_size=12))
def test_every_view_shows_every_span_exactly_once(parents: list[int | None]) -> None:
    trace = make_trace(parents)
    expected = sorted(span.name for span in trace.data.spans)
    assert sorted(name for _, name in names(trace)) == expected
    assert sorted(printed_names(trace)) == expected
    assert sorted(trace.to_dataframe()["name"]) == expected
    assert all(trace._repr_html_().count(f"<b>{name}</b>") == 1 for name in expected)
    assert sorted(change.path[-1] for change in make_trace([]).diff(trace).added) == expected
    assert not trace.diff(trace)
    assert len(trace.tree) >= min(1, len(parents))


@given(st.lists(st.none() | st.integers(0, 8), min_size=1, max_size=8))
def test_token_usage_counts_a_span_unless_one_below_it_reports(parents: list[int | None]) -> None:
    trace = make_trace(parents, {USAGE: {"total_tokens": 1}})
    levels = [depth for depth, _ in trace.walk()]
    innermost = sum(after <= level for level, after in zip(levels, [*levels[1:], 0], strict=True))
    assert trace.token_usage["total_tokens"] == innermost


def test_the_root_is_the_first_top_span_until_the_root_has_arrived() -> None:
    assert make_trace([7, 0, None]).root.name == "s2"
    assert make_trace([7, 0]).root.name == "s0"
    assert make_trace([1, 0]).root.name == "s0"
    with pytest.raises(NotFoundError, match="has no spans"):
        _ = make_trace([]).root


def test_the_duration_of_a_partial_trace_is_not_that_of_another_span() -> None:
    assert make_trace([7, 0]).duration_ms == 1


DEEP = make_trace([None, *range(9_999)], {USAGE: {"input_tokens": 1}})


def test_no_view_has_a_recursion_limit() -> None:
    assert [depth for depth, _ in DEEP.walk()] == list(range(10_000))
    assert DEEP.token_usage == {"input_tokens": 1, "total_tokens": 1}
    assert list(DEEP.to_dataframe()["depth"]) == list(range(10_000))
    assert len(printed_names(DEEP)) == 10_000
    assert len(DEEP.diff(make_trace([None])).removed) == 9_999
    assert Trace.from_json(DEEP.to_json()) == DEEP


def test_deep_nodes_can_be_shown_compared_and_copied() -> None:
    (top,) = DEEP.tree
    assert repr(top) == "<Node <Span 's0' TOOL 0000000000000000 OK> 1 children>"
    assert top == DEEP.tree[0]
    assert top != top.children[0]
    assert top != "top"
    assert len(repr(DEEP.data)) < 100
    assert copy.deepcopy(DEEP) == pickle.loads(pickle.dumps(DEEP)) == DEEP
