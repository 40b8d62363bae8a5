"""The README's install lines, typed into empty environments, while an index offers other packages of the same names."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from zipfile import ZipFile

import pytest

from kayba_local import LocalServer

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PYTHONS = ("3.11", "3.12")
NAMES = ("ace-framework", "ace-tracing", "kayba-api", "kayba-local")
WINDOWS = os.name == "nt"
ENVIRONMENT = {
    name: value
    for name, value in os.environ.items()
    if not name.startswith(("KAYBA_", "HATCH_ENV", "VIRTUAL_ENV", "PYTHON"))
}


def section(title: str) -> str:
    return README.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def install_lines() -> list[list[str]]:
    """Return the lines of each way to install, without the prompt."""
    blocks = re.findall(r"^```console\n(.*?)^```$", section("Install"), re.MULTILINE | re.DOTALL)
    return [[line.removeprefix("$ ") for line in block.splitlines()] for block in blocks]


def python_path(version: str) -> str:
    """Return a Python of this version: one that uv finds, or one of pyenv's. Skip the test if there is none."""
    command = ["uv", "python", "find", "--system", version]
    found = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, timeout=60)
    if found.returncode == 0:
        return found.stdout.strip()
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    for python in pyenv.glob(f"versions/{version}.*/bin/python"):
        return str(python)
    pytest.skip(f"Python {version} is not installed")


def other_packages(folder: Path) -> Path:
    """Write wheels of other packages: the same names, with the newest version that our requirements accept."""
    folder.mkdir()
    for name in NAMES:
        wheel = f"{name.replace('-', '_')}-0.{'99.0' if name == 'ace-framework' else '1.99'}"
        with ZipFile(folder / f"{wheel}-py3-none-any.whl", "w") as archive:
            information = f"{wheel}.dist-info"
            version = wheel.rpartition("-")[2]
            archive.writestr(f"{information}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
            archive.writestr(f"{information}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            archive.writestr(f"{information}/RECORD", "")
    return folder


class Shell:
    """A terminal in the clone, with an environment activated."""

    def __init__(self, python: str, folder: Path) -> None:
        subprocess.run([python, "-m", "venv", folder / "venv"], env=ENVIRONMENT, check=True, timeout=300)
        scripts = folder / "venv" / ("Scripts" if WINDOWS else "bin")
        links = f"{ENVIRONMENT.get('PIP_FIND_LINKS', '')} {other_packages(folder / 'other')}"
        path = f"{scripts}{os.pathsep}{os.environ['PATH']}"
        self._environment = {**ENVIRONMENT, "PATH": path, "PIP_FIND_LINKS": links.strip()}

    def type(self, line: str, folder: Path = ROOT, **environment: str) -> str:
        """Run one line, and return its standard output."""
        if WINDOWS and "*" in line:
            pattern = line.split()[-1]
            line = line.replace(pattern, " ".join(str(path) for path in ROOT.glob(pattern)))
        done = subprocess.run(
            line,
            shell=True,
            cwd=folder,
            env={**self._environment, **environment},
            capture_output=True,
            text=True,
            timeout=900,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def installed(self) -> dict[str, str]:
        """Return the version of every installed package."""
        listed: list[dict[str, str]] = json.loads(self.type("pip list --format=json"))
        return {each["name"]: each["version"] for each in listed}


@pytest.mark.skipif(shutil.which("hatch") is None, reason="hatch is not on the path")
@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("lines", install_lines(), ids=["folders", "wheels"])
def test_install_lines_install_these_packages(
    python: str, lines: list[str], tmp_path: Path, kayba_server: LocalServer
) -> None:
    shell = Shell(python_path(python), tmp_path)
    for line in lines:
        shell.type(line)
    installed = shell.installed()
    versions = {name: version for name, version in installed.items() if name in NAMES}
    assert set(versions) >= {"ace-framework", "ace-tracing", "kayba-api"}
    assert [name for name, version in versions.items() if "99" in version] == []
    assert "mlflow" not in installed

    (program, output), *_ = re.findall(r"^```python\n(.*?)^```\n+^```text\n(.*?)^```$", section("Use it"), re.M | re.S)
    (tmp_path / "agent.py").write_text(program, encoding="utf-8")
    spool = {"KAYBA_SPOOL_DIR": str(tmp_path / "spool")}
    printed = shell.type("python agent.py", tmp_path, KAYBA_API_KEY="any", KAYBA_API_URL=kayba_server.url, **spool)
    assert printed == output


def test_the_index_would_offer_other_packages(tmp_path: Path) -> None:
    shell = Shell(python_path(PYTHONS[0]), tmp_path)
    shell.type("pip install --no-deps ace-framework")
    assert shell.installed()["ace-framework"] == "0.99.0"
