"""Delivery of the traces that killed processes left in the spool, into a kayba-local in a process of its own.

    hatch run bench:recovery [--traces 735000] [--spans 1] [--processes 4]

It starts processes that trace while the server is down, kills each with SIGKILL, starts the server, and measures one
further process, which finds and delivers all these traces. Each trace must be stored once.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from large_trace import read_cpu, read_memory

PROGRAMS: Final = Path(__file__).parent


def find_free_port() -> int:
    """Return a port on which no server listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def leave_traces(url: str, traces: int, spans: int, processes: int) -> None:
    """Let processes make the traces, one after the other, and kill each."""
    for number in range(processes):
        share = traces // processes + (number < traces % processes)
        command = [sys.executable, str(PROGRAMS / "leave_traces.py"), url, str(share), str(spans)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
            assert process.stdout is not None
            kept = int(process.stdout.readline())
            process.kill()
        if kept != share:
            raise SystemExit(f"a process kept {kept:,} of {share:,} traces: use more --processes")


@contextmanager
def running_server(port: int, store: Path) -> Iterator[int]:
    """Run a server in a subprocess; yields its process id."""
    command = [sys.executable, "-m", "kayba_local", "serve", "--port", str(port), "--store", f"sqlite:///{store}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process.pid
        process.send_signal(signal.SIGTERM)


def measure(url: str, traces: int) -> dict[str, Any]:
    """Deliver the traces with one process, and return its figures."""
    command = [sys.executable, str(PROGRAMS / "measure_recovery.py"), url, str(traces)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures


def count_rows(store: Path, table: str) -> int:
    """Return the number of rows of a table of the store."""
    with closing(sqlite3.connect(store)) as database:
        (count,) = database.execute(f"SELECT count(*) FROM {table}").fetchone()
        return int(count)


def main() -> None:
    """Leave the traces, deliver them and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--traces", type=int, default=735_000)
    parser.add_argument("--spans", type=int, default=1, help="spans of each trace")
    parser.add_argument("--processes", type=int, default=4, help="processes that are killed")
    options = parser.parse_args()
    port = find_free_port()
    url = f"http://127.0.0.1:{port}"
    with TemporaryDirectory() as folder:
        os.environ["KAYBA_SPOOL_DIR"] = str(Path(folder, "spool"))
        leave_traces(url, options.traces, options.spans, options.processes)
        size = sum(path.stat().st_size for path in Path(folder).rglob("*.segment"))
        store = Path(folder, "kayba.db")
        with running_server(port, store) as server:
            before = read_cpu(server)
            figures = measure(url, options.traces)
            server_cpu, server_memory = read_cpu(server) - before, read_memory(server, "VmHWM")
        stored, spans = count_rows(store, "traces"), count_rows(store, "spans")
    traces = options.traces
    print(f"{traces:,} traces of {options.spans} spans each, {size / 1e6:,.0f} MB of segments")
    print(f"stored           {stored:,} traces, {spans:,} spans; dropped {figures['dropped']:,}")
    print(f"delivered        {figures['recovered'] / figures['seconds']:,.0f} traces/s in {figures['seconds']:.1f} s")
    print(f"CPU, client      {figures['cpu'] / traces * 1e6:.1f} µs a trace")
    print(f"CPU, server      {server_cpu / traces * 1e6:.1f} µs a trace; {server_memory / 1e6:.0f} MB")
    if (stored, spans) != (traces, traces * options.spans):
        raise SystemExit("traces are missing")


if __name__ == "__main__":
    main()
