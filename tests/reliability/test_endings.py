"""However a program ends and in whatever odd place it traces, all arrives and nothing is raised: points 12 and 14."""

from __future__ import annotations

import importlib.util
from collections import Counter

import pytest
from tests.helpers.faulty_server import faulty_server
from tests.helpers.programs import Programs, beside_warnings, names


@pytest.mark.point(12)
@pytest.mark.parametrize(("ending", "code"), [("return", 0), ("sys.exit", 3), ("exception", 1)])
def test_a_program_that_ends_by_itself_delivers_all_and_keeps_its_code(
    programs: Programs, spool: bool, ending: str, code: int
) -> None:
    with faulty_server() as server:
        done = programs.run("trace_and_end", server.url, 100, ending, spool=spool)
        assert done.returncode == code
        assert done.stderr == "" or "RuntimeError: uncaught" in done.stderr.splitlines()[-1]
        assert server.store.names == names(100)
        assert set(server.store.arrivals.values()) == {1}


ODD = {
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
@pytest.mark.parametrize("where", ODD)
def test_a_trace_from_an_odd_place_raises_nothing(programs: Programs, spool: bool, where: str) -> None:
    with faulty_server() as server:
        done = programs.run("odd_places", server.url, where, spool=spool)
        assert done.returncode == (1 if where == "excepthook" else 0)
        assert beside_warnings(done.stderr) == []
        # What is traced when the interpreter is half gone may be lost; nothing else may, and nothing may be said.
        assert server.store.names - Counter({"too late": 1}) == Counter(ODD[where])


@pytest.mark.point(14)
@pytest.mark.skipif(importlib.util.find_spec("gevent") is None, reason="gevent is not installed")
@pytest.mark.parametrize("patched", ["before", "after", "never"])
def test_under_gevent_all_arrives(programs: Programs, spool: bool, patched: str) -> None:
    with faulty_server() as server:
        done = programs.run("greenlets", server.url, patched, spool=spool)
        assert (done.returncode, beside_warnings(done.stderr)) == (0, [])
        assert server.store.names == {"greenlet": 50, "thread": 50}
