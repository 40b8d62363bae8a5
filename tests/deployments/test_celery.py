"""Celery's prefork pool: its workers are forked with the configuration of their parent."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.deployments.conftest import PROGRAMS
from tests.helpers.faulty_server import faulty_server
from tests.helpers.programs import TIMEOUT_S, Programs, wait_until_equal


@pytest.mark.parametrize(
    ("task", "count", "results", "names"),
    [
        ("add", 50, list(range(1, 51)), {"task": 50, "step": 50}),
        ("wait", 2, ["limited", "limited"], {"slow": 2, "turn": ...}),
    ],
    ids=["tasks", "soft time limit"],
)
def test_prefork_workers_deliver_the_traces_of_all_tasks(
    programs: Programs,
    spool: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    task: str,
    count: int,
    results: list[object],
    names: dict[str, object],
) -> None:
    broker = tmp_path / "broker"
    broker.mkdir()
    (tmp_path / "broker.control").mkdir()
    with faulty_server() as server:
        monkeypatch.setenv("BROKER", str(broker))
        monkeypatch.setenv("SERVER", server.url)
        options = ["--pool=prefork", "--concurrency=2", "--without-gossip", "--without-mingle", "--loglevel=WARNING"]
        log = tmp_path / "worker.log"
        with log.open("wb") as stderr:
            worker = subprocess.Popen(
                [sys.executable, "-m", "celery", "-A", "tasks", "worker", *options],
                cwd=PROGRAMS,
                env={**os.environ, "SPOOL": str(int(spool)), "PATIENT": "1", "C_FORCE_ROOT": "1"},
                stdout=stderr,
                stderr=stderr,
            )
        try:
            done = programs.run("send_tasks", task, count, spool=spool, patient=True)
            assert json.loads(done.stdout) == results, log.read_text()
        finally:
            worker.send_signal(signal.SIGTERM)
            worker.wait(TIMEOUT_S)

        def stored() -> dict[str, object]:
            return {name: ... if names.get(name) is ... else times for name, times in server.store.names.items()}

        wait_until_equal(stored, names)
        assert set(server.store.arrivals.values()) == {1}, log.read_text()
