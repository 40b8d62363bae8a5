"""Measures the latency of ingest in kayba-local while 64 clients scan its whole store.

    hatch run bench:pressure [--spans 1000000] [--scans 64] [--requests 1000]

It fills a store, sends requests with one trace each, first alone and then beside the scans, and prints both latencies
and their ratio.
"""

from __future__ import annotations

import argparse
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import httpx
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from tests.helpers.server_process import run_server

TRACES: Final = "/v1/traces"
SEARCH: Final = "/api/mlflow/api/3.0/mlflow/traces/search"
HEADERS: Final = {"Content-Type": "application/x-protobuf"}
SCAN: Final = {
    "locations": [{"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "0"}}],
    "filter": "span.content LIKE '%not in any span%'",
}
SPANS_PER_TRACE: Final = 10
TRACES_PER_REQUEST: Final = 200
TIMEOUT_S: Final = 120


def main() -> None:
    """Fill a store, and print the latencies of ingest without and with scans."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--spans", type=int, default=1_000_000, help="spans in the store (default: %(default)s)")
    parser.add_argument("--scans", type=int, default=64, help="clients that scan the store (default: %(default)s)")
    parser.add_argument("--requests", type=int, default=1_000, help="measured requests (default: %(default)s)")
    options = parser.parse_args()
    with (
        TemporaryDirectory() as folder,
        run_server("--store", f"sqlite:///{Path(folder, 'kayba.db')}") as (_, url),
        httpx.Client(base_url=url, timeout=TIMEOUT_S) as client,
    ):
        fill(client, options.spans)
        alone = measure(client, options.requests, first=2**40)
        with scans(url, options.scans) as counts:
            beside = measure(client, options.requests, first=2**41)
    print(f"{options.spans:,} spans in the store; requests of one trace with {SPANS_PER_TRACE} spans")
    show("alone", alone)
    show(f"beside {options.scans} scans", beside)
    print(f"p99 ratio: {percentile(beside, 99) / percentile(alone, 99):.1f}")
    print("scans by status: " + ", ".join(f"{status}: {count}" for status, count in sorted(counts.items())))


def fill(client: httpx.Client, spans: int) -> None:
    """Store this number of spans."""
    traces = spans // SPANS_PER_TRACE
    for first in range(1, traces + 1, TRACES_PER_REQUEST):
        count = min(TRACES_PER_REQUEST, traces + 1 - first)
        client.post(TRACES, content=encode(first, count), headers=HEADERS).raise_for_status()


def encode(first: int, count: int) -> bytes:
    """Return a request with so many traces, which are numbered from `first`."""
    request = ExportTraceServiceRequest()
    spans = request.resource_spans.add().scope_spans.add().spans
    now = time.time_ns()
    for trace in range(first, first + count):
        for number in range(1, SPANS_PER_TRACE + 1):
            span = spans.add()
            span.trace_id, span.span_id = trace.to_bytes(16, "big"), number.to_bytes(8, "big")
            span.parent_span_id = b"" if number == 1 else (1).to_bytes(8, "big")
            span.name = f"step {number}"
            span.start_time_unix_nano, span.end_time_unix_nano = now, now + number * 1_000_000
            for key in ("mlflow.spanInputs", "mlflow.spanOutputs"):
                attribute = span.attributes.add()
                attribute.key, attribute.value.string_value = (
                    key,
                    f'{{"question": "number {trace} of many", "n": {number}}}',
                )
    return request.SerializeToString()


def measure(client: httpx.Client, requests: int, first: int) -> list[float]:
    """Return the latencies of so many requests, in ms."""
    latencies = []
    for trace in range(first, first + requests):
        body = encode(trace, 1)
        start = time.perf_counter()
        client.post(TRACES, content=body, headers=HEADERS).raise_for_status()
        latencies.append((time.perf_counter() - start) * 1000)
    return latencies


@contextmanager
def scans(url: str, clients: int) -> Iterator[dict[int, int]]:
    """Scan the whole store from many clients while the block runs. Yield the number of responses by status."""
    counts: dict[int, int] = {}
    stopping = threading.Event()

    def scan() -> None:
        with httpx.Client(base_url=url, timeout=TIMEOUT_S) as client:
            while not stopping.is_set():
                status = client.post(SEARCH, json=SCAN).status_code
                counts[status] = counts.get(status, 0) + 1

    threads = [threading.Thread(target=scan) for _ in range(clients)]
    for thread in threads:
        thread.start()
    try:
        yield counts
    finally:
        stopping.set()
        for thread in threads:
            thread.join()


def percentile(latencies: list[float], percent: int) -> float:
    """Return a percentile of latencies."""
    return statistics.quantiles(latencies, n=100)[percent - 1]


def show(name: str, latencies: list[float]) -> None:
    """Print the latencies of one phase."""
    p50, p99 = percentile(latencies, 50), percentile(latencies, 99)
    print(f"{name:>20}: p50 {p50:.1f} ms, p99 {p99:.1f} ms, most {max(latencies):.1f} ms")


if __name__ == "__main__":
    main()
