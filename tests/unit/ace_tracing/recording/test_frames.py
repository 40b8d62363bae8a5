"""Frames: the trace's context, also as earlier versions have packed it."""

from __future__ import annotations

import pickle
from collections.abc import Iterator

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ace_tracing import continue_trace, folder, get_current_trace_id, session, start_span, update_current_trace
from ace_tracing.capture import capture_frames
from ace_tracing.propagation.bound_context import bind_context
from ace_tracing.recording.frames import (
    DESCRIBED,
    ENDED_WITH_DETAILS,
    PARENT_ID,
    SPAN_ID,
    STARTED,
    TraceContext,
    context_of,
    pack_context,
    pack_length,
    pack_start,
    read_context,
)
from ace_tracing.recording.records import TraceDetails, unpack
from ace_tracing.recording.sink import NullSink

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
CALLER_ID = "b7ad6b7169203331"
FOREIGN = {"traceparent": f"00-{TRACE_ID}-{CALLER_ID}-01"}
OURS = {**FOREIGN, "baggage": f"kayba.trace={TRACE_ID}-01,kayba.experiment=theirs"}

experiments = st.none() | st.text("a \u5b9f\U0001f9c0", min_size=1, max_size=500).filter(str.strip)
folders = st.none() | st.text("az/-09", min_size=1, max_size=250)


class Frames(NullSink):
    """A sink that keeps its frames."""

    def __init__(self) -> None:
        self.starts: list[bytes] = []
        self.ends: list[bytes] = []

    def put(self, frame: bytes) -> None:
        if frame[0] != DESCRIBED:
            (self.starts if frame[0] == STARTED else self.ends).append(frame)

    def contexts(self) -> list[TraceContext]:
        return [read_context(context_of(start)) for start in self.starts]

    def topmost(self) -> Iterator[tuple[str | None, TraceDetails]]:
        """Yield the folder and the details of the spans below a foreign parent."""
        for start in self.starts:
            (end,) = (end for end in self.ends if end[SPAN_ID] == start[SPAN_ID])
            context = read_context(context_of(start))
            if start[PARENT_ID].hex() == context.foreign_parent:
                yield context.folder, unpack(start, end)[1] or TraceDetails(None, {}, {})


def start_frame(context: bytes) -> bytes:
    return pack_start(STARTED, 1, 0, 1) + bytes(16) + context + pack_length(0)


@given(
    experiments,
    folders,
    st.none() | st.dictionaries(st.text(), st.text(), min_size=1),
    st.none() | st.just(CALLER_ID),
)
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
    [({}, (None, None)), (OURS, ("theirs", None)), (FOREIGN, (None, CALLER_ID))],
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


SESSION = {"session.id": "mine", "user.id": "me"}


@pytest.mark.parametrize("order", ["scopes outside", "scopes inside", "session outside", "folder outside"])
def test_a_foreign_trace_has_the_folder_and_session_of_the_scopes(order: str) -> None:
    frames = Frames()
    blocks = {"continue": continue_trace(FOREIGN), "session": session("mine", user_id="me"), "folder": folder("filed")}
    names = {
        "scopes outside": ("session", "folder", "continue"),
        "scopes inside": ("continue", "folder", "session"),
        "session outside": ("session", "continue", "folder"),
        "folder outside": ("folder", "continue", "session"),
    }[order]
    with (
        capture_frames(frames),
        blocks[names[0]],
        blocks[names[1]],
        blocks[names[2]],
        start_span("served"),
        start_span("step"),
    ):
        pass
    assert list(frames.topmost()) == [("filed", (None, {}, SESSION))]


def test_the_session_of_this_service_replaces_one_in_the_baggage_of_a_foreign_caller() -> None:
    frames = Frames()
    received = {**FOREIGN, "baggage": f"session.id={'x' * 300},user.id=theirs"}
    with capture_frames(frames), continue_trace(received):
        with start_span("theirs"):
            pass
        with session("mine"), start_span("mine"):
            pass
    assert [details.metadata for _, details in frames.topmost()] == [
        {"session.id": "x" * 250, "user.id": "theirs"},
        {"session.id": "mine", "user.id": "theirs"},
    ]


def test_requests_of_one_foreign_trace_keep_their_own_facts() -> None:
    frames = Frames()
    with capture_frames(frames), continue_trace(FOREIGN):
        update_current_trace(tags={"all": "1"})
        for name in ("first", "second"):
            with session(name), folder(name), start_span(name):
                update_current_trace(tags={name: "1"})
        with start_span("third"):
            assert get_current_trace_id() == f"tr-{TRACE_ID}"
    assert list(frames.topmost()) == [
        ("first", (None, {"all": "1", "first": "1"}, {"session.id": "first"})),
        ("second", (None, {"all": "1", "second": "1"}, {"session.id": "second"})),
        (None, (None, {"all": "1"}, {})),
    ]


def record_span() -> None:
    with start_span("bound"):
        pass


@pytest.mark.parametrize("is_pickled", [False, True], ids=["thread", "process"])
def test_a_bound_context_below_a_foreign_parent_keeps_its_scopes(is_pickled: bool) -> None:
    frames = Frames()
    with capture_frames(frames):
        with continue_trace(FOREIGN), session("mine", user_id="me"), folder("filed"):
            bound = bind_context(record_span)
        (pickle.loads(pickle.dumps(bound)) if is_pickled else bound)()
    assert list(frames.topmost()) == [("filed", (None, {}, SESSION))]
