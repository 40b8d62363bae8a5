"""A program with an agent traced by the published kayba-tracing. It prints the ids of its traces by name, as JSON.

Arguments: base URL, API key.
"""

from __future__ import annotations

import contextlib
import json
import sys
from typing import Any

import mlflow
from kayba_tracing import configure, set_folder, start_span, trace

ids: dict[str, str | None] = {}


@trace(name="rank", span_type="TOOL", attributes={"model": "m-1", "limits": {"top": 2, "by": ["score", None]}})
def rank(documents: list[str], limit: int = 2) -> dict[str, Any]:
    return {"best": documents[:limit], "score": 0.5}


@trace
def agent(query: str) -> str:
    with start_span("retrieve", span_type="RETRIEVER", attributes={"store": "local"}) as span:
        span.set_inputs({"query": query})
        documents = ["a", "b", "c"]
        span.set_outputs(documents)
        span.set_attribute("cached", False)
    return rank(documents)["best"][0]


@trace
def look_up(city: str) -> str:
    raise LookupError(f"no city {city!r}")


@trace
def careful(city: str) -> str:
    with contextlib.suppress(LookupError):
        return look_up(city)
    return "unknown"


def run(name: str, folder: str | None, *, raises: bool = False) -> None:
    set_folder(folder)
    with contextlib.suppress(LookupError):
        (look_up if raises else {"agent": agent, "careful": careful}[name])("Paris")
    ids[name] = mlflow.get_last_active_trace_id()


configure(api_key=sys.argv[2], base_url=sys.argv[1], folder="production")
run("agent", "prod/<b>eu</b> 1")
run("careful", None)
run("look_up", "lost", raises=True)
mlflow.flush_trace_async_logging()
print(json.dumps(ids))
