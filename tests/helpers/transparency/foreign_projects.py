"""Foreign projects: download of a source distribution, and runs of its tests with and without tracing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.helpers.transparency.foreign_suites import Suite

PLUGINS: Final = Path(__file__).parents[2] / "transparency" / "plugins"

Outcomes = Mapping[str, Mapping[str, int]]
"""The number of tests and subtests with each outcome, by test id."""


@dataclass(frozen=True)
class TracingReport:
    """Counts and log messages of a traced run.

    Attributes:
        functions: The number of decorated functions.
        spans: The number of spans that were recorded and decoded.
        failed: The number of spans with the status ERROR.
        log_messages: The log messages of ace-tracing. It logs only internal errors.
    """

    functions: int
    spans: int
    failed: int
    log_messages: list[str]


def fetch(suite: Suite, folder: Path) -> Path:
    """Download and unpack the source distribution of a suite, and return its folder."""
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", f"--no-binary={suite.distribution}"]
    subprocess.run([*pip, f"--dest={folder}", f"{suite.distribution}=={suite.version}"], check=True)
    (archive,) = folder.glob("*.tar.gz")
    with tarfile.open(archive) as opened:
        opened.extractall(folder, filter="data")
    (source,) = (entry for entry in folder.iterdir() if entry.is_dir())
    return source


def run(suite: Suite, source: Path) -> Outcomes:
    """Run the tests without tracing."""
    return _run(suite, source, source.parent / "plain.json", ("outcomes",), {})


def run_traced(suite: Suite, source: Path) -> tuple[Outcomes, TracingReport]:
    """Run the tests with every function of the package traced."""
    recorded = source.parent / "recorded.json"
    environment = {"TRANSPARENCY_PACKAGE": suite.package, "TRANSPARENCY_RECORDED": str(recorded)}
    outcomes = _run(suite, source, source.parent / "traced.json", ("outcomes", "trace_everything"), environment)
    return outcomes, TracingReport(**json.loads(recorded.read_text()))


def _run(
    suite: Suite, source: Path, result: Path, plugins: tuple[str, ...], environment: Mapping[str, str]
) -> Outcomes:
    command = [sys.executable, "-m", "pytest", "-q", "--tb=short", "-p", "no:cacheprovider"]
    for plugin in plugins:
        command += ["-p", plugin]
    for test in suite.slow_tests:
        command += ["--deselect", test]
    ours = {
        "PYTHONPATH": os.pathsep.join([str(source), str(PLUGINS)]),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "PYTEST_ADDOPTS": "",
        "TRANSPARENCY_OUTCOMES": str(result),
    }
    finished = subprocess.run(
        [*command, suite.tests],
        cwd=source,
        env={**os.environ, **ours, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    # pytest shows this output when the comparison fails. The statuses 0 and 1 mean that the suite ran to its end.
    print(finished.stdout)
    assert finished.returncode in (0, 1), f"the tests of {suite.distribution} did not run: {finished.returncode}"
    outcomes: Outcomes = json.loads(result.read_text())
    return outcomes
