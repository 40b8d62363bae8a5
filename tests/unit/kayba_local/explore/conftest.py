"""A server with a few traces, for the operations of `explore.yaml`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from tests.helpers.tracing_requests import START_NS, Json, send, span

SECOND_NS = 1_000_000_000
EXPLORE = "/api/explore"

PRICE = 0.5
"""US dollars a token."""

Get = Callable[..., Any]


@pytest.fixture
def get(http: httpx.Client) -> Get:
    """Return a function that reads a path below `/api/explore`."""

    def read(path: str, **parameters: Any) -> Any:
        query = {name.removesuffix("_"): value for name, value in parameters.items()}
        return http.get(f"{EXPLORE}{path}", params=query).raise_for_status().json()

    return read


def exception_event(kind: str, message: str) -> Json:
    attributes = {"exception.type": kind, "exception.message": message, "exception.stacktrace": "Traceback: …"}
    return {
        "name": "exception",
        "timeUnixNano": str(START_NS),
        "attributes": [{"key": key, "value": {"stringValue": value}} for key, value in attributes.items()],
    }


def model_call(trace: int, number: int, parent: int | None, model: str, tokens: tuple[int, int], **fields: Any) -> Json:
    attributes = {
        "gen_ai.operation.name": "chat",
        "gen_ai.response.model": model,
        "gen_ai.usage.input_tokens": tokens[0],
        "gen_ai.usage.output_tokens": tokens[1],
        "mlflow.llm.cost": f'{{"total_cost": {sum(tokens) * PRICE}}}',
    }
    return span(trace, number, parent, name=f"chat {model}", attributes=attributes, **fields)


@pytest.fixture
def support_traces(http: httpx.Client) -> None:
    """Store three traces: answered, failed and running, a minute apart, of one session."""
    minute_ns = 60 * SECOND_NS
    for trace, folder in enumerate(("production/billing", "production/support", None), 1):
        start_ns = START_NS + trace * minute_ns
        attributes: dict[str, Any] = {
            "mlflow.spanInputs": f'{{"messages": [{{"role": "user", "content": "Question {trace}"}}]}}',
            "session.id": "session-1",
            "user.id": f"user-{trace}",
            **({"mlflow.traceTag.kayba.folder": folder} if folder else {}),
            "mlflow.traceTag.team": "blue" if trace == 1 else "red",
        }
        if trace == 1:
            attributes["mlflow.spanOutputs"] = '"Answer 1"'
        failed = {"status": {"code": 2}, "events": [exception_event("ToolError", "no orders")]} if trace == 2 else {}
        end_ns = 0 if trace == 3 else start_ns + trace * SECOND_NS
        root = span(trace, 1, name="agent", start_ns=start_ns, end_ns=end_ns, attributes=attributes, **failed)
        call_end_ns = start_ns + SECOND_NS // 2
        call = model_call(trace, 2, 1, "gpt-4o", (100 * trace, 10), start_ns=start_ns, end_ns=call_end_ns)
        send(http, root, call)
