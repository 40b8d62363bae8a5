"""Runs of the SDKs, each in a separate environment and process with a separate sink, and their medians."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Final, TypeVar

from environments import BENCHMARKS, CACHE, PEERS, Environment, make_variables
from sink import Sink

Figures = dict[str, float]
"""Measured or derived figures by name."""

Key = TypeVar("Key")

TIMEOUT_S: Final = 900.0
"""Timeout of one run, in seconds."""


def measure_spans(name: str, environment: Environment, shape: str, traces: int) -> Figures:
    """Measure the cost of spans under one SDK."""
    with Sink() as url:
        return derive_figures(run_script(environment, "measure_spans.py", name, url, str(traces), shape))


def run_script(environment: Environment, script: str, name: str, *arguments: str, **variables: str) -> Figures:
    """Run a script for one SDK in its environment, in an empty folder, and return the figures that it prints."""
    CACHE.mkdir(exist_ok=True)
    # The spool must be on a disk, and the system's folder for temporary files is often in memory.
    with TemporaryDirectory(dir=CACHE, ignore_cleanup_errors=True) as folder:
        completed = subprocess.run(
            [environment.python, BENCHMARKS / script, PEERS[name], *arguments],
            capture_output=True,
            text=True,
            cwd=folder,
            env={**make_variables(Path(folder)), **variables},
            timeout=TIMEOUT_S,
        )
    if completed.returncode:
        raise RuntimeError(f"{script} {name} failed:\n{completed.stderr}")
    return json.loads(completed.stdout)  # type: ignore[no-any-return]  # the format of the script


def derive_figures(raw: Figures) -> Figures:
    """Return the figures of a table: costs per span, the rate, and the share of delivered spans."""
    spans, delivered = raw["spans"], raw["delivered"]
    return {
        "traces": raw["traces"],
        "caller µs": raw["caller"] / spans * 1e6,
        "caller CPU µs": raw["caller cpu"] / spans * 1e6,
        "whole CPU µs": raw["cpu"] / spans * 1e6,
        "spans/s": delivered / raw["until delivered"] if delivered else 0.0,
        "delivered": delivered / spans,
        "sent B": raw["sent"] / delivered if delivered else 0.0,
        "content B": raw["decoded"] / delivered if delivered else 0.0,
        "import ms": raw["import"] * 1e3,
    }


def run_interleaved(
    keys: Iterable[Key], rounds: int, measure: Callable[[Key], Figures], log_progress: Callable[[str], object]
) -> dict[Key, Figures]:
    """Measure every key once per round, so a busy minute affects all alike, and return the medians of the rounds."""
    measured: dict[Key, list[Figures]] = {key: [] for key in keys}
    for number in range(1, rounds + 1):
        for key, runs in measured.items():
            log_progress(f"round {number} of {rounds}: {', '.join(map(str, key)) if isinstance(key, tuple) else key}")
            runs.append(measure(key))
    return {key: {name: median(each[name] for each in runs) for name in runs[0]} for key, runs in measured.items()}
