"""uWSGI forks its workers in C, without Python's hooks, and by default runs no background threads in them."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Final

import pytest
from tests.deployments.conftest import PROGRAMS
from tests.helpers.faulty_server import faulty_server
from tests.helpers.programs import TIMEOUT_S, wait_for, wait_until_equal

from ace_tracing import configure, shutdown

REQUESTS: Final = 101
BEFORE_FORK: Final = "A trace has ended before uWSGI forked"
WITHOUT_THREADS: Final = "uWSGI runs no background threads"


@pytest.mark.parametrize(
    ("options", "sent", "spooled", "warns"),
    [
        (["--master", "--processes=2"], 0, 1, True),
        (["--master", "--processes=2", "--enable-threads"], 0, 1, False),
        (["--master", "--processes=2", "--threads=4"], 0, 1, False),
        (["--master", "--processes=2", "--enable-threads", "--py-call-uwsgi-fork-hooks"], 0, 1, False),
        (["--master", "--processes=2", "--enable-threads", "--lazy-apps"], 2, 0, False),
        (["--enable-threads"], 1, 0, False),
    ],
    ids=["default", "enable-threads", "threads", "fork hooks", "lazy-apps", "one process"],
)
def test_all_uwsgi_workers_deliver_distinct_traces(
    spool: bool, tmp_path: Path, options: list[str], sent: int, spooled: int, warns: bool
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    log = tmp_path / "uwsgi.log"
    with faulty_server() as server, log.open("wb") as output:
        uwsgi = subprocess.Popen(
            [
                str(Path(sys.executable).parent / "uwsgi"),
                f"--http-socket=127.0.0.1:{port}",
                "--module=uwsgi_app",
                f"--pythonpath={PROGRAMS}",
                f"--home={sys.prefix}",
                "--die-on-term",
                *options,
            ],
            cwd=PROGRAMS,
            env={**os.environ, "SPOOL": str(int(spool)), "PATIENT": "1", "SERVER": server.url},
            stdout=output,
            stderr=output,
            start_new_session=True,
        )

        def request() -> bytes:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=TIMEOUT_S) as response:
                return bytes(response.read())

        def is_up() -> bool:
            with suppress(OSError):
                return bool(request())
            return False

        try:
            wait_for(is_up)
            ids = {request() for _ in range(REQUESTS - 1)}
            if not warns:
                wait_until_equal(lambda: server.store.names, Counter({"loaded": sent, "request": REQUESTS}))
        finally:
            uwsgi.send_signal(signal.SIGTERM)
            try:
                uwsgi.wait(60)
            except subprocess.TimeoutExpired:
                os.killpg(uwsgi.pid, signal.SIGKILL)
                raise AssertionError(log.read_text(errors="replace")) from None
        text = log.read_text(errors="replace")
        assert len(ids) == REQUESTS - 1, text
        # The master sends nothing: a thread that waits for the interpreter's lock at a fork breaks it in the worker.
        assert text.count(BEFORE_FORK) == spooled, text
        wait_until_equal(lambda: server.store.names, Counter({"loaded": sent, "request": REQUESTS}), text)
        if spool and spooled:
            configure(api_key="kb-test", base_url=server.url)
            sent += spooled
            wait_until_equal(lambda: server.store.names, Counter({"loaded": sent, "request": REQUESTS}), text)
            shutdown()
        assert len(server.store.traces) == REQUESTS + sent
        assert set(server.store.arrivals.values()) == {1}
        assert (WITHOUT_THREADS in text) is warns, text
