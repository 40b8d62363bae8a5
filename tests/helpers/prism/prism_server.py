"""The mock server Stoplight Prism, serving the contract as a child process on a free loopback port."""

from __future__ import annotations

import http.client
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

READY_TIMEOUT_S: Final = 60.0
STOP_TIMEOUT_S: Final = 10.0


@contextmanager
def prism_server(contract: Path, log: Path) -> Iterator[str]:
    """Serve the contract until the block ends, and yield the base URL of its paths.

    Prism ignores the path of the contract's servers: its paths are not below `/api`.

    Args:
        contract: The OpenAPI document to serve.
        log: The file for Prism's log.

    Raises:
        RuntimeError: Prism ended, or was not ready in time. The message contains the end of the log.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = int(listener.getsockname()[1])
    with log.open("wb") as output:
        process = subprocess.Popen(
            # With --errors, Prism refuses a request that breaks the contract.
            [*_prism(), "mock", "--host", "127.0.0.1", "--port", f"{port}", "--errors", str(contract)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        deadline = time.monotonic() + READY_TIMEOUT_S
        while not _is_ready(port):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"Prism did not start:\n{log.read_text(errors='replace')[-4_000:]}")
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _prism() -> list[str]:
    """Return the command for Prism's script. On Windows, ending its wrapper would leave the child process running."""
    wrapper, node = shutil.which("prism"), shutil.which("node")
    if wrapper is None or node is None:
        raise RuntimeError("prism is not installed: run these tests with `hatch run prism:test`")
    return [node, str(Path(wrapper).parents[1] / "@stoplight" / "prism-cli" / "dist" / "index.js")]


def _is_ready(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/")
        connection.getresponse()
    except OSError:
        return False
    finally:
        connection.close()
    return True
