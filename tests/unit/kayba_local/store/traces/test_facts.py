"""Facts of a trace, from the span that determines them and from its client's infos and tags."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.helpers.tracing_requests import (
    OLD_TRACES,
    SPANS,
    START_NS,
    TRACES,
    Json,
    attributes,
    get_trace,
    otlp,
    search_ids,
    send,
    send_info,
    send_protobuf,
    span,
    trace_id,
    trace_info,
)

import kayba_local
from kayba_local.store.database import APPLICATION_ID
from kayba_local.store.schema.migrations import STEPS

FACTS = {
    "mlflow.traceTag.kayba.folder": "production",
    "mlflow.traceMetadata.dataset": "sums",
    "session.id": "s-1",
    "user.id": "u-1",
    "mlflow.spanInputs": '{"q": 1}',
    "mlflow.spanOutputs": '"a"',
}
SESSION = {"mlflow.trace.session": "s-1", "mlflow.trace.user": "u-1"}
# The root has the id 1. A span 2 belongs to this service: its parent 1 is in another service, or arrives later.
ROOT = span(name="root", start_ns=START_NS, end_ns=START_NS + 9_000_000, attributes={"mlflow.traceTag.root": "r"})
CHILD = span(number=2, parent=1, name="child", start_ns=START_NS + 1_000_000, end_ns=START_NS + 3_000_000)
LOCAL = CHILD | {"attributes": span(attributes=FACTS)["attributes"]}
GRANDCHILD = span(number=3, parent=2, name="grandchild", start_ns=START_NS + 500, end_ns=START_NS + 5_000_000)


def info_of(http: httpx.Client, number: int = 1) -> Json:
    info: Json = http.get(f"{TRACES}/{trace_id(number)}").raise_for_status().json()["trace"]["trace_info"]
    return info


def name_of(http: httpx.Client) -> str | None:
    name: str | None = info_of(http)["tags"].get("mlflow.traceName")
    return name


def in_progress(**fields: Any) -> Json:
    info = trace_info(state="IN_PROGRESS", **fields)
    del info["execution_duration"]
    return info


class TestTopmostSpan:
    @pytest.mark.parametrize("sender", [send, send_protobuf])
    def test_a_trace_without_a_root_has_the_facts_of_its_topmost_span(self, http: httpx.Client, sender: Any) -> None:
        sender(http, LOCAL, GRANDCHILD, resource={"service.name": "support"})
        info = info_of(http)
        assert (info["state"], info["execution_duration"]) == ("OK", "0.002s")
        assert info["request_time"] == "2026-11-22T17:38:03.498Z"
        assert (info["request_preview"], info["response_preview"]) == ('{"q": 1}', '"a"')
        assert info["trace_metadata"] == {
            "dataset": "sums",
            "mlflow.trace.session": "s-1",
            "mlflow.trace.user": "u-1",
        }
        tags = {key: info["tags"][key] for key in ("mlflow.traceName", "kayba.folder", "service.name")}
        assert tags == {"mlflow.traceName": "child", "kayba.folder": "production", "service.name": "support"}

    @pytest.mark.parametrize(
        "condition",
        ["name = 'child'", "status = 'OK'", "tags.`kayba.folder` = 'production'", "metadata.dataset = 'sums'"],
    )
    def test_a_trace_without_a_root_is_found(self, http: httpx.Client, condition: str) -> None:
        send(http, LOCAL)
        assert search_ids(http, filter=condition) == [trace_id(1)]

    @pytest.mark.parametrize(
        ("fields", "state"),
        [
            ({"status": {"code": 2, "message": "boom"}}, "ERROR"),
            ({"status": {"code": 1}}, "OK"),
            ({"endTimeUnixNano": "0"}, "IN_PROGRESS"),
        ],
    )
    def test_the_state_is_final_once_the_topmost_span_has_ended(
        self, http: httpx.Client, fields: Json, state: str
    ) -> None:
        send(http, CHILD | fields)
        assert info_of(http)["state"] == state

    def test_a_topmost_span_that_ends_later_ends_the_trace(self, http: httpx.Client) -> None:
        send(http, CHILD | {"endTimeUnixNano": "0"})
        assert "execution_duration" not in info_of(http)
        send(http, CHILD)
        assert (info_of(http)["state"], info_of(http)["execution_duration"]) == ("OK", "0.002s")

    def test_the_earliest_of_several_topmost_spans_decides(self, http: httpx.Client) -> None:
        early, late = ({"parentSpanId": f"{parent:016x}"} for parent in (90, 91))
        first = span(number=5, name="first", start_ns=START_NS, **early)
        second = span(number=4, name="second", start_ns=START_NS + 1, attributes={"mlflow.traceTag.x": "1"}, **late)
        same = span(number=6, name="same", start_ns=START_NS, **late)
        for trace, batches in enumerate(([first, second, same], [second, same, first], [same, first, second]), 1):
            for one in batches:
                send(http, one | {"traceId": f"{trace:032x}"})
            tags = info_of(http, trace)["tags"]
            assert (tags["mlflow.traceName"], "x" in tags) == ("first", False)

    def test_a_parent_that_arrives_takes_the_place_of_its_child(self, http: httpx.Client) -> None:
        send(http, GRANDCHILD | {"attributes": span(attributes={"mlflow.traceTag.deep": "1"})["attributes"]})
        assert name_of(http) == "grandchild"
        send(http, LOCAL)
        assert name_of(http) == "child"
        assert "deep" not in info_of(http)["tags"]

    def test_a_sibling_decides_when_the_parent_of_the_first_arrives(self, http: httpx.Client) -> None:
        early = span(number=4, parent=7, name="early", start_ns=START_NS)
        other = span(number=5, parent=90, name="other", start_ns=START_NS + 10)
        send(http, early, other, resource={"service.name": "mine"})
        # Its clock is behind: the parent starts after the child.
        send(http, span(number=7, parent=91, name="parent", start_ns=START_NS + 99))
        assert (name_of(http), info_of(http)["tags"]["service.name"]) == ("other", "mine")

    def test_the_earliest_span_of_a_cycle_decides(self, http: httpx.Client) -> None:
        send(http, span(number=1, parent=2, name="a"), span(number=2, parent=1, name="b", start_ns=START_NS - 5))
        assert (name_of(http), info_of(http)["state"]) == ("b", "OK")
        send(http, span(2, 1, 1, name="own parent"))
        assert info_of(http, 2)["tags"]["mlflow.traceName"] == "own parent"

    def test_a_trace_of_many_detached_spans_is_stored_in_many_requests(self, http: httpx.Client) -> None:
        for start in range(0, 2000, 100):
            numbers = range(start + 2, start + 102)
            send(http, *(span(number=n, parent=10_000 + n, name=f"n{n}", start_ns=START_NS - n) for n in numbers))
            assert name_of(http) == f"n{numbers[-1]}"


class TestLateRoot:
    @pytest.mark.parametrize("root_first", [True, False])
    def test_a_root_determines_the_facts_whenever_it_arrives(self, http: httpx.Client, root_first: bool) -> None:
        for one in (ROOT, LOCAL) if root_first else (LOCAL, ROOT):
            send(http, one)
        info = info_of(http)
        assert (info["tags"]["mlflow.traceName"], info["tags"]["root"]) == ("root", "r")
        assert (info["state"], info["execution_duration"]) == ("OK", "0.009s")
        assert info["request_time"] == "2026-11-22T17:38:03.497Z"
        assert "kayba.folder" not in info["tags"]
        assert info["trace_metadata"] == SESSION
        assert info.keys().isdisjoint({"request_preview", "response_preview"})
        assert len(get_trace(http, trace_id(1))["spans"]) == 2

    def test_a_running_root_takes_over(self, http: httpx.Client) -> None:
        send(http, LOCAL)
        send(http, ROOT | {"endTimeUnixNano": "0"})
        assert (name_of(http), info_of(http)["state"]) == ("root", "IN_PROGRESS")
        send(http, ROOT)
        assert info_of(http)["state"] == "OK"

    def test_a_root_keeps_a_tag_that_a_client_set(self, http: httpx.Client) -> None:
        send(http, LOCAL)
        for key in ("root", "mlflow.traceName", "kayba.folder"):
            http.patch(f"{OLD_TRACES}/{trace_id(1)}/tags", json={"key": key, "value": "mine"}).raise_for_status()
        send(http, ROOT)
        tags = info_of(http)["tags"]
        assert {tags[key] for key in ("root", "mlflow.traceName", "kayba.folder")} == {"mine"}

    def test_a_changed_root_keeps_a_tag_that_a_client_set(self, http: httpx.Client) -> None:
        send(http, ROOT | {"endTimeUnixNano": "0"})
        http.patch(f"{OLD_TRACES}/{trace_id(1)}/tags", json={"key": "root", "value": "mine"}).raise_for_status()
        send(http, ROOT)
        assert (info_of(http)["tags"]["root"], info_of(http)["state"]) == ("mine", "OK")

    def test_a_changed_root_drops_a_tag_that_it_no_longer_has(self, http: httpx.Client) -> None:
        send(http, ROOT | {"endTimeUnixNano": "0"})
        send(http, ROOT | {"attributes": []})
        assert "root" not in info_of(http)["tags"]


class TestDeclaredProgress:
    @pytest.mark.parametrize("info_first", [True, False])
    def test_a_trace_declared_in_progress_is_so_until_its_root_arrives(
        self, http: httpx.Client, info_first: bool
    ) -> None:
        declared = in_progress(tags={"kayba.folder": "mine"}, request_preview="asked")
        for step in (send_info, send) if info_first else (send, send_info):
            step(http, declared if step is send_info else LOCAL)
        send(http, GRANDCHILD)
        running = info_of(http)
        assert (running["state"], running["request_time"]) == ("IN_PROGRESS", "2026-11-22T17:37:25.867Z")
        assert "mlflow.traceName" not in running["tags"]
        assert (running["tags"]["kayba.folder"], running["request_preview"]) == ("mine", "asked")
        assert running["trace_metadata"] == SESSION
        assert running.keys().isdisjoint({"execution_duration", "response_preview"})

        send(http, ROOT)
        ended = info_of(http)
        assert (ended["state"], ended["execution_duration"], ended["tags"]["mlflow.traceName"]) == (
            "OK",
            "0.009s",
            "root",
        )
        assert (ended["tags"]["kayba.folder"], ended["request_preview"]) == ("mine", "asked")

    def test_the_name_of_the_declaration_stays(self, http: httpx.Client) -> None:
        send(http, LOCAL)
        send_info(http, in_progress(tags={"mlflow.traceName": "agent"}))
        assert name_of(http) == "agent"
        send(http, ROOT)
        assert name_of(http) == "agent"

    @pytest.mark.parametrize("state", ["OK", "ERROR"])
    def test_a_client_ends_a_trace_whose_root_never_arrives(self, http: httpx.Client, state: str) -> None:
        send_info(http, in_progress())
        send(http, LOCAL)
        send_info(http, trace_info(state=state))
        info = info_of(http)
        assert (info["state"], info["execution_duration"]) == (state, "0.071s")
        assert (info["tags"]["mlflow.traceName"], info["trace_metadata"]["dataset"]) == ("child", "sums")

    @pytest.mark.parametrize("ended_by", ["root", "info"])
    def test_a_late_declaration_does_not_reopen_a_trace(self, http: httpx.Client, ended_by: str) -> None:
        send(http, ROOT if ended_by == "root" else CHILD)
        if ended_by == "info":
            send_info(http, trace_info(state="ERROR", request_preview="first"))
        before = info_of(http)
        send_info(http, in_progress(request_time="2020-01-01T00:00:00Z", tags={"late": "1"}))
        after = info_of(http)
        assert after.pop("tags") == before.pop("tags") | {"late": "1"}
        assert after == before


class TestInfoOfAnExistingTrace:
    def test_an_info_is_merged_into_a_stored_trace(self, http: httpx.Client) -> None:
        send(http, LOCAL | {"parentSpanId": ""}, GRANDCHILD)
        assessment = {
            "assessment_name": "correct",
            "source": {"source_type": "HUMAN", "source_id": "me"},
            "feedback": {"value": True},
        }
        http.post(f"{TRACES}/{trace_id(1)}/assessments", json={"assessment": assessment}).raise_for_status()
        before = info_of(http)
        sent = trace_info(
            state="ERROR",
            tags={"kayba.folder": "other", "new": "1"},
            trace_metadata={"dataset": "products", "more": "2"},
            response_preview="late",
            client_request_id="mine",
        )
        after = send_info(http, sent)
        assert after == info_of(http)
        assert after["tags"] == before["tags"] | {"kayba.folder": "other", "new": "1"}
        assert after["trace_metadata"] == before["trace_metadata"] | {"dataset": "products", "more": "2"}
        assert (after["state"], after["execution_duration"], after["client_request_id"]) == ("ERROR", "0.071s", "mine")
        assert (after["request_preview"], after["response_preview"]) == ('{"q": 1}', "late")
        assert after["request_time"] == "2026-11-22T17:37:25.867Z"
        assert after["assessments"] == before["assessments"]
        assert len(get_trace(http, trace_id(1))["spans"]) == 2

    def test_values_that_a_later_info_does_not_give_are_kept(self, http: httpx.Client) -> None:
        send_info(http, trace_info(client_request_id="mine", request_preview="asked", tags={"a": "1"}))
        later = trace_info(state="ERROR")
        del later["execution_duration"]
        info = send_info(http, later)
        assert (info["state"], info["execution_duration"]) == ("ERROR", "0.071s")
        assert (info["client_request_id"], info["request_preview"], info["tags"]["a"]) == ("mine", "asked", "1")

    @pytest.mark.parametrize("spans_first", [True, False])
    def test_facts_that_an_info_does_not_give_are_from_the_root(self, http: httpx.Client, spans_first: bool) -> None:
        info = trace_info()
        del info["execution_duration"]
        for step in (send, send_info) if spans_first else (send_info, send):
            step(http, LOCAL | {"parentSpanId": ""} if step is send else info)
        read = info_of(http)
        assert (read["execution_duration"], read["request_preview"]) == ("0.002s", '{"q": 1}')

    def test_an_unspecified_state_is_from_the_span(self, http: httpx.Client) -> None:
        assert send_info(http, trace_info(state="STATE_UNSPECIFIED"))["state"] == "STATE_UNSPECIFIED"
        send(http, CHILD | {"status": {"code": 2}})
        assert info_of(http)["state"] == "ERROR"


class TestMetadata:
    @pytest.mark.parametrize("sender", [send, send_protobuf])
    def test_metadata_attributes_of_a_root_become_metadata(self, http: httpx.Client, sender: Any) -> None:
        sent = {f"mlflow.traceMetadata.{key}": value for key, value in {"a": "x", "n": 3, "l": [1], "": "no"}.items()}
        sender(http, span(attributes=sent | {f"mlflow.traceMetadata.{'k' * 251}": "no"}))
        assert info_of(http)["trace_metadata"] == {"a": "x", "n": "3", "l": "[1]"}
        assert search_ids(http, filter="metadata.a = 'x'") == [trace_id(1)]
        shown = attributes(get_trace(http, trace_id(1))["spans"][0])
        assert shown["mlflow.traceMetadata.a"] == "x"

    def test_metadata_attributes_of_a_nested_span_are_not_the_traces(self, http: httpx.Client) -> None:
        send(http, ROOT, LOCAL)
        assert info_of(http)["trace_metadata"] == SESSION

    def test_metadata_of_an_info_is_not_overwritten(self, http: httpx.Client) -> None:
        send_info(http, trace_info(trace_metadata={"dataset": "mine"}))
        send(http, LOCAL | {"parentSpanId": ""})
        assert info_of(http)["trace_metadata"]["dataset"] == "mine"


def write_store_of_an_earlier_version(path: Path) -> None:
    """Write a store of schema 3 with a trace that has no root, and one whose client sent a final info."""
    old = sqlite3.connect(path)
    for statement in (statement for step in STEPS[:3] for statement in step):
        old.execute(statement)
    insert = "INSERT INTO traces (id, trace_id, experiment, request_ns, duration_ns, state, declared)"
    old.execute(f"{insert} VALUES (1, ?, 0, ?, NULL, 'IN_PROGRESS', 0)", (trace_id(1), START_NS))
    old.execute(f"{insert} VALUES (2, ?, 0, ?, 5, 'ERROR', 1)", (trace_id(2), START_NS))
    old.execute("INSERT INTO trace_tags (trace, key, value) VALUES (1, 'mine', '1'), (2, 'mlflow.traceName', 'old')")
    old.execute(
        "INSERT INTO spans (trace, span_id, parent_id, start_ns, end_ns, content) VALUES (1, ?, ?, ?, ?, ?)",
        (
            CHILD["spanId"],
            CHILD["parentSpanId"],
            int(CHILD["startTimeUnixNano"]),
            int(CHILD["endTimeUnixNano"]),
            json.dumps(CHILD).encode(),
        ),
    )
    old.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    old.execute("PRAGMA user_version = 3")
    old.commit()
    old.close()


def test_traces_of_an_earlier_version_get_the_facts_of_later_spans(tmp_path: Path) -> None:
    write_store_of_an_earlier_version(tmp_path / "kayba.db")
    with (
        kayba_local.serve(store=f"sqlite:///{tmp_path / 'kayba.db'}") as server,
        httpx.Client(base_url=server.url) as http,
    ):
        assert (info_of(http)["state"], info_of(http)["tags"]["mine"]) == ("IN_PROGRESS", "1")
        send(http, GRANDCHILD)
        assert (name_of(http), info_of(http)["state"]) == ("child", "OK")
        send(http, ROOT)
        assert (name_of(http), info_of(http)["tags"]["mine"]) == ("root", "1")
        assert len(get_trace(http, trace_id(1))["spans"]) == 3
        declared = info_of(http, 2)
        send(http, span(2, name="new"))
        assert (info_of(http, 2)["state"], info_of(http, 2)["execution_duration"]) == ("ERROR", "0.000000005s")
        assert info_of(http, 2)["request_time"] == declared["request_time"]


def test_feedback_on_a_missing_trace_is_refused_with_a_code_to_retry_on(http: httpx.Client) -> None:
    feedback = {"assessment_name": "a", "source": {"source_type": "HUMAN"}, "feedback": {"value": 1}}
    response = http.post(f"{TRACES}/{trace_id(1)}/assessments", json={"assessment": feedback})
    assert (response.status_code, response.json()["error_code"]) == (404, "RESOURCE_DOES_NOT_EXIST")
    send(http, CHILD)
    http.post(f"{TRACES}/{trace_id(1)}/assessments", json={"assessment": feedback}).raise_for_status()


def test_a_rejected_parent_leaves_its_child_topmost(http: httpx.Client) -> None:
    body = otlp([ROOT | {"name": 3}, LOCAL])
    http.post(SPANS, json=body, headers={"x-mlflow-experiment-id": "0"}).raise_for_status()
    assert (name_of(http), info_of(http)["state"]) == ("child", "OK")
