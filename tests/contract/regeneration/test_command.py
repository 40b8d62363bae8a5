"""The regenerate command, in a copy of the repository's files."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from regenerate import replace_all

ROOT = Path(__file__).parents[3]
CLIENT = "packages/kayba-api/src/kayba_api"
SERVER_COPY = "packages/kayba-local/src/kayba_local/openapi.json"
FRAGMENT = "changes/kayba-api.md"


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy whose baseline is the working tree's state, with one passing contract test."""
    copy = tmp_path_factory.mktemp("tree")
    for name in ("openapi", "packages/kayba-api"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    (copy / SERVER_COPY).parent.mkdir(parents=True)
    shutil.copyfile(ROOT / SERVER_COPY, copy / SERVER_COPY)
    (copy / "tests" / "contract").mkdir(parents=True)
    (copy / "tests" / "contract" / "test_one.py").write_text("def test_one() -> None:\n    assert True\n")
    subprocess.run([sys.executable, str(copy / "openapi" / "baseline.py")], check=True)
    return copy


def run(tree: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(tree / "openapi" / "regenerate.py"), *arguments]
    return subprocess.run(command, cwd=tree, capture_output=True, encoding="utf-8", timeout=300)


def contents(tree: Path, *names: str) -> dict[str, bytes]:
    """Return the bytes of files and folders, by path."""
    files = [path for name in names for path in [tree / name, *(tree / name).rglob("*")] if path.is_file()]
    return {path.relative_to(tree).as_posix(): path.read_bytes() for path in files if "__pycache__" not in path.parts}


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder over HTTP and yield the URL."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_an_invalid_contract_changes_nothing(tree: Path, tmp_path: Path) -> None:
    contract = json.loads((ROOT / SERVER_COPY).read_bytes())
    del contract["components"]["schemas"]["TraceFile"]["description"]
    (tmp_path / "rule.json").write_text(json.dumps(contract))
    del contract["info"]
    (tmp_path / "openapi.json").write_text(json.dumps(contract))
    (tmp_path / "half.yaml").write_text("openapi: [")
    before = contents(tree, "openapi", CLIENT, SERVER_COPY, "changes")
    with served(tmp_path) as url:
        for source, reason in {
            f"{url}/rule.json": "schemas_are_described: TraceFile",
            f"{url}/openapi.json": 'not valid OpenAPI at the top: "info" is a required property',
            str(tmp_path / "half.yaml"): "the contract is not YAML",
            f"{url}/none.yaml": "404",
            str(tmp_path / "none.yaml"): "No such file",
        }.items():
            done = run(tree, "--spec", source)
            assert done.returncode == 1, done.stdout
            assert reason in done.stderr
    assert contents(tree, "openapi", CLIENT, SERVER_COPY, "changes") == before


def test_a_new_contract_replaces_everything_and_is_reported(tree: Path, generated: Mapping[str, Path]) -> None:
    folder = generated["remove_an_operation"]
    before = contents(tree, "openapi/kayba.yaml", CLIENT, SERVER_COPY)

    done = run(tree, "--spec", str(folder / "kayba.yaml"))

    assert done.returncode == 3, done.stdout + done.stderr
    assert (Path(__file__).parent / "remove_an_operation.txt").read_text(encoding="utf-8") in done.stdout
    fragment = (tree / FRAGMENT).read_text(encoding="utf-8")
    assert "#### Breaking\n\n- operation deleteTraceFile: removed (DELETE /traces/{id}).\n" in fragment
    assert (tree / "openapi" / "kayba.yaml").read_bytes() == (folder / "kayba.yaml").read_bytes()
    assert contents(tree / CLIENT, ".") == contents(folder / "kayba_api", ".")
    assert (tree / SERVER_COPY).read_bytes() == (folder / "openapi.json").read_bytes()

    done = run(tree, "--spec", str(ROOT / "openapi" / "kayba.yaml"))

    assert done.returncode == 0, done.stdout + done.stderr
    assert "No changes for users since kayba-api" in done.stdout
    assert not (tree / FRAGMENT).exists()
    assert contents(tree, "openapi/kayba.yaml", CLIENT, SERVER_COPY) == before


def test_replacing_restores_all_targets_if_one_fails(tmp_path: Path) -> None:
    for name in ("client", "fresh"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "module.py").write_text(name)
    for name in ("contract", "new", "file"):
        (tmp_path / name).write_text(name)
    before = contents(tmp_path, ".")
    staged = {
        tmp_path / "contract": tmp_path / "new",
        tmp_path / "client": tmp_path / "fresh",
        tmp_path / "gone": tmp_path / "new",
        tmp_path / "file" / "below": tmp_path / "new",
    }
    with pytest.raises(OSError, match="file"):
        replace_all(staged)
    assert contents(tmp_path, ".") == before
    replace_all({tmp_path / "contract": tmp_path / "new", tmp_path / "client": tmp_path / "nothing"})
    assert (tmp_path / "contract").read_text() == "new"
    assert not (tmp_path / "client").exists()
