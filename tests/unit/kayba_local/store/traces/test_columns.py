"""Columns of spans and traces: what is searched and summed, the same for any way and order in which spans arrive."""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.helpers.tracing_requests import (
    OLD_TRACES,
    START_NS,
    Json,
    get_trace,
    otlp,
    protobuf,
    send,
    send_info,
    send_protobuf,
    span,
    trace_id,
    trace_info,
)

from kayba_local import LocalServer
from kayba_local.otlp import json_requests, protobuf_requests
from kayba_local.store.database import APPLICATION_ID, Database
from kayba_local.store.schema import columns
from kayba_local.store.schema.migrations import STEPS
from kayba_local.store.traces import ingest

TRACE_COLUMNS: Final = (
    "trace_id, request_ns, duration_ns, state, name, folder, session_id, user_id, agent, span_count, error_count,"
    " error_type, error, input_tokens, output_tokens, total_tokens, cached_tokens, cost"
)
SPAN_COLUMNS: Final = (
    "span_id, name, type, status, error_type, error, model, provider, agent, session_id, user_id, input_tokens,"
    " output_tokens, total_tokens, cached_tokens, cost"
)
VERSION: Final = STEPS.index(columns.INITIAL)
"""The schema before the columns."""
USAGE: Final = "mlflow.chat.tokenUsage"
COST: Final = "mlflow.llm.cost"
FOREIGN: Final[Mapping[str, Any]] = {
    "gen_ai.operation.name": "chat",
    "gen_ai.response.model": "m-1",
    "gen_ai.provider.name": "p",
    "gen_ai.agent.name": "a",
    "gen_ai.conversation.id": "s",
    "enduser.id": "u",
    "gen_ai.usage.input_tokens": 30,
    "gen_ai.usage.output_tokens": 4,
    "gen_ai.usage.cache_read.input_tokens": 20,
    "gen_ai.usage.total_cost": 0.25,
}
OWN: Final[Mapping[str, Any]] = {
    "mlflow.spanType": '"CHAT_MODEL"',
    "mlflow.llm.model": '"m-1"',
    "mlflow.llm.provider": '"p"',
    "gen_ai.agent.name": "a",
    "session.id": "s",
    "user.id": "u",
    USAGE: '{"input_tokens": 30, "output_tokens": 4, "total_tokens": 34, "cache_read_input_tokens": 20}',
    COST: '{"total_cost": 0.25}',
}


@contextmanager
def empty_store() -> Iterator[Database]:
    with TemporaryDirectory() as folder:
        db = Database.open(f"sqlite:///{Path(folder, 'kayba.db')}")
        try:
            yield db
        finally:
            db.close()


def read_traces(db: Database) -> list[tuple[Any, ...]]:
    with db.read() as tx:
        rows = tx.rows(f"SELECT {TRACE_COLUMNS} FROM traces ORDER BY trace_id")
        models = tx.rows("SELECT trace_id, model FROM trace_models JOIN traces ON traces.id = trace ORDER BY 1, 2")
        metadata = tx.rows(
            "SELECT trace_id, key, value FROM trace_metadata JOIN traces ON traces.id = trace ORDER BY 1, 2"
        )
    return [tuple(row) for row in [*rows, *models, *metadata]]


def read_spans(db: Database) -> list[dict[str, Any]]:
    with db.read() as tx:
        return [dict(row) for row in tx.rows(f"SELECT {SPAN_COLUMNS} FROM spans ORDER BY span_id")]


def read_trace(db: Database) -> dict[str, Any]:
    with db.read() as tx:
        (row,) = tx.rows(f"SELECT {TRACE_COLUMNS} FROM traces")
    return dict(row)


def usage(given: int, sent: int) -> Json:
    return {USAGE: {"input_tokens": given, "output_tokens": sent, "total_tokens": given + sent}}


def exception(kind: str, message: str) -> Json:
    attributes = span(attributes={"exception.type": kind, "exception.message": message})["attributes"]
    return {"name": "exception", "timeUnixNano": str(START_NS), "attributes": attributes}


attributes = st.fixed_dictionaries(
    {},
    optional={
        USAGE: st.sampled_from([usage(3, 4)[USAGE], usage(0, 4)[USAGE], {"input_tokens": 5}, "none"]),
        COST: st.sampled_from([{"total_cost": 0.1}, {"input_cost": 0.1, "output_cost": 0.7}, 3]),
        "mlflow.llm.model": st.sampled_from(["m-1", "m-2"]),
        "session.id": st.sampled_from(["s-1", "s-2"]),
        "user.id": st.just("u-1"),
        "gen_ai.agent.name": st.sampled_from(["a-1", "a-2"]),
        "mlflow.traceTag.kayba.folder": st.sampled_from(["f-1", "f-2"]),
    },
)


@st.composite
def trees(draw: st.DrawFn) -> list[Json]:
    """Generate the spans of two traces; parents may be missing, come later, or form a cycle."""
    return [
        span(
            trace,
            number,
            draw(st.sampled_from([None, 1, 2, 3, 4, 9])),
            name=draw(st.sampled_from(["a", "b"])),
            start_ns=START_NS + draw(st.integers(0, 2)),
            end_ns=START_NS + draw(st.integers(2, 4)),
            attributes=draw(attributes),
            status=draw(st.sampled_from([{}, {"code": 2}, {"code": 2, "message": "KeyError: k"}])),
            events=draw(st.lists(st.just(exception("E", "e")), max_size=1)),
        )
        for trace in (1, 2)
        for number in range(1, draw(st.integers(1, 5)) + 1)
    ]


@settings(deadline=None, max_examples=100)
@given(trees(), st.randoms(use_true_random=False), st.integers(1, 4))
def test_any_split_order_and_repetition_gives_the_same_columns(
    spans: list[Json], rng: random.Random, size: int
) -> None:
    with empty_store() as db:
        ingest.store_spans(db, "0", json_requests.read(otlp(spans)))
        expected = read_traces(db)
    running = [{**one, "endTimeUnixNano": "0"} for one in rng.sample(spans, rng.randint(0, len(spans)))]
    other = [{**one, "attributes": span(attributes=usage(9, 9))["attributes"]} for one in running]
    sent = [*spans, *rng.sample(spans, rng.randint(0, len(spans))), *running, *other]
    rng.shuffle(sent)
    with empty_store() as db:
        for at in range(0, len(sent), size):
            ingest.store_spans(db, "0", protobuf_requests.read(protobuf(sent[at : at + size])))
        assert read_traces(db) == expected


def copy_to_earlier_version(db: Database, path: Path) -> None:
    """Write the rows of a store as the version before the columns had them."""
    with closing(sqlite3.connect(path)) as old, db.read() as tx:
        for step in STEPS[:VERSION]:
            for statement in step:
                assert isinstance(statement, str)
                old.execute(statement)
        for table, names in {
            "traces": "id, trace_id, experiment, request_ns, duration_ns, state, declared, root_start_ns, root_span_id,"
            " root_rank",
            "trace_tags": "trace, key, value, source_ns, source_span",
            "trace_metadata": "trace, key, value, source_ns, source_span",
        }.items():
            known = "WHERE coalesce(source_span, '') <> '~'" if table == "trace_metadata" else ""
            rows = tx.rows(f"SELECT {names} FROM {table} {known}")
            marks = ", ".join("?" * (names.count(",") + 1))
            old.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", [tuple(row) for row in rows])
        names = "id, trace, span_id, parent_id, start_ns, end_ns, rank, resource, content"
        rows = tx.rows(f"SELECT {names} FROM spans JOIN span_contents ON span = spans.id WHERE format = 0")
        old.executemany(f"INSERT INTO spans ({names}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", [tuple(row) for row in rows])
        old.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        old.execute(f"PRAGMA user_version = {VERSION}")
        old.commit()


@settings(deadline=None, max_examples=30)
@given(trees())
def test_a_store_of_an_earlier_version_gets_the_columns(spans: list[Json]) -> None:
    with empty_store() as db, TemporaryDirectory() as folder:
        ingest.store_spans(db, "0", json_requests.read(otlp(spans)))
        copy_to_earlier_version(db, Path(folder, "old.db"))
        upgraded = Database.open(f"sqlite:///{Path(folder, 'old.db')}")
        try:
            assert read_traces(upgraded) == read_traces(db)
            assert read_spans(upgraded) == read_spans(db)
        finally:
            upgraded.close()


@pytest.mark.parametrize("attributes", [OWN, FOREIGN], ids=["own", "foreign"])
@pytest.mark.parametrize("sender", [send, send_protobuf])
def test_a_span_has_its_columns(
    http: httpx.Client, kayba_server: LocalServer, sender: Any, attributes: Mapping[str, Any]
) -> None:
    sender(http, span(attributes=attributes, status={"code": 1}))
    (row,) = read_spans(kayba_server.db)
    assert row == {
        "span_id": f"{1:016x}",
        "name": "step",
        "type": "CHAT_MODEL",
        "status": 1,
        "error_type": None,
        "error": None,
        "model": "m-1",
        "provider": "p",
        "agent": "a",
        "session_id": "s",
        "user_id": "u",
        "input_tokens": 30,
        "output_tokens": 4,
        "total_tokens": 34,
        "cached_tokens": 20,
        "cost": 0.25,
    }


def test_spans_of_a_file_have_their_columns(http: httpx.Client, kayba_server: LocalServer) -> None:
    send_info(http, trace_info())
    one = {
        "trace_id": f"{1:032x}",
        "span_id": f"{1:016x}",
        "name": "step",
        "start_time_unix_nano": START_NS,
        "end_time_unix_nano": START_NS + 9,
        "attributes": dict(OWN),
        "status": {"code": "STATUS_CODE_ERROR", "message": "ValueError: bad"},
    }
    path = f"/api/mlflow/api/2.0/mlflow-artifacts/artifacts/0/traces/{trace_id(1)}/artifacts/traces.json"
    http.put(path, json={"spans": [one]}).raise_for_status()
    (row,) = read_spans(kayba_server.db)
    assert (row["type"], row["model"], row["total_tokens"], row["cost"]) == ("CHAT_MODEL", "m-1", 34, 0.25)
    assert (row["status"], row["error_type"], row["error"]) == (2, "ValueError", "bad")
    assert read_trace(kayba_server.db)["total_tokens"] == 34


def test_a_call_counts_once(http: httpx.Client, kayba_server: LocalServer) -> None:
    agent = span(1, 1, name="agent", end_ns=START_NS + 100, attributes=usage(30, 3) | {COST: {"total_cost": 0.5}})
    framework = span(1, 2, 1, name="framework", end_ns=START_NS + 50, attributes=usage(10, 1))
    client = span(1, 3, 1, name="client", start_ns=START_NS + 1, end_ns=START_NS + 49, attributes=usage(10, 1))
    second = span(1, 4, 1, name="client", start_ns=START_NS + 60, end_ns=START_NS + 90, attributes=usage(20, 2))
    for one in (second, agent, client, framework):
        send(http, one)
    trace = read_trace(kayba_server.db)
    assert (trace["input_tokens"], trace["output_tokens"], trace["total_tokens"]) == (30, 3, 33)
    assert (trace["cached_tokens"], trace["cost"], trace["span_count"]) == (None, 0.5, 4)
    metadata = get_trace(http, trace_id(1))["trace_info"]["trace_metadata"]
    expected = {"input_tokens": 30, "output_tokens": 3, "total_tokens": 33}
    assert json.loads(metadata["mlflow.trace.tokenUsage"]) == expected


def test_usage_of_an_info_is_not_overwritten(http: httpx.Client) -> None:
    given = '{"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}'
    send_info(http, trace_info(trace_metadata={"mlflow.trace.tokenUsage": given}))
    send(http, span(attributes=usage(30, 3)))
    assert get_trace(http, trace_id(1))["trace_info"]["trace_metadata"]["mlflow.trace.tokenUsage"] == given


def test_session_and_user_of_a_root_replace_those_below(http: httpx.Client, kayba_server: LocalServer) -> None:
    send(http, span(1, 2, 1, start_ns=START_NS - 5, attributes={"session.id": "below", "user.id": "below"}))
    trace = read_trace(kayba_server.db)
    assert (trace["session_id"], trace["user_id"]) == ("below", "below")
    send(http, span(attributes={"session.id": "root"}))
    trace = read_trace(kayba_server.db)
    assert (trace["session_id"], trace["user_id"]) == ("root", "below")


def test_the_error_is_that_of_the_root_or_of_the_span_that_failed_first(
    http: httpx.Client, kayba_server: LocalServer
) -> None:
    failed = {"code": 2}
    late = span(1, 2, 1, end_ns=START_NS + 9, status=failed, events=[exception("Late", "second")])
    first = span(1, 3, 1, end_ns=START_NS + 5, status=failed, events=[exception("First", "first")])
    send(http, late, first, span(end_ns=0))
    trace = read_trace(kayba_server.db)
    assert (trace["error_type"], trace["error"], trace["error_count"]) == ("First", "first", 2)
    send(http, span(status={"code": 2, "message": "RootError: gave up"}))
    trace = read_trace(kayba_server.db)
    assert (trace["error_type"], trace["error"], trace["error_count"]) == ("RootError", "gave up", 3)


def test_tags_set_later_change_name_and_folder(http: httpx.Client, kayba_server: LocalServer) -> None:
    send(http, span(attributes={"mlflow.traceTag.kayba.folder": "production"}))
    assert read_trace(kayba_server.db)["folder"] == "production"
    for key, value in (("kayba.folder", "mine"), ("mlflow.traceName", "renamed")):
        http.patch(f"{OLD_TRACES}/{trace_id(1)}/tags", json={"key": key, "value": value}).raise_for_status()
    trace = read_trace(kayba_server.db)
    assert (trace["name"], trace["folder"]) == ("renamed", "mine")
    request = httpx.Request(
        "DELETE", f"{kayba_server.url}{OLD_TRACES}/{trace_id(1)}/tags", json={"key": "kayba.folder"}
    )
    http.send(request).raise_for_status()
    assert read_trace(kayba_server.db)["folder"] is None


def test_figures_that_cannot_be_true_do_not_count(http: httpx.Client, kayba_server: LocalServer) -> None:
    impossible = {"input_tokens": 2**62, "output_tokens": -1, "total_tokens": "7"}
    send(http, *(span(1, number, attributes={USAGE: impossible, COST: {"total_cost": -3}}) for number in (1, 2)))
    trace = read_trace(kayba_server.db)
    assert (trace["input_tokens"], trace["output_tokens"], trace["total_tokens"]) == (None, None, 14)
    assert trace["cost"] is None


def test_deleting_traces_deletes_contents_and_models(http: httpx.Client, kayba_server: LocalServer) -> None:
    send(http, span(attributes=OWN))
    body = {"experiment_id": "0", "request_ids": [trace_id(1)]}
    http.post(f"{OLD_TRACES}/delete-traces", json=body).raise_for_status()
    with kayba_server.db.read() as tx:
        for table in ("spans", "span_contents", "trace_models"):
            assert tx.rows(f"SELECT count(*) AS n FROM {table}")[0]["n"] == 0
