"""Types of the public names: right usage passes a strict type checker, and wrong usage is rejected.

The tests run every installed checker: mypy in the default environment; pyright, which needs Node, in a separate
environment (`hatch run typing:test`).
"""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import pytest

import ace.tracing
import kayba_api

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
USAGE = {"usage.py": ace.tracing, "rest_usage.py": kayba_api}
"""Files of right usage, each with the module that it uses."""
MISUSE = ("misuse.py", "rest_misuse.py")

MARK = re.compile(r"# error: ([a-z, -]+)$")


class Finding(NamedTuple):
    """One error that a checker reports."""

    line: int
    rule: str
    message: str


def run(*command: str) -> str:
    """Return the output of a checker. Exit code 1 means that it reports errors, which the tests compare."""
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=ROOT,
        env={**os.environ, "PYRIGHT_PYTHON_IGNORE_WARNINGS": "1"},
        capture_output=True,
        encoding="utf-8",
        timeout=300,
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return done.stdout


def mypy(path: Path) -> Iterator[Finding]:
    for line in run("mypy", "--strict", "--no-error-summary", "--output=json", str(path)).splitlines():
        finding = json.loads(line)
        assert Path(finding["file"]).name == path.name, finding
        if finding["severity"] == "error":
            yield Finding(finding["line"], finding["code"], finding["message"])


def pyright(path: Path) -> Iterator[Finding]:
    report = json.loads(run("pyright", f"--pythonpath={sys.executable}", "--outputjson", str(path)))
    assert report["summary"]["filesAnalyzed"] == 1
    for finding in report["generalDiagnostics"]:
        yield Finding(finding["range"]["start"]["line"] + 1, finding["rule"], finding["message"])


CHECKERS = [checker for checker in (mypy, pyright) if find_spec(checker.__name__)]


@pytest.mark.parametrize("usage", USAGE)
@pytest.mark.parametrize("checker", CHECKERS)
def test_right_usage_passes(checker: Callable[[Path], Iterator[Finding]], usage: str) -> None:
    assert list(checker(HERE / usage)) == []


@pytest.mark.parametrize("misuse", MISUSE)
@pytest.mark.parametrize("checker", CHECKERS)
def test_wrong_usage_is_rejected_at_the_marked_lines(checker: Callable[[Path], Iterator[Finding]], misuse: str) -> None:
    expected = {
        number: set(mark[1].split(", "))
        for number, line in enumerate((HERE / misuse).read_text(encoding="utf-8").splitlines(), 1)
        if (mark := MARK.search(line))
    }
    found: defaultdict[int, set[str]] = defaultdict(set)
    for finding in checker(HERE / misuse):
        found[finding.line].add(finding.rule)
    if checker is mypy:
        assert found == expected
    else:
        # The marks are mypy's rule names. Other checkers must only agree on the lines.
        assert found.keys() == expected.keys()


def test_a_checker_is_installed() -> None:
    assert CHECKERS


@pytest.mark.parametrize(("usage", "module"), USAGE.items())
def test_every_public_name_is_used(usage: str, module: ModuleType) -> None:
    tree = ast.parse((HERE / usage).read_text(encoding="utf-8"))
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    assert set(module.__all__) <= used
