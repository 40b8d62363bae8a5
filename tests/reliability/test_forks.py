"""A forked child hangs on no lock of its parent's, sends what is its own and nothing else: point 13."""

from __future__ import annotations

import importlib.util
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from tests.helpers.faulty_server import faulty_server
from tests.helpers.programs import FOLDER, Programs, beside_warnings, each_way

forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="the platform has no fork")


@forks
@pytest.mark.point(13)
@pytest.mark.parametrize("count", [60, pytest.param(1_000, marks=pytest.mark.soak)])
def test_forks_while_locks_are_held_hang_nowhere_and_send_nothing_twice(
    programs: Programs, spool: bool, count: int
) -> None:
    with faulty_server(keep_requests=False) as server:
        told = programs.report("fork_busy", server.url, count, spool=spool, timeout=900)
        assert told["codes"] == {"0": count}
        stored = server.store.names
        assert {name: times for name, times in stored.items() if name != "parent"} == {
            f"child{number}": 1 for number in range(count)
        }
        assert stored["parent"] == told["made"]
        assert set(server.store.arrivals.values()) == {1}


METHODS = ["spawn"] + ["fork", "forkserver"] * hasattr(os, "fork")


@pytest.mark.point(13)
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("kind", each_way(["Process", "Pool", "ProcessPoolExecutor"], quick=("Process",)))
def test_children_of_multiprocessing_deliver_all(programs: Programs, spool: bool, method: str, kind: str) -> None:
    with faulty_server() as server:
        done = programs.run("processes", server.url, method, kind, spool=spool)
        assert (done.returncode, beside_warnings(done.stderr)) == (0, [])
        assert server.store.names == {"parent": 100, "child": 100}
        assert set(server.store.arrivals.values()) == {1}


@forks
@pytest.mark.point(13)
@pytest.mark.skipif(importlib.util.find_spec("gunicorn") is None, reason="gunicorn is not installed")
def test_workers_of_a_preloaded_gunicorn_deliver_all(spool: bool, tmp_path: Path) -> None:
    with faulty_server() as server, socket.create_server(("127.0.0.1", 0)) as listening:
        listening.set_inheritable(True)
        options = ["--preload", "--workers", "2", "--bind", f"fd://{listening.fileno()}", "--no-control-socket"]
        gunicorn = subprocess.Popen(
            [sys.executable, "-W", "ignore::DeprecationWarning", "-m", "gunicorn", *options, "preloaded:application"],
            cwd=FOLDER,
            env={**os.environ, "SPOOL": str(int(spool)), "SERVER": server.url},
            pass_fds=[listening.fileno()],
            stderr=subprocess.DEVNULL,
        )
        try:
            for _ in range(100):
                assert httpx.get(f"http://127.0.0.1:{listening.getsockname()[1]}/", timeout=60).text == "hello"
        finally:
            gunicorn.send_signal(signal.SIGTERM)
            gunicorn.wait(60)
        assert server.store.names == {"loaded": 1, "request": 100}
        assert set(server.store.arrivals.values()) == {1}
