"""The mask over every text that leaves the process: spans, traces, spool files and headers."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import ace_tracing
from ace_tracing import (
    continue_trace,
    folder,
    get_current_span,
    inject,
    search_traces,
    session,
    start_span,
    start_span_no_context,
    trace,
    update_current_trace,
)
from ace_tracing.testing import capture_traces
from kayba_local import LocalServer

AGENT = "gen_ai.agent.name"
SECRET = re.compile(r"hunter\d")
WITHHELD = "<withheld: the mask raised ValueError>"


def hide(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: hide(item) for key, item in value.items()}
    if isinstance(value, list):
        return [hide(item) for item in value]
    return SECRET.sub("***", value) if isinstance(value, str) else value


def refuse(value: Any) -> Any:
    raise ValueError(value)


def set_mask(tracing: LocalServer, mask: Callable[[Any], Any]) -> None:
    ace_tracing.configure(api_key="kb-test", base_url=tracing.url, mask=mask)


class Hunter2Error(Exception):
    pass


@trace(name="answers hunter1", span_type="hunter1", agent="agent hunter1", attributes={"note": "hunter1"})
def answer(question: str) -> str:
    with start_span(f"step {question}", span_type="hunter2", attributes={"note": question}) as span:
        span.set_attribute("hint", question)
        span.add_event(question, {"text": question})
        span.add_link("a" * 32, "b" * 16, {"text": question})
        span.set_span_type(question)
        span.record_exception(Hunter2Error(question))
        span.set_status("ERROR", question)
    return question


def record_secrets() -> None:
    with session("hunter3", user_id="hunter4"):
        answer("hunter5")
    with start_span("second"):
        update_current_trace(name="hunter1", tags={"a": "hunter2"}, metadata={"b": "hunter3"})
        update_current_trace(session_id="hunter4", user_id="hunter5")
    request = start_span_no_context("hunter1", attributes={"note": "hunter2"})
    request.set_inputs("hunter3")
    request.end()
    with pytest.raises(KeyError), start_span("third"):
        raise KeyError("hunter6")


def test_no_text_leaves_the_process_unmasked(tracing: LocalServer, tmp_path: Path) -> None:
    set_mask(tracing, hide)
    record_secrets()
    frames = b"".join(file.read_bytes() for file in (tmp_path / "spool").rglob("*") if file.is_file())
    assert b"***" in frames
    assert re.search(rb"hunter\d", frames) is None
    found = search_traces()
    assert len(found) == 4
    assert SECRET.search(str([one.to_dict() for one in found])) is None


def test_captured_traces_are_masked_in_all_their_texts(tracing: LocalServer) -> None:
    set_mask(tracing, hide)
    with capture_traces() as traces:
        record_secrets()
    assert SECRET.search(str([one.to_dict() for one in traces])) is None
    assert traces[0].find("answers ***")[0].attributes[AGENT] == "agent ***"


def test_the_mask_applies_to_each_fact_of_a_trace(tracing: LocalServer) -> None:
    set_mask(tracing, hide)
    with start_span("root hunter1"):
        update_current_trace(name="named hunter2", tags={"team": "hunter3"}, session_id="s hunter4", user_id="hunter5")
    (found,) = search_traces()
    assert (found.info.name, found.info.tags["team"]) == ("named ***", "***")
    assert found.data.spans[0].name == "root ***"
    (same,) = search_traces(filter_string="metadata.`mlflow.trace.session` = 's ***'")
    assert same.trace_id == found.trace_id


def test_the_folder_and_the_experiment_are_not_masked(tracing: LocalServer) -> None:
    ace_tracing.configure(api_key="kb-test", base_url=tracing.url, experiment="hunter1", mask=lambda _: "masked")
    with folder("hunter2"), start_span("step"):
        pass
    (found,) = search_traces()
    assert (found.info.folder, found.root and found.root.name) == ("hunter2", "masked")


@pytest.mark.parametrize(
    ("result", "text"),
    [(None, "<masked>"), ("", "<masked>"), (" ", "<masked>"), (5, "5"), ({"a": [True]}, '{"a":[true]}'), (b"x", None)],
)
def test_a_name_stays_text_whatever_the_mask_returns(tracing: LocalServer, result: object, text: str | None) -> None:
    set_mask(tracing, lambda _: result)
    with start_span("step", agent="agent") as span:
        span.add_event("event")
        update_current_trace(name="trace", tags={"team": "x"})
    (found,) = search_traces()
    root = found.data.spans[0]
    names = {root.name, root.attributes[AGENT], str(found.info.name), root.events[0].name}
    assert {name.replace(": ", ":") for name in names} == {text or "<bytes:1 bytes>"}


@pytest.mark.parametrize("result", [None, 5, {"a": 1}, object(), float("nan"), "\udcff"])
def test_a_status_message_stays_text_whatever_the_mask_returns(tracing: LocalServer, result: object) -> None:
    set_mask(tracing, lambda _: result)
    with start_span("step") as span:
        span.record_exception(ValueError("hunter1"))
    (found,) = search_traces()
    event = found.data.spans[0].events[0]
    assert event.name == "exception"
    assert all(isinstance(text, str) and text for text in event.attributes.values())
    assert found.data.spans[0].status.description


def test_a_mask_that_raises_withholds_every_text_and_warns_once(
    tracing: LocalServer, caplog: pytest.LogCaptureFixture
) -> None:
    ace_tracing.diagnostics._last_warned.clear()
    set_mask(tracing, refuse)
    with caplog.at_level(logging.WARNING, "ace_tracing"):
        record_secrets()
    (warning,) = [record.getMessage() for record in caplog.records if "mask" in record.getMessage()]
    assert "ValueError" in warning
    assert SECRET.search(caplog.text) is None
    found = search_traces()
    assert SECRET.search(str([one.to_dict() for one in found])) is None
    assert {span.name for one in found for span in one.data.spans} == {WITHHELD}


def test_a_mask_that_raised_once_is_asked_again(tracing: LocalServer) -> None:
    fails = [True]

    def mask(value: Any) -> Any:
        return refuse(value) if fails[0] else value

    set_mask(tracing, mask)
    with capture_traces() as traces:
        answer("first")
        fails[0] = False
        answer("second")
    assert [one.data.spans[0].name for one in traces] == [WITHHELD, "answers hunter1"]


def test_spans_of_functions_that_the_mask_calls_are_not_recorded(tracing: LocalServer) -> None:
    @trace
    def mask(value: Any) -> Any:
        get_current_span().set_attribute("seen", value)
        update_current_trace(tags={"seen": str(value)})
        return value

    set_mask(tracing, mask)
    with start_span("outer"):
        answer("question")
    (found,) = search_traces()
    assert [span.name for span in found.data.spans] == ["outer", "answers hunter1", "step question"]


def test_an_agent_is_masked_once_and_inherited_by_descendants(tracing: LocalServer) -> None:
    set_mask(tracing, lambda value: f"<{value}>" if isinstance(value, str) else value)
    with start_span("root", agent="a"), start_span("child"), start_span("grandchild"):
        pass
    (found,) = search_traces()
    assert [span.attributes[AGENT] for span in found.data.spans] == ["<a>"] * 3


def test_the_service_s_own_span_types_are_not_masked(tracing: LocalServer) -> None:
    set_mask(tracing, lambda _: "masked")
    with start_span("a", span_type="LLM"), start_span("b", span_type="own") as span:
        pass
    assert span.span_type == "masked"
    assert sorted(each.span_type for each in search_traces()[0].data.spans) == ["LLM", "masked"]


def test_headers_of_outgoing_requests_carry_the_masked_session(tracing: LocalServer) -> None:
    set_mask(tracing, hide)
    with session("hunter1", user_id="hunter2"), start_span("request"):
        assert "hunter" not in str(inject({"baggage": "session.id=hunter3"}))
        update_current_trace(session_id="later hunter3")
        headers = inject({})
    assert headers["baggage"].endswith("session.id=later%20%2A%2A%2A,user.id=%2A%2A%2A")


@pytest.mark.parametrize("marker", ["", f",kayba.trace={'a' * 32}-01"], ids=["foreign", "of this SDK"])
def test_a_session_from_the_headers_of_a_request_is_masked(tracing: LocalServer, marker: str) -> None:
    set_mask(tracing, hide)
    baggage = f"session.id=hunter1,user.id=hunter2{marker}"
    with continue_trace({"traceparent": f"00-{'a' * 32}-{'b' * 16}-01", "baggage": baggage}), start_span("served"):
        assert inject({})["baggage"].endswith("session.id=%2A%2A%2A,user.id=%2A%2A%2A")
    assert SECRET.search(str([one.to_dict() for one in search_traces()])) is None


def test_a_session_below_a_foreign_caller_is_masked_once(tracing: LocalServer) -> None:
    set_mask(tracing, lambda value: f"<{value}>" if isinstance(value, str) else value)
    with continue_trace({"traceparent": f"00-{'a' * 32}-{'b' * 16}-01"}), session("s-1"), start_span("served"):
        assert inject({})["baggage"].endswith("session.id=%3Cs-1%3E")


def test_a_text_is_masked_before_it_is_cut(tracing: LocalServer) -> None:
    long = "x" * 4_090 + " hunter1"
    set_mask(tracing, lambda value: SECRET.sub("", value) if isinstance(value, str) else value)
    with session(long[-256:]), start_span(long[-1_006:]) as span:
        span.set_status("ERROR", long)
        span.record_exception(ValueError(long))
        update_current_trace(name=long[-1_006:])
        assert "hunt" not in inject({})["baggage"]
    (found,) = search_traces()
    assert "hunt" not in str(found.to_dict())
    assert "hunt" not in str(found.data.spans[0].events)


def test_one_mask_serves_many_threads(tracing: LocalServer) -> None:
    set_mask(tracing, hide)
    threads = [threading.Thread(target=answer, args=(f"hunter{number}",)) for number in range(8)]
    with capture_traces() as traces:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert {span.name for one in traces for span in one.data.spans} == {"answers ***", "step ***"}


def test_a_second_mask_replaces_the_first_at_the_same_call_site(tracing: LocalServer) -> None:
    with capture_traces() as traces:
        for masked in ("one", "two", "one"):
            set_mask(tracing, lambda _, masked=masked: masked)
            answer("question")
    assert [one.data.spans[0].name for one in traces] == ["one", "two", "one"]


def test_without_a_mask_names_are_recorded_unchanged(tracing: LocalServer) -> None:
    answer("hunter5")
    (found,) = search_traces()
    assert [span.name for span in found.data.spans] == ["answers hunter1", "step hunter5"]
