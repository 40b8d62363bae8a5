"""Programs that run as processes of their own, so that a test can kill them, and helpers for traces and counts."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from _pytest.mark import ParameterSet

import ace_tracing
from ace_tracing import Trace, search_traces, start_span

PROGRAMS_FOLDER: Final = Path(__file__).parents[1] / "reliability" / "programs"
TIMEOUT_S: Final = 300.0
"""Far more than anything takes on a busy machine: only a hang lasts this long."""
ID_BYTES: Final = 16
VALUE: Final = {"%d": r"\d+", "%s": ".*", "%.1f": r"\d+\.\d"}
NOT_ABOUT_DELIVERY: Final = {"decorator", "propagation", "diagnostics.py"}


def warnings_about_delivery() -> Iterator[str]:
    """Yield a pattern for each warning that the library may log on a busy machine, when delivery takes long."""
    package = Path(ace_tracing.__file__).parent
    for path in package.rglob("*.py"):
        if path.relative_to(package).parts[0] in NOT_ABOUT_DELIVERY:
            continue
        nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
        constants: dict[str, str] = {}
        for node in nodes:
            match node:
                case ast.AnnAssign(target=ast.Name(id=name), value=ast.Constant(value=str(text))):
                    constants[name] = text
        for node in nodes:
            match node:
                case ast.Call(
                    func=ast.Name(id="warn"),
                    args=[ast.Constant(value=cause), ast.Constant() | ast.Name() as text_node, *_],
                ) if cause != "partial":
                    message = constants.get(text_node.id) if isinstance(text_node, ast.Name) else str(text_node.value)
                    if message is not None:
                        yield "".join(VALUE.get(part, re.escape(part)) for part in re.split(r"(%d|%s|%\.1f)", message))


WARNING: Final = re.compile("|".join(warnings_about_delivery()))


class Programs:
    """Starts programs that share the test's spool.

    Args:
        folder: The folder of the programs.
    """

    def __init__(self, folder: Path = PROGRAMS_FOLDER) -> None:
        self._folder = folder
        self._started: list[subprocess.Popen[str]] = []

    def start(self, name: str, *arguments: object, spool: bool = True, patient: bool = False) -> subprocess.Popen[str]:
        """Start a program. Its standard streams are pipes of text.

        Args:
            name: The program's file in the folder, without `.py`.
            arguments: Its command line.
            spool: Whether traces wait in the spool.
            patient: Whether its exit waits for pending traces as long as delivery takes on a busy machine.
        """
        # From 3.12 on, Python warns of each fork of a process with threads. Some programs do exactly that.
        command = [sys.executable, "-W", "ignore::DeprecationWarning", str(self._folder / f"{name}.py")]
        process = subprocess.Popen(
            [*command, *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "SPOOL": str(int(spool)), "PATIENT": str(int(patient))},
        )
        self._started.append(process)
        return process

    def run(
        self,
        name: str,
        *arguments: object,
        spool: bool = True,
        patient: bool = False,
        code: int = 0,
        timeout: float = TIMEOUT_S,
    ) -> subprocess.CompletedProcess[str]:
        """Run a program to its end.

        Args:
            name: The program's file, without `.py`.
            arguments: Its command line.
            spool: Whether traces wait in the spool.
            patient: Whether its exit waits for pending traces as long as delivery takes on a busy machine.
            code: The exit code that the program must have.
            timeout: The longest time that it may take, in seconds.
        """
        process = self.start(name, *arguments, spool=spool, patient=patient)
        out, err = process.communicate(timeout=timeout)
        assert process.returncode == code, err
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def report(self, name: str, *arguments: object, spool: bool = True, timeout: float = TIMEOUT_S) -> Any:
        """Run a program that prints one line of JSON, and return the value. It may only log warnings about delivery."""
        done = self.run(name, *arguments, spool=spool, timeout=timeout)
        assert unexpected_lines(done.stderr) == [], done.stderr
        return json.loads(done.stdout)

    def end(self) -> None:
        """Kill the programs that still run."""
        for process in self._started:
            process.kill()
            process.communicate()


def read_line(process: subprocess.Popen[str]) -> str:
    """Return the next line of a program's standard output. Fails with its standard error when the program has ended."""
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, process.communicate()[1]
    return line


def unexpected_lines(stderr: str) -> list[str]:
    """Return the lines of a program's standard error that are not the library's warnings about delivery."""
    return [line for line in stderr.splitlines() if not WARNING.match(line)]


def recorded_ids(path: Path) -> list[str]:
    """Return the trace ids, in hex, that a program had recorded with `IdFile` when it ended."""
    content = path.read_bytes() if path.exists() else b""
    return [content[at : at + ID_BYTES].hex() for at in range(0, len(content) - ID_BYTES + 1, ID_BYTES)]


def make_traces(count: int, prefix: str = "n", **inputs: object) -> None:
    """Make traces of one span each, with numbered names."""
    for number in range(count):
        with start_span(f"{prefix}{number}") as span:
            if inputs:
                span.set_inputs(inputs)


def numbered_names(count: int, prefix: str = "n") -> dict[str, int]:
    """Return the names of the spans from `make_traces`, each counted once."""
    return {f"{prefix}{number}": 1 for number in range(count)}


def mark_soak(values: Iterable[str], quick: tuple[str, ...]) -> list[str | ParameterSet]:
    """Return parameters of a test. All but the quick ones run in the soak only."""
    return [value if value in quick else pytest.param(value, marks=pytest.mark.soak) for value in values]


def read_traces(count: int, **query: Any) -> list[Trace]:
    """Return the traces that a search finds once there are `count` of them.

    A process on a busy machine may end before the last of its traces is sent. This process finds them in the spool.
    """
    found: list[Trace] = []

    def is_complete() -> bool:
        found[:] = search_traces(max_results=1_000, **query)
        return len(found) >= count

    wait_for(is_complete)
    return found


def wait_until_equal(read: Callable[[], object], expected: object, note: str = "") -> None:
    """Return when a function returns the expected value. Fail with the last value and the note after a minute."""
    deadline = time.monotonic() + 60
    while (found := read()) != expected and time.monotonic() < deadline:
        time.sleep(0.05)
    assert found == expected, f"{found}\n{note}"


def wait_for(condition: Callable[[], object], seconds: float = TIMEOUT_S) -> None:
    """Return when the condition is true. Fail when it is not within that time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"the condition is still false after {seconds} s"
        time.sleep(0.01)
