"""A forked child never waits for its parent's locks, and sends its own traces only: point 13."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from tests.helpers.faulty_server import faulty_server
from tests.helpers.programs import PROGRAMS_FOLDER, TIMEOUT_S, Programs, mark_soak, unexpected_lines

forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="the platform has no fork")


@forks
@pytest.mark.point(13)
@pytest.mark.parametrize("count", [60, pytest.param(1_000, marks=pytest.mark.soak)])
def test_forks_of_a_busy_process_neither_hang_nor_send_twice(programs: Programs, spool: bool, count: int) -> None:
    with faulty_server(keep_requests=False) as server:
        report = programs.report("fork_loop", server.url, count, spool=spool, timeout=900)
        assert report["codes"] == {"0": count}
        stored = server.store.names
        assert {name: times for name, times in stored.items() if name != "parent"} == {
            f"child{number}": 1 for number in range(count)
        }
        assert stored["parent"] == report["made"]
        assert set(server.store.arrivals.values()) == {1}


BEFORE = {"running": 1, "manual": 1, **{f"before{number}": 1 for number in range(20)}}
BETWEEN = {f"between{child}-{number}": 1 for child in range(4) for number in range(5)}
CHILDREN = {f"child{child}-{number}": 1 for child in range(4) for number in range(5)}
FIRST_CALLS = {
    "root": {"first0": 4},
    "span below the running one": {"below": 4},
    "end of the running span": {},
    "end of another span": {},
    "flush": {},
    "status": {},
    "search": {},
    "feedback": {},
    "threads": {f"thread{thread}-{number}": 4 for thread in range(8) for number in range(5)},
    "configure": {},
    "nothing": None,
}


@forks
@pytest.mark.point(13)
@pytest.mark.parametrize("first", FIRST_CALLS)
def test_forks_without_python_s_hooks_deliver_all_once(programs: Programs, spool: bool, first: str) -> None:
    with faulty_server() as server:
        done = programs.run("raw_forks", server.url, first, spool=spool, patient=True)
        assert json.loads(done.stdout) == {"codes": [0] * 4, "pending": 0}, done.stderr
        assert unexpected_lines(done.stderr) == [], done.stderr
        made = FIRST_CALLS[first]
        assert server.store.names == BEFORE | BETWEEN | ({} if made is None else CHILDREN | made)
        assert set(server.store.arrivals.values()) == {1}


METHODS = ["spawn"] + ["fork", "forkserver"] * hasattr(os, "fork")


@pytest.mark.point(13)
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("kind", mark_soak(["Process", "Pool", "ProcessPoolExecutor"], quick=("Process",)))
def test_multiprocessing_children_deliver_all(programs: Programs, spool: bool, method: str, kind: str) -> None:
    with faulty_server() as server:
        done = programs.run("processes", server.url, method, kind, spool=spool, patient=True)
        assert unexpected_lines(done.stderr) == [], done.stderr
        assert server.store.names == {"parent": 100, "child": 100}
        assert set(server.store.arrivals.values()) == {1}


@forks
@pytest.mark.point(13)
@pytest.mark.skipif(importlib.util.find_spec("gunicorn") is None, reason="gunicorn is not installed")
def test_preloaded_gunicorn_workers_deliver_all(spool: bool, tmp_path: Path) -> None:
    with faulty_server() as server, socket.create_server(("127.0.0.1", 0)) as listening:
        listening.set_inheritable(True)
        options = ["--preload", "--workers", "2", "--bind", f"fd://{listening.fileno()}", "--no-control-socket"]
        gunicorn = subprocess.Popen(
            [
                sys.executable,
                "-W",
                "ignore::DeprecationWarning",
                "-m",
                "gunicorn",
                *options,
                "gunicorn_app:application",
            ],
            cwd=PROGRAMS_FOLDER,
            env={**os.environ, "SPOOL": str(int(spool)), "PATIENT": "1", "SERVER": server.url},
            pass_fds=[listening.fileno()],
            stderr=subprocess.DEVNULL,
        )
        try:
            for _ in range(100):
                assert httpx.get(f"http://127.0.0.1:{listening.getsockname()[1]}/", timeout=TIMEOUT_S).text == "hello"
        finally:
            gunicorn.send_signal(signal.SIGTERM)
            gunicorn.wait(TIMEOUT_S)
        assert server.store.names == {"loaded": 1, "request": 100}
        assert set(server.store.arrivals.values()) == {1}
