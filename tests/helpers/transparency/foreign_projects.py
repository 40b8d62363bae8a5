"""Fetches a project's source distribution and runs its tests in a process of their own, traced or not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.helpers.transparency.foreign_suites import Suite

PLUGINS = Path(__file__).parents[2] / "transparency" / "plugins"

Outcomes = Mapping[str, Mapping[str, int]]
"""By test id: how often the test, or a subtest of it, ended in which way."""


@dataclass(frozen=True)
class Recorded:
    """What the traced run recorded.

    Attributes:
        functions: how many functions were decorated.
        spans: how many spans were recorded, and decoded again.
        failed: how many of these failed.
        complaints: whatever ace-tracing logged, which it does when something of its own goes wrong.
    """

    functions: int
    spans: int
    failed: int
    complaints: list[str]


def fetch(suite: Suite, folder: Path) -> Path:
    """Download and unpack the source distribution of a suite; gives the folder that it is in."""
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", f"--no-binary={suite.distribution}"]
    subprocess.run([*pip, f"--dest={folder}", f"{suite.distribution}=={suite.version}"], check=True)
    (archive,) = folder.glob("*.tar.gz")
    with tarfile.open(archive) as opened:
        opened.extractall(folder, filter="data")
    (source,) = (entry for entry in folder.iterdir() if entry.is_dir())
    return source


def run(suite: Suite, source: Path) -> Outcomes:
    """Run the tests as they are."""
    return _run(suite, source, source.parent / "plain.json", ("outcomes",), {})


def run_traced(suite: Suite, source: Path) -> tuple[Outcomes, Recorded]:
    """Run the tests with every function of the package traced."""
    recorded = source.parent / "recorded.json"
    told = {"TRANSPARENCY_PACKAGE": suite.package, "TRANSPARENCY_RECORDED": str(recorded)}
    outcomes = _run(suite, source, source.parent / "traced.json", ("outcomes", "trace_everything"), told)
    return outcomes, Recorded(**json.loads(recorded.read_text()))


def _run(
    suite: Suite, source: Path, result: Path, plugins: tuple[str, ...], environment: Mapping[str, str]
) -> Outcomes:
    command = [sys.executable, "-m", "pytest", "-q", "--tb=short", "-p", "no:cacheprovider"]
    for plugin in plugins:
        command += ["-p", plugin]
    for test in suite.too_long:
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
    # Shown by pytest when the comparison fails; 0 and 1 are a suite that ran to its end.
    print(finished.stdout)
    assert finished.returncode in (0, 1), f"the tests of {suite.distribution} did not run: {finished.returncode}"
    outcomes: Outcomes = json.loads(result.read_text())
    return outcomes
