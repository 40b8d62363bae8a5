"""Stored feedback is changed and deleted."""

from __future__ import annotations

import httpx
import pytest
from tests.helpers.tracing_requests import TRACES, Json, send, span, trace_id
from tests.unit.kayba_local.explore.conftest import EXPLORE, Get


@pytest.fixture
def feedback(http: httpx.Client) -> str:
    """Store a trace with feedback, and return its path."""
    send(http, span(1, 1))
    body = {
        "assessment": {
            "assessment_name": "correct",
            "source": {"source_type": "HUMAN", "source_id": "reviewer"},
            "feedback": {"value": False},
            "rationale": "No.",
        }
    }
    created = http.post(f"{TRACES}/{trace_id(1)}/assessments", json=body).raise_for_status().json()["assessment"]
    return f"{EXPLORE}/traces/{trace_id(1)}/feedback/{created['assessment_id']}"


def read(get: Get) -> list[Json]:
    found: list[Json] = get(f"/traces/{trace_id(1)}/spans/{1:016x}")["feedback"]
    return found


def test_value_and_rationale_are_replaced(http: httpx.Client, get: Get, feedback: str) -> None:
    before = get("/server")["revision"]
    answer = http.patch(feedback, json={"value": 0.75, "rationale": "Almost."}).raise_for_status().json()
    assert answer["revision"] > before
    (changed,) = read(get)
    assert (changed["value"], changed["rationale"], changed["name"]) == (0.75, "Almost.", "correct")
    http.patch(feedback, json={"value": True}).raise_for_status()
    assert (read(get)[0]["value"], read(get)[0]["rationale"]) == (True, "Almost.")


def test_feedback_is_deleted(http: httpx.Client, get: Get, feedback: str) -> None:
    assert get("/traces")["traces"][0]["feedback"] == 1
    http.delete(feedback).raise_for_status()
    assert read(get) == []
    assert get("/traces")["traces"][0]["feedback"] == 0
    assert http.delete(feedback).status_code == http.patch(feedback, json={"value": 1}).status_code == 404
