"""Feedback of ace-tracing on a real MLflow, with a database and with a file store: stored once, after its trace."""

from __future__ import annotations

import os
from collections.abc import Iterator

import mlflow
import orjson
import pytest
from mlflow import MlflowClient
from mlflow.entities import Assessment
from tests.helpers.interop.mlflow_reader import read_trace
from tests.helpers.interop.mlflow_server import MlflowServer, mlflow_server

import ace_tracing
from ace_tracing import Delivery, flush, log_feedback, start_span, tracing_status
from ace_tracing.delivery.http.client import ServiceClient
from ace_tracing.delivery.http.exporter import Exporter
from ace_tracing.delivery.http.results import Delivered
from ace_tracing.recording.feedback import Feedback

UNKNOWN = "tr-" + "1" * 32


@pytest.fixture(scope="module")
def file_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MlflowServer]:
    with mlflow_server(tmp_path_factory.mktemp("mlflow"), otlp=False) as server:
        yield server


@pytest.fixture(params=["database", "file store"])
def server(request: pytest.FixtureRequest) -> Iterator[MlflowServer]:
    """Configure tracing for a real server, with a new experiment for each test."""
    found: MlflowServer = request.getfixturevalue("real_mlflow" if request.param == "database" else "file_store")
    ace_tracing.configure(api_key="kb-test", base_url=found.url, experiment=f"feedback {os.urandom(4).hex()}")
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(found.tracking_uri)
    yield found
    ace_tracing.shutdown()
    mlflow.set_tracking_uri(before)


def assessments(trace_id: str | None) -> list[Assessment]:
    """Return the assessments of a trace, as MLflow's client reads them."""
    return list(read_trace(MlflowClient(), trace_id).info.assessments)


@pytest.mark.interop("Assessments")
@pytest.mark.parametrize("value", [True, 0.5, "good", ["a", 1], {"score": 3}])
def test_feedback_logged_before_its_trace_arrives_reads_back(server: MlflowServer, value: object) -> None:
    with start_span("judged") as span:
        log_feedback(str(span.trace_id), "early", value)
    log_feedback(str(span.trace_id), "late", value, span_id=span.span_id, rationale="because", metadata={"run": "1"})
    assert flush(60) == Delivery(delivered=3, feedback_delivered=2)
    found = {each.name: each for each in assessments(span.trace_id)}
    values = [feedback and feedback.value for feedback in (found["early"].feedback, found["late"].feedback)]
    assert values == [value, value]
    late = found["late"]
    assert (late.span_id, late.rationale, late.metadata) == (span.span_id, "because", {"run": "1"})
    assert late.source.source_type == "HUMAN"


@pytest.mark.interop("Assessments")
def test_feedback_on_an_unknown_trace_waits_for_it(server: MlflowServer) -> None:
    log_feedback(UNKNOWN, "correct", True)
    assert flush(2) == Delivery(pending=1, feedback_pending=1)
    assert tracing_status().state == "waiting"


@pytest.mark.interop("Assessments")
def test_feedback_sent_twice_is_stored_once(server: MlflowServer) -> None:
    with start_span("judged") as span:
        pass
    assert flush(60)
    content = orjson.dumps(
        {
            "assessment_name": "correct",
            "source": {"source_type": "CODE", "source_id": "check"},
            "feedback": {"value": {"score": 1}},
            "metadata": {},
        }
    )
    trace_id = bytes.fromhex(str(span.trace_id).removeprefix("tr-"))
    feedback = Feedback(os.urandom(16), span.start_time_ns or 0, 0, trace_id, content)
    exporter, other = (Exporter(ServiceClient(server.url, "kb-test")) for _ in range(2))
    for sender, is_repeated in ((exporter, False), (exporter, True), (other, True)):
        assert sender.send_feedback(feedback, is_repeated=is_repeated) == Delivered()
        sender.close()
    assert len(assessments(span.trace_id)) == 1
