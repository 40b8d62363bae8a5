"""What the interop tests share: a real MLflow server, MLflow's own client looking at a server, and the table."""

from __future__ import annotations

from collections.abc import Iterator

import mlflow
import pytest
from mlflow import MlflowClient
from tests.helpers.interop.interop_table import InteropTable
from tests.helpers.interop.mlflow_reader import InMlflow
from tests.helpers.interop.mlflow_server import MlflowServer, mlflow_server

import ace_tracing


@pytest.fixture(scope="session")
def real_mlflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MlflowServer]:
    """One MLflow server for all tests: it takes some fifteen seconds to start."""
    with mlflow_server(tmp_path_factory.mktemp("mlflow")) as server:
        yield server


@pytest.fixture
def to_mlflow(real_mlflow: MlflowServer, request: pytest.FixtureRequest) -> Iterator[MlflowServer]:
    """Tracing configured for the real server, into an experiment of the test's own that is not there yet."""
    ace_tracing.configure(api_key="kb-test", base_url=real_mlflow.url, experiment=request.node.name)
    yield real_mlflow
    ace_tracing.shutdown()
    ace_tracing.enable()


@pytest.fixture
def in_mlflow(to_mlflow: MlflowServer, request: pytest.FixtureRequest) -> Iterator[InMlflow]:
    """What ace-tracing sends to the real server, seen by MLflow's client; the fluent API looks there, too."""
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(to_mlflow.tracking_uri)
    yield InMlflow(MlflowClient(), request.node.name)
    mlflow.set_tracking_uri(before)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--write-table", action="store_true", help="write the interop table into docs/interop.md")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "interop(feature): what the test shows, a row of the interop table")
    config.pluginmanager.register(InteropTable(write=config.getoption("write_table")), "interop-table")
