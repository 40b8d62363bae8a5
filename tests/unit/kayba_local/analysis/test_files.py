"""Uploaded trace files: the formats that are recognized, and the findings in them."""

from __future__ import annotations

import json
from typing import Any, Final

import httpx
import pytest
from tests.helpers.insight_jobs import MS, below, failed, generate, kinds, learn, upload, wait
from tests.helpers.tracing_requests import START_NS, get_trace, otlp, send, span, trace_id

FAILED: Final = span(1, 1, name="search", **failed("TimeoutError", "no answer"))
EXPORTED: Final = {
    "trace_id": "5dCZlTJr0ZM4rjzBn9s3zA==",
    "span_id": "ozBxbY+7MUw=",
    "parent_span_id": None,
    "name": "search",
    "start_time_unix_nano": 1795369045938786534,
    "end_time_unix_nano": 1795369045940918844,
    "events": [{"name": "exception", "time_unix_nano": 1, "attributes": {"exception.type": "TimeoutError"}}],
    "status": {"code": "STATUS_CODE_ERROR", "message": "TimeoutError: no answer"},
    "attributes": {"mlflow.spanType": '"TOOL"', "mlflow.spanInputs": '{"x": 1}'},
}


@pytest.mark.parametrize(
    "content",
    [
        otlp([FAILED]),
        {"spans": [EXPORTED]},
        {"info": {}, "data": {"spans": [EXPORTED]}},
        {"trace": {"trace_info": {}, "spans": [EXPORTED]}},
        {"traces": [{"spans": [EXPORTED]}]},
        [{"spans": [EXPORTED]}, {"spans": []}],
    ],
    ids=["OTLP", "traces.json", "a trace as JSON", "a response", "several", "a list"],
)
def test_span_trees_in_files_of_any_known_format_are_read(http: httpx.Client, content: Any) -> None:
    file = upload(http, json.dumps(content), "json")
    (insight,) = learn(http)
    assert (insight["kind"], insight["traceIds"], insight["occurrences"]) == ("error", [file], 1)
    assert insight["content"].startswith("`search` failed with `TimeoutError` once in 1 trace, first with “no answer”")


def test_a_file_with_an_api_response_has_the_same_findings(http: httpx.Client) -> None:
    send(http, *below("agent", *["weather"] * 3, inputs=dict.fromkeys(range(3), '{"city": "Rome"}')))
    (original,) = learn(http, traceIds=[trace_id(1)])
    file = upload(http, json.dumps({"trace": get_trace(http, trace_id(1))}), "json")
    (again,) = learn(http, traceIds=[file])
    assert (again["id"], again["traceIds"]) == (original["id"], [file])
    assert (again["content"], again["occurrences"]) == (original["content"], original["occurrences"])


def test_traces_of_one_file_are_analysed_apart_and_counted_once(http: httpx.Client) -> None:
    calls = [span(t, 1, name="weather", attributes={"mlflow.spanInputs": '{"city": 1}'}) for t in (1, 2, 3)]
    failures = [span(t, 1, name="search", **failed("KeyError", "x")) for t in (4, 5)]
    upload(http, json.dumps(otlp([*calls, *failures])), "json")
    (insight,) = learn(http)
    assert (insight["kind"], insight["traceCount"], insight["occurrences"]) == ("error", 1, 2)


def test_slow_steps_of_one_file_count_as_one_trace(http: httpx.Client) -> None:
    slow = {3: 2_000 * MS, 7: 3_000 * MS}
    fetches = [span(t, 1, name="fetch", end_ns=START_NS + slow.get(t, MS)) for t in range(1, 21)]
    file = upload(http, json.dumps(otlp(fetches)), "json")
    (insight,) = learn(http)
    assert (insight["kind"], insight["traceIds"]) == ("slow_span", [file])
    assert (insight["traceCount"], insight["occurrences"]) == (1, 2)


def openai(count: int, city: str, result: str) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = [{"role": "user", "content": "How is the weather?"}]
    for number in range(count):
        function = {"name": "weather", "arguments": json.dumps({"city": city.format(number)})}
        messages.append(
            {"role": "assistant", "content": None, "tool_calls": [{"id": f"{number}", "function": function}]}
        )
        messages.append({"role": "tool", "tool_call_id": f"{number}", "content": result})
    return messages


def anthropic(count: int, *, is_error: bool) -> dict[str, Any]:
    messages: list[dict[str, Any]] = [{"role": "user", "content": "How is the weather?"}]
    for number in range(count):
        call = {"type": "tool_use", "id": f"{number}", "name": "weather", "input": {"city": "Rome"}}
        result = {"type": "tool_result", "tool_use_id": f"{number}", "content": "sunny", "is_error": is_error}
        messages += [{"role": "assistant", "content": [call]}, {"role": "user", "content": [result]}]
    return {"model": "some", "messages": messages}


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (openai(3, "Rome", "sunny"), {"repeated_call"}),
        (openai(3, "{}", "sunny"), set()),
        (openai(2, "Rome", "TimeoutError: no answer"), {"error"}),
        (openai(12, "{}", "sunny"), {"repeated_span"}),
        (anthropic(3, is_error=False), {"repeated_call"}),
        (anthropic(2, is_error=False), set()),
        (anthropic(3, is_error=True), {"error"}),
        ([{"role": "user", "content": "x" * 130_000}], {"oversized_prompt"}),
        ([{"role": "user", "content": "an Error: is only mentioned"}], set()),
    ],
)
def test_findings_in_chat_messages(http: httpx.Client, content: Any, found: set[str]) -> None:
    upload(http, json.dumps(content), "json")
    assert kinds(learn(http)) == found


PARAGRAPH: Final = "The order number is needed before anything can be looked up in the database of the warehouse."


@pytest.mark.parametrize("file_type", ["md", "txt"])
@pytest.mark.parametrize(
    ("content", "found"),
    [
        ("# User\nWhere is it?\n# Agent\nIt is on its way.\n", set()),
        ("Traceback (most recent call last):\n  x\nhttpx.ReadTimeout: timed out\n", {"error_line"}),
        ("2026-11-22T17:37:25Z ERROR no answer\n", {"error_line"}),
        ("Error: no answer\n", {"error_line"}),
        ("The agent must handle a ValueError: it is common.\nNo ERROR was seen. Errors: none\n", set()),
        (f"{PARAGRAPH}\n\nyes\n\n{PARAGRAPH}\n\nno\n\n{PARAGRAPH}\n", {"repeated_block"}),
        (f"{PARAGRAPH}\n\nyes\n\n{PARAGRAPH}\n\nyes\n\nyes\n", set()),
        ("word " * 70_001, {"oversized_transcript"}),
        ("word " * 70_000, set()),
        (":" * 400_000, {"oversized_transcript"}),
        ("", set()),
    ],
)
def test_findings_in_plain_text(http: httpx.Client, file_type: str, content: str, found: set[str]) -> None:
    file = upload(http, content, file_type)
    insights = learn(http)
    assert kinds(insights) == found
    assert all(insight["traceIds"] == [file] for insight in insights)


@pytest.mark.parametrize(
    "content",
    [
        "ValueError: not JSON",
        json.dumps({"log": ["all well", {"line": "ValueError: x is negative"}]}),
        json.dumps({"spans": ["ValueError: no span"]}),
        json.dumps({"spans": [{"name": 1, "note": "ValueError: no span"}]}),
        json.dumps({"resourceSpans": "ValueError: no list"}),
        json.dumps([[[[[[[[["ValueError: deep"]]]]]]]]]),
        "[" * 1_000 + '"ValueError: deeper"' + "]" * 1_000,
    ],
)
def test_json_of_an_unknown_format_is_read_as_its_strings(http: httpx.Client, content: str) -> None:
    upload(http, content, "json")
    (insight,) = learn(http)
    assert (insight["kind"], insight["content"].split(" ")[0]) == ("error_line", "`ValueError`")


def test_without_trace_ids_files_and_span_trees_are_read(http: httpx.Client) -> None:
    upload(http, "KeyError: 'x'\n")
    send(http, FAILED)
    job = wait(http, generate(http))
    assert job["result"]["tracesRead"] == 2
    assert job["result"]["skillsGenerated"] == 2
    assert job["result"]["summary"].startswith("2 insights (2 on errors) from 2 traces.")
