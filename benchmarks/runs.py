"""Runs SDKs, each in its own environment and process against a sink of its own, in turn, and keeps the medians."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import TypeVar

from environments import BENCHMARKS, CACHE, PEERS, Environment, surroundings
from sink import Sink

Figures = dict[str, float]
"""What drive.py measures, or what comes of it, by name."""

Key = TypeVar("Key")

SLOWEST = 900.0
"""Seconds after which a run is given up."""


def run(name: str, environment: Environment, shape: str, traces: int) -> Figures:
    """What spans cost under one SDK."""
    with Sink() as url:
        return derived(inside(environment, "measure_spans.py", name, url, str(traces), shape))


def inside(environment: Environment, script: str, name: str, *arguments: str, **variables: str) -> Figures:
    """What a script prints that is run for one SDK in its environment, in an empty folder."""
    CACHE.mkdir(exist_ok=True)
    # Not where temporary files go, which is often memory: ours writes what it has to keep to a disk.
    with TemporaryDirectory(dir=CACHE, ignore_cleanup_errors=True) as folder:
        done = subprocess.run(
            [environment.python, BENCHMARKS / script, PEERS[name], *arguments],
            capture_output=True,
            text=True,
            cwd=folder,
            env={**surroundings(Path(folder)), **variables},
            timeout=SLOWEST,
        )
    if done.returncode:
        raise RuntimeError(f"{script} {name} failed:\n{done.stderr}")
    return json.loads(done.stdout)  # type: ignore[no-any-return]  # as the script writes it


def derived(raw: Figures) -> Figures:
    """What a table shows, from what was measured: a span's costs in µs, the rate, the share that came."""
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


def interleaved(
    keys: Iterable[Key], rounds: int, one: Callable[[Key], Figures], say: Callable[[str], object]
) -> dict[Key, Figures]:
    """The medians of every figure, over rounds in which each is run once, so that a busy minute hits all alike."""
    found: dict[Key, list[Figures]] = {key: [] for key in keys}
    for number in range(1, rounds + 1):
        for key, runs in found.items():
            say(f"round {number} of {rounds}: {', '.join(map(str, key)) if isinstance(key, tuple) else key}")
            runs.append(one(key))
    return {key: {name: median(each[name] for each in runs) for name in runs[0]} for key, runs in found.items()}
