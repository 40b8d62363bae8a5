"""`Trace.diff`: pairing of spans, reported changes, text and symmetry."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ace_tracing import Span, SpanStatus, Trace, TraceData, TraceDiff, TraceInfo, TraceState

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
