"""Fixtures of the tests with a real collector: Rotel, a collector in Rust whose wheel contains the program."""

from __future__ import annotations

import importlib.metadata
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest
from tests.helpers.programs import wait_for

ROTEL: Final = Path(str(importlib.metadata.distribution("rotel").locate_file("rotel/rotel-agent")))


def free_port() -> int:
    """Return a port of loopback that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def is_open(port: int) -> bool:
    """Return whether something listens on a port of loopback."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def run_rotel(destination: str, port: int, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a collector that forwards traces.

    Args:
        destination: The address to forward to, without `/v1/traces`.
        port: The port for OTLP over HTTP.
        log: The file for its messages.
    """
    command = [
        str(ROTEL), "start",
        "--otlp-grpc-endpoint", f"127.0.0.1:{free_port()}",
        "--otlp-http-endpoint", f"127.0.0.1:{port}",
        "--exporter", "otlp",
        "--otlp-exporter-protocol", "http",
        "--otlp-exporter-endpoint", destination,
        "--batch-timeout", "100ms",
    ]  # fmt: skip
    with log.open("ab") as output, subprocess.Popen(command, stdout=output, stderr=output) as process:
        try:
            wait_for(lambda: is_open(port) or process.poll() is not None, 60)
            assert process.poll() is None, log.read_text()
            yield process
        finally:
            process.kill()


@pytest.fixture
def rotel(tmp_path: Path) -> Iterator[Callable[[str], str]]:
    """Return a function that starts a collector in front of an address, and returns the collector's address."""
    running = []

    def start(destination: str) -> str:
        port = free_port()
        context = run_rotel(destination, port, tmp_path / "rotel.log")
        context.__enter__()
        running.append(context)
        return f"http://127.0.0.1:{port}"

    yield start
    for context in running:
        context.__exit__(None, None, None)
