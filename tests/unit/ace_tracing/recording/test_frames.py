"""Frames: the trace's context, also as earlier versions have packed it."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ace_tracing import continue_trace, start_span, update_current_trace
from ace_tracing.capture import capture_frames
from ace_tracing.recording.frames import (
    ENDED_WITH_DETAILS,
    PARENT_ID,
    STARTED,
    TraceContext,
    context_of,
    pack_context,
    pack_length,
    pack_start,
    read_context,
)
from ace_tracing.recording.records import unpack
from ace_tracing.recording.sink import NullSink

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
SPAN_ID = "b7ad6b7169203331"
FOREIGN = {"traceparent": f"00-{TRACE_ID}-{SPAN_ID}-01"}
OURS = {**FOREIGN, "baggage": f"kayba.trace={TRACE_ID}-01,kayba.experiment=theirs"}

names = st.none() | st.text()


class Frames(NullSink):
    """A sink that keeps its frames."""

    def __init__(self) -> None:
        self.starts: list[bytes] = []
        self.ends: list[bytes] = []

    def put(self, frame: bytes) -> None:
        (self.starts if frame[0] == STARTED else self.ends).append(frame)

    def contexts(self) -> list[TraceContext]:
        return [read_context(context_of(start)) for start in self.starts]


def start_frame(context: bytes) -> bytes:
    return pack_start(STARTED, 1, 0, 1) + bytes(16) + context + pack_length(0)


@given(names, names, st.none() | st.dictionaries(st.text(), st.text()), st.none() | st.just(SPAN_ID))
def test_a_packed_context_is_read_back(
    experiment: str | None, folder: str | None, metadata: dict[str, str] | None, foreign_parent: str | None
) -> None:
    packed = start_frame(pack_context(experiment, folder, metadata, foreign_parent))
    assert read_context(context_of(packed)) == (experiment, folder, metadata, foreign_parent)


def test_a_context_of_an_earlier_version_is_read() -> None:
    old = orjson.dumps(("experiment", "folder", {"key": "value"}))
    read = read_context(context_of(start_frame(pack_length(len(old)) + old)))
    assert read == TraceContext("experiment", "folder", {"key": "value"}, None)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [({}, (None, None)), (OURS, ("theirs", None)), (FOREIGN, (None, SPAN_ID))],
    ids=["no caller", "caller of this SDK", "foreign caller"],
)
def test_frames_name_the_parent_of_a_foreign_trace(
    headers: dict[str, str], expected: tuple[str | None, str | None]
) -> None:
    frames = Frames()
    with capture_frames(frames), continue_trace(headers), start_span("served"), start_span("step"):
        pass
    assert [(context.experiment, context.foreign_parent) for context in frames.contexts()] == [expected] * 2


@pytest.mark.parametrize("headers", [{}, OURS, FOREIGN], ids=["no caller", "caller of this SDK", "foreign caller"])
def test_the_topmost_span_s_end_contains_the_details_of_the_trace(headers: dict[str, str]) -> None:
    frames = Frames()
    with capture_frames(frames), continue_trace(headers), start_span("served"), start_span("step"):
        update_current_trace(name="named", tags={"key": "value"})
    step, served = zip(reversed(frames.starts), frames.ends, strict=True)
    assert served[0][PARENT_ID] != step[0][PARENT_ID]
    assert served[1][0] == ENDED_WITH_DETAILS
    assert unpack(*step)[1] is None
    assert unpack(*served)[1] == ("named", {"key": "value"}, {})
