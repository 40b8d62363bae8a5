"""The environments of the SDKs: each has its own, in `.bench/` of the repository, made when it is first needed."""

from __future__ import annotations

import hashlib
import os
import platform
import re
import subprocess
import sys
from functools import cache
from importlib.metadata import distributions
from pathlib import Path
from typing import NamedTuple

BENCHMARKS = Path(__file__).parent
PACKAGES = BENCHMARKS.parent / "packages"
CACHE = BENCHMARKS.parent / ".bench"
PEERS = {path.stem: path for path in sorted((BENCHMARKS / "peers").glob("*.py"))}
OURS = ("ace", "disabled", "memory")

_REQUIREMENTS = re.compile(r"^# dependencies = \[(.*)\]$", re.MULTILINE)


class Environment(NamedTuple):
    """Where an SDK is installed.

    Attributes:
        python: its interpreter.
        packages: how many distributions are installed in it; None for the environment that this runs in.
        bytes: their size without bytecode; None as above.
        versions: what peers/NAME.py names, with its version.
    """

    python: Path
    packages: int | None
    bytes: int | None
    versions: str


def here(name: str) -> Environment:
    """The environment that this runs in, which has what a test needs."""
    return Environment(Path(sys.executable), None, None, ", ".join(_named(name)))


@cache
def made(name: str) -> Environment:
    """The SDK's own environment; installed anew when its requirements have changed, and ours once in every run."""
    python, site = _installed("ace" if name in OURS else name)
    found = list(distributions(path=[str(site)]))
    size = sum(file.stat().st_size for file in site.rglob("*") if file.is_file() and "__pycache__" not in file.parts)
    return Environment(python, len(found), size, _with_versions(name, {one.name: one.version for one in found}))


@cache
def _installed(name: str) -> tuple[Path, Path]:
    """An interpreter and its `site-packages`."""
    folder = CACHE / f"{name}-{platform.python_version()}"
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    stamp, wanted = folder / "requirements.sha256", hashlib.sha256(PEERS[name].read_bytes()).hexdigest()
    if name in OURS or not stamp.exists() or stamp.read_text() != wanted:
        _run("uv", "venv", "--clear", "--python", sys.executable, folder)
        if required := _required(name):
            _run("uv", "pip", "install", "--compile-bytecode", "--python", python, *required)
        stamp.write_text(wanted)
    return python, Path(_run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip())


def _required(name: str) -> list[str]:
    """What to install: ours as it stands in the repository, built anew, since uv would take an older build for it."""
    if name not in OURS:
        return _named(name)
    folders = {package: f"{PACKAGES}/{package}" for package in ("kayba-api", "ace-tracing", "ace-framework")}
    fresh = [f"--refresh-package={package}" for package in folders]
    return [*fresh, folders["kayba-api"], folders["ace-tracing"], f"{folders['ace-framework']}[tracing]"]


def surroundings(folder: Path) -> dict[str, str]:
    """Environment variables for a run: nothing of this user's configuration, and a home of its own to write to."""
    kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "TEMP", "TMPDIR") if name in os.environ}
    home = {"HOME": str(folder), "USERPROFILE": str(folder), "LOCALAPPDATA": str(folder)}
    return {**kept, **home, "KAYBA_SPOOL_DIR": str(folder / "spool"), "PYTHONHASHSEED": "0", "PYTHONUTF8": "1"}


def _named(name: str) -> list[str]:
    """The requirements in the head of peers/NAME.py, in the form of PEP 723."""
    found = _REQUIREMENTS.search(PEERS[name].read_text(encoding="utf-8"))
    if not found:
        raise ValueError(f"peers/{name}.py names no dependencies")
    return re.findall(r'"(.+?)"', found[1])


def _with_versions(name: str, versions: dict[str, str]) -> str:
    names = [re.split(r"[=\[]", requirement)[0] for requirement in _named(name)]
    if name in OURS:
        names.append("ace-tracing")
    return ", ".join(f"{one} {versions[one]}" for one in names)


def _run(*command: str | Path) -> str:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(map(str, command))}\n{done.stderr}")
    return done.stdout
