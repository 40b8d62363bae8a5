"""ace-tracing to a real MLflow that cannot take OTLP, since it keeps its traces in files: read by MLflow's client."""

from __future__ import annotations

from collections.abc import Iterator

import mlflow
import pytest
from mlflow import MlflowClient
from mlflow.entities import SpanStatusCode, Trace
from tests.helpers.export_requests import START_NS, span, trace
from tests.helpers.interop.json_values import VALUES, same
from tests.helpers.interop.mlflow_reader import InMlflow, parents, read
from tests.helpers.interop.mlflow_server import MlflowServer, mlflow_server

import ace_tracing
from ace_tracing import start_span
from ace_tracing.delivery.http.client import ServiceClient
from ace_tracing.delivery.http.exporter import Exporter
from ace_tracing.delivery.http.results import Delivered, ExportResult
from ace_tracing.delivery.otlp.encoder import ExportRequest
from ace_tracing.recording.records import TraceDetails, TraceRecord

ROOT, CHILD, LATE = "ec083fa9d564970f", "47844d9d8171cc8a", "98167be929e4866f"


@pytest.fixture(scope="module")
def on_files(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MlflowServer]:
    """One such server for all tests here."""
    with mlflow_server(tmp_path_factory.mktemp("mlflow"), otlp=False) as server:
        yield server


@pytest.fixture
def client(on_files: MlflowServer) -> Iterator[MlflowClient]:
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(on_files.tracking_uri)
    yield MlflowClient()
    mlflow.set_tracking_uri(before)


@pytest.fixture
def in_files(on_files: MlflowServer, client: MlflowClient, request: pytest.FixtureRequest) -> Iterator[InMlflow]:
    """Tracing configured for the server, into an experiment of the test's own that is not there yet."""
    ace_tracing.configure(api_key="kb-test", base_url=on_files.url, experiment=request.node.name, folder="prod")
    yield InMlflow(client, request.node.name)
    ace_tracing.shutdown()
    ace_tracing.enable()


def send(server: MlflowServer, *traces: TraceRecord) -> ExportResult:
    """Send as a process does that has sent nothing before."""
    exporter = Exporter(ServiceClient(server.url, "kb-test"))
    try:
        return exporter.send(ExportRequest(traces))
    finally:
        exporter.close()


@pytest.mark.interop("Tree of spans")
def test_a_tree_on_a_file_store(in_files: InMlflow) -> None:
    with start_span("root", span_type="AGENT") as root, start_span("child"), start_span("grandchild"):
        pass
    found = in_files.trace(root)
    assert parents(found.data.spans) == {"root": None, "child": "root", "grandchild": "child"}
    assert found.info.trace_id == root.trace_id
    assert in_files.newest().info.trace_id == root.trace_id


@pytest.mark.interop("Inputs and outputs")
def test_every_value_comes_back_from_a_file_store(in_files: InMlflow) -> None:
    with start_span("root") as root:
        root.set_inputs(VALUES)
        root.set_outputs("Paris")
        root.set_attributes(VALUES)
    found = in_files.span(root)
    assert same(found.inputs, VALUES)
    assert found.outputs == "Paris"
    assert same({name: found.attributes[name] for name in VALUES}, VALUES)


@pytest.mark.interop("Status and exceptions")
def test_an_exception_on_a_file_store(in_files: InMlflow) -> None:
    with pytest.raises(ValueError, match="boom"), start_span("root") as root:
        raise ValueError("boom")
    found = in_files.trace(root)
    (failed,) = found.data.spans
    assert failed.status.status_code == SpanStatusCode.ERROR
    assert failed.events[0].attributes["exception.message"] == "boom"
    assert found.info.state == "ERROR"


@pytest.mark.interop("Trace name, folder, tags")
@pytest.mark.interop("Session, user, token usage")
def test_what_belongs_to_the_trace_on_a_file_store(on_files: MlflowServer, client: MlflowClient) -> None:
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
    assert send(on_files, sent) == Delivered()
    info = read(client, "tr-" + "1" * 32).info
    assert (info.tags["mlflow.traceName"], info.tags["kayba.folder"], info.tags["team"]) == ("named", "prod/eu", "a/b")
    assert (info.trace_metadata["mlflow.trace.session"], info.trace_metadata["mlflow.trace.user"]) == ("s", "u")
    assert info.token_usage == usage
    assert (info.request_time, info.execution_duration) == (START_NS // 1_000_000, 71)
    assert info.request_preview == '{"n": 3}'


@pytest.mark.interop("Links")
def test_a_link_on_a_file_store(on_files: MlflowServer, client: MlflowClient) -> None:
    assert send(on_files, trace(span(links=[("b" * 32, "c" * 16, {"why": "retry"})]), trace_id="2" * 32)) == Delivered()
    (link,) = read(client, "tr-" + "2" * 32).data.spans[0].links
    assert (link.trace_id, link.span_id, link.attributes) == ("tr-" + "b" * 32, "c" * 16, {"why": "retry"})


def test_a_repeat_changes_nothing(on_files: MlflowServer, client: MlflowClient) -> None:
    sent = trace(span(ROOT), span(CHILD, ROOT), trace_id="3" * 32, folder="prod")
    assert send(on_files, sent) == Delivered()
    once = read(client, "tr-" + "3" * 32).to_dict()
    assert send(on_files, sent) == Delivered()
    assert read(client, "tr-" + "3" * 32).to_dict() == once


def test_spans_in_three_batches_make_one_trace(on_files: MlflowServer, client: MlflowClient) -> None:
    trace_id = "tr-" + "4" * 32

    def sent(*spans: object, **said: object) -> Trace:
        assert send(on_files, trace(*spans, trace_id="4" * 32, **said)) == Delivered()  # type: ignore[arg-type]
        return read(client, trace_id)

    assert sent(span(CHILD, ROOT, name="child")).info.state == "IN_PROGRESS"
    client.set_trace_tag(trace_id, "by", "hand")
    mlflow.log_feedback(trace_id=trace_id, name="correct", value=True)
    whole = sent(span(ROOT, name="root"), folder="prod")
    assert whole.info.state == "OK"
    assert whole.info.execution_duration == 71
    assert (whole.info.tags["kayba.folder"], whole.info.tags["by"]) == ("prod", "hand")
    assert [assessment.name for assessment in whole.info.assessments or ()] == ["correct"]
    late = sent(span(LATE, ROOT, name="late"))
    assert {each.name for each in late.data.spans} == {"root", "child", "late"}
    assert late.info.state == "OK"


@pytest.mark.interop("Experiments")
def test_a_deleted_experiment_holds_its_traces(on_files: MlflowServer, client: MlflowClient) -> None:
    client.delete_experiment(client.create_experiment("deleted"))
    outcome = send(on_files, trace(experiment="deleted", trace_id="5" * 32))
    assert "deleted" in getattr(outcome, "reason", "")
