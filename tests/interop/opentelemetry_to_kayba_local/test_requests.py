"""What goes around the spans: encodings, compression, experiments, keys, refusals, configuration by variables."""

from __future__ import annotations

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
    recorded,
)

from ace_tracing import NotFoundError
from kayba_api import Client
from kayba_api.api.experiments import create_experiment
from kayba_api.models import CreatedExperiment, CreateExperimentRequest

MEDIA_TYPES = {"protobuf": "application/x-protobuf", "JSON": "application/json"}


def large(tracer: Tracer) -> None:
    with tracer.start_as_current_span("agent", attributes={"transcript": "Where is my order? " * 20_000}):
        pass


def named(sender: Sender, name: str) -> str:
    """A new experiment; gives its id."""
    with Client(sender.url, api_key=API_KEY) as client:
        made = create_experiment.sync(client=client, body=CreateExperimentRequest(name))
    assert isinstance(made, CreatedExperiment)
    return made.experiment_id


@pytest.mark.interop("Compression")
@pytest.mark.parametrize("compression", Compression, ids=lambda compression: compression.value)
def test_compressed_spans_arrive(sender: Sender, compression: Compression) -> None:
    spans = recorded(large)
    assert sender.send(spans, compression=compression)
    assert read_back(spans[0]).data.spans[0].attributes["transcript"] == "Where is my order? " * 20_000


@pytest.mark.interop("Compression")
@pytest.mark.parametrize("compression", Compression, ids=lambda compression: compression.value)
def test_the_exporters_encode_and_compress_as_they_are_told(sender: Sender, compression: Compression) -> None:
    with faulty_server() as looking:
        assert Sender(sender.encoding, looking.url).send(recorded(large), compression=compression)
        ((method, path, sent, body),) = looking.requests
    headers = {name.lower(): value for name, value in sent.items()}
    assert (method, path, headers["content-type"]) == ("POST", PATH, MEDIA_TYPES[sender.encoding])
    assert headers.get("content-encoding", "none") == compression.value
    assert (b"Where is my order?" in body) == (compression is Compression.NONE)


@pytest.mark.interop("Experiments")
def test_spans_go_to_the_experiment_of_the_header(sender: Sender) -> None:
    experiment = named(sender, f"otel {sender.encoding}")
    spans = recorded(large)
    assert sender.send(spans, experiment=experiment)
    assert read_back(spans[0]).info.experiment_id == experiment


@pytest.mark.interop("Experiments")
@pytest.mark.interop("Keys and other errors")
@pytest.mark.parametrize(("experiment", "told"), [(None, "400"), ("one", "400"), ("999999", "404")])
def test_without_an_experiment_that_is_there_they_are_refused(
    sender: Sender, experiment: str | None, told: str, caplog: pytest.LogCaptureFixture
) -> None:
    spans = recorded(large)
    assert not sender.send(spans, experiment=experiment)
    assert told in caplog.text
    with pytest.raises(NotFoundError):
        read_back(spans[0])


@pytest.mark.interop("Keys and other errors")
def test_a_wrong_key_is_refused(sender: Sender, caplog: pytest.LogCaptureFixture) -> None:
    spans = recorded(large)
    assert not sender.send(spans, api_key="kb-wrong")
    assert "401" in caplog.text
    with pytest.raises(NotFoundError):
        read_back(spans[0])


@pytest.mark.interop("Experiments")
def test_variables_of_the_environment_are_configuration_enough(sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"{sender.url}/api/mlflow")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip")
    headers = f"Authorization=Bearer%20{API_KEY},x-mlflow-experiment-id=0"
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", headers)
    spans = recorded(large)
    exporter = EXPORTERS[sender.encoding]()
    assert exporter.export(spans) is SpanExportResult.SUCCESS
    exporter.shutdown()
    assert read_back(spans[0]).info.experiment_id == "0"
