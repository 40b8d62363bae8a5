"""Stoplight Prism serving the contract, as a child process on a free loopback port."""

from __future__ import annotations

import http.client
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

READY_WITHIN_S = 60.0
STOPPED_WITHIN_S = 10.0


@contextmanager
def prism_server(contract: Path, log: Path) -> Iterator[str]:
    """Serve for as long as the block runs; gives the URL that the contract's paths are below.

    Prism leaves out the path of the contract's servers: its paths are not below `/api`.

    Args:
        contract: the OpenAPI document that it serves.
        log: the file that it writes its log into.

    Raises:
        RuntimeError: it ended, or was not ready in time; the message holds the end of its log.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = int(listener.getsockname()[1])
    with log.open("wb") as output:
        process = subprocess.Popen(
            # With --errors a request that the contract does not allow is refused.
            [*_prism(), "mock", "--host", "127.0.0.1", "--port", f"{port}", "--errors", str(contract)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        deadline = time.monotonic() + READY_WITHIN_S
        while not _answers(port):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"Prism did not start:\n{log.read_text(errors='replace')[-4_000:]}")
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        try:
            process.wait(STOPPED_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _prism() -> list[str]:
    """What runs it; the script itself and not its wrapper, which on Windows would outlive no signal, but its child."""
    wrapper, node = shutil.which("prism"), shutil.which("node")
    if wrapper is None or node is None:
        raise RuntimeError("prism is not installed: run these tests with `hatch run prism:test`")
    return [node, str(Path(wrapper).parents[1] / "@stoplight" / "prism-cli" / "dist" / "index.js")]


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/")
        connection.getresponse()
    except OSError:
        return False
    finally:
        connection.close()
    return True
