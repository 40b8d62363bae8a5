"""Trace-level data of ace-tracing on a real MLflow: tags, metadata, state and experiment."""

from __future__ import annotations

import contextlib

import mlflow
import pytest
from tests.helpers.interop.mlflow_reader import MlflowReader, deliver, experiment_id
from tests.helpers.interop.mlflow_server import MlflowServer

import ace_tracing
from ace_tracing import continue_trace, inject, start_span, trace


@pytest.mark.interop("Trace name, folder, tags")
def test_trace_name_and_folder_are_stored_as_tags(reader: MlflowReader) -> None:
    ace_tracing.set_folder("prod/<b>eu</b> 1")
    with start_span("the name") as filed:
        pass
    ace_tracing.set_folder(None)
    with start_span("unfiled") as unfiled:
        pass
    tags = reader.trace(filed).info.tags
    assert tags["mlflow.traceName"] == "the name"
    assert tags["kayba.folder"] == "prod/eu 1"
    assert "kayba.folder" not in reader.trace(unfiled).info.tags


@pytest.mark.interop("Trace name, folder, tags")
def test_a_failed_trace_keeps_its_folder(reader: MlflowReader) -> None:
    ace_tracing.set_folder("before")

    @trace
    def agent() -> None:
        ace_tracing.set_folder("after")
        raise ValueError("no")

    with contextlib.suppress(ValueError):
        agent()
    found = reader.newest().info
    assert (found.state, found.tags["kayba.folder"]) == ("ERROR", "before")


@pytest.mark.interop("Trace name, folder, tags")
def test_a_name_that_is_valid_json_stays_text(reader: MlflowReader) -> None:
    for name in ("123", "true", '"quoted"', '{"a": 1}', "null"):
        with start_span(name) as span:
            pass
        found = reader.trace(span)
        assert [span.name for span in found.data.spans] == [name]
        # MLflow removes one pair of quotes from a tag.
        assert found.info.tags["mlflow.traceName"] == name.strip('"')


@pytest.mark.interop("Session, user, token usage")
def test_session_user_and_token_usage_become_metadata(reader: MlflowReader) -> None:
    with start_span("root") as root, start_span("model") as model:
        root.set_attributes({"session.id": "s-1", "user.id": "u-1"})
        model.set_attribute("mlflow.chat.tokenUsage", {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7})
    info = reader.trace(root).info
    assert info.trace_metadata["mlflow.trace.session"] == "s-1"
    assert info.trace_metadata["mlflow.trace.user"] == "u-1"
    assert info.token_usage == {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7}


@pytest.mark.interop("Status and exceptions")
def test_the_trace_state_is_the_root_span_s_status(reader: MlflowReader) -> None:
    with start_span("good") as good, start_span("child") as child:
        child.set_status("ERROR", "broke")
    with start_span("bad") as bad:
        bad.set_status("ERROR", "broke as well")
    assert reader.trace(good).info.state == "OK"
    assert reader.span(child).status.description == "broke"
    assert reader.trace(bad).info.state == "ERROR"
    assert reader.span(bad).status.description == "broke as well"


@pytest.mark.interop("Experiments")
def test_a_missing_experiment_is_created_once(reader: MlflowReader) -> None:
    assert reader.client.get_experiment_by_name(reader.experiment) is None
    for _ in range(3):
        with start_span("root") as root:
            pass
        deliver()
    (made,) = reader.client.search_experiments(filter_string=f"name = '{reader.experiment}'")
    assert reader.trace(root).info.experiment_id == made.experiment_id
    assert len(reader.client.search_traces(locations=[made.experiment_id])) == 3


@pytest.mark.interop("Experiments")
def test_an_experiment_created_by_mlflow_is_used(reader: MlflowReader) -> None:
    experiment_id = reader.client.create_experiment("made by MLflow")
    ace_tracing.configure(api_key="kb-test", base_url=mlflow.get_tracking_uri(), experiment="made by MLflow")
    with start_span("root") as root:
        pass
    assert reader.trace(root).info.experiment_id == experiment_id


@pytest.mark.interop("Experiments")
def test_a_trace_without_an_experiment_is_in_the_default_one(real_mlflow: MlflowServer, reader: MlflowReader) -> None:
    ace_tracing.configure(api_key="kb-test", base_url=real_mlflow.url)
    with start_span("root") as root:
        pass
    assert reader.trace(root).info.experiment_id == "0"
    assert [found.trace_id for found in ace_tracing.search_traces(max_results=1)] == [root.trace_id]


@pytest.mark.interop("Experiments")
@pytest.mark.parametrize("forwarded", [("traceparent", "baggage"), ("traceparent",)], ids=["all headers", "no baggage"])
def test_a_trace_stays_in_the_experiment_of_its_root(
    real_mlflow: MlflowServer, reader: MlflowReader, forwarded: tuple[str, ...]
) -> None:
    with start_span("root") as root:
        headers: dict[str, str] = inject({})
    if "baggage" not in forwarded:
        # The service cannot know the experiment, and the trace is filed before its spans arrive.
        deliver()
    ace_tracing.configure(api_key="kb-test", base_url=real_mlflow.url, experiment="another service")
    with continue_trace({name: headers[name] for name in forwarded}), start_span("served"):
        pass
    found = reader.trace(root)
    assert found.info.experiment_id == experiment_id(reader.client, reader.experiment)
    assert sorted(span.name for span in found.data.spans) == ["root", "served"]
