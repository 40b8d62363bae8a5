"""Traces over HTTP as MLflow's clients use them: infos, files, reads, tags, deletion and assessments."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from tests.helpers.tracing_requests import (
    MOUNT,
    OLD_TRACES,
    START_NS,
    TRACES,
    Json,
    attributes,
    get_trace,
    location,
    plain,
    search,
    search_ids,
    send,
    send_info,
    span,
    trace_id,
    trace_info,
)

ABSENT = trace_id(404)
# A file of one span, recorded from the released MLflow client.
RECORDED_ID = "tr-06fff6e8fd186cb841296f88fa4f5fda"
RECORDED_SPAN: Json = {
    "trace_id": "Bv/26P0YbLhBKW+I+k9f2g==",
    "span_id": "ozBxbY+7MUw=",
    "parent_span_id": None,
    "name": "bad",
    "start_time_unix_nano": 1795369045938786534,
    "end_time_unix_nano": 1795369045940918844,
    "events": [
        {
            "name": "exception",
            "time_unix_nano": 1795369045940776448,
            "attributes": {"exception.message": "boom", "exception.type": "ValueError"},
        }
    ],
    "status": {"code": "STATUS_CODE_ERROR", "message": "ValueError: boom"},
    "attributes": {
        "mlflow.traceRequestId": f'"{RECORDED_ID}"',
        "mlflow.spanType": '"UNKNOWN"',
        "mlflow.spanInputs": '{"x": 1}',
        "mlflow.spanLogLevel": "40",
    },
    "links": [],
}


def nested_list(levels: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(levels):
        value = [value]
    return value


def file_of(trace: str, experiment: str = "0") -> str:
    return f"{MOUNT}/api/2.0/mlflow-artifacts/artifacts/{experiment}/traces/{trace}/artifacts/traces.json"


def put_file(http: httpx.Client, trace: str, *spans: Json, experiment: str = "0") -> httpx.Response:
    content = json.dumps({"spans": list(spans)})
    return http.put(file_of(trace, experiment), content=content, headers={"Content-Type": "text/plain"})


def recorded_info(**fields: Any) -> Json:
    return {**trace_info(), "trace_id": RECORDED_ID, "state": "ERROR", **fields}


def error_of(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["error_code"]


class TestInfos:
    def test_an_info_is_returned_with_the_servers_tags(self, http: httpx.Client) -> None:
        sent = trace_info(
            client_request_id="mine",
            trace_metadata={"mlflow.user": "root", "empty": ""},
            tags={"kayba.folder": "production"},
            request_preview='{"query": "hi"}',
            response_preview='"Paris"',
        )
        artifacts = f"mlflow-artifacts:/0/traces/{trace_id(1)}/artifacts"
        expected = {**sent, "tags": {"kayba.folder": "production", "mlflow.artifactLocation": artifacts}}
        assert send_info(http, sent) == expected
        read = http.get(f"{TRACES}/{trace_id(1)}", params={"trace_id": trace_id(1)}).json()
        assert read == {"trace": {"trace_info": expected}}

    @pytest.mark.parametrize("duration", ["0s", "0.071s", "0.000512s", "1.000000001s", "12s", "-0.500s"])
    def test_durations_keep_their_nanoseconds(self, http: httpx.Client, duration: str) -> None:
        assert send_info(http, trace_info(execution_duration=duration))["execution_duration"] == duration

    @pytest.mark.parametrize(
        ("sent", "read"),
        [
            ("2026-11-22T17:37:25.867Z", "2026-11-22T17:37:25.867Z"),
            ("2026-11-22T17:37:25Z", "2026-11-22T17:37:25.000Z"),
            ("2026-11-22t18:37:25.867123456+01:00", "2026-11-22T17:37:25.867Z"),
            ("1969-12-31T23:59:59.5Z", "1969-12-31T23:59:59.500Z"),
        ],
    )
    def test_times_are_returned_in_utc(self, http: httpx.Client, sent: str, read: str) -> None:
        assert send_info(http, trace_info(request_time=sent))["request_time"] == read

    @pytest.mark.parametrize(
        ("fields", "message"),
        [
            ({"request_time": "0001-01-01T00:00:00Z"}, "292 years"),
            ({"request_time": "2026-12-31T23:59:60Z"}, "not a time"),
        ],
    )
    def test_impossible_times_return_400(self, http: httpx.Client, fields: Json, message: str) -> None:
        response = http.post(TRACES, json={"trace": {"trace_info": trace_info(**fields)}})
        assert error_of(response) == (400, "INVALID_PARAMETER_VALUE")
        assert message in response.json()["message"]
        assert search(http) == {}

    def test_an_unknown_experiment_returns_404(self, http: httpx.Client) -> None:
        response = http.post(TRACES, json={"trace": {"trace_info": trace_info(experiment="9")}})
        assert error_of(response) == (404, "RESOURCE_DOES_NOT_EXIST")

    def test_a_repeated_info_replaces_values_and_merges_tags(self, http: httpx.Client) -> None:
        send_info(http, trace_info(tags={"a": "1", "b": "1"}, request_preview="first"))
        again = send_info(http, trace_info(state="ERROR", execution_duration="2s", tags={"b": "2", "c": "2"}))
        assert (again["state"], again["execution_duration"], again["request_preview"]) == ("ERROR", "2s", "first")
        assert {key: again["tags"][key] for key in "abc"} == {"a": "1", "b": "2", "c": "2"}
        assert len(search(http)["traces"]) == 1

    @pytest.mark.parametrize("spans_first", [True, False])
    def test_a_clients_info_overrides_the_root_span(self, http: httpx.Client, spans_first: bool) -> None:
        info = trace_info(tags={"mlflow.traceName": "from info"}, response_preview="from info")
        root = span(
            name="root", attributes={"mlflow.traceTag.extra": "x", "mlflow.spanOutputs": "root"}, status={"code": 2}
        )
        for step in (send, send_info) if spans_first else (send_info, send):
            step(http, root if step is send else info)
        read = get_trace(http, trace_id(1))["trace_info"]
        assert (read["state"], read["execution_duration"], read["request_time"]) == (
            "OK",
            "0.071s",
            "2026-11-22T17:37:25.867Z",
        )
        assert (read["tags"]["mlflow.traceName"], read["tags"]["extra"]) == ("from info", "x")
        assert read["response_preview"] == "from info"

    @pytest.mark.parametrize("spans_first", [True, False])
    def test_a_root_span_completes_an_info_in_progress(self, http: httpx.Client, spans_first: bool) -> None:
        info = trace_info(state="IN_PROGRESS", client_request_id="mine")
        info.pop("execution_duration")
        for step in (send, send_info) if spans_first else (send_info, send):
            step(http, span() if step is send else info)
        read = get_trace(http, trace_id(1))["trace_info"]
        assert (read["state"], read["execution_duration"], read["client_request_id"]) == ("OK", "0.001s", "mine")


class TestFiles:
    def test_a_file_is_stored_unchanged_and_its_spans_are_read(self, http: httpx.Client) -> None:
        send_info(http, recorded_info())
        assert put_file(http, RECORDED_ID, RECORDED_SPAN).json() == {}

        file = http.get(file_of(RECORDED_ID))
        assert file.text == json.dumps({"spans": [RECORDED_SPAN]})
        assert file.headers["x-content-type-options"] == "nosniff"
        assert file.headers["content-disposition"].startswith("attachment")

        trace = get_trace(http, RECORDED_ID)
        (read,) = trace["spans"]
        assert read["trace_id"] == RECORDED_SPAN["trace_id"]
        assert read["span_id"] == RECORDED_SPAN["span_id"]
        assert "parent_span_id" not in read
        assert (read["start_time_unix_nano"], read["end_time_unix_nano"]) == (1795369045938786534, 1795369045940918844)
        assert read["status"] == RECORDED_SPAN["status"]
        assert attributes(read) == {
            "mlflow.traceRequestId": RECORDED_ID,
            "mlflow.spanType": "UNKNOWN",
            "mlflow.spanInputs": {"x": 1},
            "mlflow.spanLogLevel": 40,
        }
        assert attributes(read["events"][0]) == {"exception.message": "boom", "exception.type": "ValueError"}
        assert trace["trace_info"]["tags"]["mlflow.traceName"] == "bad"

    def test_hex_ids_and_short_status_names_are_read(self, http: httpx.Client) -> None:
        send_info(http, recorded_info())
        older = {**RECORDED_SPAN, "trace_id": RECORDED_ID, "span_id": "a330716d8fbb314c", "status": {"code": "OK"}}
        assert put_file(http, RECORDED_ID, older).status_code == 200
        (read,) = get_trace(http, RECORDED_ID)["spans"]
        assert read["span_id"] == RECORDED_SPAN["span_id"]
        assert read["status"] == {"code": "STATUS_CODE_OK"}

    def test_a_file_with_content_type_json_is_accepted(self, http: httpx.Client) -> None:
        send_info(http, recorded_info())
        http.put(file_of(RECORDED_ID), json={"spans": [RECORDED_SPAN]}).raise_for_status()
        assert http.get(file_of(RECORDED_ID)).json() == {"spans": [RECORDED_SPAN]}

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            ("no json", "not a file of spans"),
            ("[]", "not a file of spans"),
            ("{}", "'spans'"),
            ('{"spans": [3]}', "not a file of spans"),
            (json.dumps({"spans": [{**RECORDED_SPAN, "span_id": "?"}]}), "not a valid id"),
            (json.dumps({"spans": [{**RECORDED_SPAN, "span_id": "AAAA"}]}), "wrong length"),
            (json.dumps({"spans": [{**RECORDED_SPAN, "status": {"code": "FINE"}}]}), "FINE"),
            (json.dumps({"spans": [{**RECORDED_SPAN, "name": 3}]}), "3 is not a string"),
            (json.dumps({"spans": [{**RECORDED_SPAN, "start_time_unix_nano": -1}]}), "before 1970"),
            (json.dumps({"spans": [{**RECORDED_SPAN, "start_time_unix_nano": 2**63}]}), "2262"),
            (json.dumps({"spans": [{**RECORDED_SPAN, "start_time_unix_nano": 1e308}]}), "2262"),
            (json.dumps({"spans": [{**RECORDED_SPAN, "attributes": {"a": nested_list(300)}}]}), "Recursion"),
            (json.dumps({"spans": [{**RECORDED_SPAN, "attributes": {"a": nested_list(900)}}]}), "Recursion"),
            (json.dumps({"spans": [RECORDED_SPAN, {**RECORDED_SPAN, "trace_id": "A" * 22 + "=="}]}), "not of"),
        ],
    )
    def test_an_invalid_file_returns_400(self, http: httpx.Client, content: str, message: str) -> None:
        send_info(http, recorded_info())
        response = http.put(file_of(RECORDED_ID), content=content, headers={"Content-Type": "text/plain"})
        assert error_of(response) == (400, "INVALID_PARAMETER_VALUE")
        assert message in response.json()["message"]
        assert http.get(file_of(RECORDED_ID)).status_code == 404
        assert "spans" not in get_trace(http, RECORDED_ID, allow_partial=True)

    def test_a_file_without_its_trace_in_the_experiment_returns_404(self, http: httpx.Client) -> None:
        assert error_of(put_file(http, RECORDED_ID, RECORDED_SPAN)) == (404, "RESOURCE_DOES_NOT_EXIST")
        send_info(http, recorded_info())
        assert put_file(http, RECORDED_ID, RECORDED_SPAN, experiment="5").status_code == 404
        assert http.get(file_of(RECORDED_ID)).status_code == 404
        put_file(http, RECORDED_ID, RECORDED_SPAN).raise_for_status()
        assert http.get(file_of(RECORDED_ID, "5")).status_code == 404

    @pytest.mark.parametrize("path", ["../x", "%2e%2e/x", "traces.json/../../../kayba.db", "other.json"])
    def test_other_artifact_paths_return_404(self, http: httpx.Client, path: str) -> None:
        send_info(http, recorded_info())
        put_file(http, RECORDED_ID, RECORDED_SPAN).raise_for_status()
        assert http.get(file_of(RECORDED_ID).replace("traces.json", path)).status_code == 404


class TestReading:
    def test_spans_are_ordered_by_start(self, http: httpx.Client) -> None:
        send(
            http,
            span(number=2, parent=4, name="last", start_ns=START_NS + 5),
            span(number=3, parent=4, name="inner", end_ns=START_NS + 10),
            span(number=4, name="outer", end_ns=START_NS + 20),
        )
        assert [one["name"] for one in get_trace(http, trace_id(1))["spans"]] == ["outer", "inner", "last"]

    def test_missing_fields_of_a_span_are_omitted(self, http: httpx.Client) -> None:
        send(http, span(end_ns=0))
        (read,) = get_trace(http, trace_id(1))["spans"]
        assert read == {
            "trace_id": "AAAAAAAAAAAAAAAAAAAAAQ==",
            "span_id": "AAAAAAAAAAE=",
            "name": "step",
            "start_time_unix_nano": START_NS,
            "attributes": [{"key": "mlflow.traceRequestId", "value": {"string_value": trace_id(1)}}],
            "status": {"code": "STATUS_CODE_UNSET"},
        }

    def test_inputs_have_the_types_of_a_recorded_mlflow_server(self, http: httpx.Client) -> None:
        send(http, span(attributes={"mlflow.spanInputs": '{"query": "hi", "n": 3}', "mlflow.spanOutputs": '["a"]'}))
        values = {pair["key"]: pair["value"] for pair in get_trace(http, trace_id(1))["spans"][0]["attributes"]}
        assert values["mlflow.spanInputs"] == {
            "kvlist_value": {
                "values": [
                    {"key": "query", "value": {"string_value": "hi"}},
                    {"key": "n", "value": {"int_value": 3}},
                ]
            }
        }
        assert values["mlflow.spanOutputs"] == {"array_value": {"values": [{"string_value": "a"}]}}
        assert plain(values["mlflow.spanInputs"]) == {"query": "hi", "n": 3}

    def test_an_unknown_trace_returns_404(self, http: httpx.Client) -> None:
        for response in (
            http.get(f"{TRACES}/{ABSENT}"),
            http.get(f"{TRACES}/get", params={"trace_id": ABSENT}),
            http.get(f"{TRACES}/get", params={"trace_id": ABSENT, "allow_partial": "True"}),
        ):
            assert error_of(response) == (404, "RESOURCE_DOES_NOT_EXIST")
            assert ABSENT in response.json()["message"]

    def test_an_incomplete_trace_is_returned_only_with_allow_partial(self, http: httpx.Client) -> None:
        announced = {"mlflow.trace.sizeStats": json.dumps({"num_spans": 2})}
        send_info(http, trace_info(trace_metadata=announced))
        for spans in ([span(number=1)], [span(number=2, parent=1)]):
            response = http.get(f"{TRACES}/get", params={"trace_id": trace_id(1)})
            assert error_of(response) == (404, "RESOURCE_DOES_NOT_EXIST")
            assert "not arrived in full" in response.json()["message"]
            assert http.get(f"{TRACES}/batchGet", params={"trace_ids": trace_id(1)}).json() == {}
            get_trace(http, trace_id(1), allow_partial="true")
            send(http, *spans)
        assert len(get_trace(http, trace_id(1))["spans"]) == 2

    @pytest.mark.parametrize("stats", ["", "[]", "no json", '{"num_spans": "many"}', "{}"])
    def test_invalid_size_statistics_are_ignored(self, http: httpx.Client, stats: str) -> None:
        send_info(http, trace_info(trace_metadata={"mlflow.trace.sizeStats": stats}))
        send(http, span())
        assert len(get_trace(http, trace_id(1))["spans"]) == 1

    def test_several_traces_are_returned_in_the_requested_order(self, http: httpx.Client) -> None:
        send(http, *(span(number) for number in (1, 2, 3)))
        wanted = [trace_id(3), ABSENT, trace_id(1), trace_id(3)]
        response = http.get(f"{TRACES}/batchGet", params={"trace_ids": wanted}).json()
        assert [trace["trace_info"]["trace_id"] for trace in response["traces"]] == [trace_id(3), trace_id(1)]
        assert all(len(trace["spans"]) == 1 for trace in response["traces"])

    def test_the_version_is_plain_text(self, http: httpx.Client) -> None:
        response = http.get(f"{MOUNT}/version")
        assert response.text == "3.17.2"
        assert response.headers["content-type"] == "text/plain; charset=utf-8"


class TestTags:
    def test_a_tag_is_set_replaced_found_and_deleted(self, http: httpx.Client) -> None:
        send(http, span())
        path = f"{OLD_TRACES}/{trace_id(1)}/tags"
        for value in ("first", "second"):
            assert http.patch(path, json={"key": "a b", "value": value}).json() == {}
        assert get_trace(http, trace_id(1))["trace_info"]["tags"]["a b"] == "second"
        assert search_ids(http, filter="tags.`a b` = 'second'") == [trace_id(1)]

        assert http.delete(path, params={"key": "a b"}).json() == {}
        assert "a b" not in get_trace(http, trace_id(1))["trace_info"]["tags"]
        assert error_of(http.delete(path, params={"key": "a b"})) == (404, "RESOURCE_DOES_NOT_EXIST")

    def test_a_tag_is_deleted_by_a_key_in_the_body(self, http: httpx.Client) -> None:
        send(http, span(attributes={"mlflow.traceTag.a": "b"}))
        path = f"{OLD_TRACES}/{trace_id(1)}/tags"
        http.request("DELETE", path, json={"key": "a"}).raise_for_status()
        assert "a" not in get_trace(http, trace_id(1))["trace_info"]["tags"]
        assert error_of(http.delete(path)) == (400, "INVALID_PARAMETER_VALUE")

    def test_a_tag_of_an_unknown_trace_returns_404(self, http: httpx.Client) -> None:
        path = f"{OLD_TRACES}/{ABSENT}/tags"
        assert error_of(http.patch(path, json={"key": "a", "value": "b"})) == (404, "RESOURCE_DOES_NOT_EXIST")
        assert error_of(http.delete(path, params={"key": "a"})) == (404, "RESOURCE_DOES_NOT_EXIST")


class TestDeletion:
    def delete(self, http: httpx.Client, **body: Any) -> int:
        response = http.post(f"{OLD_TRACES}/delete-traces", json={"experiment_id": "0", **body})
        deleted: int = response.raise_for_status().json()["traces_deleted"]
        return deleted

    def test_a_deletion_includes_tags_files_and_assessments(self, http: httpx.Client) -> None:
        send_info(http, recorded_info(tags={"a": "b"}))
        put_file(http, RECORDED_ID, RECORDED_SPAN).raise_for_status()
        assess(http, RECORDED_ID).raise_for_status()
        send(http, span())

        assert self.delete(http, request_ids=[RECORDED_ID, RECORDED_ID, ABSENT]) == 1
        assert http.get(f"{TRACES}/{RECORDED_ID}").status_code == 404
        assert http.get(file_of(RECORDED_ID)).status_code == 404
        assert search_ids(http) == [trace_id(1)]
        # A new trace of the same id has no old tags or assessments.
        bare = send_info(http, recorded_info())
        assert list(bare["tags"]) == ["mlflow.artifactLocation"]
        assert "assessments" not in bare

    def test_a_deletion_is_limited_to_the_experiment(self, http: httpx.Client) -> None:
        send(http, span())
        assert self.delete(http, experiment_id="1", request_ids=[trace_id(1)]) == 0
        assert self.delete(http, experiment_id="1", max_timestamp_millis=2**53 - 1) == 0
        assert search_ids(http) == [trace_id(1)]

    def test_a_deletion_by_age_starts_with_the_oldest(self, http: httpx.Client) -> None:
        start_ms = START_NS // 1_000_000
        send(http, *(span(number, start_ns=START_NS + number * 1_000_000, end_ns=2**62) for number in (1, 2, 3, 4)))
        assert self.delete(http, max_timestamp_millis=start_ms) == 0
        assert self.delete(http, max_timestamp_millis=start_ms + 3.0, max_traces=2.0) == 2
        assert search_ids(http) == [trace_id(4), trace_id(3)]
        assert self.delete(http, max_timestamp_millis=start_ms + 3) == 1
        assert self.delete(http, max_timestamp_millis=2**53 - 1) == 1
        assert search_ids(http) == []


def assess(http: httpx.Client, trace: str, **fields: Any) -> httpx.Response:
    assessment = {
        "assessment_name": "correct",
        "source": {"source_type": "CODE", "source_id": "default"},
        "feedback": {"value": True},
        **fields,
    }
    return http.post(f"{TRACES}/{trace}/assessments", json={"assessment": assessment})


class TestAssessments:
    def test_an_assessment_is_returned_with_its_trace(self, http: httpx.Client) -> None:
        send(http, span())
        times = {"create_time": "2026-11-22T17:42:12.632Z", "last_update_time": "2026-11-22T17:42:12.632Z"}
        stored = assess(http, trace_id(1), rationale="ok", span_id="0" * 15 + "1", **times).json()["assessment"]
        assert stored == {
            "assessment_id": stored["assessment_id"],
            "assessment_name": "correct",
            "trace_id": trace_id(1),
            "span_id": "0000000000000001",
            "source": {"source_type": "CODE", "source_id": "default"},
            **times,
            "feedback": {"value": True},
            "rationale": "ok",
            "valid": True,
        }
        prefix, digits = stored["assessment_id"][:2], stored["assessment_id"][2:]
        assert prefix == "a-"
        assert len(bytes.fromhex(digits)) == 16
        for info in (get_trace(http, trace_id(1))["trace_info"], *search(http)["traces"]):
            assert info["assessments"] == [stored]

    def test_each_assessment_gets_an_id_and_a_time(self, http: httpx.Client) -> None:
        send(http, span())
        first, second = (assess(http, trace_id(1), assessment_id="mine").json()["assessment"] for _ in range(2))
        assert len({first["assessment_id"], second["assessment_id"], "mine"}) == 3
        assert first["create_time"] == first["last_update_time"]
        assert get_trace(http, trace_id(1))["trace_info"]["assessments"] == [first, second]

    def test_a_repeated_assessment_with_an_id_of_the_client_is_stored_once(self, http: httpx.Client) -> None:
        send(http, span())
        own = f"a-{'1' * 32}"
        stored = assess(http, trace_id(1), assessment_id=own).json()["assessment"]
        assert stored["assessment_id"] == own
        assert assess(http, trace_id(1), assessment_id=own, rationale="again").json()["assessment"] == stored
        assert get_trace(http, trace_id(1))["trace_info"]["assessments"] == [stored]

    def test_an_assessment_id_of_the_client_belongs_to_one_trace(self, http: httpx.Client) -> None:
        send(http, span())
        send_info(http, trace_info(2))
        own = f"a-{'1' * 32}"
        assert assess(http, trace_id(1), assessment_id=own).json()["assessment"]["assessment_id"] == own
        assert assess(http, trace_id(2), assessment_id=own).json()["assessment"]["assessment_id"] != own
        assert len(get_trace(http, trace_id(1))["trace_info"]["assessments"]) == 1

    def test_an_overridden_assessment_is_invalid(self, http: httpx.Client) -> None:
        send(http, span())
        first = assess(http, trace_id(1)).json()["assessment"]
        second = assess(http, trace_id(1), overrides=first["assessment_id"]).json()["assessment"]
        listed = get_trace(http, trace_id(1))["trace_info"]["assessments"]
        assert listed == [{**first, "valid": False}, second]
        assert error_of(assess(http, trace_id(1), overrides="a-none")) == (404, "RESOURCE_DOES_NOT_EXIST")
        assert len(get_trace(http, trace_id(1))["trace_info"]["assessments"]) == 2

    def test_an_assessment_of_an_unknown_trace_returns_404(self, http: httpx.Client) -> None:
        assert error_of(assess(http, ABSENT)) == (404, "RESOURCE_DOES_NOT_EXIST")

    def test_assessments_are_stored_from_an_info(self, http: httpx.Client) -> None:
        given = {"assessment_name": "correct", "source": {"source_type": "HUMAN"}, "feedback": {"value": "yes"}}
        (stored,) = send_info(http, trace_info(assessments=[given]))["assessments"]
        assert {key: stored[key] for key in given} == given
        (again,) = send_info(http, trace_info(assessments=[{**stored, "rationale": "because"}]))["assessments"]
        assert again == {**stored, "rationale": "because"}

    def test_an_assessment_id_of_another_trace_returns_400(self, http: httpx.Client) -> None:
        send(http, span())
        stored = assess(http, trace_id(1)).json()["assessment"]
        info = trace_info(2, assessments=[{**stored, "rationale": "elsewhere"}])
        response = http.post(TRACES, json={"trace": {"trace_info": info}})
        assert error_of(response) == (400, "RESOURCE_ALREADY_EXISTS")
        assert search_ids(http) == [trace_id(1)]
        assert get_trace(http, trace_id(1))["trace_info"]["assessments"] == [stored]


def test_a_location_of_another_kind_returns_400(http: httpx.Client) -> None:
    elsewhere = {**location("0"), "type": "UC_SCHEMA"}
    assert http.post(f"{TRACES}/search", json={"locations": [elsewhere]}).status_code == 400
