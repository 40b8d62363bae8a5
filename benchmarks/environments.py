"""Environments of the SDKs: one for each, in `.bench/` of the repository, created on first use."""

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
from typing import Final, NamedTuple

BENCHMARKS: Final = Path(__file__).parent
PACKAGES: Final = BENCHMARKS.parent / "packages"
CACHE: Final = BENCHMARKS.parent / ".bench"
PEERS: Final = {path.stem: path for path in sorted((BENCHMARKS / "peers").glob("*.py"))}
OURS: Final = ("ace", "disabled", "memory")

_REQUIREMENTS: Final = re.compile(r"^# dependencies = \[(.*)\]$", re.MULTILINE)


class Environment(NamedTuple):
    """The environment in which an SDK is installed.

    Attributes:
        python: The path of the interpreter.
        packages: The number of installed distributions; None for the current environment.
        bytes: Their size without bytecode; None for the current environment.
        versions: The packages that `peers/NAME.py` requires, with their versions.
    """

    python: Path
    packages: int | None
    bytes: int | None
    versions: str


def current(name: str) -> Environment:
    """Return the current environment, which the tests use."""
    return Environment(Path(sys.executable), None, None, ", ".join(_read_requirements(name)))


@cache
def prepare(name: str, extra: tuple[str, ...] = ()) -> Environment:
    """Return the SDK's environment; install it if its requirements changed, and ace-tracing once in every run.

    Args:
        name: The name of the module in `peers/`.
        extra: Further requirements, for the values of a workload.
    """
    python, site = _install("ace" if name in OURS else name, extra)
    installed = list(distributions(path=[str(site)]))
    size = sum(file.stat().st_size for file in site.rglob("*") if file.is_file() and "__pycache__" not in file.parts)
    versions = _format_versions(name, {distribution.name: distribution.version for distribution in installed})
    return Environment(python, len(installed), size, versions)


@cache
def _install(name: str, extra: tuple[str, ...]) -> tuple[Path, Path]:
    """Install an environment if needed; return its interpreter and its `site-packages`."""
    folder = CACHE / "-".join((name, *extra, platform.python_version()))
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    stamp, current_hash = folder / "requirements.sha256", hashlib.sha256(PEERS[name].read_bytes()).hexdigest()
    if name in OURS or not stamp.exists() or stamp.read_text() != current_hash:
        _run("uv", "venv", "--clear", "--python", sys.executable, folder)
        if arguments := [*_install_arguments(name), *extra]:
            _run("uv", "pip", "install", "--compile-bytecode", "--python", python, *arguments)
        stamp.write_text(current_hash)
    return python, Path(_run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip())


def _install_arguments(name: str) -> list[str]:
    """Return the arguments for uv. It must rebuild the repository's packages, since it would reuse an older build."""
    if name not in OURS:
        return _read_requirements(name)
    folders = {package: f"{PACKAGES}/{package}" for package in ("kayba-api", "ace-tracing", "ace-framework")}
    refresh = [f"--refresh-package={package}" for package in folders]
    return [*refresh, folders["kayba-api"], folders["ace-tracing"], f"{folders['ace-framework']}[tracing]"]


def make_variables(folder: Path) -> dict[str, str]:
    """Return environment variables for a run, without the user's configuration and with `folder` as the home."""
    inherited = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "TEMP", "TMPDIR") if name in os.environ}
    home = {"HOME": str(folder), "USERPROFILE": str(folder), "LOCALAPPDATA": str(folder)}
    return {**inherited, **home, "KAYBA_SPOOL_DIR": str(folder / "spool"), "PYTHONHASHSEED": "0", "PYTHONUTF8": "1"}


def _read_requirements(name: str) -> list[str]:
    """Read the requirements from the PEP 723 header of `peers/NAME.py`."""
    found = _REQUIREMENTS.search(PEERS[name].read_text(encoding="utf-8"))
    if not found:
        raise ValueError(f"peers/{name}.py has no list of dependencies in its header")
    return re.findall(r'"(.+?)"', found[1])


def _format_versions(name: str, versions: dict[str, str]) -> str:
    names = [re.split(r"[=\[]", requirement)[0] for requirement in _read_requirements(name)]
    if name in OURS:
        names.append("ace-tracing")
    return ", ".join(f"{package} {versions[package]}" for package in names)


def _run(*command: str | Path) -> str:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(map(str, command))}\n{done.stderr}")
    return done.stdout
