"""Prints what a span costs under ace-tracing and OpenTelemetry, side by side, each in a process of its own.

    hatch run bench:spans [--traces 20000] [--rounds 5]

caller µs      wall time a span on the thread that traces
CPU µs         the whole process's CPU a span, delivery included
spans/s        spans a second from the first call until the server has all of them
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
import urllib.request
from statistics import median

from agents import SUBJECTS
from sink import Sink

SPANS = 3
COLUMNS = ("caller µs", "CPU µs", "spans/s", "delivered", "import ms")


def measure(name: str, traces: int) -> dict[str, float]:
    """One run of one SDK in this process."""
    with Sink() as url:
        before = time.perf_counter()
        subject = SUBJECTS[name](url)
        imported = time.perf_counter() - before
        for _ in range(500):
            subject.call()
        subject.flush()
        warm = counted(url)
        cpu, start = time.process_time(), time.perf_counter()
        for _ in range(traces):
            subject.call()
        called = time.perf_counter()
        subject.flush()
        ended, cpu = time.perf_counter(), time.process_time() - cpu
        spans = traces * SPANS
        return {
            "caller µs": (called - start) / spans * 1e6,
            "CPU µs": cpu / spans * 1e6,
            "spans/s": spans / (ended - start),
            "delivered": (counted(url) - warm) / spans,
            "import ms": imported * 1e3,
        }


def counted(url: str) -> int:
    """The spans that the sink has seen."""
    with urllib.request.urlopen(url) as answer:
        return int(answer.read())


def main() -> None:
    """Run each SDK in turn, round after round, and print the medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--traces", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--one", choices=SUBJECTS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measure(options.one, options.traces)))
        return
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in SUBJECTS}
    for _ in range(options.rounds):
        for name in SUBJECTS:
            command = [sys.executable, __file__, "--one", name, "--traces", str(options.traces)]
            runs[name].append(json.loads(subprocess.run(command, check=True, capture_output=True).stdout))
    print(f"{options.traces} traces of {SPANS} spans, median of {options.rounds} rounds\n")
    print(f"| {'':<22}|" + "|".join(f"{column:>12} " for column in COLUMNS) + "|")
    print(f"|{'-' * 23}|" + "|".join("-" * 12 + ":" for _ in COLUMNS) + "|")
    medians = {
        name: {column: median(run[column] for run in found) for column in COLUMNS} for name, found in runs.items()
    }
    for name, row in medians.items():
        print(f"| {name:<22}|" + "|".join(f"{row[column]:>12,.2f} " for column in COLUMNS) + "|")
    ours, theirs = medians["ace-tracing"], medians["OpenTelemetry"]
    print("\nOpenTelemetry / ace-tracing: " + ", ".join(f"{c} {theirs[c] / ours[c]:.2f}" for c in COLUMNS[:3]))


if __name__ == "__main__":
    main()
