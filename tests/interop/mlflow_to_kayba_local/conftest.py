"""Fixtures: the same programs run on a real MLflow and on kayba-local, and MLflow's client for each server."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import mlflow
import pytest
from mlflow import MlflowClient
from mlflow.entities import Trace
from tests.helpers.interop.json_values import VALUES
from tests.helpers.interop.mlflow_reader import experiment_id, read_trace
from tests.helpers.interop.mlflow_server import MlflowServer

import ace_tracing
from kayba_local import serve

PROGRAMS: Final = Path(__file__).parents[1] / "programs"
API_KEY: Final = "kb-right"


@dataclass(frozen=True, slots=True)
class FilledServer:
    """One server with the traces of the programs.

    Attributes:
        url: The value for `configure(base_url=...)`.
        client: MLflow's client for this server.
        ids: The ids of the programs' traces, by name.
        experiment_id: The experiment with the traces of MLflow's fluent program.
    """

    url: str
    client: MlflowClient
    ids: dict[str, str]
    experiment_id: str

    def trace(self, name: str) -> Trace:
        """Return a trace of the programs."""
        return read_trace(self.client, self.ids[name])


@dataclass(frozen=True, slots=True)
class FilledServers:
    """Both servers, with traces of the same programs."""

    mlflow: FilledServer
    kayba: FilledServer


@pytest.fixture(scope="session")
def servers(real_mlflow: MlflowServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FilledServers]:
    """Run both programs on both servers. kayba-local accepts only the right key."""
    # The copy is outside the Git checkout, because MLflow records the commit of a checkout with every trace.
    folder = Path(shutil.copytree(PROGRAMS, tmp_path_factory.mktemp("interop") / "programs"))
    with serve(api_key=API_KEY) as kayba, pytest.MonkeyPatch.context() as patch:
        # The programs run in parallel, because imports take most of their time.
        running = [
            (url, [start(folder / "published.py", url), start(folder / "fluent.py", url, json.dumps(VALUES))])
            for url in (real_mlflow.url, kayba.url)
        ]
        patch.setenv("MLFLOW_TRACKING_TOKEN", API_KEY)
        yield FilledServers(*(wait_for_programs(url, programs) for url, programs in running))


@pytest.fixture(params=["kayba-local", "MLflow"])
def server(request: pytest.FixtureRequest, servers: FilledServers) -> Iterator[FilledServer]:
    """Run the test on each server, with ace-tracing and MLflow's fluent API configured for it."""
    filled = servers.kayba if request.param == "kayba-local" else servers.mlflow
    ace_tracing.configure(api_key=API_KEY, base_url=filled.url)
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(f"{filled.url}/api/mlflow")
    yield filled
    mlflow.set_tracking_uri(before)
    ace_tracing.shutdown()


def start(program: Path, url: str, *arguments: str) -> subprocess.Popen[str]:
    """Start a program as a child process, because MLflow's tracing keeps state in globals and in the environment."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
    return subprocess.Popen(
        [sys.executable, program, url, API_KEY, *arguments],
        env={**environment, "MLFLOW_DISABLE_TELEMETRY": "true"},
        cwd=program.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for_programs(url: str, programs: list[subprocess.Popen[str]]) -> FilledServer:
    """Wait for the programs and collect the ids of their traces."""
    ids: dict[str, str] = {}
    for program in programs:
        output, errors = program.communicate(timeout=120)
        assert program.returncode == 0, errors
        ids |= json.loads(output)
        assert all(ids.values()), errors
    client = MlflowClient(tracking_uri=f"{url}/api/mlflow")
    return FilledServer(url, client, ids, experiment_id(client, "interop"))
