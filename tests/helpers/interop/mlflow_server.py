"""A real MLflow server as a child process, with an empty store and a free loopback port, until the block ends."""

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
from typing import Final

READY_TIMEOUT_S: Final = 120.0
STOP_TIMEOUT_S: Final = 20.0


@dataclass(frozen=True, slots=True)
class MlflowServer:
    """A running MLflow server.

    Attributes:
        url: The value for `configure(base_url=...)`.
    """

    url: str

    @property
    def tracking_uri(self) -> str:
        """The tracking URI for MLflow's own clients."""
        return f"{self.url}/api/mlflow"


@contextmanager
def mlflow_server(folder: Path, *, otlp: bool = True) -> Iterator[MlflowServer]:
    """Serve MLflow below `/api/mlflow`, the path of Kayba's tracing mount, until the block ends.

    Args:
        folder: An empty folder for the store and the log.
        otlp: Whether the server supports OTLP. Its store is then a database, otherwise files.

    Raises:
        RuntimeError: The server ended, or was not ready in time. The message contains the end of the log.
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
            # The job queue would start seven more processes, which end seconds after the server.
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
    deadline = time.monotonic() + READY_TIMEOUT_S
    while not _is_ready(f"{server.tracking_uri}/health"):
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"MLflow's server did not start:\n{log.read_text(errors='replace')[-4_000:]}")
        time.sleep(0.1)


def _is_ready(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the server and the uvicorn process that it started."""
    if sys.platform == "win32":
        subprocess.run(["taskkill", "/F", "/T", "/PID", str(process.pid)], check=False, capture_output=True)
        process.wait()
        return
    process.terminate()
    try:
        process.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        # The server leads its own session, so the process group contains only the server and its children.
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
