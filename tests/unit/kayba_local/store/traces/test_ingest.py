"""Span ingest: any order, split, repetition and encoding of spans gives the same traces."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.helpers import tracing_requests as requests
from tests.helpers.tracing_requests import (
    OLD_TRACES,
    SPANS,
    START_NS,
    Json,
    attributes,
    get_trace,
    otlp,
    protobuf,
    send,
    send_protobuf,
    span,
    trace_id,
)
from tests.helpers.tracing_requests import (
    search as search_traces,
)

from kayba_local.otlp import json_requests as from_json
from kayba_local.otlp import protobuf_requests as from_protobuf
from kayba_local.store.database import Database
from kayba_local.store.traces import client_info, ingest, search, traces

HEADERS = {"x-mlflow-experiment-id": "0"}
PROTOBUF = {**HEADERS, "Content-Type": "application/x-protobuf"}


@contextmanager
def empty_store() -> Iterator[Database]:
    with TemporaryDirectory() as folder:
        db = Database.open(f"sqlite:///{Path(folder, 'kayba.db')}")
        try:
            yield db
        finally:
            db.close()


def read_all(db: Database) -> dict[str, traces.Trace]:
    infos = search.search(db, ["0"], limit=500).infos
    return {info.trace_id: traces.get(db, info.trace_id) for info in infos}


# Values that stay distinct on the wire. Text that contains JSON is excluded, because it is parsed on reading.
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False)
    | st.text(max_size=8).filter(lambda text: text.lstrip()[:1] not in ('"', "[", "{"))
    | st.binary(max_size=8)
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


def parents_of(number: int) -> st.SearchStrategy[int | None]:
    """Generate the parent of a span: mostly an earlier span, otherwise none, a missing one, a later one or itself."""
    missing: st.SearchStrategy[int | None] = st.sampled_from([None, None, 90, 91, number, number + 1])
    return missing if number == 1 else st.integers(1, number - 1) | st.integers(1, number - 1) | missing


@st.composite
def trees(draw: st.DrawFn) -> list[Json]:
    """Generate the spans of up to three traces, some without their root or with missing parents."""
    spans: list[Json] = []
    for trace in range(1, draw(st.integers(1, 3)) + 1):
        for number in range(1, draw(st.integers(1, 5)) + 1):
            start_ns = START_NS + draw(st.integers(0, 5_000_000))
            spans.append(
                span(
                    trace,
                    number,
                    draw(parents_of(number)),
                    name=draw(st.text(max_size=5)),
                    start_ns=start_ns,
                    end_ns=start_ns + draw(st.integers(1, 9_000_000)),
                    attributes=draw(
                        st.dictionaries(
                            st.sampled_from(
                                ["mlflow.spanInputs", "mlflow.spanType", "mlflow.traceTag.a", "mlflow.traceMetadata.m"]
                            ),
                            values,
                            max_size=3,
                        )
                    ),
                    status={"code": draw(st.integers(0, 2)), "message": draw(st.text(max_size=3))},
                    events=draw(
                        st.lists(
                            st.builds(
                                lambda name, time: {"name": name, "timeUnixNano": str(time), "attributes": []},
                                st.text(max_size=3),
                                st.integers(0, 2**62),
                            ),
                            max_size=2,
                        )
                    ),
                )
            )
    return spans


@settings(deadline=None, max_examples=60)
@given(trees(), st.randoms(use_true_random=False), st.integers(1, 4), st.booleans())
def test_any_split_order_and_repetition_gives_the_same_traces(
    spans: list[Json], rng: random.Random, size: int, encode: bool
) -> None:
    with empty_store() as db:
        ingest.store_spans(db, "0", from_json.read(otlp(spans)))
        expected = read_all(db)

    sent = spans + rng.sample(spans, rng.randint(0, len(spans)))
    # Earlier versions from a live exporter: the same spans while they run.
    sent += [{**one, "endTimeUnixNano": "0"} for one in rng.sample(spans, rng.randint(0, len(spans)))]
    rng.shuffle(sent)
    with empty_store() as db:
        for at in range(0, len(sent), size):
            some = sent[at : at + size]
            batch = from_protobuf.read(protobuf(some)) if encode and rng.random() < 0.5 else from_json.read(otlp(some))
            ingest.store_spans(db, "0", batch)
        assert read_all(db) == expected


infos = st.builds(
    traces.TraceInfo,
    trace_id=st.just(trace_id(1)),
    experiment_id=st.just("0"),
    request_ns=st.just(START_NS - 5_000),
    duration_ns=st.none() | st.just(7_000_000),
    state=st.sampled_from(["IN_PROGRESS", "OK", "ERROR", "STATE_UNSPECIFIED"]),
    tags=st.dictionaries(st.sampled_from(["mlflow.traceName", "a"]), st.text(max_size=3)),
    metadata=st.dictionaries(st.sampled_from(["m", "n"]), st.text(max_size=3)),
    request_preview=st.none() | st.text(max_size=3),
)


@settings(deadline=None, max_examples=60)
@given(trees(), infos, st.randoms(use_true_random=False), st.integers(1, 3))
def test_an_info_gives_the_same_traces_before_between_and_after_spans(
    spans: list[Json], info: traces.TraceInfo, rng: random.Random, size: int
) -> None:
    with empty_store() as db:
        client_info.save_info(db, info)
        ingest.store_spans(db, "0", from_json.read(otlp(spans)))
        expected = read_all(db)

    rng.shuffle(spans)
    batches = [spans[at : at + size] for at in range(0, len(spans), size)]
    position = rng.randint(0, len(batches))
    with empty_store() as db:
        for number, some in enumerate([*batches, []]):
            if number == position:
                client_info.save_info(db, info)
            ingest.store_spans(db, "0", from_json.read(otlp(some)))
        assert read_all(db) == expected


@settings(deadline=None)
@given(trees(), st.dictionaries(st.text(max_size=4), values, max_size=2))
def test_json_and_protobuf_store_the_same(spans: list[Json], resource: dict[str, Any]) -> None:
    with empty_store() as db, empty_store() as other:
        ingest.store_spans(db, "0", from_json.read(otlp(spans, resource)))
        ingest.store_spans(other, "0", from_protobuf.read(protobuf(spans, resource)))
        assert read_all(db) == read_all(other)


def test_the_response_has_the_requests_encoding(http: httpx.Client) -> None:
    in_json = http.post(SPANS, json=otlp([span()]), headers=HEADERS)
    assert (in_json.status_code, in_json.headers["content-type"], in_json.json()) == (200, "application/json", {})
    encoded = http.post(SPANS, content=protobuf([span()]), headers=PROTOBUF)
    assert (encoded.status_code, encoded.headers["content-type"], encoded.content) == (
        200,
        "application/x-protobuf",
        b"",
    )


def test_a_root_span_sets_the_trace_info(http: httpx.Client) -> None:
    root = span(
        name="agent",
        start_ns=START_NS,
        end_ns=START_NS + 1_500_000,
        attributes={
            "mlflow.spanInputs": '{"query": "hi", "n": 3}',
            "mlflow.spanOutputs": '["a"]',
            "mlflow.traceTag.kayba.folder": "production",
            "session.id": "s-1",
            "user.id": "u-1",
        },
        status={"code": 1},
    )
    send(http, span(number=2, parent=1), root, resource={"service.name": "support", "telemetry.sdk.name": "x"})
    info = get_trace(http, trace_id(1))["trace_info"]
    assert info == {
        "trace_id": trace_id(1),
        "trace_location": {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "0"}},
        "request_time": "2026-11-22T17:38:03.497Z",
        "execution_duration": "0.001500s",
        "state": "OK",
        "trace_metadata": {"mlflow.trace.session": "s-1", "mlflow.trace.user": "u-1"},
        "tags": {
            "mlflow.artifactLocation": f"mlflow-artifacts:/0/traces/{trace_id(1)}/artifacts",
            "mlflow.trace.spansLocation": "TRACKING_STORE",
            "mlflow.traceName": "agent",
            "kayba.folder": "production",
            "service.name": "support",
        },
        "request_preview": '{"query": "hi", "n": 3}',
        "response_preview": '["a"]',
    }


@pytest.mark.parametrize(
    ("root", "state"),
    [
        (span(status={"code": 0}), "OK"),
        (span(status={"code": 1}), "OK"),
        (span(status={"code": 2, "message": "boom"}), "ERROR"),
        (span(end_ns=0), "IN_PROGRESS"),
        (span(parent=7), "OK"),
        (span(parentSpanId="0" * 16), "OK"),
    ],
)
def test_the_trace_state_is_from_the_root_span(http: httpx.Client, root: Json, state: str) -> None:
    send(http, root)
    info = get_trace(http, trace_id(1))["trace_info"]
    assert info["state"] == state
    assert ("execution_duration" in info) == (state != "IN_PROGRESS")


def test_the_earliest_of_several_roots_sets_the_trace_info(http: httpx.Client) -> None:
    early = span(number=2, name="early", attributes={"mlflow.traceTag.a": "early"})
    late = span(
        number=1, name="late", start_ns=START_NS + 1, attributes={"mlflow.traceTag.a": "late", "mlflow.traceTag.b": "b"}
    )
    for trace, batches in ((1, [[early], [late]]), (2, [[late], [early]]), (3, [[late, early]])):
        for batch in batches:
            send(http, *({**one, "traceId": f"{trace:032x}"} for one in batch))
        tags = get_trace(http, trace_id(trace))["trace_info"]["tags"]
        assert (tags["mlflow.traceName"], tags["a"], tags["b"]) == ("early", "early", "b")


def test_a_repeated_span_keeps_tags_changed_since(http: httpx.Client) -> None:
    root = span(attributes={"mlflow.traceTag.kayba.folder": "production"})
    send(http, root)
    http.patch(f"{OLD_TRACES}/{trace_id(1)}/tags", json={"key": "kayba.folder", "value": "mine"}).raise_for_status()
    send(http, root)
    assert get_trace(http, trace_id(1))["trace_info"]["tags"]["kayba.folder"] == "mine"


def test_a_changed_span_replaces_its_earlier_version(http: httpx.Client) -> None:
    send(http, span(name="first"))
    send(http, span(name="second", attributes={"mlflow.traceTag.a": "b"}))
    trace = get_trace(http, trace_id(1))
    assert [one["name"] for one in trace["spans"]] == ["second"]
    assert trace["trace_info"]["tags"]["mlflow.traceName"] == "second"
    assert trace["trace_info"]["tags"]["a"] == "b"


def test_an_ended_span_is_not_replaced_by_a_running_one(http: httpx.Client) -> None:
    send(http, span(name="ended"))
    send(http, span(name="running", end_ns=0))
    trace = get_trace(http, trace_id(1))
    assert [one["name"] for one in trace["spans"]] == ["ended"]
    assert trace["trace_info"]["state"] == "OK"


def test_two_versions_of_a_root_in_one_request_keep_the_ended_one(http: httpx.Client) -> None:
    for trace, order in ((1, (0, START_NS + 1_000_000)), (2, (START_NS + 1_000_000, 0))):
        send(http, *(span(trace, name="ended" if end_ns else "running", end_ns=end_ns) for end_ns in order))
        read = get_trace(http, trace_id(trace))
        assert [one["name"] for one in read["spans"]] == ["ended"]
        assert (read["trace_info"]["state"], read["trace_info"]["tags"]["mlflow.traceName"]) == ("OK", "ended")


def test_one_request_stores_many_traces(http: httpx.Client) -> None:
    send(http, *(span(trace, number, None if number == 1 else 1) for trace in range(1, 51) for number in (1, 2)))
    traces_found = search_traces(http, max_results=500)["traces"]
    assert len(traces_found) == 50
    assert len(get_trace(http, trace_id(50))["spans"]) == 2


def test_previews_are_the_first_thousand_characters(http: httpx.Client) -> None:
    send(http, span(attributes={"mlflow.spanInputs": "x" * 5000, "mlflow.spanOutputs": {"é": [1, None, True]}}))
    info = get_trace(http, trace_id(1))["trace_info"]
    assert info["request_preview"] == '"' + "x" * 999
    assert info["response_preview"] == '{"é": [1, null, true]}'


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ('{"a": [1, 2.5, null]}', {"a": [1, 2.5, None]}),
        ('["a"]', ["a"]),
        ('"quoted"', "quoted"),
        ("plain", "plain"),
        ("3", "3"),
        ("true", "true"),
        ("{broken", "{broken"),
        ('"\\ud800"', '"\\ud800"'),
        ("[" * 2000 + "]" * 2000, "[" * 2000 + "]" * 2000),
        ({"a": {"b": []}}, {"a": {"b": []}}),
        (b"\x00\xff", b"\x00\xff"),
        (None, None),
        (-(2**63), -(2**63)),
        (float("inf"), "Infinity"),
    ],
)
def test_values_are_returned_with_their_types(http: httpx.Client, sent: Any, read: Any) -> None:
    sending = span(attributes={"mlflow.spanOutputs": sent})
    send(http, sending)
    send_protobuf(http, {**sending, "traceId": f"{2:032x}"})
    for trace in (1, 2):
        assert attributes(get_trace(http, trace_id(trace))["spans"][0])["mlflow.spanOutputs"] == read


def test_text_integers_are_converted_unless_too_large(http: httpx.Client) -> None:
    pairs = [
        {"key": "text", "value": {"intValue": "-12"}},
        {"key": "large", "value": {"intValue": "9999999999999999999"}},
        {"key": "double", "value": {"doubleValue": "NaN"}},
        {"key": "bytes", "value": {"bytesValue": "not base64!"}},
        {"key": "text", "value": {"intValue": "7"}},
    ]
    send(http, {**span(), "attributes": pairs})
    values = attributes(get_trace(http, trace_id(1))["spans"][0])
    expected = {"text": 7, "large": "9999999999999999999", "double": "NaN", "bytes": "not base64!"}
    assert {key: values[key] for key in expected} == expected


def test_numbers_are_read_in_every_json_notation(http: httpx.Client) -> None:
    event = {"name": "far", "timeUnixNano": "9" * 20}
    one = span(status={"code": 2.0}, events=[event, {"timeUnixNano": 18446744073709551615}], kind=1.0)
    send(http, {**one, "startTimeUnixNano": 1795369083497015296.0})
    (read,) = get_trace(http, trace_id(1))["spans"]
    assert (read["status"]["code"], read["start_time_unix_nano"]) == ("STATUS_CODE_ERROR", 1795369083497015296)
    assert [event["time_unix_nano"] for event in read["events"]] == [2**63 - 1, 2**63 - 1]
    assert requests.search_ids(http, max_results=1.0) == [trace_id(1)]


def test_deeply_nested_values_are_text_below_48_levels(http: httpx.Client) -> None:
    value: Json = {"stringValue": "bottom"}
    for _ in range(60):
        value = {"arrayValue": {"values": [value]}}
    send(http, {**span(), "attributes": [{"key": "deep", "value": value}]})
    answered = attributes(get_trace(http, trace_id(1))["spans"][0])["deep"]
    levels = 0
    while isinstance(answered, list):
        (answered,) = answered
        levels += 1
    assert levels == 48
    assert "bottom" in answered


def test_exceptions_and_links_are_returned(http: httpx.Client) -> None:
    send(
        http,
        span(
            status={"code": 2, "message": "ValueError: boom"},
            events=[
                {
                    "name": "exception",
                    "timeUnixNano": str(START_NS + 1),
                    "attributes": [{"key": "exception.type", "value": {"stringValue": "ValueError"}}],
                }
            ],
            links=[{"traceId": "ab" * 16, "spanId": "cd" * 8, "attributes": []}],
        ),
    )
    (one,) = get_trace(http, trace_id(1))["spans"]
    assert one["status"] == {"code": "STATUS_CODE_ERROR", "message": "ValueError: boom"}
    (event,) = one["events"]
    assert (event["name"], event["time_unix_nano"]) == ("exception", START_NS + 1)
    assert attributes(event) == {"exception.type": "ValueError"}
    assert one["links"] == [{"trace_id": "q6urq6urq6urq6urq6urqw==", "span_id": "zc3Nzc3Nzc0=", "attributes": []}]


def test_an_unknown_experiment_returns_404(http: httpx.Client) -> None:
    response = http.post(SPANS, json=otlp([span()]), headers={"x-mlflow-experiment-id": "77"})
    assert (response.status_code, response.json()["error_code"]) == (404, "RESOURCE_DOES_NOT_EXIST")
    assert "77" in response.json()["message"]
    assert search_traces(http) == {}


@pytest.mark.parametrize("first", ["root", "child"])
def test_later_spans_with_another_experiment_join_their_trace_where_it_is(http: httpx.Client, first: str) -> None:
    other = http.post(f"{requests.EXPERIMENTS}/create", json={"name": "other"}).json()["experiment_id"]
    spans = [span(number=1, name="root"), span(number=2, parent=1, name="child")]
    for sent, experiment in zip(spans if first == "root" else spans[::-1], ("0", other), strict=True):
        # An unrelated trace in the same request is filed as the header says.
        unrelated = span(trace=2, number=9) if experiment == other else sent
        send(http, sent, unrelated, experiment=experiment)
    assert requests.search_ids(http, "0") == [trace_id(1)]
    assert requests.search_ids(http, other) == [trace_id(2)]
    stored = requests.get_trace(http, trace_id(1))
    assert sorted(each["name"] for each in stored["spans"]) == ["child", "root"]
    assert stored["trace_info"]["state"] == "OK"


def test_spans_are_stored_in_the_experiment_of_the_header(http: httpx.Client) -> None:
    created = http.post(f"{requests.EXPERIMENTS}/create", json={"name": "mine"}).json()["experiment_id"]
    send(http, span(), experiment=created)
    assert requests.search_ids(http, created) == [trace_id(1)]
    assert requests.search_ids(http, "0") == []
