"""The OTLP exporter, configured for a real MLflow server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pytest
from mlflow import MlflowClient
from tests.helpers.interop.mlflow_reader import MlflowReader
from tests.helpers.interop.mlflow_server import MlflowServer

import ace_tracing

EXPERIMENT_HEADER: Final = "x-mlflow-experiment-id"


@pytest.fixture
def otlp_reader(real_mlflow: MlflowServer, request: pytest.FixtureRequest) -> Iterator[MlflowReader]:
    """Send traces by OTLP to a new experiment of the real server, and return a reader of them."""
    client = MlflowClient(real_mlflow.tracking_uri)
    experiment = client.create_experiment(request.node.name)
    ace_tracing.configure(
        exporter="otlp",
        endpoint=real_mlflow.tracking_uri,
        headers={EXPERIMENT_HEADER: experiment},
        show_running_after=None,
    )
    yield MlflowReader(client, request.node.name)
    ace_tracing.shutdown()
    ace_tracing.enable()
