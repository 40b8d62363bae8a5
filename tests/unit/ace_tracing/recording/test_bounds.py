"""Size limits of a span and of a trace, and the notes about the parts left out."""

from __future__ import annotations

import pytest

from ace_tracing import get_current_span, start_span, trace, update_current_trace
from ace_tracing.delivery import assembler
from ace_tracing.recording import trace as trace_module
from ace_tracing.testing import capture_traces


def test_the_attributes_of_a_span_are_bounded_in_bytes() -> None:
    with capture_traces() as traces, start_span("big") as span:
        for number in range(20):
            span.set_attribute(f"a{number}", "x" * 250_000)
        span.add_event("e", {"text": "y" * 250_000})
        span.set_outputs("kept")
    root = traces[0].root
    assert root is not None
    assert root.outputs == "kept"
    assert root.attributes["a0"] == "x" * 250_000
    kept = [key for key in root.attributes if key.startswith("a")]
    assert 10 < len(kept) < 20
    assert root.attributes["span.cut"].startswith(f"{20 - len(kept)} attributes and 1 events")


def test_the_number_of_attributes_is_bounded() -> None:
    with capture_traces() as traces, start_span("many") as span:
        for number in range(1_500):
            span.set_attribute(f"a{number}", number)
    root = traces[0].root
    assert root is not None
    assert root.attributes["a0"] == 0
    assert len([key for key in root.attributes if key.startswith("a")]) == 1_000


def test_events_are_bounded_and_the_rest_is_counted() -> None:
    with capture_traces() as traces, start_span("many") as span:
        for number in range(1_500):
            span.add_event(f"e{number}")
    root = traces[0].root
    assert root is not None
    assert [event.name for event in root.events[:2]] == ["e0", "e1"]
    assert len(root.events) == 1_000
    assert root.events[-1].attributes == {"span.cut": 501}


def test_a_trace_is_bounded_in_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assembler, "MAX_TRACE_BYTES", 100_000)

    @trace
    def step(number: int) -> str:
        return "x" * 1_000

    with capture_traces() as traces, start_span("root") as root_span:
        for number in range(5_000):
            step(number)
        root_span.set_outputs("of the root")
    found = traces[0]
    root = found.root
    assert root is not None
    assert root.name == "root"
    lost = int(found.info.trace_metadata["trace.spans_not_recorded"])
    assert len(found.data.spans) == 5_001 - lost
    whole = [span for span in found.data.spans if span.outputs]
    bare = [span for span in found.data.spans if not span.outputs]
    assert 50 < len(whole) < 100
    assert len(bare) > 100
    assert all("more than 100000 bytes" in str(span.attributes["span.cut"]) for span in bare)
    assert len(found.tree) == 1


def test_chained_exceptions_are_recorded_without_our_frames() -> None:
    @trace
    def inner() -> None:
        raise KeyError("first")

    @trace
    def outer() -> None:
        try:
            inner()
        except KeyError as error:
            raise ValueError("second") from error

    with capture_traces() as traces, pytest.raises(ValueError, match="second"):
        outer()
    root = traces[0].root
    assert root is not None
    stacktrace = root.events[0].attributes["exception.stacktrace"]
    assert "direct cause" in stacktrace
    assert "in inner" in stacktrace
    assert "wrappers.py" not in stacktrace


def test_the_thousandth_tag_costs_as_much_as_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    encoded: list[object] = []
    dump_json = trace_module.dump_json

    def record(value: object) -> bytes:
        encoded.append(value)
        return dump_json(value)

    monkeypatch.setattr(trace_module, "dump_json", record)
    counts = []
    with capture_traces(), start_span("root"):
        for number in range(1_000):
            encoded.clear()
            update_current_trace(tags={f"key {number}": "text"})
            counts.append(len(encoded))
    assert counts == [counts[0]] * 1_000


def test_attributes_are_added_without_a_copy_of_the_others() -> None:
    with capture_traces(), start_span("root") as span:
        span.set_attribute("first", 1)
        details = span._details  # type: ignore[union-attr]
        before = details.attributes
        span.set_attribute("second", 2)
        assert details.attributes is before


def test_attributes_of_a_decorator_are_not_changed_by_a_call() -> None:
    @trace(attributes={"model": "a"})
    def call(*, is_changed: bool) -> None:
        if is_changed:
            get_current_span().set_attribute("model", "b")

    with capture_traces() as traces:
        call(is_changed=True)
        call(is_changed=False)
    assert [each.root.attributes["model"] for each in traces] == ["b", "a"]
