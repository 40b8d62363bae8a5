"""`__init__` is imports and `__all__`; importing a package has no side effects, and brings no more than it must."""

from __future__ import annotations

import ast
import importlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PUBLIC = ("ace", "ace.tracing", "ace_tracing", "kayba_api", "kayba_local")

PROBE = """
import builtins, json, socket, sys, threading
touched = []

def audit(event, arguments):
    if event.startswith(("socket.", "subprocess.", "os.mkdir", "os.remove", "sqlite3.")):
        touched.append(event)
    elif event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+"):
        touched.append(f"open {arguments[0]}")

sys.addaudithook(audit)
sys.dont_write_bytecode = True
import importlib
importlib.import_module(sys.argv[1])
print(json.dumps({"touched": touched, "threads": threading.active_count()}))
"""

LEFT_FOR_LATER = {
    *("asyncio", "concurrent", "selectors", "socket", "ssl"),
    *("attr", "attrs", "h11", "httpcore", "httpx", "kayba_api", "pandas", "rich"),
    *("decimal", "email", "gzip", "hashlib", "http", "pathlib", "tempfile", "urllib", "zoneinfo"),
    *("logging", "mmap", "queue", "string", "textwrap", "traceback"),
    *("multiprocessing", "pickle", "subprocess"),
}
"""What `import ace.tracing` must not bring: it is quick as long as it brings little."""

FIRST_CALLS = """
import json, os, sys, threading
from ace.tracing import configure, start_span, trace
from decimal import Decimal
from pathlib import Path

class Agent:
    def __repr__(self):
        return "an agent"

@trace
def answer(*given):
    with start_span("step") as span:
        span.set_attribute("of", "a kind")
        span.set_outputs({"path": Path("a"), "price": Decimal("1.5")})
    return {"set": {1, 2}}

@trace
def fail():
    raise ValueError("no")

configure(api_key="kb-key", base_url="http://127.0.0.1:9")
imported, here = [], threading.get_ident()
sys.addaudithook(lambda event, given: event == "import" and threading.get_ident() == here and imported.append(given[0]))
answer(1, "two", [3.0], Agent(), object())
try:
    fail()
except ValueError:
    print(json.dumps(imported), flush=True)
os._exit(0)
"""


def probe(module: str) -> dict[str, Any]:
    done = subprocess.run([sys.executable, "-c", PROBE, module], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result


@pytest.mark.parametrize("name", PUBLIC)
def test_every_exported_name_is_there_and_listed_in_order(name: str) -> None:
    module = importlib.import_module(name)
    for exported in module.__all__:
        assert getattr(module, exported) is not None
    assert list(module.__all__) == sorted(module.__all__)


def test_init_is_imports_and_all() -> None:
    docstring, *body = _init_of_tracing()
    assert isinstance(docstring, ast.Expr)
    assert [type(node) for node in body if not isinstance(node, ast.ImportFrom)] == [ast.If, ast.Assign]


def test_what_type_checkers_see_in_init_is_what_is_imported_on_first_use() -> None:
    """Written down twice: as imports, which only type checkers follow, and as the table that Python goes by."""
    (deferred,) = (node for node in _init_of_tracing() if isinstance(node, ast.If))
    assert ast.unparse(deferred.test) == "TYPE_CHECKING"
    seen = {
        (node.module, alias.name, alias.asname)
        for node in deferred.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert len(seen) >= len(deferred.body)
    (assigned,) = deferred.orelse
    assert isinstance(assigned, ast.Assign)
    assert isinstance(assigned.value, ast.Call)
    table: dict[str, tuple[str, ...]] = ast.literal_eval(assigned.value.args[1])
    assert seen == {(f"ace_tracing.{module}", name, None) for module, names in table.items() for name in names}


@pytest.mark.parametrize("package", ["ace_tracing", "ace.tracing"])
def test_names_imported_on_first_use_behave_as_any_other(package: str) -> None:
    code = f"""
import {package} as package
assert "ace_tracing.reading.trace" not in __import__("sys").modules
assert set(package.__all__) <= set(dir(package))
assert package.Trace is package.Trace is vars(package)["Trace"]
for name in ("Tracee", "reading_", "__wrapped__"):
    assert not hasattr(package, name)
try:
    from {package} import Tracee
except ImportError as error:
    assert "Tracee" in str(error)
scope = {{}}
exec("from {package} import *", scope)
assert set(package.__all__) == scope.keys() - {{"__builtins__"}}
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def _init_of_tracing() -> list[ast.stmt]:
    path = Path(importlib.import_module("ace_tracing").__file__ or "")
    return ast.parse(path.read_text(encoding="utf-8")).body


@pytest.mark.parametrize("name", PUBLIC)
def test_importing_does_no_io_and_starts_no_thread(name: str) -> None:
    seen = probe(name)
    assert seen["touched"] == []
    assert seen["threads"] == 1


def test_importing_tracing_brings_what_records_and_nothing_else() -> None:
    """By name, since time cannot be told from noise; `hatch run bench:footprint` tells it."""
    code = "import sys; before = set(sys.modules); import ace.tracing; print(*sorted(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    brought = set(done.stdout.split())
    assert "ace_tracing.decorator.decorator" in brought, done.stderr
    # inspect, dataclasses, uuid and json are not in the list: orjson imports them.
    assert not {name.partition(".")[0] for name in brought} & LEFT_FOR_LATER
    ours = {name.removeprefix("ace_tracing.") for name in brought if name.startswith("ace_tracing.")}
    assert not {name for name in ours if name.startswith(("delivery", "reading", "propagation", "testing", "hostile"))}
    assert not {"errors", "pipeline", "recording.sampling", "recording.span_types", "settings"} & ours


def test_a_traced_function_imports_nothing() -> None:
    """Not even the first that records, fails or is given something rare: `configure` has imported what it needs."""
    done = subprocess.run([sys.executable, "-c", FIRST_CALLS], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == []
