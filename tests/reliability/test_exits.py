"""All traces arrive, and nothing is raised, at every exit and from unusual places: points 12 and 14."""

from __future__ import annotations

import importlib.util
from collections import Counter

import pytest
from tests.helpers.faulty_server import faulty_server
from tests.helpers.programs import Programs, numbered_names, unexpected_lines


@pytest.mark.point(12)
@pytest.mark.parametrize(("ending", "code"), [("return", 0), ("sys.exit", 3), ("exception", 1)])
def test_program_end_delivers_all_and_keeps_the_exit_code(
    programs: Programs, spool: bool, ending: str, code: int
) -> None:
    with faulty_server() as server:
        done = programs.run("trace_and_exit", server.url, 100, ending, spool=spool, patient=True, code=code)
        unexpected = unexpected_lines(done.stderr)
        assert unexpected == [] or "RuntimeError: uncaught" in unexpected[-1], done.stderr
        assert server.store.names == numbered_names(100)
        assert set(server.store.arrivals.values()) == {1}


UNUSUAL = {
    "atexit": ["begun", "late"],
    "atexit, registered first": ["begun"],
    "__del__": ["begun", "late"],
    "__del__ of a module's global": ["begun"],
    "event loop closed": ["begun", "in the loop", "late"],
    "daemon thread": ["begun", "late"],
    "thread that outlives main": ["begun", "late"],
    "weakref.finalize": ["begun", "late"],
    "excepthook": ["begun", "late"],
}


@pytest.mark.point(14)
@pytest.mark.parametrize("where", UNUSUAL)
def test_trace_from_an_unusual_place_raises_nothing(programs: Programs, spool: bool, where: str) -> None:
    with faulty_server() as server:
        code = 1 if where == "excepthook" else 0
        done = programs.run("unusual_places", server.url, where, spool=spool, patient=True, code=code)
        assert unexpected_lines(done.stderr) == [], done.stderr
        # Only a trace from the interpreter's shutdown may be lost.
        assert server.store.names - Counter({"too late": 1}) == Counter(UNUSUAL[where])


@pytest.mark.point(14)
@pytest.mark.skipif(importlib.util.find_spec("gevent") is None, reason="gevent is not installed")
@pytest.mark.parametrize("patched", ["import", "before", "after", "first trace", "delivery", "never"])
@pytest.mark.parametrize("ending", ["flush", "exit"])
def test_gevent_program_delivers_all(programs: Programs, spool: bool, patched: str, ending: str) -> None:
    with faulty_server() as server:
        done = programs.run("greenlets", server.url, "gevent", patched, 0, ending, spool=spool, patient=True)
        assert unexpected_lines(done.stderr) == [], done.stderr
        assert server.store.names == {"first": 1, "greenlet": 50, "thread": 50}
        assert set(server.store.arrivals.values()) == {1}
