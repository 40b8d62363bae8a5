"""Sessions: their list and their turns."""

from __future__ import annotations

import httpx
import pytest
from tests.helpers.tracing_requests import START_NS, send, span, trace_id
from tests.unit.kayba_local.explore.conftest import EXPLORE, PRICE, SECOND_NS, Get

START_MS = START_NS / 1_000_000

pytestmark = pytest.mark.usefixtures("support_traces")


def test_a_session_has_the_sums_of_its_traces(get: Get) -> None:
    (session,) = get("/sessions")["sessions"]
    assert session == {
        "session": "session-1",
        "turns": 3,
        "errors": 1,
        "running": 1,
        "firstInput": "Question 1",
        "user": "user-1",
        "startMs": pytest.approx(START_MS + 60_000),
        "lastMs": pytest.approx(START_MS + 180_000),
        "totalTokens": 630,
        "cost": 630 * PRICE,
    }


def test_the_sums_are_those_of_the_selected_traces(get: Get) -> None:
    (session,) = get("/sessions", filter="status = 'ERROR'")["sessions"]
    assert (session["turns"], session["firstInput"]) == (1, "Question 2")
    assert get("/sessions", filter="name = 'absent'")["sessions"] == []


def test_pages_of_sessions_begin_with_the_last_active_one(http: httpx.Client, get: Get) -> None:
    for trace, session in enumerate(("b", "a", "c"), 11):
        start_ns = START_NS + (3600 + (trace == 13)) * SECOND_NS
        send(http, span(trace, 1, start_ns=start_ns, end_ns=start_ns, attributes={"session.id": session}))
    found: list[str] = []
    cursor: dict[str, str] = {}
    while len(found) < 4:
        page = get("/sessions", limit=1, **cursor)
        found += [session["session"] for session in page["sessions"]]
        cursor = {"cursor": page.get("nextCursor", "")}
    assert (found, cursor) == (["c", "a", "b", "session-1"], {"cursor": ""})


def test_the_turns_of_a_session_are_in_the_order_of_time(get: Get) -> None:
    first = get("/session", session="session-1", limit=2)
    rest = get("/session", session="session-1", limit=2, cursor=first["nextCursor"])
    turns = [trace["traceId"] for trace in (*first["traces"], *rest["traces"])]
    assert turns == [trace_id(1), trace_id(2), trace_id(3)]
    assert "nextCursor" not in rest


def test_any_text_may_be_a_session(http: httpx.Client, get: Get) -> None:
    send(http, span(20, 1, attributes={"session.id": "a/b ?c=%d"}))
    assert len(get("/session", session="a/b ?c=%d")["traces"]) == 1


def test_a_wrong_cursor_is_a_400(http: httpx.Client) -> None:
    assert http.get(f"{EXPLORE}/sessions", params={"cursor": "x"}).status_code == 400
