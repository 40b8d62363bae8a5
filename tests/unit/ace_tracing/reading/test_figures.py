"""Token usage and cost of spans and traces: all kinds of tokens, sums, and small amounts in the printed headline."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from ace_tracing import Span, SpanStatus, Trace, TraceData, TraceInfo, TraceState, start_span

TRACE_ID = "tr-" + "a" * 32
USAGE = "mlflow.chat.tokenUsage"
COST = "mlflow.llm.cost"
TOKENS = {
    "input_tokens": 1_000,
    "output_tokens": 200,
    "total_tokens": 1_200,
    "cache_read_input_tokens": 600,
    "cache_creation_input_tokens": 50,
    "reasoning_tokens": 150,
}


def make_span(number: int, attributes: dict[str, Any], status: str = "OK") -> Span:
    parent_id = None if number == 0 else "0" * 16
    return Span(
        "call", TRACE_ID, f"{number:016x}", parent_id, "LLM", number, number + 1, SpanStatus(status), None, None,
        attributes, [],
    )  # fmt: skip


def make_trace(*attributes: dict[str, Any]) -> Trace:
    """Return a trace with a root, and one span with each of the attributes below it."""
    spans = [make_span(0, {}), *(make_span(number, each) for number, each in enumerate(attributes, 1))]
    return Trace(TraceInfo(TRACE_ID, "0", TraceState.OK, 1, 1, {}, {}), TraceData(spans))


def headline(trace: Trace) -> str:
    out = io.StringIO()
    trace.print_tree(file=out)
    return out.getvalue().splitlines()[0]


def test_all_kinds_of_tokens_are_summed_and_shown() -> None:
    trace = make_trace({USAGE: TOKENS}, {USAGE: TOKENS}, {USAGE: {"input_tokens": 1}})
    assert trace.token_usage == {
        name: 2 * count + (name in ("input_tokens", "total_tokens")) for name, count in TOKENS.items()
    }
    assert "  2,401 tokens (1,200 cached, 100 written to the cache, 300 reasoning)" in headline(trace)


def test_a_span_has_its_own_usage_and_cost() -> None:
    span = make_span(1, {USAGE: {"input_tokens": 3, "output_tokens": 4}, COST: {"input_cost": 0.1, "output_cost": 0.2}})
    assert span.token_usage == {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7}
    assert span.cost == {"input_cost": 0.1, "output_cost": 0.2, "total_cost": pytest.approx(0.3)}
    assert (make_span(1, {}).token_usage, make_span(1, {}).cost) == ({}, {})


@pytest.mark.parametrize("reported", [None, "many", 7, [1], {"input_tokens": "7"}, {"x": float("nan")}, {"a": True}])
def test_malformed_figures_of_a_span_are_ignored(reported: Any) -> None:
    span = make_span(1, {USAGE: reported, COST: reported})
    assert (span.token_usage, span.cost) == ({}, {})


def test_a_failed_span_is_known() -> None:
    assert [make_span(1, {}, status).failed for status in ("OK", "ERROR", "UNSET")] == [False, True, False]


@pytest.mark.parametrize(
    ("dollars", "text"),
    [
        (0.00012, "$0.00012"),
        (0.0000005, "$0.00000050"),
        (0.0099, "$0.0099"),
        (0.01, "$0.0100"),
        (0.5, "$0.5000"),
        (1_234.5, "$1,234.5000"),
        (-0.0002, "-$0.00020"),
        (3e-15, "$3.0e-15"),
        (1, "$1.0000"),
    ],
)
def test_the_headline_shows_small_costs(dollars: float, text: str) -> None:
    assert headline(make_trace({COST: {"total_cost": dollars}})).split("  ")[-1] == text


def test_a_cost_of_zero_is_not_shown() -> None:
    assert "$" not in headline(make_trace({COST: {"total_cost": 0.0}}))


def test_many_small_costs_add_up_exactly() -> None:
    assert make_trace(*[{COST: {"total_cost": 0.1}}] * 10).cost == {"total_cost": 1.0}


def test_recorded_figures_are_read_back(last_trace: Callable[[], Trace]) -> None:
    with start_span("call") as span:
        span.set_token_usage(input_tokens=3, output_tokens=4)
        span.set_cost(input_cost=0.00001, output_cost=0.00002)
    root = last_trace().root
    assert root.token_usage == {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7}
    assert root.cost["total_cost"] == pytest.approx(0.00003)
    assert headline(last_trace()).endswith("7 tokens  $0.000030")


def test_a_repeated_call_counts_once_despite_counts_of_zero() -> None:
    usage = {"input_tokens": 3, "output_tokens": 4}
    outer = replace(make_span(1, {USAGE: usage}), name="framework", end_time_ns=9)
    inner = replace(make_span(2, {USAGE: {**usage, "cache_creation_input_tokens": 0}}), name="client")
    trace = replace(make_trace(), data=TraceData([make_span(0, {}), outer, inner]))
    assert trace.token_usage == {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7}
