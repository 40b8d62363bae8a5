"""Run pytest from any folder: `python run_tests.py [ARGUMENT ...]`, with pytest's arguments.

Paths are relative to the current folder, as for pytest. Without a path, pytest itself would collect the current folder;
this program collects the configured `testpaths`. It runs them in one process for each core when pytest-xdist is
installed; `-n 0` runs them in this process, as paths do. Tests that fail in a run of all tests run once more, alone:
that shows whether they fail by themselves. The run has failed in any case.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).resolve().parents[1]
MAX_PROCESSES: Final = 8
"""Each process takes up to 500 MB."""
# Each process begins with neighbouring tests, which share fixtures. A free process takes tests from a busy one.
PARALLEL: Final = ("--numprocesses=auto", f"--maxprocesses={MAX_PROCESSES}", "--dist=worksteal")
ALONE: Final = ("--numprocesses=0", "--last-failed", "--last-failed-no-failures=none")


class FromAnyFolder:
    """A plugin that makes the paths of the command line absolute, and then moves to the root."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_load_initial_conftests(self, early_config: pytest.Config, args: list[str]) -> None:
        """Change the command line before pytest loads the conftest files of its paths, which define options."""
        given: list[str] = early_config.known_args_namespace.file_or_dir
        paths = [absolute(path) for path in given]
        paths = paths or [str(ROOT / path) for path in early_config.getini("testpaths")]
        args[:] = [argument for argument in args if argument not in given] + paths
        given[:] = paths
        # Some tools of the tests read or write files of the current folder.
        os.chdir(ROOT)


def absolute(path: str) -> str:
    """Return a path, or the id of a test, with an absolute path."""
    file, separator, test = path.partition("::")
    return f"{Path(file).resolve()}{separator}{test}"


def with_processes(arguments: Sequence[str]) -> list[str]:
    """Return the arguments, with several processes for a run of all tests.

    Processes cost seconds to start, so a run of named tests, or one that only collects, gets none.

    Args:
        arguments: The command line of pytest.
    """
    has_plugin = importlib.util.find_spec("xdist") is not None
    is_whole = all(argument.startswith("-") and not argument.startswith(("--co", "--num")) for argument in arguments)
    return [*PARALLEL, *arguments] if has_plugin and is_whole else list(arguments)


def runs_again(arguments: Sequence[str], code: int) -> bool:
    """Return whether the failed tests of a run with an exit code run once more, one after the other.

    Options may end a run early, and then more than the failed tests are missing.
    """
    return code == pytest.ExitCode.TESTS_FAILED and not arguments and with_processes(arguments) != list(arguments)


def main(arguments: Sequence[str]) -> int:
    """Run pytest and return the exit code."""
    code = pytest.main(with_processes(arguments), plugins=[FromAnyFolder()])
    if not runs_again(arguments, code):
        return code
    print("\nThe failed tests run once more, alone. One that passes now depends on the tests beside it.", flush=True)
    subprocess.run([sys.executable, __file__, *ALONE], check=False)
    return code


if __name__ == "__main__":
    # Hypothesis chooses its folder before any hook of a plugin.
    os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", str(ROOT / ".hypothesis"))
    sys.exit(main(sys.argv[1:]))
