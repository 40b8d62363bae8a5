"""The published `kayba` command, installed from its wheel and run as a child process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

DISTRIBUTION: Final = "ace-framework==0.13.0"
DEPENDENCIES: Final = ("click", "requests")
"""The only packages that the command imports, of the wheel's 88 dependencies."""
MIN_PYTHON: Final = "3.12"
"""The oldest Python in the wheel's metadata. The command also runs on older versions."""

ENVIRONMENT: Final = {
    name: value
    for name, value in os.environ.items()
    if not name.startswith(("KAYBA_", "ANTHROPIC_", "PYTHON", "VIRTUAL_ENV"))
}


@dataclass(frozen=True, slots=True)
class CommandResult:
    """Standard output, standard error and exit status of a finished command."""

    output: str
    errors: str
    status: int


@dataclass(frozen=True, slots=True)
class Cli:
    """The command, configured for one server.

    Attributes:
        command: The installed script.
        url: The server's host.
        api_key: The API key that the command sends.
        folder: The working directory of the command.
    """

    command: Path
    url: str
    api_key: str
    folder: Path

    def __call__(self, *arguments: str | Path, stdin: str = "") -> str:
        """Run the command and return its output. Fail the test if the command fails."""
        done = self.run(*arguments, stdin=stdin)
        assert done.status == 0, done.errors
        return done.output

    def run_failing(self, *arguments: str | Path) -> str:
        """Run a command that must fail with status 1, and return its error output."""
        done = self.run(*arguments)
        assert done.status == 1, done
        return done.errors

    def read_list(self, *arguments: str) -> list[dict[str, Any]]:
        """Run a list command with `--json` and return the list."""
        found: list[dict[str, Any]] = json.loads(self(*arguments, "--json"))
        return found

    def run(self, *arguments: str | Path, stdin: str = "") -> CommandResult:
        """Run the command and return its result."""
        process = subprocess.run(
            [self.command, *arguments],
            input=stdin,
            env={
                **ENVIRONMENT,
                "KAYBA_API_KEY": self.api_key,
                "KAYBA_API_URL": f"{self.url}/api",
                "PYTHONUTF8": "1",
            },
            cwd=self.folder,
            # Without a terminal the command also reads secrets from standard input.
            start_new_session=True,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=60,
        )
        return CommandResult(process.stdout, process.stderr, process.returncode)


def install(folder: Path) -> Path:
    """Install the published command into a new environment below a folder and return the path of its script."""
    environment = folder / "venv"
    scripts = environment / ("Scripts" if os.name == "nt" else "bin")
    python = scripts / "python"
    _uv("venv", "--python", sys.executable, environment)
    _uv("pip", "install", "--python", python, "--python-version", MIN_PYTHON, "--no-deps", DISTRIBUTION)
    _uv("pip", "install", "--python", python, *DEPENDENCIES)
    return scripts / ("kayba.exe" if os.name == "nt" else "kayba")


def _uv(*arguments: str | Path) -> None:
    done = subprocess.run(["uv", *arguments], env=ENVIRONMENT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
