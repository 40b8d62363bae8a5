"""`Trace.diff`: pairing of spans, reported changes, text and symmetry."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ace_tracing import ConfigurationError, Span, SpanStatus, Trace, TraceData, TraceDiff, TraceInfo, TraceState

TRACE_ID = "tr-" + "a" * 32


def make_trace(*spans: tuple[int, str] | tuple[int, str, Any], **root: Any) -> Trace:
    """Return a trace from `(depth, name)` or `(depth, name, inputs)` in tree order, with generated ids and times."""
    made: list[Span] = []
    path: list[str] = []
    for number, (depth, name, *inputs) in enumerate(spans, 1):
        span_id = f"{number:016x}"
        del path[depth:]
        parent = path[-1] if path else None
        path.append(span_id)
        value = inputs[0] if inputs else None
        start = number * 1_000_000
        status = SpanStatus("OK")
        made.append(Span(name, TRACE_ID, span_id, parent, "TOOL", start, start + 500, status, value, None, {}, []))
    if root:
        made[0] = replace(made[0], **root)
    return Trace(TraceInfo(TRACE_ID, "0", TraceState.OK, 1, 1, {}, {}), TraceData(made))


def signed_paths(difference: TraceDiff) -> list[str]:
    signs = {"added": "+", "removed": "-", "changed": "~"}
    return [f"{signs[change.kind]}{'/'.join(change.path)}" for change in difference.changes]


BASE = make_trace((0, "agent"), (1, "retrieve", {"q": "Paris"}), (2, "embed"), (1, "answer"))


def test_two_runs_with_the_same_steps_have_no_difference() -> None:
    again = Trace(
        replace(BASE.info, trace_id="tr-" + "b" * 32),
        TraceData([replace(span, start_time_ns=span.start_time_ns * 2, end_time_ns=None) for span in BASE.data.spans]),
    )
    difference = BASE.diff(again)
    assert not difference
    assert (difference.changes, str(difference)) == ([], "no difference")


def test_added_and_removed_spans_include_their_descendants() -> None:
    other = make_trace(
        (0, "agent"), (1, "retrieve", {"q": "Paris"}), (2, "embed"), (1, "rank"), (2, "score"), (1, "answer")
    )
    difference = BASE.diff(other)
    assert difference
    assert signed_paths(difference) == ["+agent/rank", "+agent/rank/score"]
    assert [change.after and change.after.name for change in difference.added] == ["rank", "score"]
    assert signed_paths(other.diff(BASE)) == ["-agent/rank", "-agent/rank/score"]
    assert [change.before and change.before.name for change in other.diff(BASE).removed] == ["rank", "score"]


def test_every_changed_field_is_reported() -> None:
    changed = make_trace(
        (0, "agent"),
        name="planner",
        span_type="AGENT",
        status=SpanStatus("ERROR", "ValueError: no"),
        inputs={"a": 1},
        outputs=[1],
    )
    (change,) = make_trace((0, "agent")).diff(changed).changed
    assert change.path == ("planner",)
    assert change.fields == {
        "name": ("agent", "planner"),
        "span_type": ("TOOL", "AGENT"),
        "status": (SpanStatus("OK"), SpanStatus("ERROR", "ValueError: no")),
        "inputs": (None, {"a": 1}),
        "outputs": (None, [1]),
    }


def test_durations_are_compared_on_request() -> None:
    slower = make_trace((0, "agent"), end_time_ns=9_000_000)
    assert not make_trace((0, "agent")).diff(slower)
    (change,) = make_trace((0, "agent")).diff(slower, times=True).changed
    assert change.fields == {"duration_ms": (0.0005, 8.0)}


def test_a_renamed_span_is_paired_by_type_and_inputs() -> None:
    renamed = make_trace((0, "agent"), (1, "search", {"q": "Paris"}), (2, "embed"), (1, "answer"))
    (change,) = BASE.diff(renamed).changes
    assert change.fields == {"name": ("retrieve", "search")}


def test_only_the_missing_one_of_equal_spans_is_reported() -> None:
    before = make_trace((0, "agent"), (1, "call", 1), (1, "call", 2), (1, "call", 3))
    after = make_trace((0, "agent"), (1, "call", 1), (1, "call", 3))
    assert signed_paths(before.diff(after)) == ["-agent/call[2]"]
    assert signed_paths(after.diff(before)) == ["+agent/call[2]"]


def test_order_counts_unless_ignore_order_is_set() -> None:
    before = make_trace((0, "agent"), (1, "a"), (1, "b"), (1, "c"), (1, "d"))
    after = make_trace((0, "agent"), (1, "b"), (1, "c"), (1, "d"), (1, "a"))
    (change,) = before.diff(after).changed
    assert (change.path, change.fields) == (("agent", "a"), {"position": (0, 3)})
    assert not before.diff(after, ignore_order=True)


def test_true_and_one_are_different_inputs() -> None:
    difference = make_trace((0, "a", {"x": 1})).diff(make_trace((0, "a", {"x": True})))
    assert "inputs.x: 1 -> true" in str(difference)


def test_key_order_is_not_a_difference() -> None:
    assert not make_trace((0, "a", {"x": 1, "y": 2})).diff(make_trace((0, "a", {"y": 2, "x": 1})))


def test_text_shows_the_path_inside_a_value() -> None:
    before = make_trace((0, "agent"), (1, "call", {"messages": [{"role": "user", "text": "x" * 500 + "old"}], "n": 1}))
    after = make_trace((0, "agent"), (1, "call", {"messages": [{"role": "user", "text": "x" * 500 + "new"}], "m": 1}))
    lines = str(before.diff(after)).splitlines()
    assert lines[:2] == ["1 changed", "~ agent > call"]
    assert lines[3:] == ["    inputs.n: 1 -> (absent)", "    inputs.m: (absent) -> 1"]
    assert lines[2].startswith("    inputs.messages[0].text: …xxx")
    assert 'old" -> …' in lines[2]
    assert lines[2].endswith('xnew"')


def test_text_is_bounded_and_escapes_control_characters() -> None:
    before, after = (make_trace((0, "a\x1b[2J\nb", [f"{sign}\x1b" * 1000] * 1000)) for sign in "xy")
    text = str(before.diff(after))
    assert len(text) < 5_000
    assert "\x1b" not in text
    assert len(text.splitlines()) == 13


nodes = st.recursive(
    st.tuples(st.sampled_from("abc"), st.integers(0, 1), st.just(())),
    lambda below: st.tuples(st.sampled_from("abc"), st.integers(0, 1), st.lists(below, max_size=4)),
    max_leaves=12,
)


def trace_from_node(node: Any) -> Trace:
    spans: list[tuple[int, str, Any]] = []

    def visit(node: Any, depth: int) -> None:
        name, value, below = node
        spans.append((depth, name, value))
        for child in below:
            visit(child, depth + 1)

    visit(node, 0)
    return make_trace(*spans)


@given(nodes, nodes)
def test_every_span_of_both_traces_is_accounted_for(one: Any, two: Any) -> None:
    before, after = trace_from_node(one), trace_from_node(two)
    difference = before.diff(after)
    assert not before.diff(before)
    kept = len(before.data.spans) - len(difference.removed)
    assert len(after.data.spans) - len(difference.added) == kept >= len(difference.changed)
    assert bool(difference) == (one != two and with_tuples(one) != with_tuples(two))
    swapped = after.diff(before)
    assert len(swapped.added) + len(swapped.removed) == len(difference.added) + len(difference.removed)


def with_tuples(node: Any) -> Any:
    name, value, below = node
    return name, value, tuple(map(with_tuples, below))


def run_of(outputs: Any, *, inputs: Any = None, name: str = "step", error: str = "") -> Trace:
    """Return a trace with one step below the root."""
    trace = make_trace((0, "agent"), (1, name, inputs))
    root, step = trace.data.spans
    status = SpanStatus("ERROR", error) if error else step.status
    return Trace(trace.info, TraceData([root, replace(step, outputs=outputs, status=status)]))


FIRST_RUN = run_of(
    {
        "id": "chatcmpl-B9MHDbslfkBeAs8l4bebGdFOJ6PeG",
        "created_at": 1_700_000_000,
        "items": [{"item_id": 1, "score": 0.5}, {"item_id": 2, "score": 0.25}],
        "text": "Saved 1b145ca3-1fed-4afd-84c1-a169c030c1d8 on 2026-11-01T10:00:00Z.",
        "usage": {"latency_ms": 12.5, "tokens": 7},
    },
    inputs={"request_id": "r-1", "question": "Why?"},
    error="Timeout at 10:00:01.5 in call_DdmO9pD3xa9XTPNJ32zg2hcA",
)
SECOND_RUN = run_of(
    {
        "id": "chatcmpl-C0NIEctmglCfBt9m5cfcHeEGP7QfH",
        "created_at": 1_800_000_000,
        "items": [{"item_id": 3, "score": 0.5}, {"item_id": 4, "score": 0.25}],
        "text": "Saved 2c256db4-2fee-4bfe-95d2-b27ad141d2e9 on 2026-12-24 18:30:00+01:00.",
        "usage": {"latency_ms": 99.0, "tokens": 7},
    },
    inputs={"request_id": "r-2", "question": "Why?"},
    error="Timeout at 18:30:07.25 in call_EenP0qE4yb0YUQOK43ah3idB",
)


def test_ids_and_times_can_be_ignored() -> None:
    assert FIRST_RUN.diff(SECOND_RUN)
    assert not FIRST_RUN.diff(SECOND_RUN, ignore=("ids", "times"))
    for one, left in (("ids", "created_at"), ("times", "item_id")):
        (change,) = FIRST_RUN.diff(SECOND_RUN, ignore=one).changed
        assert left in str(change)


def test_a_difference_beside_ignored_ones_is_still_reported() -> None:
    other = run_of({"id": 2, "score": 1, "at": "2026-11-02"})
    (change,) = run_of({"id": 1, "score": 0, "at": "2026-11-01"}).diff(other, ignore=["ids", "times"]).changed
    assert change.fields == {"outputs": ({"score": 0, "at": "<ignored>"}, {"score": 1, "at": "<ignored>"})}
    assert change.after == other.data.spans[1]
    assert str(change) == "~ agent > step\n    outputs.score: 0 -> 1"


@pytest.mark.parametrize(
    ("ignore", "is_same"),
    [
        ("b", True),
        ("outputs.a[1].b", True),
        ("outputs.a[*].b", True),
        ("outputs.a[0].b", False),
        ("outputs.a*", True),
        ("outputs", True),
        ("out*", True),
        ("a", True),
        ("outputs.b", False),
        ("B", False),
        ("", False),
        ([], False),
        (["status", "b"], True),
        (re.compile("[12]"), False),
    ],
)
def test_keys_and_paths_can_be_ignored(ignore: Any, is_same: bool) -> None:
    before, after = run_of({"a": [0, {"b": 1}]}), run_of({"a": [0, {"b": 2}]})
    assert bool(before.diff(after, ignore=ignore)) is not is_same
    assert bool(after.diff(before, ignore=ignore)) is not is_same


def test_an_ignored_key_may_be_missing_and_an_ignored_item_may_not() -> None:
    assert not run_of({"a": 1}).diff(run_of({"a": 1, "id": 2}), ignore="ids")
    assert not run_of([1, 2]).diff(run_of([1, 3]), ignore="outputs[1]")
    assert run_of([1, 2]).diff(run_of([1]), ignore="outputs[1]")


def test_a_pattern_is_ignored_in_names_keys_and_errors() -> None:
    first = run_of({"user-1": "a", "user-2": "b"}, name="task-1", error="task-1 failed")
    second = run_of({"user-8": "a", "user-9": "b"}, name="task-2", error="task-2 failed")
    assert first.diff(second)
    assert not first.diff(second, ignore=re.compile(r"(task|user)-\d+"))


def test_a_changed_field_can_be_ignored() -> None:
    first, second = run_of(1), run_of(2, error="failed")
    assert list(first.diff(second, ignore="outputs").changes[0].fields) == ["status"]
    assert not first.diff(second, ignore=["outputs", "status"])
    moved = make_trace((0, "agent"), (1, "b", 1), (1, "a", 1))
    ordered = make_trace((0, "agent"), (1, "a", 1), (1, "b", 1))
    assert ordered.diff(moved)
    assert not ordered.diff(moved, ignore="position")


@pytest.mark.parametrize("ignore", [5, [None], re.compile(b"id"), [["id"]]])
def test_a_wrong_rule_raises_an_error(ignore: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"^ignore=.*: give names"):
        BASE.diff(BASE, ignore=ignore)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(JSON)
def test_ignoring_never_makes_equal_runs_differ(value: Any) -> None:
    assert not run_of(value).diff(run_of(value), ignore=["ids", "times", "a*", re.compile("[ab]")])
    assert not run_of(value).diff(run_of([value]), ignore="outputs")


def test_the_repr_of_a_difference_is_its_text() -> None:
    big = run_of({"text": "x" * 100_000, "n": 1})
    other = run_of({"text": "x" * 100_000, "n": 2})
    difference = big.diff(other)
    assert repr(difference) == str(difference)
    assert repr(difference.changes) == f"[{difference.changes[0]}]"
    assert max(len(repr(difference)), len(repr(difference.changes)), len(repr(big.data.spans))) < 500
    assert repr(BASE.diff(BASE)) == "no difference"
