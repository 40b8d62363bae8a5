"""Programs run as processes of their own, so that they can die; and what is asked of traces in tests."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from _pytest.mark import ParameterSet

from ace_tracing import Delivery, start_span

FOLDER = Path(__file__).parents[1] / "reliability" / "programs"
LONGEST_S = 120.0
ID_BYTES = 16
OUR_WARNING = re.compile(r"Traces are (waiting|kept)|\d+ traces |The spool ")


class Programs:
    """Starts programs with a spool that they share.

    Args:
        folder: where what they tell is written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._started: list[subprocess.Popen[str]] = []

    def start(self, name: str, *arguments: object, spool: bool = True, **environment: str) -> subprocess.Popen[str]:
        """Start `programs/<name>.py`; its standard streams are pipes of text."""
        # From 3.12 on Python warns of each fork of a process with threads, which is what some of them are about.
        command = [sys.executable, "-W", "ignore::DeprecationWarning", str(FOLDER / f"{name}.py"), *map(str, arguments)]
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "SPOOL": str(int(spool)), **environment},
        )
        self._started.append(process)
        return process

    def run(
        self, name: str, *arguments: object, spool: bool = True, timeout: float = LONGEST_S, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a program to its end, which comes within `timeout` seconds."""
        process = self.start(name, *arguments, spool=spool, **environment)
        out, err = process.communicate(timeout=timeout)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def report(self, name: str, *arguments: object, spool: bool = True, timeout: float = LONGEST_S) -> Any:
        """Run a program that ends well and says one line of JSON, beside our warnings; give what that says."""
        done = self.run(name, *arguments, spool=spool, timeout=timeout)
        assert (done.returncode, beside_warnings(done.stderr)) == (0, [])
        return json.loads(done.stdout)

    def end(self) -> None:
        """End what still runs."""
        for process in self._started:
            process.kill()
            process.communicate()


def beside_warnings(errors: str) -> list[str]:
    """The lines that a program has written to its standard error and that are no warning about delivery."""
    return [line for line in errors.splitlines() if not OUR_WARNING.match(line)]


def told_in(path: Path) -> list[str]:
    """The trace ids that a program had told when it died, in hex."""
    told = path.read_bytes() if path.exists() else b""
    return [told[at : at + ID_BYTES].hex() for at in range(0, len(told) - ID_BYTES + 1, ID_BYTES)]


def make(count: int, prefix: str = "n", **inputs: object) -> None:
    """Make traces of one span each, with their names numbered."""
    for number in range(count):
        with start_span(f"{prefix}{number}") as span:
            if inputs:
                span.set_inputs(inputs)


def names(count: int, prefix: str = "n") -> dict[str, int]:
    """The names that `make` gives, each once."""
    return {f"{prefix}{number}": 1 for number in range(count)}


def sums(delivery: Delivery) -> tuple[int, int, int]:
    """Delivered, pending, dropped; every drop has a reason."""
    assert sum(delivery.reasons.values()) == delivery.dropped
    return delivery.delivered, delivery.pending, delivery.dropped


def each_way(ways: Iterable[str], quick: tuple[str, ...]) -> list[str | ParameterSet]:
    """All ways as parameters of a test, of which only some are quick enough for every run."""
    return [way if way in quick else pytest.param(way, marks=pytest.mark.soak) for way in ways]


def until(condition: Callable[[], object], seconds: float = 30.0) -> None:
    """Come back when the condition holds, which it does within that time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to hold"
        time.sleep(0.01)
