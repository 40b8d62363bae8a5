"""Fixtures of all interop tests: a real MLflow server, MLflow's own client, and the interop tables."""

from __future__ import annotations

from collections.abc import Iterator

import mlflow
import pytest
from mlflow import MlflowClient
from tests.helpers.interop.interop_table import InteropTable
from tests.helpers.interop.mlflow_reader import MlflowReader
from tests.helpers.interop.mlflow_server import MlflowServer, mlflow_server

import ace_tracing


@pytest.fixture(scope="session")
def real_mlflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MlflowServer]:
    """Start one MLflow server for all tests; a start takes about fifteen seconds."""
    with mlflow_server(tmp_path_factory.mktemp("mlflow")) as server:
        yield server


@pytest.fixture
def configured_mlflow(real_mlflow: MlflowServer, request: pytest.FixtureRequest) -> Iterator[MlflowServer]:
    """Configure tracing for the real server, with a new experiment for each test that does not exist yet."""
    ace_tracing.configure(api_key="kb-test", base_url=real_mlflow.url, experiment=request.node.name)
    yield real_mlflow
    ace_tracing.shutdown()
    ace_tracing.enable()


@pytest.fixture
def reader(configured_mlflow: MlflowServer, request: pytest.FixtureRequest) -> Iterator[MlflowReader]:
    """Return a reader of the traces that ace-tracing sends to the real server. MLflow's fluent API uses it, too."""
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(configured_mlflow.tracking_uri)
    yield MlflowReader(MlflowClient(), request.node.name)
    mlflow.set_tracking_uri(before)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--write-table", action="store_true", help="write the interop tables into docs/interop.md")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "interop(row): the row of the interop tables that the test covers")
    config.pluginmanager.register(InteropTable(write=config.getoption("write_table")), "interop-table")
