"""Latency of ingest while a kayba-local deletes, backs up, exports and compacts.

    hatch run bench:upkeep [--spans 1000000] [--delete 10000] [--seconds 20]

It fills a store with traces of 10 spans, starts a server on it in a subprocess, and sends a request of 60 spans every
50 ms. The first row is ingest alone, before and after the work; its 99th percentile is the floor of the others. Each
further row is the same ingest during one kind of work: the seconds of the work, the latencies of the requests, the
ratio to the floor, and the largest size of the write-ahead log.
"""

from __future__ import annotations

import argparse
import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import httpx

from kayba_local.otlp import json_requests
from kayba_local.store.database import Database
from kayba_local.store.traces import ingest

SPANS_PER_TRACE: Final = 10
TRACES_PER_BATCH: Final = 200
TRACES_PER_REQUEST: Final = 6
PERIOD_S: Final = 0.05
START_NS: Final = 1_700_000_000_000_000_000
TEXT: Final = "Which of the modules of the standard library reads files that gzip has compressed? "


def make_trace(number: int) -> list[dict[str, Any]]:
    """Return the spans of a trace: a root with nine children, each with inputs and outputs."""
    start_ns = START_NS + number * 1_000_000
    return [
        {
            "traceId": f"{number + 1:032x}",
            "spanId": f"{index + 1:016x}",
            **({"parentSpanId": f"{1:016x}"} if index else {}),
            "name": f"step {index}",
            "startTimeUnixNano": str(start_ns + index),
            "endTimeUnixNano": str(start_ns + 5_000_000),
            "attributes": [
                {"key": "mlflow.spanType", "value": {"stringValue": "TOOL"}},
                {"key": "mlflow.spanInputs", "value": {"stringValue": json.dumps({"question": TEXT, "n": number})}},
                {"key": "mlflow.spanOutputs", "value": {"stringValue": json.dumps(TEXT * 2)}},
            ],
            "status": {"code": 1},
        }
        for index in range(SPANS_PER_TRACE)
    ]


def make_request(first: int, count: int) -> dict[str, Any]:
    """Return an OTLP request with so many traces."""
    spans = [span for number in range(first, first + count) for span in make_trace(number)]
    return {"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}


def fill(path: Path, traces: int) -> None:
    """Store the traces that are there before the work."""
    with closing(Database.open(f"sqlite:///{path}")) as db:
        for first in range(0, traces, TRACES_PER_BATCH):
            count = min(TRACES_PER_BATCH, traces - first)
            ingest.store_spans(db, "0", json_requests.read(make_request(first, count)))


@contextmanager
def running_server(path: Path, *arguments: str) -> Iterator[str]:
    """Run a server in a subprocess; yields its URL."""
    command = [sys.executable, "-m", "kayba_local", "serve", "--port", "0", "--store", f"sqlite:///{path}", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().split()[-1]
        process.send_signal(signal.SIGTERM)


class Load:
    """A client that sends a request every 50 ms, and records how long each one takes."""

    def __init__(self, url: str, path: Path, first: int) -> None:
        self._url = url
        self._log = path.with_name(path.name + "-wal")
        self._next = first
        self.log_bytes = 0

    def measure(self, work: Callable[[], object]) -> tuple[float, list[float]]:
        """Send requests while `work` runs, and return its seconds and the seconds of each request."""
        times: list[float] = []
        stopped = threading.Event()
        self.log_bytes = 0
        sender = threading.Thread(target=self._send, args=(stopped, times))
        sender.start()
        start = time.perf_counter()
        work()
        seconds = time.perf_counter() - start
        stopped.set()
        sender.join()
        return seconds, times

    def _send(self, stopped: threading.Event, times: list[float]) -> None:
        with httpx.Client(base_url=self._url, timeout=120) as http:
            due = time.perf_counter()
            while not stopped.is_set():
                body = json.dumps(make_request(self._next, TRACES_PER_REQUEST)).encode()
                self._next += TRACES_PER_REQUEST
                start = time.perf_counter()
                http.post("/v1/traces", content=body, headers={"Content-Type": "application/json"}).raise_for_status()
                times.append(time.perf_counter() - start)
                if self._log.exists():
                    self.log_bytes = max(self.log_bytes, self._log.stat().st_size)
                due = max(due + PERIOD_S, time.perf_counter())
                stopped.wait(due - time.perf_counter())


def percentile(times: list[float], share: float) -> float:
    """Return the time that so large a share of the requests stayed below."""
    return sorted(times)[min(len(times) - 1, int(len(times) * share))]


def run_command(path: Path, *arguments: str) -> None:
    """Run a command of kayba-local on the store."""
    command = [sys.executable, "-m", "kayba_local", *arguments, "--store", f"sqlite:///{path}"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def delete(url: str, until: int) -> None:
    """Delete the traces up to a number through the API."""
    until_ms = (START_NS + until * 1_000_000) // 1_000_000 - 1
    body = {"experiment_id": "0", "max_timestamp_millis": until_ms}
    response = httpx.post(f"{url}/api/mlflow/api/2.0/mlflow/traces/delete-traces", json=body, timeout=1_200)
    response.raise_for_status()


def main() -> None:
    """Measure all kinds of work and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--spans", type=int, default=1_000_000)
    parser.add_argument("--delete", type=int, default=10_000, help="traces to delete")
    parser.add_argument("--seconds", type=float, default=20, help="of ingest alone, before and after")
    options = parser.parse_args()
    traces = options.spans // SPANS_PER_TRACE
    with TemporaryDirectory() as folder:
        path = Path(folder, "kayba.db")
        fill(path, traces)
        print(f"{options.spans:,} spans, {path.stat().st_size / 1e6:,.0f} MB")
        with running_server(path) as url:
            load = Load(url, path, traces)
            work: dict[str, Callable[[], object]] = {
                "ingest alone": lambda: time.sleep(options.seconds),
                f"delete {options.delete:,} traces": lambda: delete(url, options.delete),
                "backup": lambda: run_command(path, "backup", str(Path(folder, "copy.db"))),
                "export": lambda: run_command(path, "export", str(Path(folder, "traces.jsonl.gz"))),
                "compact": lambda: run_command(path, "compact"),
                "ingest alone, after": lambda: time.sleep(options.seconds),
            }
            rows = {}
            for name, function in work.items():
                seconds, times = load.measure(function)
                rows[name] = (seconds, times, load.log_bytes)
        floor = percentile(rows["ingest alone"][1] + rows["ingest alone, after"][1], 0.99)
        print(f"{'':24}{'s':>8}{'requests':>10}{'p50 ms':>9}{'p99 ms':>9}{'max ms':>9}{'p99 ratio':>11}{'log MB':>8}")
        for name, (seconds, times, log_bytes) in rows.items():
            p50, p99 = percentile(times, 0.5), percentile(times, 0.99)
            print(
                f"{name:24}{seconds:8.1f}{len(times):10}{p50 * 1e3:9.1f}{p99 * 1e3:9.1f}{max(times) * 1e3:9.1f}"
                f"{p99 / floor:11.1f}{log_bytes / 1e6:8.1f}"
            )


if __name__ == "__main__":
    main()
