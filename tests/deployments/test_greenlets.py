"""Programs in which gevent or eventlet replaces the standard library, at any time."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Iterator
from typing import Final

import pytest
from tests.helpers.faulty_server import faulty_server
from tests.helpers.programs import Programs, wait_until_equal

from ace_tracing import configure, shutdown

PATCHED: Final = ("import", "before", "after", "first trace", "delivery", "never")


@pytest.fixture
def programs() -> Iterator[Programs]:
    """Starts the programs of the reliability tests, and kills the running ones afterwards."""
    running = Programs()
    yield running
    running.end()


@pytest.mark.parametrize("ending", ["flush", "exit", "kill"])
@pytest.mark.parametrize("forked", [False, True], ids=["one process", "fork"])
@pytest.mark.parametrize("patched", PATCHED)
@pytest.mark.parametrize("library", ["gevent", "eventlet"])
def test_program_with_greenlets_delivers_all(
    programs: Programs, spool: bool, library: str, patched: str, forked: bool, ending: str
) -> None:
    if ending == "kill" and not spool:
        pytest.skip("without the spool, a killed process loses its traces")
    with faulty_server() as server:
        code = -signal.SIGKILL if ending == "kill" else 0
        arguments = (library, patched, int(forked), ending)
        done = programs.run("greenlets", server.url, *arguments, spool=spool, patient=True, code=code, timeout=100)
        if ending == "kill":
            configure(api_key="kb-test", base_url=server.url)
        count = 50 * (1 + forked)
        expected = Counter({"first": 1, "greenlet": count, "thread": count})
        wait_until_equal(lambda: server.store.names, expected, done.stderr)
        shutdown()
        # A killed process may have sent traces without saving its progress.
        assert ending == "kill" or set(server.store.arrivals.values()) == {1}
