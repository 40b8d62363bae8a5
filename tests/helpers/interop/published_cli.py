"""The published `kayba` command, run as users run it: in a process of its own, from a folder of theirs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PUBLISHED = "ace-framework==0.13.0"
NEEDED = ("click", "requests")
"""All that the command imports of the 88 packages that the wheel asks for."""
ASSUMED_PYTHON = "3.12"
"""The oldest Python that the wheel says it takes; its command runs on older ones, too."""

ENVIRONMENT = {
    name: value
    for name, value in os.environ.items()
    if not name.startswith(("KAYBA_", "ANTHROPIC_", "PYTHON", "VIRTUAL_ENV"))
}


@dataclass(frozen=True, slots=True)
class Done:
    """What a command has printed, and its exit status."""

    output: str
    errors: str
    status: int


@dataclass(frozen=True, slots=True)
class Cli:
    """The command, looking at one server.

    Attributes:
        command: the installed script.
        url: the server's host.
        api_key: what it is told to use.
        folder: the folder it is run in.
    """

    command: Path
    url: str
    api_key: str
    folder: Path

    def __call__(self, *arguments: str | Path, stdin: str = "") -> str:
        """Run it; gives what it printed, and fails the test if it failed."""
        done = self.run(*arguments, stdin=stdin)
        assert done.status == 0, done.errors
        return done.output

    def refused(self, *arguments: str | Path) -> str:
        """Run it where it has to fail; gives what it said."""
        done = self.run(*arguments)
        assert done.status == 1, done
        return done.errors

    def read(self, *arguments: str) -> list[dict[str, Any]]:
        """Run a command that lists something, as JSON; gives the list."""
        found: list[dict[str, Any]] = json.loads(self(*arguments, "--json"))
        return found

    def run(self, *arguments: str | Path, stdin: str = "") -> Done:
        """Run it."""
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
            # Without a terminal it reads secrets from standard input, as everything else.
            start_new_session=True,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=60,
        )
        return Done(process.stdout, process.stderr, process.returncode)


def install(folder: Path) -> Path:
    """Install the published command, alone, into an environment below a folder; gives the command."""
    environment = folder / "venv"
    scripts = environment / ("Scripts" if os.name == "nt" else "bin")
    python = scripts / "python"
    _uv("venv", "--python", sys.executable, environment)
    _uv("pip", "install", "--python", python, "--python-version", ASSUMED_PYTHON, "--no-deps", PUBLISHED)
    _uv("pip", "install", "--python", python, *NEEDED)
    return scripts / ("kayba.exe" if os.name == "nt" else "kayba")


def _uv(*arguments: str | Path) -> None:
    done = subprocess.run(["uv", *arguments], env=ENVIRONMENT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
