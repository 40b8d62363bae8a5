"""What MLflow's client can change: tags, assessments, experiments, and traces that go. In kayba-local as in MLflow."""

from __future__ import annotations

import httpx
import mlflow
import pytest
from mlflow import MlflowClient
from mlflow.entities import AssessmentSource, ViewType
from mlflow.exceptions import MlflowException
from tests.helpers.interop.mlflow_reader import deliver, experiment_id, refusal
from tests.interop.mlflow_to_kayba_local.conftest import API_KEY, Side, Sides

import ace_tracing
from ace_tracing import NotFoundError, get_trace, search_traces, start_span

UNKNOWN = "tr-" + "0" * 32


def make(server: Side, experiment: str, *names: str) -> list[str]:
    """New traces in an experiment; their ids."""
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
def test_tags_are_set_replaced_and_deleted(server: Side) -> None:
    (trace_id,) = make(server, "tags", "tagged")
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
def test_tags_that_cannot_be_changed(server: Side) -> None:
    (trace_id,) = make(server, "tags", "tagged")
    with pytest.raises(MlflowException) as caught:
        server.client.delete_trace_tag(trace_id, "not there")
    assert refusal(caught.value) == ("RESOURCE_DOES_NOT_EXIST", 404)
    with pytest.raises(MlflowException) as caught:
        server.client.set_trace_tag(trace_id, "k" * 251, "v")
    assert refusal(caught.value) == ("INVALID_PARAMETER_VALUE", 400)
    # MLflow's client does not even ask for this one; another client may.
    answer = httpx.patch(
        f"{server.url}/api/mlflow/api/2.0/mlflow/traces/{trace_id}/tags",
        json={"key": "mlflow.trace.spansLocation", "value": "elsewhere"},
        headers={"Authorization": f"Bearer {API_KEY}"},
    )
    assert (answer.status_code, answer.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
    assert server.client.get_trace(trace_id).info.tags["mlflow.traceName"] == "tagged"


@pytest.mark.interop("Assessments")
def test_feedback_and_expectations(server: Side) -> None:
    (trace_id,) = make(server, "assessments", "assessed")
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
    found = {one.name: one for one in server.client.get_trace(trace_id).info.assessments}
    assert sorted(found) == ["answer", "failed", "helpful", "words"]
    helpful = found["helpful"]
    assert (helpful.assessment_id, helpful.trace_id) == (logged.assessment_id, trace_id)
    assert (helpful.value, helpful.rationale, helpful.metadata) == (True, "it was", {"project": "x"})
    assert (helpful.source.source_type, helpful.source.source_id) == ("HUMAN", "me")
    assert found["words"].value == {"a": 1.5, "b": "c"}
    assert found["failed"].error.error_message == "no judge"
    assert found["answer"].value == {"city": "Paris"}
    names = [one["assessment_name"] for one in get_trace(trace_id).info.assessments]
    assert sorted(names) == sorted(found)
    (searched,) = search_traces(filter_string="name = 'assessed'", max_results=1)
    assert searched.info.assessments == get_trace(trace_id).info.assessments


@pytest.mark.interop("Assessments")
def test_an_unknown_trace_cannot_be_assessed(server: Side) -> None:
    with pytest.raises(MlflowException) as caught:
        mlflow.log_feedback(trace_id=UNKNOWN, name="helpful", value=True)
    assert refusal(caught.value) == ("RESOURCE_DOES_NOT_EXIST", 404)


@pytest.mark.interop("Delete traces")
def test_traces_are_deleted_by_id(server: Side) -> None:
    kept, gone = make(server, "deleted by id", "kept", "gone")
    theirs = experiment_id(server.client, "deleted by id")
    assert server.client.delete_traces(theirs, trace_ids=[gone, UNKNOWN]) == 1
    assert server.client.delete_traces(theirs, trace_ids=[gone]) == 0
    assert server.client.delete_traces("0", trace_ids=[kept]) == 0
    with pytest.raises(NotFoundError):
        get_trace(gone)
    assert [found.trace_id for found in search_traces()] == [kept]


@pytest.mark.interop("Delete traces")
def test_traces_are_deleted_by_age(server: Side) -> None:
    ids = make(server, "deleted by age", "a", "b", "c")
    infos = [server.client.get_trace(trace_id).info for trace_id in ids]
    theirs = experiment_id(server.client, "deleted by age")
    last_ms = max(info.timestamp_ms for info in infos)
    assert server.client.delete_traces(theirs, max_timestamp_millis=infos[0].timestamp_ms - 1) == 0
    assert server.client.delete_traces(theirs, max_timestamp_millis=last_ms, max_traces=2) == 2
    assert len(search_traces()) == 1
    assert server.client.delete_traces(theirs, max_timestamp_millis=last_ms) == 1
    assert search_traces() == []


@pytest.mark.interop("Experiments")
def test_experiments_are_made_and_found(server: Side) -> None:
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
def test_experiments_that_are_not_there_or_there_already(server: Side) -> None:
    assert server.client.get_experiment_by_name("nowhere") is None
    with pytest.raises(MlflowException) as caught:
        server.client.get_experiment("987654")
    assert refusal(caught.value) == ("RESOURCE_DOES_NOT_EXIST", 404)
    with pytest.raises(MlflowException) as caught:
        server.client.create_experiment("interop")
    assert refusal(caught.value) == ("RESOURCE_ALREADY_EXISTS", 400)


@pytest.mark.interop("Get a trace")
def test_an_unknown_trace_is_not_found(server: Side) -> None:
    with pytest.raises(MlflowException) as caught:
        server.client.get_trace(UNKNOWN)
    assert refusal(caught.value) == ("RESOURCE_DOES_NOT_EXIST", 404)
    assert mlflow.get_trace(UNKNOWN) is None


@pytest.mark.interop("Search: filter, order, pages")
def test_the_fluent_search(server: Side) -> None:
    ids = make(server, "fluent search", "a", "b")
    found = mlflow.search_traces(
        locations=[experiment_id(server.client, "fluent search")],
        filter_string="name = 'b'",
        return_type="list",
        flush=False,
    )
    assert [(trace.info.trace_id, trace.data.spans[0].name) for trace in found] == [(ids[1], "b")]


@pytest.mark.interop("Keys and other errors")
def test_kayba_local_takes_no_wrong_key(sides: Sides, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "kb-wrong")
    with pytest.raises(MlflowException, match="key") as caught:
        MlflowClient(tracking_uri=f"{sides.kayba.url}/api/mlflow").search_experiments()
    assert refusal(caught.value)[1] == 401
