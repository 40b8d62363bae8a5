"""A program that records traces with MLflow's fluent API and prints their ids by name, as JSON.

Arguments: base URL, API key, and the values to record by name, as JSON.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from typing import Final

import mlflow
from mlflow.entities import SpanEvent

os.environ["MLFLOW_TRACKING_TOKEN"] = sys.argv[2]
mlflow.set_tracking_uri(f"{sys.argv[1]}/api/mlflow")
mlflow.set_experiment("interop")

START_NS: Final = 1_764_000_000_000_000_000
VALUES: Final = json.loads(sys.argv[3])
ids: dict[str, str | None] = {}


@mlflow.trace(span_type="TOOL")
async def fetch(page: int) -> int:
    await asyncio.sleep(0)
    return page


@mlflow.trace(name="crawl", span_type="AGENT", attributes=VALUES)
async def crawl(pages: int) -> list[int]:
    mlflow.update_current_trace(tags={"kayba.folder": "fluent"}, metadata={"mlflow.trace.session": "s-1"})
    span = mlflow.get_current_active_span()
    assert span is not None
    span.add_event(SpanEvent("midway", timestamp=START_NS, attributes={"text": "123", "int": 5, "list": ["a", "b"]}))
    span.set_attribute("mlflow.chat.tokenUsage", {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7})
    return [await fetch(page) for page in range(pages)]


@mlflow.trace
def values(given: dict[str, object]) -> list[object]:
    return list(given.values())


def record_filed(number: int) -> None:
    """Record a trace whose times, tags and status are the same in every run."""
    name = f"filed {number}"
    root = mlflow.start_span_no_context(
        name,
        inputs={"number": number},
        tags={"kayba.folder": ("a", "b", "it's")[number % 3], "n": str(number)} if number else {},
        start_time_ns=START_NS + number * 10**9,
    )
    child = mlflow.start_span_no_context("child", parent_span=root, start_time_ns=root.start_time_ns + 1)
    child.end(end_time_ns=child.start_time_ns + 1)
    if number % 4 == 3:
        root.set_status("ERROR")
    root.end(outputs=number, end_time_ns=root.start_time_ns + number * 250_000_000 + 400_000)
    ids[name] = root.trace_id


def nest(levels: int, *, lists: bool) -> object:
    value: object = "bottom"
    for _ in range(levels):
        value = [value] if lists else {"in": value}
    return value


def record_hostile() -> None:
    """Record traces that an MLflow server stores and then cannot read.

    They have a separate experiment, because MLflow cannot search it.
    """
    mlflow.set_experiment("hostile")
    values = {
        "deep list": nest(100, lists=True),
        "deep dict": nest(100, lists=False),
        "big int": 2**70,
        "big int inside": {"numbers": [2**70]},
        "long text": "x" * 300_000,
    }
    for name, value in values.items():
        with mlflow.start_span(name, attributes={"value": value}) as span:
            span.set_inputs({"value": value})
            span.set_outputs(value)
        ids[name] = span.trace_id


asyncio.run(crawl(2))
ids["crawl"] = mlflow.get_last_active_trace_id()
values(VALUES)
ids["values"] = mlflow.get_last_active_trace_id()
for number in range(8):
    record_filed(number)
record_hostile()
mlflow.flush_trace_async_logging()
print(json.dumps(ids))
