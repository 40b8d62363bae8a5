"""The same programs, run against a real MLflow and against kayba-local, and MLflow's client looking at both."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import mlflow
import pytest
from mlflow import MlflowClient
from mlflow.entities import Trace
from tests.helpers.interop.json_values import VALUES
from tests.helpers.interop.mlflow_reader import experiment_id, read
from tests.helpers.interop.mlflow_server import MlflowServer

import ace_tracing
from kayba_local import serve

PROGRAMS = Path(__file__).parents[1] / "programs"
API_KEY = "kb-right"


@dataclass(frozen=True, slots=True)
class Side:
    """One server after the programs have run.

    Attributes:
        url: what `configure(base_url=...)` takes.
        client: MLflow's client looking at it.
        ids: the programs' traces, by name.
        experiment_id: where MLflow's fluent program has put its traces.
    """

    url: str
    client: MlflowClient
    ids: dict[str, str]
    experiment_id: str

    def trace(self, name: str) -> Trace:
        """A trace of the programs."""
        return read(self.client, self.ids[name])


@dataclass(frozen=True, slots=True)
class Sides:
    """Both servers, with the same traces."""

    mlflow: Side
    kayba: Side


@pytest.fixture(scope="session")
def sides(real_mlflow: MlflowServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sides]:
    """Both servers after both programs; kayba-local takes no key but the right one."""
    # A copy is outside of any checkout: MLflow would look into its history, and note the commit with every trace.
    folder = Path(shutil.copytree(PROGRAMS, tmp_path_factory.mktemp("interop") / "programs"))
    with serve(api_key=API_KEY) as kayba, pytest.MonkeyPatch.context() as patch:
        # All at once: most of their time goes by in imports.
        running = [
            (url, [start(folder / "published.py", url), start(folder / "fluent.py", url, json.dumps(VALUES))])
            for url in (real_mlflow.url, kayba.url)
        ]
        patch.setenv("MLFLOW_TRACKING_TOKEN", API_KEY)
        yield Sides(*(side(url, programs) for url, programs in running))


@pytest.fixture(params=["kayba-local", "MLflow"])
def server(request: pytest.FixtureRequest, sides: Sides) -> Iterator[Side]:
    """Each server in turn, with ace-tracing and MLflow's fluent API looking at it: what holds there must hold here."""
    side = sides.kayba if request.param == "kayba-local" else sides.mlflow
    ace_tracing.configure(api_key=API_KEY, base_url=side.url)
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(f"{side.url}/api/mlflow")
    yield side
    mlflow.set_tracking_uri(before)
    ace_tracing.shutdown()


def start(program: Path, url: str, *arguments: str) -> subprocess.Popen[str]:
    """Run a program in a process of its own: MLflow's tracing keeps its state in globals, and in the environment."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
    return subprocess.Popen(
        [sys.executable, program, url, API_KEY, *arguments],
        env={**environment, "MLFLOW_DISABLE_TELEMETRY": "true"},
        cwd=program.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def side(url: str, programs: list[subprocess.Popen[str]]) -> Side:
    """Wait for the programs, and look at what they left."""
    ids: dict[str, str] = {}
    for program in programs:
        output, errors = program.communicate(timeout=120)
        assert program.returncode == 0, errors
        ids |= json.loads(output)
        assert all(ids.values()), errors
    client = MlflowClient(tracking_uri=f"{url}/api/mlflow")
    return Side(url, client, ids, experiment_id(client, "interop"))
