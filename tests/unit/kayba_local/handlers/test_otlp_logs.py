"""Log records: events of GenAI spans become events of the span, whenever they arrive; other records are accepted."""

from __future__ import annotations

import random
from typing import Any, Final

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from tests.helpers.tracing_requests import (
    OLD_TRACES,
    START_NS,
    Json,
    attributes,
    get_trace,
    log_record,
    otlp,
    otlp_logs,
    protobuf,
    protobuf_logs,
    search_ids,
    send_info,
    span,
    trace_id,
    trace_info,
)
from tests.unit.kayba_local.store.traces.test_ingest import empty_store, read_all, trees

from kayba_local import LocalServer
from kayba_local.otlp import json_logs, json_requests, protobuf_requests
from kayba_local.otlp import protobuf_logs as from_protobuf
from kayba_local.otlp.contents import decode_content
from kayba_local.store.database import Database
from kayba_local.store.traces import ingest, log_events

PROTOBUF: Final = {"Content-Type": "application/x-protobuf"}

CONVERSATION: Final = [
    log_record(name="gen_ai.system.message", time_ns=START_NS + 1, body={"content": "Be brief."}),
    log_record(name="gen_ai.user.message", time_ns=START_NS + 2, body={"content": "Where is my order?"}),
    log_record(
        name="gen_ai.choice",
        time_ns=START_NS + 3,
        attributes={"gen_ai.system": "openai"},
        body={"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "On its way."}},
    ),
]
EVENTS: Final = [
    ("gen_ai.system.message", START_NS + 1, {"content": "Be brief."}),
    ("gen_ai.user.message", START_NS + 2, {"content": "Where is my order?"}),
    (
        "gen_ai.choice",
        START_NS + 3,
        {
            "gen_ai.system": "openai",
            "index": 0,
            "finish_reason": "stop",
            "message": {"role": "assistant", "content": "On its way."},
        },
    ),
]

encodings = pytest.mark.parametrize("encode", [False, True], ids=["json", "protobuf"])


def send_spans(http: httpx.Client, *spans: Json) -> None:
    http.post("/v1/traces", json=otlp(spans)).raise_for_status()


def send_logs(http: httpx.Client, *records: Json, encode: bool = False) -> httpx.Response:
    if encode:
        return http.post("/v1/logs", content=protobuf_logs(records), headers=PROTOBUF).raise_for_status()
    return http.post("/v1/logs", json=otlp_logs(records)).raise_for_status()


def events_of(http: httpx.Client, number: int = 0) -> list[tuple[str, int, dict[str, Any]]]:
    """Return name, time and attributes of the events of a span of the first trace."""
    stored = get_trace(http, trace_id(1))["spans"][number]
    return [(event["name"], event["time_unix_nano"], attributes(event)) for event in stored.get("events", ())]


@encodings
def test_log_events_behind_their_span_become_its_events(http: httpx.Client, encode: bool) -> None:
    send_spans(http, span(1, 1), span(1, 2, 1))
    response = send_logs(http, *CONVERSATION, encode=encode)
    assert response.content == (b"" if encode else b"{}")
    assert events_of(http) == EVENTS
    assert events_of(http, 1) == []


@encodings
def test_log_events_before_their_span_wait_for_it(http: httpx.Client, encode: bool) -> None:
    send_logs(http, *CONVERSATION, encode=encode)
    assert search_ids(http) == []
    send_spans(http, span(1, 1), span(1, 2, 1))
    assert events_of(http) == EVENTS


@pytest.mark.parametrize("logs_first", [True, False])
@encodings
def test_messages_of_log_events_are_inputs_and_outputs(http: httpx.Client, logs_first: bool, encode: bool) -> None:
    model_call = span(1, 1, name="chat gpt-4o", attributes={"gen_ai.operation.name": "chat"})
    if logs_first:
        send_logs(http, *CONVERSATION, encode=encode)
    send_spans(http, model_call)
    if not logs_first:
        for record in reversed(CONVERSATION):
            send_logs(http, record, encode=encode)
    trace = get_trace(http, trace_id(1))
    values = attributes(trace["spans"][0])
    assert values["mlflow.spanInputs"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Where is my order?"},
    ]
    assert [choice["content"] for choice in values["mlflow.spanOutputs"]] == ["On its way."]
    info = trace["trace_info"]
    assert "Where is my order?" in info["request_preview"]
    assert "On its way." in info["response_preview"]


def test_repeated_log_events_are_stored_once(http: httpx.Client) -> None:
    send_logs(http, *CONVERSATION)
    send_logs(http, *CONVERSATION, encode=True)
    send_spans(http, span(1, 1))
    send_logs(http, *CONVERSATION, encode=True)
    send_spans(http, span(1, 1))
    assert events_of(http) == EVENTS


def test_own_events_of_a_span_stay_in_the_order_of_time(http: httpx.Client) -> None:
    own = {"name": "exception", "timeUnixNano": str(START_NS + 2), "attributes": []}
    send_spans(http, span(1, 1, events=[own]))
    send_logs(http, *CONVERSATION)
    assert [name for name, _, _ in events_of(http)] == [
        "gen_ai.system.message", "exception", "gen_ai.user.message", "gen_ai.choice",
    ]  # fmt: skip


@encodings
def test_messages_of_one_time_keep_the_order_of_a_conversation(http: httpx.Client, encode: bool) -> None:
    roles = ["system.message", "user.message", "assistant.message", "tool.message", "choice"]
    records = [log_record(name=f"gen_ai.{role}") for role in roles]
    send_logs(http, *reversed(records), encode=encode)
    send_spans(http, span(1, 1))
    assert [name for name, _, _ in events_of(http)] == [f"gen_ai.{role}" for role in roles]


@encodings
def test_the_attribute_names_an_event_whose_field_is_a_source_line(http: httpx.Client, encode: bool) -> None:
    send_spans(http, span(1, 1))
    record = log_record(
        name="event otel/src/events.rs:123",
        time_ns=0,
        attributes={"event.name": "codex.user_prompt", "prompt": "look up the weather"},
        body="user input",
        observedTimeUnixNano=str(START_NS + 7),
    )
    send_logs(http, record, encode=encode)
    assert events_of(http) == [
        (
            "codex.user_prompt",
            START_NS + 7,
            {"event.name": "codex.user_prompt", "prompt": "look up the weather", "body": "user input"},
        )
    ]
    values = attributes(get_trace(http, trace_id(1))["spans"][0])
    assert values["mlflow.spanInputs"] == [{"role": "user", "content": "look up the weather"}]


def test_an_attribute_wins_over_a_member_of_the_body(http: httpx.Client) -> None:
    send_spans(http, span(1, 1))
    send_logs(http, log_record(attributes={"content": "attribute"}, body={"content": "body", "role": "user"}))
    assert events_of(http) == [("gen_ai.user.message", START_NS, {"content": "attribute", "role": "user"})]


@encodings
@pytest.mark.parametrize(
    "record",
    [
        log_record(name=None, body="a line of a log"),
        log_record(name="browser.page_view"),
        log_record(name="general.ai"),
        log_record(trace=None),
        log_record(number=None),
        log_record(trace=0),
        log_record(number=0),
        log_record(name=None, attributes={"event.name": 7}),
        log_record(name=None, attributes={"event.name": "session.start"}),
    ],
)
def test_other_log_records_are_accepted_and_discarded(
    kayba_server: LocalServer, http: httpx.Client, encode: bool, record: Json
) -> None:
    send_spans(http, span(1, 1))
    assert send_logs(http, record, encode=encode).content == (b"" if encode else b"{}")
    assert events_of(http) == []
    with kayba_server.db.read() as tx:
        assert tx.rows("SELECT 1 FROM log_events") == []


@encodings
def test_an_invalid_event_costs_only_itself(http: httpx.Client, encode: bool) -> None:
    send_spans(http, span(1, 1))
    response = send_logs(http, {**log_record(), "spanId": "ab"}, log_record(), encode=encode)
    if encode:
        partial = ExportLogsServiceResponse.FromString(response.content).partial_success
        rejected, message = str(partial.rejected_log_records), partial.error_message
    else:
        rejected, message = response.json()["partialSuccess"].values()
    assert rejected == "1"
    assert "1 log records were rejected" in message
    assert len(events_of(http)) == 1


@pytest.mark.parametrize("content", [b"[]", b'{"resourceLogs": 1}', b'{"resourceLogs": [{"scopeLogs": [1]}]}', b"{"])
def test_a_body_that_is_no_request_of_logs_returns_400(http: httpx.Client, content: bytes) -> None:
    response = http.post("/v1/logs", content=content, headers={"Content-Type": "application/json"})
    assert (response.status_code, response.json()["code"]) == (400, 3)
    response = http.post("/v1/logs", content=b"\xff\xff", headers=PROTOBUF)
    assert response.status_code == 400


def test_events_beyond_the_limit_are_rejected(http: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_events, "MAX_LOG_EVENTS", 2)
    assert send_logs(http, *CONVERSATION).json()["partialSuccess"]["rejectedLogRecords"] == "1"
    send_spans(http, span(1, 1))
    assert events_of(http) == EVENTS[:2]


def test_events_whose_span_never_arrives_are_deleted(
    kayba_server: LocalServer, http: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    send_spans(http, span(1, 1))
    send_logs(http, log_record(1, 1), log_record(2, 1))
    monkeypatch.setattr(log_events, "MAX_WAITING_MS", -1)
    send_logs(http, log_record(3, 1))
    with kayba_server.db.read() as tx:
        kept = [row["trace_id"] for row in tx.rows("SELECT trace_id FROM log_events ORDER BY id")]
    assert kept == [trace_id(1), trace_id(3)]
    send_spans(http, span(1, 1))
    assert len(events_of(http)) == 1


@pytest.mark.parametrize("by_age", [False, True])
def test_deleted_traces_take_their_log_events_along(
    kayba_server: LocalServer, http: httpx.Client, by_age: bool
) -> None:
    send_spans(http, span(1, 1), span(2, 1, start_ns=START_NS + 10_000_000_000, end_ns=START_NS + 10_000_000_001))
    send_logs(http, log_record(1, 1), log_record(2, 1))
    limits = {"max_timestamp_millis": START_NS // 1_000_000 + 1} if by_age else {"request_ids": [trace_id(1)]}
    http.post(f"{OLD_TRACES}/delete-traces", json={"experiment_id": "0", **limits}).raise_for_status()
    assert search_ids(http) == [trace_id(2)]
    with kayba_server.db.read() as tx:
        assert [row["trace_id"] for row in tx.rows("SELECT trace_id FROM log_events")] == [trace_id(2)]
    send_spans(http, span(1, 1))
    assert events_of(http) == []


def test_spans_of_a_file_get_their_log_events(http: httpx.Client) -> None:
    send_logs(http, *CONVERSATION)
    send_info(http, trace_info())
    one = {
        "trace_id": f"{1:032x}",
        "span_id": f"{1:016x}",
        "name": "chat",
        "start_time_unix_nano": START_NS,
        "end_time_unix_nano": START_NS + 9,
    }
    path = f"/api/mlflow/api/2.0/mlflow-artifacts/artifacts/0/traces/{trace_id(1)}/artifacts/traces.json"
    http.put(path, json={"spans": [one]}).raise_for_status()
    assert events_of(http) == EVENTS


def read_rows(db: Database) -> list[tuple[Any, ...]]:
    """Return the stored spans, with their content as it is."""
    with db.read() as tx:
        rows = tx.rows(
            "SELECT trace_id, span_id, parent_id, rank, type, spans.total_tokens, format, content"
            " FROM spans JOIN span_contents ON span_contents.span = spans.id JOIN traces ON traces.id = spans.trace"
            " ORDER BY trace_id, span_id"
        )
    return [(*tuple(row)[:-2], decode_content(row["content"], row["format"])) for row in rows]


def as_model_calls(spans: list[Json]) -> list[Json]:
    """Return spans, every second one with attributes of a model call, from which others are derived."""
    added = otlp([span(attributes={"gen_ai.operation.name": "chat", "gen_ai.usage.output_tokens": 3})])
    pairs = added["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["attributes"]
    return [
        {**one, "attributes": [*one["attributes"], *pairs]} if number % 2 else one for number, one in enumerate(spans)
    ]


records = st.builds(
    log_record,
    trace=st.integers(1, 3),
    number=st.integers(1, 6),
    name=st.sampled_from(
        [
            "gen_ai.user.message",
            "gen_ai.choice",
            "gen_ai.tool.message",
            "gen_ai.client.inference.operation.details",
            "codex.tool_result",
            "other",
        ]
    ),
    time_ns=st.integers(START_NS, START_NS + 3),
    attributes=st.dictionaries(
        st.sampled_from(["a", "content", "gen_ai.input.messages", "gen_ai.usage.input_tokens"]),
        st.sampled_from(["x", "7", '[{"role": "user"}]']),
        max_size=2,
    ),
    body=st.none() | st.text(max_size=3) | st.dictionaries(st.sampled_from(["content", "b"]), st.integers(0, 9)),
)


@settings(deadline=None, max_examples=60)
@given(trees().map(as_model_calls), st.lists(records, max_size=8), st.randoms(use_true_random=False), st.integers(1, 4))
def test_any_split_order_and_repetition_of_spans_and_logs_gives_the_same_traces(
    spans: list[Json], logs: list[Json], rng: random.Random, size: int
) -> None:
    with empty_store() as db:
        ingest.store_log_events(db, json_logs.read(otlp_logs(logs)))
        ingest.store_spans(db, "0", json_requests.read(otlp(spans)))
        expected, rows = read_all(db), read_rows(db)

    sent = [("spans", one) for one in spans] + [("logs", one) for one in logs]
    sent += rng.sample(sent, rng.randint(0, len(sent)))
    sent += [("spans", {**one, "endTimeUnixNano": "0"}) for one in rng.sample(spans, rng.randint(0, len(spans)))]
    rng.shuffle(sent)
    with empty_store() as db:
        for at in range(0, len(sent), size):
            some = {kind: [one for found, one in sent[at : at + size] if found == kind] for kind in ("spans", "logs")}
            if rng.random() < 0.5:
                ingest.store_spans(db, "0", protobuf_requests.read(protobuf(some["spans"])))
                ingest.store_log_events(db, from_protobuf.read(protobuf_logs(some["logs"])))
            else:
                ingest.store_log_events(db, json_logs.read(otlp_logs(some["logs"])))
                ingest.store_spans(db, "0", json_requests.read(otlp(some["spans"])))
        assert read_all(db) == expected
        assert read_rows(db) == rows
