"""Properties of the detectors over generated traces and files: correct counts, and no failure on any input."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict
from typing import Any, Final

from hypothesis import given
from hypothesis import strategies as st

from kayba_local.analysis.detectors import Detectors
from kayba_local.analysis.files import read_file
from kayba_local.analysis.findings import Finding
from kayba_local.analysis.latency import SlowSpans
from kayba_local.analysis.loops import MIN_ROUNDS, find_longest_cycle
from kayba_local.analysis.steps import Step, read_otlp_step
from kayba_local.analysis.tree import StepTree
from kayba_local.store.insights import NewInsight

NAMES: Final = st.sampled_from(["ask", "plan", "act", ""])
IDS: Final = st.integers(0, 7).map(str)
STEPS: Final = st.builds(
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
STEP_LISTS: Final = st.lists(STEPS, max_size=25)
TRACES: Final = st.lists(STEP_LISTS, max_size=5)
MEMBERS: Final = (
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
FIELDS: Final = (
    "attributes",
    "events",
    "name",
    "span_id",
    "spanId",
    "trace_id",
    "traceId",
    "status",
    "start_time_unix_nano",
)
JSON: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5) | st.just("user"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(MEMBERS + FIELDS), inner, max_size=4),
    max_leaves=12,
)


def fingerprint(finding: Finding) -> str:
    """Return the key that the store gives the finding's insight."""
    return NewInsight(**asdict(finding)).fingerprint


def make_trees(traces: list[list[Step]], first: int = 0) -> list[StepTree]:
    return [StepTree(f"tr-{number}", steps) for number, steps in enumerate(traces, first)]


def find(*trees: StepTree) -> list[Finding]:
    detectors = Detectors()
    for tree in trees:
        detectors.observe([tree])
    return detectors.findings()[0]


@given(TRACES)
def test_counts_of_findings_are_consistent(traces: list[list[Step]]) -> None:
    sources = {tree.source for tree in make_trees(traces)}
    found = find(*make_trees(traces))
    assert len({fingerprint(finding) for finding in found}) == len(found)
    for finding in found:
        assert len(set(finding.trace_ids)) == len(finding.trace_ids)
        assert 1 <= len(finding.trace_ids) == finding.traces <= finding.occurrences
        assert sources.issuperset(finding.trace_ids)
        assert finding.content.endswith(".")
        assert finding.tokens is None or finding.tokens >= 0


@given(TRACES)
def test_a_failed_step_counts_as_an_error_unless_propagated(traces: list[list[Step]]) -> None:
    expected: Counter[tuple[str, ...]] = Counter()
    for tree in make_trees(traces):
        for position, step in enumerate(tree.steps):
            children = [tree.steps[child] for child, parent in enumerate(tree.parents) if parent == position]
            failure = (True, step.exception, step.message)
            propagated = any((child.failed, child.exception, child.message) == failure for child in children)
            expected[step.exception, step.name] += step.failed and not propagated
    found = {finding.subject: finding.occurrences for finding in find(*make_trees(traces)) if finding.kind == "error"}
    assert found == +expected


@given(TRACES, TRACES)
def test_counts_of_two_halves_add_up_to_the_whole(one: list[list[Step]], two: list[list[Step]]) -> None:
    def occurrences(*trees: StepTree) -> Counter[str]:
        kinds = ("error", "loop", "repeated_call", "repeated_span", "oversized_prompt")
        return Counter({fingerprint(f): f.occurrences for f in find(*trees) if f.kind in kinds})

    first, second = make_trees(one), make_trees(two, len(one))
    assert occurrences(*first, *second) == occurrences(*first) + occurrences(*second)


@given(TRACES)
def test_empty_traces_do_not_change_the_findings(traces: list[list[Step]]) -> None:
    assert find(*make_trees(traces), StepTree("tr-empty", [])) == find(*make_trees(traces))
    assert find(*(StepTree(f"tr-{number}", []) for number in range(len(traces)))) == []


@given(STEP_LISTS)
def test_walk_yields_each_step_once_after_its_parent(steps: list[Step]) -> None:
    walked = list(StepTree("tr-1", steps).walk())
    seen: set[int | None] = {None}
    for position, parent in walked:
        assert parent in seen
        seen.add(position)
    assert sorted(position for position, _ in walked) == list(range(len(steps)))


@given(st.lists(st.integers(0, 2**63 - 1), min_size=10, max_size=60))
def test_slow_steps_are_the_longest_of_their_name(durations: list[int]) -> None:
    detector = SlowSpans()
    for number, duration_ns in enumerate(durations):
        detector.observe(StepTree(f"tr-{number}", [Step("1", None, "fetch", duration_ns=duration_ns)]))
    for finding in detector.findings():
        assert finding.traces == finding.occurrences < len(durations) / 2 + 1
        named = {durations[int(trace_id.removeprefix("tr-"))] for trace_id in finding.trace_ids}
        ordered = sorted(durations, reverse=True)
        assert sorted(named, reverse=True) == sorted(set(ordered[: finding.occurrences]), reverse=True)
        assert min(named) > 5 * sorted(durations)[(len(durations) - 1) // 2]


@given(st.lists(st.sampled_from("abc"), max_size=60))
def test_the_longest_cycle_repeats_as_often_as_reported(names: list[str]) -> None:
    found = find_longest_cycle(names)
    text = "".join(names)
    if found is None:
        assert not any(pair * MIN_ROUNDS in text for pair in ("ab", "ba", "ac", "ca", "bc", "cb"))
    else:
        cycle, rounds = found
        assert rounds >= MIN_ROUNDS
        assert len(set(cycle)) > 1
        assert "".join(cycle) * rounds in text


@given(JSON)
def test_any_json_file_is_read_as_trees_or_a_transcript(value: Any) -> None:
    trees, transcript = read_file("file", "json", json.dumps(value))
    assert (transcript is None) or not trees
    detectors = Detectors()
    detectors.observe(trees, transcript)
    detectors.findings()


@given(st.text(max_size=300), st.sampled_from(["md", "txt", "json"]))
def test_any_text_file_is_read(content: str, file_type: str) -> None:
    detectors = Detectors()
    detectors.observe(*read_file("file", file_type, content))
    detectors.findings()


ATTRIBUTE_VALUES: Final = st.recursive(
    st.fixed_dictionaries({"stringValue": st.text(max_size=5) | st.just('{"input_tokens": "x", "total_tokens": null}')})
    | st.fixed_dictionaries({"intValue": st.integers(0, 2**70).map(str)})
    | st.fixed_dictionaries({"doubleValue": st.just("NaN") | st.floats(allow_nan=False, allow_infinity=False)})
    | st.just({}),
    lambda inner: st.fixed_dictionaries({"arrayValue": st.fixed_dictionaries({"values": st.lists(inner, max_size=2)})}),
    max_leaves=4,
)
KEYS: Final = (
    "mlflow.spanInputs",
    "mlflow.spanType",
    "mlflow.chat.tokenUsage",
    "gen_ai.usage.input_tokens",
    "input.value",
)


@given(st.lists(st.tuples(st.sampled_from(KEYS), ATTRIBUTE_VALUES), max_size=5))
def test_any_attribute_value_is_read(pairs: list[tuple[str, Any]]) -> None:
    step = read_otlp_step(
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
