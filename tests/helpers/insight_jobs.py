"""Insight jobs, run to their end, and span trees to analyse."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Final

import httpx
from tests.helpers.tracing_requests import START_NS, Json, span

MS: Final = 1_000_000


def generate(http: httpx.Client, **request: Any) -> str:
    """Start a job and return its id."""
    response: Json = http.post("/api/insights/generate", json=request).raise_for_status().json()
    return str(response["jobId"])


def wait(http: httpx.Client, job_id: str) -> Json:
    """Wait until a job ends, and return it."""
    while True:
        job: Json = http.get(f"/api/jobs/{job_id}").raise_for_status().json()
        if job["status"] in ("completed", "failed"):
            return job
        time.sleep(0.005)


def learn(http: httpx.Client, **request: Any) -> list[Json]:
    """Run a job, materialize it, and return its insights."""
    job = wait(http, generate(http, **request))
    assert job["status"] == "completed", job
    materialized = http.post(f"/api/jobs/{job['jobId']}").raise_for_status().json()
    found = [insight for insight in insights(http) if insight["jobId"] == job["jobId"]]
    assert materialized == {"jobId": job["jobId"], "skillsGenerated": job["result"]["skillsGenerated"]}
    assert len(found) == job["result"]["skillsGenerated"]
    return found


def insights(http: httpx.Client) -> list[Json]:
    listed: list[Json] = http.get("/api/insights").raise_for_status().json()["insights"]
    return listed


def kinds(found: list[Json]) -> set[str]:
    return {insight["kind"] for insight in found}


def upload(http: httpx.Client, content: str, file_type: str = "txt") -> str:
    """Upload a trace file and return its id."""
    file = {"filename": f"trace.{file_type}", "fileType": file_type, "content": content}
    response: Json = http.post("/api/traces", json={"traces": [file]}).raise_for_status().json()
    return str(response["traces"][0]["id"])


def failed(exception: str, message: str) -> Json:
    """Return the fields of a failed span with an exception event."""
    attributes = [
        {"key": "exception.type", "value": {"stringValue": exception}},
        {"key": "exception.message", "value": {"stringValue": message}},
    ]
    event = {"name": "exception", "timeUnixNano": str(START_NS), "attributes": attributes}
    return {"status": {"code": 2, "message": f"{exception}: {message}"}, "events": [event]}


def below(root: str, *names: str, trace: int = 1, inputs: Mapping[int, str] | None = None) -> list[Json]:
    """Return a root span and consecutive child spans of these names, with inputs as JSON by position."""
    inputs = inputs or {}
    steps = [
        span(
            trace,
            number + 2,
            1,
            name=name,
            start_ns=START_NS + (number + 1) * MS,
            end_ns=START_NS + (number + 2) * MS,
            attributes={"mlflow.spanInputs": inputs[number]} if number in inputs else {},
        )
        for number, name in enumerate(names)
    ]
    return [span(trace, 1, name=root, end_ns=START_NS + (len(names) + 2) * MS), *steps]


def model_call(
    trace: int = 1, number: int = 2, parent: int | None = 1, *, tokens_in: int, prompt: str = '"hi"', **fields: Any
) -> Json:
    """Return a span of a model call with `tokens_in` input tokens and ten output tokens."""
    usage = f'{{"input_tokens": {tokens_in}, "output_tokens": 10, "total_tokens": {tokens_in + 10}}}'
    attributes = {"mlflow.spanType": "LLM", "mlflow.spanInputs": prompt, "mlflow.chat.tokenUsage": usage}
    start_ns = START_NS + number * MS
    return span(
        trace, number, parent, name="ask", start_ns=start_ns, end_ns=start_ns + MS, attributes=attributes, **fields
    )
