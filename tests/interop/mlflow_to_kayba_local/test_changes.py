"""Changes by MLflow's client: tags, assessments, experiments and deletions have the same results on both servers."""

from __future__ import annotations

from typing import Final

import httpx
import mlflow
import pytest
from mlflow import MlflowClient
from mlflow.entities import AssessmentSource, ViewType
from mlflow.exceptions import MlflowException
from tests.helpers.interop.mlflow_reader import deliver, error_code_and_status, experiment_id
from tests.interop.mlflow_to_kayba_local.conftest import API_KEY, FilledServer, FilledServers

import ace_tracing
from ace_tracing import NotFoundError, get_trace, search_traces, start_span

UNKNOWN: Final = "tr-" + "0" * 32


def record_traces(server: FilledServer, experiment: str, *names: str) -> list[str]:
    """Record traces in an experiment and return their ids."""
    ace_tracing.configure(api_key=API_KEY, base_url=server.url, experiment=experiment)
    ids = []
    for name in names:
        with start_span(name) as span:
            pass
        assert span.trace_id is not None
        ids.append(span.trace_id)
    deliver()
    return ids


@pytest.mark.interop("Set and delete tags")
def test_tags_are_set_replaced_and_deleted(server: FilledServer) -> None:
    (trace_id,) = record_traces(server, "tags", "tagged")
    for value in ("first", "second", '{"a": 1}', "é😀", ""):
        mlflow.set_trace_tag(trace_id, "own tag", value)
        assert server.client.get_trace(trace_id).info.tags["own tag"] == value
        assert get_trace(trace_id).info.tags["own tag"] == value
    server.client.set_trace_tag(trace_id, "kayba.folder", "moved")
    assert [found.trace_id for found in search_traces(filter_string="tags.`kayba.folder` = 'moved'")] == [trace_id]
    server.client.delete_trace_tag(trace_id, "kayba.folder")
    mlflow.delete_trace_tag(trace_id, "own tag")
    tags = server.client.get_trace(trace_id).info.tags
    assert (tags["mlflow.traceName"], "own tag" in tags, "kayba.folder" in tags) == ("tagged", False, False)


@pytest.mark.interop("Set and delete tags")
def test_invalid_tag_changes_are_refused(server: FilledServer) -> None:
    (trace_id,) = record_traces(server, "tags", "tagged")
    with pytest.raises(MlflowException) as caught:
        server.client.delete_trace_tag(trace_id, "not there")
    assert error_code_and_status(caught.value) == ("RESOURCE_DOES_NOT_EXIST", 404)
    with pytest.raises(MlflowException) as caught:
        server.client.set_trace_tag(trace_id, "k" * 251, "v")
    assert error_code_and_status(caught.value) == ("INVALID_PARAMETER_VALUE", 400)
    # MLflow's client refuses this key before any request; another client may send it.
    response = httpx.patch(
        f"{server.url}/api/mlflow/api/2.0/mlflow/traces/{trace_id}/tags",
        json={"key": "mlflow.trace.spansLocation", "value": "elsewhere"},
        headers={"Authorization": f"Bearer {API_KEY}"},
    )
    assert (response.status_code, response.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
    assert server.client.get_trace(trace_id).info.tags["mlflow.traceName"] == "tagged"


@pytest.mark.interop("Assessments")
def test_feedback_and_expectations_read_back(server: FilledServer) -> None:
    (trace_id,) = record_traces(server, "assessments", "assessed")
    logged = mlflow.log_feedback(
        trace_id=trace_id,
        name="helpful",
        value=True,
        rationale="it was",
        source=AssessmentSource(source_type="HUMAN", source_id="me"),
        metadata={"project": "x"},
    )
    mlflow.log_feedback(trace_id=trace_id, name="words", value={"a": 1.5, "b": "c"})
    mlflow.log_feedback(trace_id=trace_id, name="failed", error=ValueError("no judge"))
    mlflow.log_expectation(trace_id=trace_id, name="answer", value={"city": "Paris"})
    found = {each.name: each for each in server.client.get_trace(trace_id).info.assessments}
    assert sorted(found) == ["answer", "failed", "helpful", "words"]
    helpful = found["helpful"]
    assert (helpful.assessment_id, helpful.trace_id) == (logged.assessment_id, trace_id)
    assert (helpful.value, helpful.rationale, helpful.metadata) == (True, "it was", {"project": "x"})
    assert (helpful.source.source_type, helpful.source.source_id) == ("HUMAN", "me")
    assert found["words"].value == {"a": 1.5, "b": "c"}
    assert found["failed"].error.error_message == "no judge"
    assert found["answer"].value == {"city": "Paris"}
    names = [each["assessment_name"] for each in get_trace(trace_id).info.assessments]
    assert sorted(names) == sorted(found)
    (searched,) = search_traces(filter_string="name = 'assessed'", max_results=1)
    assert searched.info.assessments == get_trace(trace_id).info.assessments


@pytest.mark.interop("Assessments")
def test_assessing_an_unknown_trace_fails(server: FilledServer) -> None:
    with pytest.raises(MlflowException) as caught:
        mlflow.log_feedback(trace_id=UNKNOWN, name="helpful", value=True)
    assert error_code_and_status(caught.value) == ("RESOURCE_DOES_NOT_EXIST", 404)


@pytest.mark.interop("Delete traces")
def test_traces_are_deleted_by_id(server: FilledServer) -> None:
    kept, gone = record_traces(server, "deleted by id", "kept", "gone")
    theirs = experiment_id(server.client, "deleted by id")
    assert server.client.delete_traces(theirs, trace_ids=[gone, UNKNOWN]) == 1
    assert server.client.delete_traces(theirs, trace_ids=[gone]) == 0
    assert server.client.delete_traces("0", trace_ids=[kept]) == 0
    with pytest.raises(NotFoundError):
        get_trace(gone)
    assert [found.trace_id for found in search_traces()] == [kept]


@pytest.mark.interop("Delete traces")
def test_traces_are_deleted_by_age(server: FilledServer) -> None:
    ids = record_traces(server, "deleted by age", "a", "b", "c")
    infos = [server.client.get_trace(trace_id).info for trace_id in ids]
    theirs = experiment_id(server.client, "deleted by age")
    last_ms = max(info.timestamp_ms for info in infos)
    assert server.client.delete_traces(theirs, max_timestamp_millis=infos[0].timestamp_ms - 1) == 0
    assert server.client.delete_traces(theirs, max_timestamp_millis=last_ms, max_traces=2) == 2
    assert len(search_traces()) == 1
    assert server.client.delete_traces(theirs, max_timestamp_millis=last_ms) == 1
    assert search_traces() == []


@pytest.mark.interop("Experiments")
def test_experiments_are_created_and_found(server: FilledServer) -> None:
    made = server.client.create_experiment("made by hand")
    assert experiment_id(server.client, "made by hand") == made
    assert server.client.get_experiment(made).name == "made by hand"
    assert server.client.get_experiment("0").name == "Default"
    names = {found.name for found in server.client.search_experiments(view_type=ViewType.ACTIVE_ONLY)}
    assert {"Default", "interop", "made by hand"} <= names
    first = server.client.search_experiments(max_results=1)
    second = server.client.search_experiments(max_results=1, page_token=first.token)
    assert len(first) == len(second) == 1
    assert first[0].experiment_id != second[0].experiment_id
    (found,) = server.client.search_experiments(filter_string="name = 'made by hand'")
    assert found.experiment_id == made


@pytest.mark.interop("Experiments")
def test_unknown_and_duplicate_experiments_are_errors(server: FilledServer) -> None:
    assert server.client.get_experiment_by_name("nowhere") is None
    with pytest.raises(MlflowException) as caught:
        server.client.get_experiment("987654")
    assert error_code_and_status(caught.value) == ("RESOURCE_DOES_NOT_EXIST", 404)
    with pytest.raises(MlflowException) as caught:
        server.client.create_experiment("interop")
    assert error_code_and_status(caught.value) == ("RESOURCE_ALREADY_EXISTS", 400)


@pytest.mark.interop("Get a trace")
def test_an_unknown_trace_is_not_found(server: FilledServer) -> None:
    with pytest.raises(MlflowException) as caught:
        server.client.get_trace(UNKNOWN)
    assert error_code_and_status(caught.value) == ("RESOURCE_DOES_NOT_EXIST", 404)
    assert mlflow.get_trace(UNKNOWN) is None


@pytest.mark.interop("Search: filter, order, pages")
def test_the_fluent_api_searches_traces(server: FilledServer) -> None:
    ids = record_traces(server, "fluent search", "a", "b")
    found = mlflow.search_traces(
        locations=[experiment_id(server.client, "fluent search")],
        filter_string="name = 'b'",
        return_type="list",
        flush=False,
    )
    assert [(trace.info.trace_id, trace.data.spans[0].name) for trace in found] == [(ids[1], "b")]


@pytest.mark.interop("Keys and other errors")
def test_kayba_local_refuses_a_wrong_key(servers: FilledServers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "kb-wrong")
    with pytest.raises(MlflowException, match="key") as caught:
        MlflowClient(tracking_uri=f"{servers.kayba.url}/api/mlflow").search_experiments()
    assert error_code_and_status(caught.value)[1] == 401
