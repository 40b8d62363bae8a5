"""Export requests of OpenTelemetry: encoding, compression, experiment, key, errors and environment variables."""

from __future__ import annotations

from typing import Final

import pytest
from opentelemetry.exporter.otlp.common.http import Compression
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.trace import Tracer
from tests.helpers.faulty_server import faulty_server
from tests.interop.opentelemetry_to_kayba_local.conftest import (
    API_KEY,
    EXPORTERS,
    PATH,
    Sender,
    read_back,
    record_spans,
)

from ace_tracing import NotFoundError
from kayba_api import Client
from kayba_api.api.experiments import create_experiment
from kayba_api.models import CreatedExperiment, CreateExperimentRequest

MEDIA_TYPES: Final = {"protobuf": "application/x-protobuf", "JSON": "application/json"}


def record_large_span(tracer: Tracer) -> None:
    with tracer.start_as_current_span("agent", attributes={"transcript": "Where is my order? " * 20_000}):
        pass


def create_named_experiment(sender: Sender, name: str) -> str:
    """Create an experiment and return its id."""
    with Client(sender.url, api_key=API_KEY) as client:
        made = create_experiment.sync(client=client, body=CreateExperimentRequest(name))
    assert isinstance(made, CreatedExperiment)
    return made.experiment_id


@pytest.mark.interop("Compression")
@pytest.mark.parametrize("compression", Compression, ids=lambda compression: compression.value)
def test_compressed_spans_arrive(sender: Sender, compression: Compression) -> None:
    spans = record_spans(record_large_span)
    assert sender.send(spans, compression=compression)
    assert read_back(spans[0]).data.spans[0].attributes["transcript"] == "Where is my order? " * 20_000


@pytest.mark.interop("Compression")
@pytest.mark.parametrize("compression", Compression, ids=lambda compression: compression.value)
def test_exporters_apply_encoding_and_compression(sender: Sender, compression: Compression) -> None:
    with faulty_server() as server:
        assert Sender(sender.encoding, server.url).send(record_spans(record_large_span), compression=compression)
        ((method, path, sent, body),) = server.requests
    headers = {name.lower(): value for name, value in sent.items()}
    assert (method, path, headers["content-type"]) == ("POST", PATH, MEDIA_TYPES[sender.encoding])
    assert headers.get("content-encoding", "none") == compression.value
    assert (b"Where is my order?" in body) == (compression is Compression.NONE)


@pytest.mark.interop("Experiments")
def test_spans_go_to_the_experiment_in_the_header(sender: Sender) -> None:
    experiment = create_named_experiment(sender, f"otel {sender.encoding}")
    spans = record_spans(record_large_span)
    assert sender.send(spans, experiment=experiment)
    assert read_back(spans[0]).info.experiment_id == experiment


@pytest.mark.interop("Experiments")
@pytest.mark.interop("Keys and other errors")
@pytest.mark.parametrize(("experiment", "status"), [(None, "400"), ("one", "400"), ("999999", "404")])
def test_spans_without_an_existing_experiment_are_refused(
    sender: Sender, experiment: str | None, status: str, caplog: pytest.LogCaptureFixture
) -> None:
    spans = record_spans(record_large_span)
    assert not sender.send(spans, experiment=experiment)
    assert status in caplog.text
    with pytest.raises(NotFoundError):
        read_back(spans[0])


@pytest.mark.interop("Keys and other errors")
def test_a_wrong_key_is_refused(sender: Sender, caplog: pytest.LogCaptureFixture) -> None:
    spans = record_spans(record_large_span)
    assert not sender.send(spans, api_key="kb-wrong")
    assert "401" in caplog.text
    with pytest.raises(NotFoundError):
        read_back(spans[0])


@pytest.mark.interop("Experiments")
def test_environment_variables_configure_the_exporter(sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"{sender.url}/api/mlflow")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip")
    headers = f"Authorization=Bearer%20{API_KEY},x-mlflow-experiment-id=0"
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", headers)
    spans = record_spans(record_large_span)
    exporter = EXPORTERS[sender.encoding]()
    assert exporter.export(spans) is SpanExportResult.SUCCESS
    exporter.shutdown()
    assert read_back(spans[0]).info.experiment_id == "0"
