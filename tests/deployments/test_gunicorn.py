"""gunicorn's workers of greenlets patch the standard library after the fork, with `--preload` after `configure`."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from tests.deployments.conftest import PROGRAMS
from tests.helpers.faulty_server import faulty_server
from tests.helpers.programs import TIMEOUT_S, wait_until_equal


@pytest.mark.parametrize("preload", [True, False], ids=["preload", "no preload"])
@pytest.mark.parametrize("kind", ["sync", "gthread", "gevent"])
def test_gunicorn_workers_deliver_all(spool: bool, tmp_path: Path, kind: str, preload: bool) -> None:
    log = tmp_path / "gunicorn.log"
    with faulty_server() as server, socket.create_server(("127.0.0.1", 0)) as listening, log.open("wb") as output:
        listening.set_inheritable(True)
        options = ["--preload"] * preload + ["--workers=2", "-k", kind, f"--bind=fd://{listening.fileno()}"]
        gunicorn = subprocess.Popen(
            [
                sys.executable,
                "-W",
                "ignore",
                "-m",
                "gunicorn",
                *options,
                "--no-control-socket",
                "gunicorn_app:application",
            ],
            cwd=PROGRAMS,
            env={**os.environ, "SPOOL": str(int(spool)), "PATIENT": "1", "SERVER": server.url},
            pass_fds=[listening.fileno()],
            stdout=output,
            stderr=output,
        )

        def get(path: str) -> bytes:
            url = f"http://127.0.0.1:{listening.getsockname()[1]}{path}"
            with urllib.request.urlopen(url, timeout=TIMEOUT_S) as response:
                return bytes(response.read())

        try:
            assert {get("/") for _ in range(100)} == {b"hello"}
            assert get("/flush") == b"0"
        finally:
            gunicorn.send_signal(signal.SIGTERM)
            gunicorn.wait(TIMEOUT_S)
        text = log.read_text(errors="replace")
        wait_until_equal(lambda: server.store.names["request"], 100, text)
        assert server.store.names["loaded"] == (1 if preload else 2), text
        assert set(server.store.arrivals.values()) == {1}
        assert "WORKER TIMEOUT" not in text
