"""`log_feedback`: arguments, mask, capture, and the assessments that a server stores."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from typing import Any

import pytest

import ace_tracing
from ace_tracing import (
    ConfigurationError,
    Delivery,
    NotFoundError,
    alog_feedback,
    flush,
    get_current_trace_id,
    get_trace,
    log_feedback,
    start_span,
)
from ace_tracing.testing import capture_traces
from kayba_local import LocalServer

UNKNOWN = "tr-" + "1" * 32


def finished_trace(name: str = "judged") -> str:
    """Make a trace, and return its id."""
    with start_span(name):
        return str(get_current_trace_id())


def assessments(trace_id: str) -> list[dict[str, Any]]:
    """Return the stored assessments of a trace."""
    return get_trace(trace_id).info.assessments


@pytest.mark.parametrize("value", [True, 0.5, "good", ["a", 1], {"score": 3}])
def test_feedback_on_a_trace_is_stored_with_all_its_fields(tracing: LocalServer, value: Any) -> None:
    trace_id = finished_trace()
    assessment_id = log_feedback(
        trace_id, "quality", value, rationale="because", source="LLM_JUDGE", source_id="a-model", metadata={"run": "1"}
    )
    (found,) = assessments(trace_id)
    assert found["assessment_id"] == assessment_id
    assert (found["assessment_name"], found["feedback"]["value"], found["rationale"]) == ("quality", value, "because")
    assert found["source"] == {"source_type": "LLM_JUDGE", "source_id": "a-model"}
    assert found["metadata"] == {"run": "1"}


def test_feedback_on_a_span_has_the_span_id(tracing: LocalServer) -> None:
    with start_span("judged") as span:
        pass
    log_feedback(str(span.trace_id), "correct", True, span_id=span.span_id)
    (found,) = assessments(str(span.trace_id))
    assert found["span_id"] == span.span_id


def test_feedback_is_sent_without_a_flush(tracing: LocalServer, wait_until: Callable[..., None]) -> None:
    log_feedback(finished_trace(), "correct", True)
    wait_until(lambda: ace_tracing.tracing_status().feedback_delivered == 1)
    assert flush() == Delivery(delivered=2, feedback_delivered=1)


def test_feedback_inside_the_traced_function_waits_for_its_end(tracing: LocalServer) -> None:
    with start_span("running"):
        trace_id = str(get_current_trace_id())
        log_feedback(trace_id, "correct", True)
        running = flush()
    assert (bool(running), running.pending, running.feedback_pending) == (False, 1, 1)
    assert flush() == Delivery(delivered=2, feedback_delivered=1)
    assert len(assessments(trace_id)) == 1


def test_feedback_of_tasks_is_stored(tracing: LocalServer) -> None:
    async def judge(number: int) -> str:
        trace_id = finished_trace()
        await alog_feedback(trace_id, "number", number, source="CODE")
        return trace_id

    async def main() -> list[str]:
        return await asyncio.gather(*map(judge, range(20)))

    ids = asyncio.run(main())
    assert [[each["feedback"]["value"] for each in assessments(trace_id)] for trace_id in ids] == [
        [number] for number in range(20)
    ]


def test_a_thousand_entries_on_one_trace_are_stored_once(tracing: LocalServer) -> None:
    trace_id = finished_trace()
    for number in range(1_000):
        log_feedback(trace_id, "number", number)
    assert flush(60) == Delivery(delivered=1_001, feedback_delivered=1_000)
    assert sorted(each["feedback"]["value"] for each in assessments(trace_id)) == list(range(1_000))


@pytest.mark.parametrize("trace_id", ["", "tr-", "1" * 31, "tr-" + "g" * 32, None, 5, UNKNOWN.upper()])
def test_a_trace_id_of_another_form_raises(tracing: LocalServer, trace_id: Any) -> None:
    with pytest.raises(NotFoundError, match="32 hex digits"):
        log_feedback(trace_id, "correct", True)


WRONG: list[dict[str, Any]] = [
    {"name": ""},
    {"name": None},
    {"source": "ROBOT"},
    {"source": ["HUMAN"]},
    {"metadata": [("a", "b")]},
    {"span_id": "1"},
    {"span_id": 1},
]


@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_a_wrong_argument_raises_and_its_message_names_it(tracing: LocalServer, wrong: dict[str, Any]) -> None:
    (argument,) = wrong
    with pytest.raises((ValueError, NotFoundError), match=argument.removesuffix("_id")):
        log_feedback(**({"trace_id": UNKNOWN, "name": "correct", "value": True} | wrong))
    assert flush() == Delivery()


def test_feedback_before_configure_raises() -> None:
    with pytest.raises(ConfigurationError, match="configure"):
        log_feedback(UNKNOWN, "correct", True)


def test_feedback_of_a_disabled_process_is_sent(tracing: LocalServer) -> None:
    trace_id = finished_trace()
    ace_tracing.disable()
    with start_span("not recorded") as span:
        assert log_feedback(span.trace_id, "correct", True) == ""  # type: ignore[arg-type]
    log_feedback(trace_id, "correct", True)
    assert flush() == Delivery(delivered=2, feedback_delivered=1)


class Hostile:
    """A value whose methods raise."""

    def __repr__(self) -> str:
        raise RuntimeError("no repr")

    __str__ = __repr__


@pytest.mark.parametrize(
    "value",
    [object(), Hostile(), float("nan"), "\ud800", 2**100, b"x", "x" * 2_000_000, [[]] * 50_000, {1: {2, 3}}, None],
)
def test_any_value_is_stored_in_a_bounded_form(tracing: LocalServer, value: Any) -> None:
    trace_id = finished_trace()
    log_feedback(trace_id, "value", value, rationale="\ud800" * 20_000, metadata={"m": "x" * 1_000_000})
    assert flush() == Delivery(delivered=2, feedback_delivered=1)
    (found,) = assessments(trace_id)
    assert len(str(found)) < 1_000_000


def test_mask_is_applied_to_every_text(kayba_server: LocalServer) -> None:
    def hide(value: Any) -> Any:
        return value.replace("secret", "***") if isinstance(value, str) else value

    ace_tracing.configure(api_key="kb-test", base_url=kayba_server.url, mask=hide)
    trace_id = finished_trace()
    secret = "secret"
    log_feedback(trace_id, secret, secret, rationale=secret, source_id=secret, metadata={"key": secret})
    (found,) = assessments(trace_id)
    ace_tracing.shutdown()
    assert "secret" not in str(found)
    assert [found["assessment_name"], found["feedback"]["value"], found["rationale"]] == ["***"] * 3
    assert (found["source"]["source_id"], found["metadata"]) == ("***", {"key": "***"})


def test_a_mask_that_raises_withholds_the_feedback(kayba_server: LocalServer) -> None:
    ace_tracing.configure(api_key="kb-test", base_url=kayba_server.url, mask=lambda value: 1 / 0)
    trace_id = finished_trace()
    log_feedback(trace_id, "secret", "secret", rationale="secret")
    (found,) = assessments(trace_id)
    ace_tracing.shutdown()
    assert "secret" not in str(found)


def test_captured_trace_has_its_feedback() -> None:
    with capture_traces() as traces:
        with start_span("judged") as span:
            log_feedback(str(span.trace_id), "early", 1)
        log_feedback(str(span.trace_id), "late", {"score": 2}, rationale="because", source="CODE")
        log_feedback(UNKNOWN, "elsewhere", True)
        found = traces[0].info.assessments
        assert [each["assessment_name"] for each in found] == ["early", "late"]
        assert (found[1]["feedback"]["value"], found[1]["rationale"], found[1]["valid"]) == (
            {"score": 2},
            "because",
            True,
        )
        traces.clear()
        assert list(traces) == []


def test_captured_feedback_equals_the_servers(tracing: LocalServer) -> None:
    def judge() -> str:
        trace_id = finished_trace()
        log_feedback(trace_id, "quality", [1, "a"], span_id="1" * 16, rationale="r", source="CODE", metadata={"a": "b"})
        return trace_id

    with capture_traces() as traces:
        judge()
    (captured,), (stored,) = traces[0].info.assessments, assessments(judge())
    differing = {"assessment_id", "trace_id", "create_time", "last_update_time"}
    assert {key: value for key, value in captured.items() if key not in differing} == {
        key: value for key, value in stored.items() if key not in differing
    }
    assert captured.keys() == stored.keys()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the platform has no fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_forked_child_sends_its_own_feedback_only(tracing: LocalServer) -> None:
    trace_id = finished_trace()
    log_feedback(trace_id, "of", "parent")
    child = os.fork()
    if not child:
        log_feedback(trace_id, "of", "child")
        os._exit(0 if flush(timeout=20) == Delivery(delivered=1, feedback_delivered=1) else 1)
    assert flush() == Delivery(delivered=2, feedback_delivered=1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert sorted(each["feedback"]["value"] for each in assessments(trace_id)) == ["child", "parent"]
