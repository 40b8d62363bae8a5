"""Retries: which calls are retried, and after how many seconds."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from email.utils import format_datetime
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.helpers.client_kinds import Subject
from tests.helpers.faulty_server import FakeResponse, Fault, faulty_server

from kayba_api import APIConnectionError, APIStatusError, Kayba, KaybaError, _retries
from kayba_api.models import Assessment, AssessmentSource, NewTraceFile

Make = Callable[..., Subject]
Call = Callable[[Any], Any]

FILES = [NewTraceFile("a.md", "text", "md")]
TRACE_ID = "tr-179010ea7eb391b2a9c5c13625864ffc"
ASSESSMENT = Assessment("correct", AssessmentSource("CODE"))

IDEMPOTENT: dict[str, Call] = {
    "get": lambda c: c.traces.get("a"),
    "list": lambda c: c.insights.list(),
    "put": lambda c: c.integrations.update("mlflow", enabled=True),
    "delete": lambda c: c.traces.delete("a"),
    "read by post": lambda c: c.traces.batch_get(ids=["a"]),
    "search by post": lambda c: c.experiments.search(),
    "replace by patch": lambda c: c.insights.update("a", status="accepted"),
    "tag by patch": lambda c: c.tracing.set_tag(TRACE_ID, key="a", value="b"),
}
NON_IDEMPOTENT: dict[str, Call] = {
    "upload": lambda c: c.traces.upload(traces=FILES),
    "generate": lambda c: c.insights.generate(),
    "generate a prompt": lambda c: c.prompts.generate(),
    "create": lambda c: c.experiments.create(name="a"),
    "assess": lambda c: c.tracing.create_assessment(TRACE_ID, assessment=ASSESSMENT),
    "delete many": lambda c: c.tracing.delete(experiment_id="0", max_timestamp_millis=1),
}
ALWAYS = {
    "429": FakeResponse(429, b""),
    "429 with a time": FakeResponse(429, b"", {"Retry-After": "0"}),
    "503 with a time": FakeResponse(503, b"", {"Retry-After": "0"}),
}
IF_IDEMPOTENT = {
    "408": FakeResponse(408, b""),
    "500": FakeResponse(500, b""),
    "502": FakeResponse(502, b"<html>"),
    "503": FakeResponse(503, b""),
    "504": FakeResponse(504, b""),
    "529": FakeResponse(529, b""),
    "reset": FakeResponse(fault=Fault.RESET),
    "lost": FakeResponse(fault=Fault.LOSE),
    "cut": FakeResponse(body=b"{}", fault=Fault.CUT),
    "no HTTP": FakeResponse(fault=Fault.GARBAGE),
}
NEVER = {str(status): FakeResponse(status, b"") for status in (302, 400, 401, 403, 404, 405, 413, 415, 418, 422, 501)}


def count_attempts(kayba: Make, call: Call, answer: FakeResponse) -> int:
    """Return the number of attempts of a call that always fails."""
    with faulty_server(answer) as server, pytest.raises(KaybaError):
        kayba(base_url=server.url)(call)
    return len(server.requests)


@pytest.mark.parametrize("call", IDEMPOTENT.values(), ids=IDEMPOTENT)
@pytest.mark.parametrize("answer", [*ALWAYS.values(), *IF_IDEMPOTENT.values()], ids=[*ALWAYS, *IF_IDEMPOTENT])
def test_idempotent_calls_are_tried_three_times(kayba: Make, call: Call, answer: FakeResponse) -> None:
    assert count_attempts(kayba, call, answer) == 3


@pytest.mark.parametrize("call", NON_IDEMPOTENT.values(), ids=NON_IDEMPOTENT)
@pytest.mark.parametrize("answer", ALWAYS.values(), ids=ALWAYS)
def test_calls_that_were_not_processed_are_always_retried(kayba: Make, call: Call, answer: FakeResponse) -> None:
    assert count_attempts(kayba, call, answer) == 3


@pytest.mark.parametrize("call", NON_IDEMPOTENT.values(), ids=NON_IDEMPOTENT)
@pytest.mark.parametrize("answer", IF_IDEMPOTENT.values(), ids=IF_IDEMPOTENT)
def test_possibly_processed_calls_are_not_retried(kayba: Make, call: Call, answer: FakeResponse) -> None:
    assert count_attempts(kayba, call, answer) == 1


@pytest.mark.parametrize("call", [IDEMPOTENT["get"], NON_IDEMPOTENT["upload"]], ids=["get", "upload"])
@pytest.mark.parametrize("answer", NEVER.values(), ids=NEVER)
def test_permanent_errors_are_not_retried(kayba: Make, call: Call, answer: FakeResponse) -> None:
    assert count_attempts(kayba, call, answer) == 1


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (lambda c: c.traces.get("a"), 3),  # 409 is not documented, so it is a temporary conflict
        (lambda c: c.jobs.materialize("a"), 1),  # idempotent, but 409 means that the job has not completed
        (lambda c: c.prompts.generate(), 1),
        (lambda c: c.traces.upload(traces=FILES), 1),
    ],
    ids=["not documented", "documented", "documented, once", "not documented, once"],
)
def test_a_conflict_is_retried_only_if_not_documented(kayba: Make, call: Call, expected: int) -> None:
    assert count_attempts(kayba, call, FakeResponse(409, b"")) == expected


@pytest.mark.parametrize("call", [IDEMPOTENT["get"], NON_IDEMPOTENT["upload"]], ids=["get", "upload"])
def test_a_server_that_starts_during_the_retries_is_reached(
    kayba: Make, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    with faulty_server(FakeResponse(400, b""), up=False) as server:
        pauses: list[int] = []

        def up_after_two(attempt: int, asked: float | None) -> float:
            pauses.append(attempt)
            if attempt == 2:
                server.up()
            return 0.0

        monkeypatch.setattr(_retries, "retry_delay", up_after_two)
        with pytest.raises(APIStatusError):
            kayba(base_url=server.url, max_retries=5)(call)
    assert pauses == [1, 2]
    assert len(server.requests) == 1


def test_a_success_after_failures_is_returned(kayba: Make) -> None:
    body = b'{"insights": []}'
    with faulty_server(FakeResponse(500, b""), FakeResponse(fault=Fault.RESET), FakeResponse(body=body)) as server:
        page = kayba(base_url=server.url)(lambda client: client.insights.list(status="new"))
    assert page.items == []
    assert [path for _, path, _, _ in server.requests] == ["/api/insights?status=new"] * 3


def test_every_attempt_sends_the_same_body(kayba: Make) -> None:
    with faulty_server(
        FakeResponse(429, b""), FakeResponse(429, b""), FakeResponse(body=b'{"count": 0, "traces": []}')
    ) as server:
        kayba(base_url=server.url)(NON_IDEMPOTENT["upload"])
    assert len({body for *_, body in server.requests}) == 1
    assert b'"filename":"a.md"' in server.requests[0][3]


@pytest.mark.parametrize(("of_client", "of_call", "expected"), [(0, None, 1), (4, None, 5), (0, 2, 3), (4, 0, 1)])
def test_max_retries_of_a_call_overrides_the_client(
    kayba: Make, of_client: int, of_call: int | None, expected: int
) -> None:
    with faulty_server(FakeResponse(500, b"")) as server, pytest.raises(APIStatusError):
        kayba(base_url=server.url, max_retries=of_client)(lambda c: c.traces.get("a", max_retries=of_call))
    assert len(server.requests) == expected


def test_negative_max_retries_are_rejected() -> None:
    with pytest.raises(ValueError, match="max_retries"):
        Kayba(max_retries=-1)


def test_retry_after_is_respected(kayba: Make) -> None:
    with faulty_server(FakeResponse(429, b"", {"Retry-After": "1"}), FakeResponse(404, b"")) as server:
        with pytest.raises(APIStatusError):
            kayba(base_url=server.url)(IDEMPOTENT["get"])
        first, second = server.times
    assert second - first >= 1


def test_an_invalid_request_is_not_retried(kayba: Make) -> None:
    with faulty_server() as server, pytest.raises(APIConnectionError) as caught:
        kayba(base_url=server.url)(lambda c: c.traces.get("a", extra_headers={"X-Team": "a\nb"}))
    assert isinstance(caught.value.__cause__, httpx.LocalProtocolError)
    assert "attempts" not in caught.value.message


# The delay.

NOW = datetime.datetime(2026, 11, 22, 17, 37, 25, tzinfo=datetime.UTC)


def answer(retry_after: str, date: datetime.datetime | None = NOW) -> httpx.Response:
    headers = {"Retry-After": retry_after} | ({"Date": format_datetime(date, usegmt=True)} if date else {})
    return httpx.Response(429, headers=headers)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        ("5", 5),
        ("2.5", 2.5),
        (" 7 ", 7),
        ("Sun, 22 Nov 2026 17:37:35 GMT", 10),
        ("Sunday, 22-Nov-26 17:37:35 GMT", 10),
        ("Sun, 22 Nov 2026 17:37:00 GMT", 0),
        ("-5", None),
        ("", None),
        ("soon", None),
        ("nan", None),
        ("inf", None),
        ("1e999", None),
        ("9" * 400, None),
        ("Sun, 99 Nov 2026 17:37:35 GMT", None),
        ("5 minutes", None),
    ],
)
def test_retry_after_is_parsed(text: str, seconds: float | None) -> None:
    assert _retries.parse_retry_after(answer(text)) == seconds


def test_a_date_is_relative_to_the_servers_clock() -> None:
    an_hour_behind = NOW - datetime.timedelta(hours=1)
    text = format_datetime(an_hour_behind + datetime.timedelta(seconds=20), usegmt=True)
    assert _retries.parse_retry_after(answer(text, an_hour_behind)) == 20


def test_a_date_without_date_header_uses_the_local_clock() -> None:
    later = datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=1)
    seconds = _retries.parse_retry_after(answer(format_datetime(later, usegmt=True), None))
    assert seconds is not None
    assert 3000 < seconds <= 3600


@given(attempt=st.integers(1, 10**6), asked=st.none() | st.floats(0, _retries.MAX_RETRY_AFTER_S))
def test_a_delay_is_at_least_retry_after_and_bounded(attempt: int, asked: float | None) -> None:
    seconds = _retries.retry_delay(attempt, asked)
    assert seconds is not None
    assert (asked or 0) < seconds <= (asked or 0) + _retries.MAX_DELAY_S


def test_delays_grow_and_have_jitter() -> None:
    def many(attempt: int) -> list[float]:
        return [_retries.retry_delay(attempt, None) or 0.0 for _ in range(100)]

    first, second, tenth = many(1), many(2), many(10)
    assert max(first) <= min(second) <= max(second) < min(tenth)
    assert len(set(first)) > 90
    assert 0.25 <= min(first) <= max(first) <= 0.5
    assert 4 <= min(tenth) <= max(tenth) <= 8


def test_more_than_a_minute_is_not_waited_for() -> None:
    assert _retries.retry_delay(1, 60.5) is None
