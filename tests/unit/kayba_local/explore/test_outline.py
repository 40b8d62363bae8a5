"""The outline of a trace, its spans, and the places that contain a text."""

from __future__ import annotations

import httpx
import pytest
from tests.helpers.tracing_requests import OLD_TRACES, START_NS, TRACES, Json, send, span, trace_id
from tests.unit.kayba_local.explore.conftest import EXPLORE, PRICE, SECOND_NS, Get, exception_event, model_call


def outline_of(get: Get, trace: int = 1, **parameters: int) -> Json:
    outline: Json = get(f"/traces/{trace_id(trace)}/outline", **parameters)
    return outline


def places(outline: Json) -> list[tuple[int, int]]:
    """Return the number of each span and the position of its parent, in the order of the outline."""
    ids, parents = outline["spans"]["ids"], outline["spans"]["parents"]
    return [(int(id_, 16), parent) for id_, parent in zip(ids, parents, strict=True)]


def test_an_outline_has_the_tree_as_columns(http: httpx.Client, get: Get) -> None:
    root = span(1, 1, name="agent", end_ns=START_NS + SECOND_NS, attributes={"mlflow.spanType": "AGENT"})
    second = span(1, 3, 1, name="look_up", start_ns=START_NS + 20, end_ns=START_NS + 30, status={"code": 2})
    first = model_call(1, 2, 1, "gpt-4o", (7, 3), start_ns=START_NS + 10, end_ns=0)
    inner = span(1, 4, 2, name="look_up", start_ns=START_NS + 25, end_ns=START_NS + 26)
    send(http, second, inner, root, first)
    outline = outline_of(get)
    columns = outline["spans"]
    assert places(outline) == [(1, -1), (2, 0), (4, 1), (3, 0)]
    assert [outline["names"][i] for i in columns["names"]] == ["agent", "chat gpt-4o", "look_up", "look_up"]
    assert [outline["types"][i] for i in columns["types"]] == ["AGENT", "CHAT_MODEL", "UNKNOWN", "UNKNOWN"]
    assert outline["names"] == ["agent", "chat gpt-4o", "look_up"]
    assert columns["startNs"] == [0, 10, 25, 20]
    assert columns["durationNs"] == [SECOND_NS, None, 1, 10]
    assert columns["statuses"] == [0, 0, 0, 2]
    assert columns["tokens"] == [None, 10, None, None]
    assert columns["costs"] == [None, 10 * PRICE, None, None]
    assert (outline["trace"]["spans"], outline["missingParents"], outline["truncated"]) == (4, 0, False)


def test_a_span_without_its_parent_is_marked(http: httpx.Client, get: Get) -> None:
    send(http, span(1, 2, 1), span(1, 3, 2))
    outline = outline_of(get)
    assert places(outline) == [(2, -2), (3, 0)]
    assert outline["missingParents"] == 1
    send(http, span(1, 1, start_ns=START_NS - 5))
    assert places(outline_of(get)) == [(1, -1), (2, 0), (3, 1)]


def test_spans_that_are_each_others_parents_appear_once(http: httpx.Client, get: Get) -> None:
    send(http, span(1, 1, 2), span(1, 2, 1), span(1, 3, 3))
    assert sorted(number for number, _ in places(outline_of(get))) == [1, 2, 3]


def test_since_a_revision_only_later_spans_are_returned(http: httpx.Client, get: Get) -> None:
    send(http, span(1, 1, end_ns=0), span(1, 2, 1, end_ns=0))
    revision = outline_of(get)["revision"]
    assert places(outline_of(get, since=revision)) == []
    send(http, span(1, 2, 1, end_ns=START_NS + 5), span(1, 3, 2))
    later = outline_of(get, since=revision)
    assert later["revision"] > revision
    assert places(later) == [(2, -3), (3, 0)]
    assert later["spans"]["parentIds"] == [f"{1:016x}", f"{2:016x}"]


def test_a_span_is_read_with_its_contents(http: httpx.Client, get: Get) -> None:
    attributes = {
        "mlflow.spanType": "TOOL",
        "mlflow.spanInputs": '{"order_id": "48213"}',
        "mlflow.spanOutputs": '"none"',
        "retries": 2,
        "input.value": "is shown as the inputs",
    }
    event = {
        "name": "retry",
        "timeUnixNano": str(START_NS + 5),
        "attributes": [{"key": "delay", "value": {"doubleValue": 0.5}}],
    }
    failed = span(
        1,
        2,
        1,
        name="look_up",
        start_ns=START_NS + 3,
        end_ns=START_NS + 13,
        attributes=attributes,
        status={"code": 2, "message": "no orders"},
        events=[event, exception_event("ToolError", "no orders")],
        links=[{"traceId": f"{7:032x}", "spanId": f"{8:016x}", "attributes": []}],
    )
    send(http, span(1, 1), failed)
    assessment = {
        "assessment_name": "correct",
        "span_id": f"{2:016x}",
        "source": {"source_type": "HUMAN", "source_id": "reviewer"},
        "feedback": {"value": False},
        "rationale": "It exists.",
    }
    http.post(f"{TRACES}/{trace_id(1)}/assessments", json={"assessment": assessment}).raise_for_status()
    read = get(f"/traces/{trace_id(1)}/spans/{2:016x}")
    (feedback,) = read.pop("feedback")
    assert read.pop("revision") > 0
    assert read == {
        "spanId": f"{2:016x}",
        "parentId": f"{1:016x}",
        "name": "look_up",
        "type": "TOOL",
        "status": "ERROR",
        "statusMessage": "no orders",
        "startNs": 3,
        "durationNs": 10,
        "inputs": {"kind": "json", "json": {"order_id": "48213"}, "text": "48213", "bytes": 20, "truncated": False},
        "outputs": {"kind": "text", "text": "none", "bytes": 6, "truncated": False},
        "exception": {"type": "ToolError", "message": "no orders", "stacktrace": "Traceback: …"},
        "attributes": {"retries": 2},
        "events": [{"name": "retry", "atNs": 5, "attributes": {"delay": 0.5}}],
        "links": [{"traceId": trace_id(7), "spanId": f"{8:016x}", "attributes": {}}],
    }
    assert {name: feedback[name] for name in ("name", "value", "sourceType", "sourceId", "rationale", "spanId")} == {
        "name": "correct",
        "value": False,
        "sourceType": "HUMAN",
        "sourceId": "reviewer",
        "rationale": "It exists.",
        "spanId": f"{2:016x}",
    }


def test_a_model_call_is_read_with_its_figures(http: httpx.Client, get: Get) -> None:
    send(http, model_call(1, 1, None, "gpt-4o", (7, 3)))
    read = get(f"/traces/{trace_id(1)}/spans/{1:016x}")
    figures = {name: read[name] for name in ("model", "inputTokens", "outputTokens", "totalTokens", "type")}
    assert figures == {
        "model": "gpt-4o",
        "inputTokens": 7,
        "outputTokens": 3,
        "totalTokens": 10,
        "type": "CHAT_MODEL",
    }
    assert read["attributes"] == {}


@pytest.mark.parametrize(("name", "expected"), [("inputs", b'"x'), ("attributes", b"{"), ("span", b"{")])
def test_a_whole_value_is_a_file(http: httpx.Client, name: str, expected: bytes) -> None:
    send(http, span(1, 1, attributes={"mlflow.spanInputs": f'"{"x" * 300_000}"'}))
    path = f"{EXPLORE}/traces/{trace_id(1)}/spans/{1:016x}"
    assert http.get(path).json()["inputs"]["truncated"] is True
    answer = http.get(f"{path}/content/{name}").raise_for_status()
    assert answer.content.startswith(expected)
    assert len(answer.content) >= 300_002
    assert answer.headers["content-disposition"] == f'attachment; filename="{1:016x}-{name}.json"'


@pytest.mark.parametrize(
    "path",
    [
        f"/traces/{trace_id(404)}/outline",
        f"/traces/{trace_id(404)}/spans/{1:016x}",
        f"/traces/{trace_id(1)}/spans/{404:016x}",
        f"/traces/{trace_id(1)}/spans/{404:016x}/content/inputs",
        f"/traces/{trace_id(404)}/find?q=a",
        "/session?session=absent",
    ],
)
def test_an_unknown_id_is_a_404(http: httpx.Client, path: str) -> None:
    send(http, span(1, 1))
    answer = http.get(f"{EXPLORE}{path}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "NOT_FOUND")


def test_a_text_is_found_in_every_part_of_a_span(http: httpx.Client, get: Get) -> None:
    event = {
        "name": "note",
        "timeUnixNano": str(START_NS),
        "attributes": [{"key": "a", "value": {"stringValue": "REFUND"}}],
    }
    attributes = {
        "mlflow.spanInputs": '"the refund of the second charge"',
        "other": "Refunds",
        "mlflow.spanOutputs": '"no"',
    }
    send(http, span(1, 1, name="refund", attributes=attributes, events=[event]), span(1, 2, 1, name="other"))
    found = get(f"/traces/{trace_id(1)}/find", q="reFund")
    assert [place["where"] for place in found["places"]] == ["name", "inputs", "attributes", "events"]
    assert found["more"] is False
    for place in found["places"]:
        at = place["offset"]
        assert place["snippet"][at : at + 6].lower() == "refund"
    limited = get(f"/traces/{trace_id(1)}/find", q="refund", limit=2)
    assert (len(limited["places"]), limited["more"]) == (2, True)


def test_a_place_is_right_behind_characters_that_folding_lengthens(http: httpx.Client, get: Get) -> None:
    send(http, span(1, 1, attributes={"mlflow.spanInputs": f'"{"ß" * 100} Rückerstattung"'}))
    (place,) = get(f"/traces/{trace_id(1)}/find", q="rückerstattung")["places"]
    assert place["snippet"][place["offset"] :].startswith("Rückerstattung")


def test_deleted_traces_have_no_outline(http: httpx.Client) -> None:
    send(http, span(1, 1))
    http.post(
        f"{OLD_TRACES}/delete-traces", json={"experiment_id": "0", "request_ids": [trace_id(1)]}
    ).raise_for_status()
    assert http.get(f"{EXPLORE}/traces/{trace_id(1)}/outline").status_code == 404
