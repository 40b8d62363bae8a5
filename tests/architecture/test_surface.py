"""`__init__` is imports and `__all__`; importing a package has no side effects."""

from __future__ import annotations

import ast
import importlib
import json
import subprocess
import sys
from pathlib import Path

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
print(json.dumps({"touched": touched, "threads": threading.active_count(), "modules": sorted(sys.modules)}))
"""


def probe(module: str) -> dict[str, list[str]]:
    done = subprocess.run([sys.executable, "-c", PROBE, module], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    result: dict[str, list[str]] = json.loads(done.stdout)
    return result


@pytest.mark.parametrize("name", PUBLIC)
def test_every_exported_name_is_there_and_listed_in_order(name: str) -> None:
    module = importlib.import_module(name)
    for exported in module.__all__:
        assert getattr(module, exported) is not None
    assert list(module.__all__) == sorted(module.__all__)


@pytest.mark.parametrize("package", ["ace_tracing"])
def test_init_is_imports_and_all(package: str) -> None:
    path = Path(importlib.import_module(package).__file__ or "")
    docstring, *body = ast.parse(path.read_text(encoding="utf-8")).body
    assert isinstance(docstring, ast.Expr)
    assert {type(node) for node in body} == {ast.ImportFrom, ast.Assign}


@pytest.mark.parametrize("name", PUBLIC)
def test_importing_does_no_io_and_starts_no_thread(name: str) -> None:
    seen = probe(name)
    assert seen["touched"] == []
    assert seen["threads"] == 1


def test_importing_tracing_leaves_the_http_client_for_later() -> None:
    modules = probe("ace.tracing")["modules"]
    assert not {"httpx", "kayba_api", "asyncio"} & set(modules)
