"""The commands of hatch.toml work from every folder, and a build of the root ends with a message."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from root_scripts import RootScripts

ROOT = Path(__file__).parents[2]
ENVIRONMENTS: dict[str, Any] = tomllib.loads((ROOT / "hatch.toml").read_text(encoding="utf-8"))["envs"]
IN_ROOT = ["python", "{root}/tools/in_root.py"]
MAP_TEST = "architecture/test_map.py::test_every_path_of_the_map_exists"
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith(("HATCH_ENV", "VIRTUAL_ENV"))}

needs_hatch = pytest.mark.skipif(shutil.which("hatch") is None, reason="hatch is not on the path")


def hatch(folder: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["hatch", *arguments], cwd=ROOT / folder, env=ENVIRONMENT, capture_output=True, text=True, timeout=300
    )


def commands() -> Iterator[str]:
    """Yield every command line of every script."""
    for settings in ENVIRONMENTS.values():
        for steps in settings.get("scripts", {}).values():
            yield from [steps] if isinstance(steps, str) else steps


def relative_paths(command: str) -> list[str]:
    """Return the words of a command that hatch would look for in the current folder."""
    words = shlex.split(re.sub(r"\{args:(.*?)\}(?=$|[ '])", r"\1", command))
    if words[:2] == IN_ROOT:
        return []
    values = [word.rpartition("=")[2] for word in words if not word.startswith("--override-ini")]
    return [value for value in values if value in (".", "..") or (value and (ROOT / value).exists())]


@pytest.mark.parametrize("command", sorted(commands()))
def test_scripts_name_no_file_relative_to_the_current_folder(command: str) -> None:
    assert relative_paths(command) == []


@pytest.mark.parametrize(
    "command", ["ruff check {args:.}", "python tools/prose.py", "npx lint --config=openapi/x.yaml ."]
)
def test_relative_paths_are_found(command: str) -> None:
    assert relative_paths(command) != []


def test_environment_variables_name_no_relative_path() -> None:
    values = [value for each in ENVIRONMENTS.values() for value in each.get("env-vars", {}).values()]
    assert [value for value in values if (ROOT / value).exists()] == []


def test_packages_have_every_script_of_the_root() -> None:
    found: dict[str, dict[str, Any]] = {"hatch-build": {}}
    RootScripts("", {}).finalize_config(found)
    assert found.pop("hatch-build") == {}
    scripts = {name: set(settings["scripts"]) for name, settings in found.items()}
    expected = {name: set(settings.get("scripts", {})) for name, settings in ENVIRONMENTS.items()}
    assert scripts == {**expected, "py": expected["default"]}


@pytest.mark.parametrize("package", sorted(path.parent for path in ROOT.glob("packages/*/pyproject.toml")))
def test_packages_collect_the_scripts_of_the_root(package: Path) -> None:
    settings = tomllib.loads((package / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]
    collector = package / settings["env"]["collectors"]["custom"]["path"]
    assert collector.resolve() == ROOT / "tools" / "root_scripts.py"


@needs_hatch
@pytest.mark.parametrize("folder", ["docs", "packages/kayba-api/src"])
def test_scripts_run_in_every_folder(folder: str) -> None:
    done = hatch(folder, "run", "structure")
    assert done.returncode == 0, done.stderr
    assert "ace_tracing: " in done.stdout


def run_tests(folder: str, *arguments: str) -> str:
    """Collect tests in a folder with the program behind `hatch run test`, and return its output."""
    done = subprocess.run(
        [sys.executable, ROOT / "tools" / "run_tests.py", "--collect-only", "-q", *arguments],
        cwd=ROOT / folder,
        # The imports of the installed plugins take most of the time.
        env={**ENVIRONMENT, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    return done.stdout.replace(os.sep, "/")


@pytest.mark.parametrize(("folder", "path"), [("tests", "architecture"), ("docs", f"../tests/{MAP_TEST}")])
def test_paths_of_tests_are_relative_to_the_current_folder(folder: str, path: str) -> None:
    assert f"tests/{MAP_TEST}" in run_tests(folder, path)


def test_without_a_path_all_test_paths_are_collected() -> None:
    assert f"tests/{MAP_TEST}" in run_tests("docs", "--override-ini=testpaths=tests/architecture")


@needs_hatch
def test_build_of_the_root_names_the_command_that_builds() -> None:
    done = hatch(".", "build")
    assert done.returncode != 0
    assert "hatch run wheels" in done.stdout + done.stderr
