"""Footprint of `ace-framework[tracing]`: the size and number of installed packages, and the time of the import.

hatch run bench:footprint
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

PACKAGES: Final = Path(__file__).parents[1] / "packages"


def run(*command: str | Path) -> str:
    """Run a command that must succeed, and return its output."""
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def measure_seconds(python: Path, *codes: str) -> list[float]:
    """Return the minimum wall time of a process for each code, over 40 alternating runs.

    The minimum is the best estimate, because other processes only add time.
    """
    minimum = [float("inf")] * len(codes)
    for _ in range(40):
        for position, code in enumerate(codes):
            start = time.perf_counter()
            run(python, "-c", code)
            minimum[position] = min(minimum[position], time.perf_counter() - start)
    return minimum


def main() -> None:
    """Build the wheels, install them, and print the figures."""
    with TemporaryDirectory() as folder:
        for package in ("kayba-api", "ace-tracing", "ace-framework"):
            run("uv", "build", "--wheel", "--out-dir", folder, PACKAGES / package)
        run("uv", "venv", "--python", sys.executable, f"{folder}/venv")
        python = Path(folder, "venv", "Scripts/python.exe" if os.name == "nt" else "bin/python")
        (wheel,) = Path(folder).glob("ace_framework-*.whl")
        # Compile as pip does: an environment variable may forbid Python to write bytecode.
        install = ("uv", "pip", "install", "--compile-bytecode", "--python", python)
        run(*install, "--find-links", folder, f"{wheel}[tracing]")
        packages = run("uv", "pip", "freeze", "--python", python).split("\n")[:-1]
        site = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip())
        size = sum(
            file.stat().st_size for file in site.rglob("*") if file.is_file() and "__pycache__" not in file.parts
        )
        bare, imported = measure_seconds(python, "pass", "import ace.tracing")
        print(f"{len(packages)} packages: {', '.join(line.partition('==')[0].partition(' @')[0] for line in packages)}")
        print(f"{size / 1e6:.1f} MB installed, without bytecode")
        print(f"import ace.tracing: {(imported - bare) * 1e3:.0f} ms beyond a bare start of {bare * 1e3:.0f} ms")


if __name__ == "__main__":
    main()
