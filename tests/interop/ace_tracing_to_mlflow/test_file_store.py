"""Traces of ace-tracing on a real MLflow with a file store, which does not support OTLP, read by MLflow's client."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import mlflow
import pytest
from mlflow import MlflowClient
from mlflow.entities import SpanStatusCode, Trace
from tests.helpers.export_requests import START_NS, span, trace
from tests.helpers.interop.json_values import VALUES, is_identical
from tests.helpers.interop.mlflow_reader import MlflowReader, parent_names, read_trace
from tests.helpers.interop.mlflow_server import MlflowServer, mlflow_server

import ace_tracing
from ace_tracing import start_span
from ace_tracing.delivery.http.client import ServiceClient
from ace_tracing.delivery.http.exporter import Exporter
from ace_tracing.delivery.http.results import Delivered, ExportResult
from ace_tracing.delivery.otlp.encoder import ExportRequest
from ace_tracing.recording.records import TraceDetails, TraceRecord

ROOT: Final = "ec083fa9d564970f"
CHILD: Final = "47844d9d8171cc8a"
LATE: Final = "98167be929e4866f"


@pytest.fixture(scope="module")
def file_store_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MlflowServer]:
    """Start one MLflow server with a file store for all tests in this file."""
    with mlflow_server(tmp_path_factory.mktemp("mlflow"), otlp=False) as server:
        yield server


@pytest.fixture
def client(file_store_server: MlflowServer) -> Iterator[MlflowClient]:
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(file_store_server.tracking_uri)
    yield MlflowClient()
    mlflow.set_tracking_uri(before)


@pytest.fixture
def reader(
    file_store_server: MlflowServer, client: MlflowClient, request: pytest.FixtureRequest
) -> Iterator[MlflowReader]:
    """Configure tracing for the server, with a new experiment for each test that does not exist yet."""
    ace_tracing.configure(
        api_key="kb-test", base_url=file_store_server.url, experiment=request.node.name, folder="prod"
    )
    yield MlflowReader(client, request.node.name)
    ace_tracing.shutdown()
    ace_tracing.enable()


def send(server: MlflowServer, *traces: TraceRecord) -> ExportResult:
    """Send with a new exporter, as in a new process."""
    exporter = Exporter(ServiceClient(server.url, "kb-test"))
    try:
        return exporter.send(ExportRequest(traces))
    finally:
        exporter.close()


@pytest.mark.interop("Tree of spans")
def test_a_span_tree_reads_back_from_a_file_store(reader: MlflowReader) -> None:
    with start_span("root", span_type="AGENT") as root, start_span("child"), start_span("grandchild"):
        pass
    found = reader.trace(root)
    assert parent_names(found.data.spans) == {"root": None, "child": "root", "grandchild": "child"}
    assert found.info.trace_id == root.trace_id
    assert reader.newest().info.trace_id == root.trace_id


@pytest.mark.interop("Inputs and outputs")
def test_every_value_reads_back_from_a_file_store(reader: MlflowReader) -> None:
    with start_span("root") as root:
        root.set_inputs(VALUES)
        root.set_outputs("Paris")
        root.set_attributes(VALUES)
    found = reader.span(root)
    assert is_identical(found.inputs, VALUES)
    assert found.outputs == "Paris"
    assert is_identical({name: found.attributes[name] for name in VALUES}, VALUES)


@pytest.mark.interop("Status and exceptions")
def test_an_exception_reads_back_from_a_file_store(reader: MlflowReader) -> None:
    with pytest.raises(ValueError, match="boom"), start_span("root") as root:
        raise ValueError("boom")
    found = reader.trace(root)
    (failed,) = found.data.spans
    assert failed.status.status_code == SpanStatusCode.ERROR
    assert failed.events[0].attributes["exception.message"] == "boom"
    assert found.info.state == "ERROR"


@pytest.mark.interop("Trace name, folder, tags")
@pytest.mark.interop("Session, user, token usage")
def test_trace_tags_and_metadata_read_back_from_a_file_store(
    file_store_server: MlflowServer, client: MlflowClient
) -> None:
    usage = {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7}
    details = TraceDetails(
        "named", {"team": "a/b", "a/b": "no file can have this name"}, {"session.id": "s", "user.id": "u"}
    )
    sent = trace(
        span(ROOT, inputs='{"n": 3}', attributes={"mlflow.chat.tokenUsage": usage}),
        trace_id="1" * 32,
        folder="prod/eu",
        details=details,
    )
    assert send(file_store_server, sent) == Delivered()
    info = read_trace(client, "tr-" + "1" * 32).info
    assert (info.tags["mlflow.traceName"], info.tags["kayba.folder"], info.tags["team"]) == ("named", "prod/eu", "a/b")
    assert (info.trace_metadata["mlflow.trace.session"], info.trace_metadata["mlflow.trace.user"]) == ("s", "u")
    assert info.token_usage == usage
    assert (info.request_time, info.execution_duration) == (START_NS // 1_000_000, 71)
    assert info.request_preview == '{"n": 3}'


@pytest.mark.interop("Links")
def test_a_link_reads_back_from_a_file_store(file_store_server: MlflowServer, client: MlflowClient) -> None:
    assert (
        send(file_store_server, trace(span(links=[("b" * 32, "c" * 16, {"why": "retry"})]), trace_id="2" * 32))
        == Delivered()
    )
    (link,) = read_trace(client, "tr-" + "2" * 32).data.spans[0].links
    assert (link.trace_id, link.span_id, link.attributes) == ("tr-" + "b" * 32, "c" * 16, {"why": "retry"})


def test_sending_a_trace_again_changes_nothing(file_store_server: MlflowServer, client: MlflowClient) -> None:
    sent = trace(span(ROOT), span(CHILD, ROOT), trace_id="3" * 32, folder="prod")
    assert send(file_store_server, sent) == Delivered()
    once = read_trace(client, "tr-" + "3" * 32).to_dict()
    assert send(file_store_server, sent) == Delivered()
    assert read_trace(client, "tr-" + "3" * 32).to_dict() == once


def test_spans_in_three_batches_make_one_trace(file_store_server: MlflowServer, client: MlflowClient) -> None:
    trace_id = "tr-" + "4" * 32

    def send_spans(*spans: object, **details: object) -> Trace:
        assert send(file_store_server, trace(*spans, trace_id="4" * 32, **details)) == Delivered()  # type: ignore[arg-type]
        return read_trace(client, trace_id)

    assert send_spans(span(CHILD, ROOT, name="child")).info.state == "IN_PROGRESS"
    client.set_trace_tag(trace_id, "by", "hand")
    mlflow.log_feedback(trace_id=trace_id, name="correct", value=True)
    complete = send_spans(span(ROOT, name="root"), folder="prod")
    assert complete.info.state == "OK"
    assert complete.info.execution_duration == 71
    assert (complete.info.tags["kayba.folder"], complete.info.tags["by"]) == ("prod", "hand")
    assert [assessment.name for assessment in complete.info.assessments or ()] == ["correct"]
    late = send_spans(span(LATE, ROOT, name="late"))
    assert {each.name for each in late.data.spans} == {"root", "child", "late"}
    assert late.info.state == "OK"


@pytest.mark.interop("Experiments")
def test_a_deleted_experiment_blocks_its_traces(file_store_server: MlflowServer, client: MlflowClient) -> None:
    client.delete_experiment(client.create_experiment("deleted"))
    result = send(file_store_server, trace(experiment="deleted", trace_id="5" * 32))
    assert "deleted" in getattr(result, "reason", "")
