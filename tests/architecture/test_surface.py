"""The public names of each package, and the effects of importing it: no side effects, few imported modules."""

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

NOT_LOADED = {
    *("asyncio", "concurrent", "selectors", "socket", "ssl"),
    *("attr", "attrs", "h11", "httpcore", "httpx", "kayba_api", "pandas", "rich"),
    *("decimal", "email", "gzip", "hashlib", "http", "pathlib", "tempfile", "urllib", "zoneinfo"),
    *("logging", "queue", "string", "textwrap", "traceback"),
    *("multiprocessing", "pickle", "subprocess"),
}
"""Modules that `import ace.tracing` must not load, to stay fast."""

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


def probe_import(module: str) -> dict[str, Any]:
    done = subprocess.run([sys.executable, "-c", PROBE, module], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result


@pytest.mark.parametrize("name", PUBLIC)
def test_every_exported_name_exists_and_all_is_sorted(name: str) -> None:
    module = importlib.import_module(name)
    for exported in module.__all__:
        assert getattr(module, exported) is not None
    assert list(module.__all__) == sorted(module.__all__)


def test_init_contains_only_imports_and_all() -> None:
    docstring, *body = _init_of_tracing()
    assert isinstance(docstring, ast.Expr)
    assert [type(node) for node in body if not isinstance(node, ast.ImportFrom)] == [ast.If, ast.Assign]


def test_type_checking_imports_match_the_lazy_import_table() -> None:
    """`__init__` lists the names twice: as imports for type checkers, and as a table for lazy imports."""
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
def test_lazily_imported_names_behave_like_others(package: str) -> None:
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
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr


def _init_of_tracing() -> list[ast.stmt]:
    path = Path(importlib.import_module("ace_tracing").__file__ or "")
    return ast.parse(path.read_text(encoding="utf-8")).body


@pytest.mark.parametrize("name", PUBLIC)
def test_importing_does_no_io_and_starts_no_thread(name: str) -> None:
    effects = probe_import(name)
    assert effects["touched"] == []
    assert effects["threads"] == 1


def test_importing_tracing_loads_only_the_recording_modules() -> None:
    """Module names are compared, because import time is too noisy. `hatch run bench:footprint` measures the time."""
    code = "import sys; before = set(sys.modules); import ace.tracing; print(*sorted(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    loaded = set(done.stdout.split())
    assert "ace_tracing.decorator.decorator" in loaded, done.stderr
    # `inspect`, `dataclasses`, `uuid` and `json` are not in the list: orjson imports them.
    assert not {name.partition(".")[0] for name in loaded} & NOT_LOADED
    own = {name.removeprefix("ace_tracing.") for name in loaded if name.startswith("ace_tracing.")}
    assert not {name for name in own if name.startswith(("delivery", "reading", "propagation", "testing", "hostile"))}
    assert not {"errors", "pipeline", "recording.sampling", "recording.span_types", "settings"} & own


def test_a_traced_function_imports_nothing() -> None:
    """`configure` imports all needed modules, so even the first call, a failure or a rare value imports nothing."""
    done = subprocess.run([sys.executable, "-c", FIRST_CALLS], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == []
