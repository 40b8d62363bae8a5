"""Traces for the comparison of searches: the same requests fill a real MLflow and kayba-local."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import httpx
from tests.helpers.tracing_requests import TRACES, location, protobuf, span, trace_id

START_NS: Final = 1_764_000_000_000_000_000
COUNT: Final = 24

NAMES: Final = ("agent", "Agent", "planner", "plan_b", "agent 7")
STATES: Final = ("OK", "ERROR", "IN_PROGRESS")
FOLDERS: Final = ("production", "production/eu", "staging")
SESSIONS: Final = ("s-1", "s-2")
SPAN_NAMES: Final = ("look_up", "chat", "rank", "Look up")
SPAN_TYPES: Final = ("TOOL", "LLM", "RETRIEVER")
MODELS: Final = ("alpha-mini", "alpha-large", "beta")
WORDS: Final = ("refund", "parcel", "weather", "Invoice")
SCORES: Final = (0.25, 1, 5, 0.5)


def fill(url: str, key: str, experiment: str) -> None:
    """Send the traces to a server.

    Args:
        url: The address of the server.
        key: The key that it requires.
        experiment: The id of an experiment without traces.
    """
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=60) as http:
        for number in range(1, COUNT + 1):
            info = {"trace": {"trace_info": make_info(number, experiment)}}
            http.post(TRACES, json=info).raise_for_status()
            http.post(
                "/api/mlflow/v1/traces",
                content=protobuf(make_spans(number)),
                headers={"x-mlflow-experiment-id": experiment, "Content-Type": "application/x-protobuf"},
            ).raise_for_status()
            for assessment in make_assessments(number):
                path = f"{TRACES}/{trace_id(number)}/assessments"
                http.post(path, json={"assessment": assessment}).raise_for_status()


def make_info(number: int, experiment: str) -> dict[str, Any]:
    """Return the info of a trace."""
    seconds, milliseconds = divmod(number * 137, 1_000)
    tags = {"mlflow.traceName": NAMES[number % len(NAMES)], "n": str(number)}
    if number % 4:
        tags["kayba.folder"] = FOLDERS[number % len(FOLDERS)]
    metadata = {"build": f"b{number % 3}"}
    if number % 3:
        metadata["mlflow.trace.session"] = SESSIONS[number % len(SESSIONS)]
    return {
        "trace_id": trace_id(number),
        "trace_location": location(experiment),
        "request_time": f"2025-11-24T16:00:{number:02}Z",
        "execution_duration": f"{seconds}.{milliseconds:03}s",
        "state": STATES[number % len(STATES)],
        "client_request_id": f"c-{number % 5}",
        "tags": tags,
        "trace_metadata": metadata,
    }


def make_spans(number: int) -> list[dict[str, Any]]:
    """Return the spans of a trace: a root and two children."""
    start = START_NS + number * 10**9
    root = span(
        number,
        1,
        name=NAMES[number % len(NAMES)],
        start_ns=start,
        end_ns=start + number * 137 * 10**6,
        attributes={"mlflow.spanType": "AGENT"},
    )
    children = [
        span(
            number,
            position,
            parent=1,
            name=SPAN_NAMES[(number + position) % len(SPAN_NAMES)],
            start_ns=start + position,
            end_ns=start + position + 1,
            attributes=make_attributes(number + 2 * position),
            status={"code": (number + position) % 3},
        )
        for position in (2, 3)
    ]
    return [root, *children]


def make_attributes(number: int) -> Mapping[str, Any]:
    """Return the attributes of a span."""
    return {
        "mlflow.spanType": SPAN_TYPES[number % len(SPAN_TYPES)],
        "mlflow.spanInputs": f"Where is my {WORDS[number % len(WORDS)]}?",
        "variant": MODELS[number % len(MODELS)],
    }


def make_assessments(number: int) -> list[dict[str, Any]]:
    """Return the assessments of a trace."""
    source = {"source_type": "CODE", "source_id": "check.py"}
    made: list[dict[str, Any]] = []
    if number % 2:
        value = ("yes", "no", True)[number % 3]
        made.append({"assessment_name": "correct", "feedback": {"value": value}, "source": source})
    if number % 3:
        made.append({"assessment_name": "score", "feedback": {"value": SCORES[number % 4]}, "source": source})
    if number % 5 == 0:
        made.append({"assessment_name": "answer", "expectation": {"value": f"a{number % 2}"}, "source": source})
    if number == 7:
        metadata = {"mlflow.trace.session": SESSIONS[7 % len(SESSIONS)]}
        judged = {"assessment_name": "polite", "feedback": {"value": "yes"}, "source": source, "metadata": metadata}
        made.append(judged)
    return made
