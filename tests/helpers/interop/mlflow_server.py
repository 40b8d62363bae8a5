"""A real MLflow server as a child process: its own store, a free loopback port, gone when the block is left."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

READY_WITHIN_S = 120.0
STOPPED_WITHIN_S = 20.0


@dataclass(frozen=True, slots=True)
class MlflowServer:
    """A running server.

    Attributes:
        url: what `configure(base_url=...)` takes.
    """

    url: str

    @property
    def tracking_uri(self) -> str:
        """What MLflow's own clients take."""
        return f"{self.url}/api/mlflow"


@contextmanager
def mlflow_server(folder: Path, *, otlp: bool = True) -> Iterator[MlflowServer]:
    """Serve MLflow below `/api/mlflow`, where Kayba has it, for as long as the block runs.

    Args:
        folder: an empty folder for its store and its log.
        otlp: whether its store is one that takes spans by OTLP: a database; else it keeps files.

    Raises:
        RuntimeError: it ended, or was not ready in time; the message holds the end of its log.
    """
    port = _free_port()
    server = MlflowServer(f"http://127.0.0.1:{port}")
    log = folder / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "mlflow", "server", "--static-prefix", "/api/mlflow"),
                *("--host", "127.0.0.1", "--port", str(port), "--workers", "1"),
                *("--backend-store-uri", f"sqlite:///{folder / 'mlflow.db'}" if otlp else (folder / "store").as_uri()),
                *("--artifacts-destination", str(folder / "artifacts")),
            ],
            # A job queue would start seven more processes, which outlive the server by seconds.
            env={
                **os.environ,
                "MLFLOW_DISABLE_TELEMETRY": "true",
                "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
                "MLFLOW_ALLOW_FILE_STORE": "true",
            },
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _wait_until_ready(server, process, log)
        yield server
    finally:
        _stop(process)


def _wait_until_ready(server: MlflowServer, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + READY_WITHIN_S
    while not _answers(f"{server.tracking_uri}/health"):
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"MLflow's server did not start:\n{log.read_text(errors='replace')[-4_000:]}")
        time.sleep(0.1)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the server with the uvicorn that it started, and nothing else."""
    if sys.platform == "win32":
        subprocess.run(["taskkill", "/F", "/T", "/PID", str(process.pid)], check=False, capture_output=True)
        process.wait()
        return
    process.terminate()
    try:
        process.wait(STOPPED_WITHIN_S)
    except subprocess.TimeoutExpired:
        # It leads a session of its own, so the group holds it and its children only.
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
