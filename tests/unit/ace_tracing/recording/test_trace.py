"""Trace while it runs: scopes, the tail sampler, the limits of tags and metadata, and a full buffer."""

from __future__ import annotations

import contextvars
import tracemalloc
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager

import pytest

import ace_tracing
from ace_tracing import Delivery, folder, search_traces, start_span
from ace_tracing.recording import sampling
from ace_tracing.recording.callsite import CallSite
from ace_tracing.recording.tracer import Tracer
from ace_tracing.testing import capture_traces
from kayba_local import LocalServer


@pytest.fixture(autouse=True)
def _quiet_and_shut_down(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(ace_tracing.diagnostics, "loud", False)
    ace_tracing.diagnostics._last_warned.clear()
    yield
    ace_tracing.shutdown(timeout=0.1)


@pytest.mark.parametrize("scope", [lambda: ace_tracing.folder("x"), lambda: ace_tracing.session("x")])
def test_a_scope_can_end_in_another_context(scope: Callable[[], AbstractContextManager[None]]) -> None:
    def generator() -> Generator[None, None, None]:
        with scope():
            yield

    entered = generator()
    contextvars.copy_context().run(next, entered)
    entered.close()


def test_a_folder_of_another_type_is_ignored(tracing: LocalServer) -> None:
    with folder(5), start_span("filed"):  # type: ignore[arg-type]
        pass
    assert search_traces()[0].info.folder is None


def test_a_large_failed_trace_outside_the_rate_is_kept_whole(tracing: LocalServer) -> None:
    ace_tracing.configure(api_key="kb-test", base_url=tracing.url, sample_rate=0.0)
    with start_span("root") as root:
        for _ in range(1_500):
            with start_span("step"):
                pass
        root.set_status("ERROR", "late")
    (found,) = search_traces()
    assert len(found.data.spans) == 1_501


def test_the_tail_sampler_is_bounded(tracing: LocalServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampling, "MAX_HELD_BYTES", 100_000)
    ace_tracing.configure(api_key="kb-test", base_url=tracing.url, sample_rate=0.0)

    def step() -> None:
        with start_span("step") as span:
            span.set_outputs("x" * 10_000)

    with start_span("root") as root:
        with start_span("early") as early, start_span("inner"):
            step()
            tracemalloc.start()
            for _ in range(1_000):
                step()
            grown, _ = tracemalloc.get_traced_memory()
            tracemalloc.stop()
            early.set_outputs("y" * 10_000)
            early.set_status("ERROR", "failed")
        root.set_outputs("z" * 10_000)
        root.set_status("ERROR", "late")
    assert grown < 1_000_000
    assert ace_tracing.flush(timeout=120) == Delivery(delivered=1)
    (found,) = search_traces()
    assert found.tree[0].span.outputs == "z" * 10_000
    by_name = {span.name: span for span in found.data.spans}
    assert by_name["early"].status.status_code == "ERROR"
    assert by_name["early"].outputs is None
    assert "more than 100000 bytes" in by_name["early"].attributes["span.cut"]
    assert by_name["inner"].outputs is None
    whole = [span for span in found.data.spans if span.name == "step"]
    assert 8 < len(whole) < 12
    assert all(span.outputs == "x" * 10_000 for span in whole)


def test_tags_and_metadata_of_a_trace_are_bounded() -> None:
    with capture_traces() as traces:
        with start_span("large"):
            ace_tracing.update_current_trace(name="n" * 9_000_000, metadata={f"k{n}": "y" * 900_000 for n in range(12)})
            ace_tracing.update_current_trace(tags={"t": "y" * 9_000_000, "k" * 9_000_000: "v"})
        with start_span("many"):
            ace_tracing.update_current_trace(tags={f"k{n}": "v" for n in range(2_000)})
            ace_tracing.update_current_trace(tags={"k0": "w", "one more": "v"})
        with start_span("most"):
            ace_tracing.update_current_trace(metadata={f"k{n}": "\x01" * 10_000 for n in range(1_000)})
            ace_tracing.update_current_trace(tags={f"k{n}": "\x01" * 10_000 for n in range(1_000)})
    large, many, most = (found.info for found in traces)
    assert large.trace_metadata["k11"] == "y" * 10_000 + "<cut: 890000 more of 900000 characters>"
    assert large.tags["t"].endswith("<cut: 8990000 more of 9000000 characters>")
    assert large.tags["k" * 1_000] == "v"
    assert len([key for key in many.tags if key.startswith("k")]) == 1_000
    assert (many.tags["k0"], many.tags.get("one more")) == ("w", None)
    assert many.tags["trace.cut"] == "more than 1000 entries, or 524288 bytes"
    assert "trace.cut" in most.tags
    assert "trace.cut" in most.trace_metadata


def test_a_span_without_room_for_its_start_has_no_end_frame() -> None:
    class Full:
        finished = 0
        asleep = False
        is_abandoned = False

        def __init__(self) -> None:
            self.frames: list[bytes] = []

        def put(self, frame: bytes) -> bool:
            self.frames.append(frame)
            return len(self.frames) == 2

        def wake(self) -> None:
            """Do nothing."""

    sink = Full()
    root = Tracer(sink).open(CallSite("root", "TOOL"), parent=None)
    step = Tracer(sink).open(CallSite("step", "TOOL"), parent=root)
    assert step.end_time_ns == step.start_time_ns
    step.end()
    root.end()
    assert [chr(frame[0]) for frame in sink.frames] == ["S", "S", "E"]
    assert sink.finished == 1
