"""The analysis by itself, over traces and files of every sort: its counts add up, and nothing makes it fail."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from kayba_local.analysis.analysis import Analysis
from kayba_local.analysis.files import read_file
from kayba_local.analysis.findings import Finding
from kayba_local.analysis.latency import SlowSpans
from kayba_local.analysis.loops import FEWEST_ROUNDS, longest_cycle
from kayba_local.analysis.steps import Run, Step, from_otlp

NAMES = st.sampled_from(["ask", "plan", "act", ""])
IDS = st.integers(0, 7).map(str)
STEPS = st.builds(
    Step,
    id=IDS,
    parent=st.none() | IDS,
    name=NAMES,
    type=st.sampled_from(["LLM", "TOOL"]),
    duration_ns=st.none() | st.integers(0, 2**63 - 1),
    failed=st.booleans(),
    exception=st.sampled_from(["KeyError", "ValueError"]),
    message=st.sampled_from(["", "x"]),
    inputs=st.sampled_from([b"", b"1", b"2"]),
    input_characters=st.sampled_from([0, 128_000, 128_001]),
    input_tokens=st.none() | st.sampled_from([0, 32_000, 32_001]),
    tokens=st.sampled_from([0, 10, 1_000]),
)
TREES = st.lists(STEPS, max_size=25)
TRACES = st.lists(TREES, max_size=5)
MEMBERS = (
    "resourceSpans",
    "scopeSpans",
    "spans",
    "data",
    "trace",
    "traces",
    "messages",
    "role",
    "content",
    "tool_calls",
)
FIELDS = ("attributes", "events", "name", "span_id", "spanId", "trace_id", "traceId", "status", "start_time_unix_nano")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5) | st.just("user"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(MEMBERS + FIELDS), inner, max_size=4),
    max_leaves=12,
)


def runs(traces: list[list[Step]], first: int = 0) -> list[Run]:
    return [Run(f"tr-{number}", steps) for number, steps in enumerate(traces, first)]


def analyse(*traces: Run) -> list[Finding]:
    analysis = Analysis()
    for trace in traces:
        analysis.look([trace])
    return analysis.findings()[0]


@given(TRACES)
def test_counts_add_up(traces: list[list[Step]]) -> None:
    sources = {run.source for run in runs(traces)}
    found = analyse(*runs(traces))
    assert len({finding.fingerprint for finding in found}) == len(found)
    for finding in found:
        assert len(set(finding.trace_ids)) == len(finding.trace_ids)
        assert 1 <= len(finding.trace_ids) == finding.traces <= finding.occurrences
        assert sources.issuperset(finding.trace_ids)
        assert finding.content.endswith(".")
        assert finding.tokens is None or finding.tokens >= 0


@given(TRACES)
def test_every_failed_step_is_in_one_error_unless_it_came_from_below(traces: list[list[Step]]) -> None:
    expected: Counter[tuple[str, ...]] = Counter()
    for run in runs(traces):
        for at, step in enumerate(run.steps):
            below = [run.steps[child] for child, parent in enumerate(run.parents) if parent == at]
            passed = any((b.failed, b.exception, b.message) == (True, step.exception, step.message) for b in below)
            expected[step.exception, step.name] += step.failed and not passed
    found = {finding.subject: finding.occurrences for finding in analyse(*runs(traces)) if finding.kind == "error"}
    assert found == +expected


@given(TRACES, TRACES)
def test_what_is_counted_in_two_halves_is_counted_in_the_whole(one: list[list[Step]], two: list[list[Step]]) -> None:
    def errors_and_loops(*traces: Run) -> Counter[str]:
        kinds = ("error", "loop", "repeated_call", "repeated_span", "oversized_prompt")
        return Counter({f.fingerprint: f.occurrences for f in analyse(*traces) if f.kind in kinds})

    first, second = runs(one), runs(two, len(one))
    assert errors_and_loops(*first, *second) == errors_and_loops(*first) + errors_and_loops(*second)


@given(TRACES)
def test_traces_of_nothing_change_nothing(traces: list[list[Step]]) -> None:
    assert analyse(*runs(traces), Run("tr-empty", [])) == analyse(*runs(traces))
    assert analyse(*(Run(f"tr-{number}", []) for number in range(len(traces)))) == []


@given(TREES)
def test_every_step_is_walked_once_and_after_its_parent(steps: list[Step]) -> None:
    run = Run("tr-1", steps)
    walked = list(run.downwards())
    seen: set[int | None] = {None}
    for position, parent in walked:
        assert parent in seen
        seen.add(position)
    assert sorted(position for position, _ in walked) == list(range(len(steps)))


@given(st.lists(st.integers(0, 2**63 - 1), min_size=10, max_size=60))
def test_what_is_called_slow_takes_longer_than_all_that_is_not(durations: list[int]) -> None:
    slow = SlowSpans()
    for number, duration_ns in enumerate(durations):
        slow.look(Run(f"tr-{number}", [Step("1", None, "fetch", duration_ns=duration_ns)]))
    for finding in slow.findings():
        assert finding.traces == finding.occurrences < len(durations) / 2 + 1
        named = {durations[int(trace_id.removeprefix("tr-"))] for trace_id in finding.trace_ids}
        ordered = sorted(durations, reverse=True)
        assert sorted(named, reverse=True) == sorted(set(ordered[: finding.occurrences]), reverse=True)
        assert min(named) > 5 * sorted(durations)[(len(durations) - 1) // 2]


@given(st.lists(st.sampled_from("abc"), max_size=60))
def test_a_cycle_goes_round_as_often_as_is_said(names: list[str]) -> None:
    found = longest_cycle(names)
    text = "".join(names)
    if found is None:
        assert not any(pair * FEWEST_ROUNDS in text for pair in ("ab", "ba", "ac", "ca", "bc", "cb"))
    else:
        cycle, rounds = found
        assert rounds >= FEWEST_ROUNDS
        assert len(set(cycle)) > 1
        assert "".join(cycle) * rounds in text


@given(JSON)
def test_any_json_is_a_trace_or_a_text(value: Any) -> None:
    trees, text = read_file("file", "json", json.dumps(value))
    assert (text is None) or not trees
    analysis = Analysis()
    analysis.look(trees, text)
    analysis.findings()


@given(st.text(max_size=300), st.sampled_from(["md", "txt", "json"]))
def test_any_text_is_read(content: str, file_type: str) -> None:
    analysis = Analysis()
    analysis.look(*read_file("file", file_type, content))
    analysis.findings()


ATTRIBUTE_VALUES = st.recursive(
    st.fixed_dictionaries({"stringValue": st.text(max_size=5) | st.just('{"input_tokens": "x", "total_tokens": null}')})
    | st.fixed_dictionaries({"intValue": st.integers(0, 2**70).map(str)})
    | st.fixed_dictionaries({"doubleValue": st.just("NaN") | st.floats(allow_nan=False, allow_infinity=False)})
    | st.just({}),
    lambda inner: st.fixed_dictionaries({"arrayValue": st.fixed_dictionaries({"values": st.lists(inner, max_size=2)})}),
    max_leaves=4,
)
KEYS = ("mlflow.spanInputs", "mlflow.spanType", "mlflow.chat.tokenUsage", "gen_ai.usage.input_tokens", "input.value")


@given(st.lists(st.tuples(st.sampled_from(KEYS), ATTRIBUTE_VALUES), max_size=5))
def test_attributes_may_hold_anything(pairs: list[tuple[str, Any]]) -> None:
    step = from_otlp(
        {
            "traceId": "1" * 32,
            "spanId": "1" * 16,
            "name": "ask",
            "startTimeUnixNano": "5",
            "endTimeUnixNano": 4,
            "attributes": [{"key": key, "value": value} for key, value in pairs],
        }
    )
    assert step.tokens >= 0
    assert step.duration_ns == 0
