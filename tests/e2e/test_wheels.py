"""The four wheels, installed into empty environments in dependency order."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.helpers.programs import read_traces, unexpected_lines

from kayba_local import LocalServer

PACKAGES = Path(__file__).parents[2] / "packages"
ORDER = ("kayba-api", "ace-tracing", "ace-framework", "kayba-local")
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith(("KAYBA_", "VIRTUAL_ENV"))}


def uv(*arguments: str | Path) -> None:
    subprocess.run(["uv", *arguments], check=True, env=ENVIRONMENT, capture_output=True, timeout=300)


def run(python: Path, code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [python, "-c", code, *arguments], env=ENVIRONMENT, capture_output=True, text=True, timeout=300
    )


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return the wheel of each package, built from its folder."""
    folder = tmp_path_factory.mktemp("wheels")
    for package in ORDER:
        uv("build", "--wheel", "--out-dir", folder, PACKAGES / package)
    return {package: next(folder.glob(f"{package.replace('-', '_')}-*.whl")) for package in ORDER}


def create_environment(folder: Path) -> Path:
    """Create an empty virtual environment, and return the path of its Python."""
    uv("venv", "--python", sys.executable, folder)
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def test_the_extra_installs_working_tracing(wheels: dict[str, Path], tmp_path: Path, tracing: LocalServer) -> None:
    python = create_environment(tmp_path / "venv")
    for package in ("kayba-api", "ace-tracing"):
        uv("pip", "install", "--python", python, wheels[package])
    uv("pip", "install", "--python", python, f"{wheels['ace-framework']}[tracing]")
    code = """
import sys
from ace.tracing import configure, trace
configure(api_key="kb-test", base_url=sys.argv[1])
@trace
def hello(name): return f"hello {name}"
print(hello("wheel"))
"""
    done = run(python, code, tracing.url)
    assert done.stdout == "hello wheel\n", done.stderr
    assert unexpected_lines(done.stderr) == [], done.stderr
    (found,) = read_traces(1)
    assert found.data.spans[0].outputs == "hello wheel"


def test_without_the_extra_the_import_error_names_the_packages(wheels: dict[str, Path], tmp_path: Path) -> None:
    python = create_environment(tmp_path / "venv")
    uv("pip", "install", "--python", python, wheels["ace-framework"])
    assert run(python, "import ace").returncode == 0
    done = run(python, "from ace.tracing import trace")
    assert done.stderr.splitlines()[-1].startswith("ImportError: ace.tracing needs the package ace-tracing")


def test_kayba_local_serves_from_its_wheel(wheels: dict[str, Path], tmp_path: Path) -> None:
    python = create_environment(tmp_path / "venv")
    uv("pip", "install", "--python", python, wheels["kayba-local"])
    code = """
import httpx, kayba_local
with kayba_local.serve() as server:
    print(httpx.get(f"{server.url}/api/mlflow/version").text)
    print(httpx.get(server.url).status_code)
"""
    done = run(python, code)
    assert done.stderr == ""
    version, page = done.stdout.split()
    assert version.startswith("3.")
    assert page == "200"
