"""Small requests that ask for very much work: the memory stays bounded, and the next request is served."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import httpx
import pytest
from tests.helpers.hostile_requests import HOSTILE_REQUESTS, JSON, PROTOBUF
from tests.helpers.server_process import run_server

MAX_GROWTH_KB: Final = 50 * 1024
TIMEOUT_S: Final = 120

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads the memory of a process from /proc")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, httpx.Client]]:
    store = f"sqlite:///{tmp_path_factory.mktemp('store') / 'kayba.db'}"
    with run_server("--store", store) as (process, url), httpx.Client(base_url=url, timeout=TIMEOUT_S) as client:
        # Modules that are imported by the first request are no part of a request's cost.
        client.post("/v1/traces", content=b"", headers={"Content-Type": PROTOBUF}).raise_for_status()
        assert client.post("/v1/traces", content=b'{"resourceSpans": [1]}', headers={"Content-Type": JSON}).is_error
        assert client.post("/api/traces", json={"traces": [1]}).is_error
        yield process.pid, client


@pytest.mark.parametrize("name", HOSTILE_REQUESTS)
def test_memory_stays_bounded_and_the_next_request_is_served(server: tuple[int, httpx.Client], name: str) -> None:
    pid, client = server
    request = HOSTILE_REQUESTS[name]
    body = request.compress()
    assert len(body) < 100_000
    Path(f"/proc/{pid}/clear_refs").write_text("5")
    before = memory_kb(pid, "VmRSS")
    headers = {"Content-Type": request.media_type, "Content-Encoding": "gzip"}
    response = client.request(
        request.method, request.path, content=body, headers={**headers, "x-mlflow-experiment-id": "0"}
    )
    assert response.status_code in (200, 400, 413), response.text
    assert memory_kb(pid, "VmHWM") - before < MAX_GROWTH_KB
    assert client.post("/v1/traces", content=b"{}", headers={"Content-Type": JSON}).status_code == 200


def memory_kb(pid: int, name: str) -> int:
    """Return the resident memory of a process now (`VmRSS`), or its largest since the last reset (`VmHWM`)."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1])
    raise AssertionError(f"no {name}")
