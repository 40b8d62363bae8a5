"""Responses of the service: spans on lines of their own, other JSON, and malformed responses."""

from __future__ import annotations

import copy
import dataclasses
import json
import pickle
import threading
from collections.abc import Iterator
from typing import Any, Final

import httpx
import pytest
from tests.helpers.faulty_server import FakeResponse, FaultyServer, Request, faulty_server

import ace_tracing
from ace_tracing import ServiceError, Span, Trace, get_trace, search_traces, start_span
from kayba_local import LocalServer

TRACE_ID: Final = "tr-" + "11" * 16
INFO: Final = {
    "trace_id": TRACE_ID,
    "trace_location": {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "3"}},
    "request_time": "2026-11-27T00:51:43.502Z",
    "execution_duration": "0.25s",
    "state": "OK",
    "tags": {"mlflow.trace.spansLocation": "TRACKING_STORE", "odd": '"spans":['},
}


def span_json(number: int, **fields: Any) -> dict[str, Any]:
    return {
        "trace_id": "EREREREREREREREREREREQ==",
        "span_id": f"AAAAAAAAAA{number % 64:02}"[:11] + "=",
        "name": f"s{number}",
        "start_time_unix_nano": number,
        "end_time_unix_nano": number + 1,
        "attributes": [
            {
                "key": "mlflow.spanInputs",
                "value": {"kvlist_value": {"values": [{"key": "n", "value": {"int_value": 1}}]}},
            },
            {"key": "text", "value": {"string_value": 'line\nbreak }, {"trace_id":'}},
        ],
        "links": [{"trace_id": "EREREREREREREREREREREQ==", "span_id": "AAAAAAAAAAE="}],
        "status": {"code": "STATUS_CODE_ERROR", "message": "no"},
        **fields,
    }


def compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def on_lines(spans: list[dict[str, Any]], info: dict[str, Any] | None = None) -> str:
    """Return a trace in the form of kayba-local: each span on a line of its own."""
    lines = ",\n".join(map(compact, spans))
    return f'{compact({"trace_info": info or INFO})[:-1]},"spans":[\n{lines}\n]}}'


SPANS: Final = [span_json(number) for number in range(5)]
BODIES: Final = {
    "lines": f'{{"traces":[{on_lines(SPANS)}]}}',
    "compact": compact({"traces": [{"trace_info": INFO, "spans": SPANS}]}),
    "indented": json.dumps({"traces": [{"trace_info": INFO, "spans": SPANS}]}, indent=2),
    "indented without spaces": json.dumps(
        {"traces": [{"trace_info": INFO, "spans": SPANS}]}, indent=0, separators=(",", ":")
    ),
    "a break after each comma": compact({"traces": [{"trace_info": INFO, "spans": SPANS}]})
    .replace("},{", "},\n{")
    .replace('"spans":[', '"spans":[\n'),
}


@pytest.fixture
def service() -> Iterator[FaultyServer]:
    with faulty_server(FakeResponse(404)) as server:
        ace_tracing.configure(api_key="kb-test", base_url=server.url)
        yield server
        ace_tracing.shutdown(0.1)


def respond(server: FaultyServer, body: str, info: str = compact({"trace": {"trace_info": INFO}})) -> None:
    def rule(request: Request) -> FakeResponse:
        return FakeResponse(200, (body if "batchGet" in request.path else info).encode())

    server.rules = [rule]


@pytest.fixture
def expected(service: FaultyServer) -> Trace:
    respond(service, BODIES["compact"])
    return get_trace(TRACE_ID)


def read(service: FaultyServer, body: str) -> Trace:
    respond(service, body)
    return get_trace(TRACE_ID)


@pytest.mark.parametrize("form", BODIES)
def test_every_form_of_json_gives_the_same_trace(service: FaultyServer, expected: Trace, form: str) -> None:
    found = read(service, BODIES[form])
    assert found == expected
    assert expected == read(service, BODIES[form])
    assert found.to_json() == expected.to_json()
    assert [span.name for span in found.data.spans] == ["s0", "s1", "s2", "s3", "s4"]
    assert found.data.spans[0].inputs == {"n": 1}
    assert (found.info.request_time, found.info.execution_duration) == (1_795_740_703_502, 250)


def test_spans_that_are_not_decoded_yet_behave_like_others(service: FaultyServer, expected: Trace) -> None:
    def fresh() -> Span:
        return read(service, BODIES["lines"]).data.spans[2]

    other = expected.data.spans[2]
    assert isinstance(fresh(), Span)
    assert fresh() == other
    assert other == fresh()
    assert fresh() == fresh()
    assert fresh() != expected.data.spans[1]
    assert repr(fresh()) == repr(other)
    assert fresh().failed
    assert fresh().to_dict() == other.to_dict()
    assert dataclasses.replace(fresh(), name="x") == dataclasses.replace(other, name="x")
    copies = [copy.copy(fresh()), copy.deepcopy(fresh()), pickle.loads(pickle.dumps(fresh()))]
    assert copies == [other] * 3
    assert {type(each) for each in copies} == {Span}
    with pytest.raises(AttributeError, match="colour"):
        _ = fresh().colour  # type: ignore[attr-defined]
    with pytest.raises(dataclasses.FrozenInstanceError):
        fresh().name = "x"  # type: ignore[misc]


def test_several_threads_may_read_a_span_first(service: FaultyServer, expected: Trace) -> None:
    spans = read(service, BODIES["lines"]).data.spans
    wrong: list[Span] = []

    def compare() -> None:
        wrong.extend(span for span, other in zip(spans, expected.data.spans, strict=True) if span.name != other.name)

    threads = [threading.Thread(target=compare) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_several_traces_in_one_response_keep_their_own_spans(service: FaultyServer) -> None:
    ids = ["tr-" + digit * 32 for digit in "123"]
    infos = [{**INFO, "trace_id": each} for each in ids]
    first, second = (on_lines([span_json(number)], info) for number, info in enumerate(infos[:2]))
    respond(service, f'{{"traces":[{first},{compact({"trace_info": infos[2]})},{second}]}}', compact({"traces": infos}))
    found = search_traces()
    assert {trace.trace_id: [span.name for span in trace.data.spans] for trace in found} == {
        ids[0]: ["s0"],
        ids[1]: ["s1"],
        ids[2]: [],
    }


@pytest.mark.parametrize(
    "body",
    [
        "",
        "null",
        "[]",
        "{",
        '"text"',
        "<html>login</html>",
        '{"traces": [5]}',
        '{"traces": [{}]}',
        '{"traces":[{"spans":[\n]}]}',
    ],
)
def test_a_malformed_response_raises_a_service_error(service: FaultyServer, body: str) -> None:
    respond(service, body)
    with pytest.raises(ServiceError, match="HTTP 200") as caught:
        get_trace(TRACE_ID)
    assert caught.value.status == 200
    respond(service, body, body)
    with pytest.raises(ServiceError, match="HTTP 200"):
        get_trace(TRACE_ID)
    with pytest.raises(ServiceError, match="HTTP 200"):
        search_traces(["some"])


def test_a_malformed_span_raises_a_service_error_when_it_is_read(service: FaultyServer) -> None:
    spans = [*SPANS[:2], {"trace_id": "EREREREREREREREREREREQ==", "span_id": 5}]
    trace = read(service, f'{{"traces":[{on_lines(spans)}]}}')
    assert trace.data.spans[1].name == "s1"
    with pytest.raises(ServiceError, match="a span of another form"):
        _ = trace.data.spans[2].name


def test_a_large_response_in_another_form_is_read(service: FaultyServer) -> None:
    spans = [span_json(number, name="x" * 1_000) for number in range(1_500)]
    found = read(service, compact({"traces": [{"trace_info": INFO, "spans": spans}]}))
    assert len(found.data.spans) == 1_500


@pytest.mark.parametrize(
    ("seconds", "milliseconds"), [("43Z", 0), ("43.5Z", 500), ("43.502123456Z", 502), ("43.502+00:00", 502)]
)
def test_request_times_are_read_in_all_precisions(service: FaultyServer, seconds: str, milliseconds: int) -> None:
    info = {**INFO, "request_time": f"2026-11-27T00:51:{seconds}"}
    found = read(service, f'{{"traces":[{on_lines(SPANS, info)}]}}')
    assert found.info.request_time == 1_795_740_703_000 + milliseconds


def test_kayba_local_writes_each_span_on_a_line_of_its_own(tracing: LocalServer) -> None:
    with start_span("root") as root:
        for number in range(700):
            with start_span(f"line\nbreak {number}") as step:
                step.set_inputs({"text": 'a\n"spans":[\n{"trace_id":'})
    found = get_trace(root.trace_id or "")
    assert [type(span) is Span for span in found.data.spans[:2]] == [False, False]
    raw = httpx.get(
        f"{tracing.url}/api/mlflow/api/3.0/mlflow/traces/batchGet", params={"trace_ids": root.trace_id or ""}
    ).content
    assert len(raw.splitlines()) == len(json.loads(raw)["traces"][0]["spans"]) + 2 == 703
    assert [span.name for span in found.data.spans] == ["root", *(f"line\nbreak {number}" for number in range(700))]
