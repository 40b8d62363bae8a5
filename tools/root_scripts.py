"""Hatch scripts of the root in the packages' folders, where hatch finds the package's project instead of the root.

Each `packages/*/pyproject.toml` names this file as its collector of environments. Every script of the root's
`hatch.toml` gets a script of the same name, which starts hatch for the root and keeps the current folder.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[1]
PROJECT: Final = "kayba-sdk-root"
"""The name of the root in the configuration for hatch."""


class RootScripts:
    """The collector: hatch calls its methods when it reads the environments of a package."""

    def __init__(self, root: str, config: dict[str, Any]) -> None:
        """Take the arguments that hatch gives every collector."""

    def get_initial_config(self) -> dict[str, dict[str, Any]]:
        """Return no environments: hatch would merge them with its own."""
        return {}

    def finalize_config(self, config: dict[str, dict[str, Any]]) -> None:
        """Add the environments of the root, without their dependencies."""
        environments = tomllib.loads((ROOT / "hatch.toml").read_text(encoding="utf-8"))["envs"]
        for name, settings in environments.items():
            inherited = environments.get(settings.get("template"), {})
            matrix = settings.get("matrix", [])
            # The root's hatch selects the versions of Python, so it needs the variables of the matrix.
            variables = "".join(f"+{variable}={{matrix:{variable}}} " for variable in (matrix[0] if matrix else ()))
            config[name] = {
                "detached": True,
                "installer": "uv",
                "scripts": {
                    script: f'"{sys.executable}" "{Path(__file__).resolve()}" {variables}{name}:{script} {{args}}'
                    for script in {**inherited.get("scripts", {}), **settings.get("scripts", {})}
                },
                **({"matrix": matrix} if matrix else {}),
            }

    def finalize_environments(self, config: dict[str, dict[str, Any]]) -> None:
        """Change nothing after hatch has expanded the matrices."""


def get_environment_collector() -> type[RootScripts]:
    """Return the collector. Hatch calls this function, so the file needs no import of hatch."""
    return RootScripts


def main(arguments: list[str]) -> int:
    """Run `hatch run` for the root in the current folder, and return its exit code."""
    hatch = [sys.executable, "-m", "hatch"]
    found = subprocess.run([*hatch, "config", "find"], check=True, capture_output=True, text=True).stdout
    # Hatch puts a path with spaces into quotation marks.
    user_config = Path(found.strip().strip('"')).read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder, "config.toml")
        # JSON's strings are strings of TOML, too.
        root = f"\n[projects.{PROJECT}]\nlocation = {json.dumps(str(ROOT))}\n"
        config.write_text(user_config + root, encoding="utf-8")
        environment = {**os.environ, "HATCH_CONFIG": str(config)}
        process = subprocess.Popen([*hatch, "-p", PROJECT, "run", *arguments], env=environment)
        while True:
            try:
                return process.wait()
            except KeyboardInterrupt:
                # The script has received Ctrl-C, too, and decides about its end.
                continue


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
