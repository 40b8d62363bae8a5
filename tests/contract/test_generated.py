"""Drift: the committed client and server copy equal the freshly generated ones."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COMMITTED = {
    "kayba_api": ROOT / "packages" / "kayba-api" / "src" / "kayba_api",
    "openapi.json": ROOT / "packages" / "kayba-local" / "src" / "kayba_local" / "openapi.json",
    "explore.json": ROOT / "packages" / "kayba-local" / "src" / "kayba_local" / "explore.json",
}
RUNTIME = [path for path in sorted((ROOT / "openapi" / "runtime").glob("*.py")) if path.name != "__init__.py"]


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with fresh output, generated from another working directory."""
    folder = tmp_path_factory.mktemp("generated")
    command = [sys.executable, str(ROOT / "openapi" / "generate.py"), "--output", str(folder)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.mark.parametrize("name", list(COMMITTED))
def test_the_committed_output_equals_the_generated_one(generated: Path, name: str) -> None:
    committed, fresh = contents(COMMITTED[name]), contents(generated / name)
    different = sorted(path for path in committed | fresh if committed.get(path) != fresh.get(path))
    assert different == [], "run `hatch run generate`"


@pytest.mark.parametrize("module", RUNTIME, ids=lambda path: path.name)
def test_a_runtime_module_is_copied_unchanged(module: Path) -> None:
    header, _, text = (COMMITTED["kayba_api"] / module.name).read_text(encoding="utf-8").partition("\n")
    assert "openapi/runtime" in header
    assert text == module.read_text(encoding="utf-8")


def contents(root: Path) -> dict[str, bytes]:
    """Return the bytes of `root`, or of each file below it, by path."""
    found = root.rglob("*") if root.is_dir() else [root]
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in found
        if path.is_file() and "__pycache__" not in path.parts
    }
