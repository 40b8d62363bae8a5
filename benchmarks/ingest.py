"""CPU time of a kayba-local to store spans, beside a floor: SQLite storing the same bytes.

    hatch run bench:ingest [--rounds 3]

A server in a subprocess receives OTLP requests in protobuf on loopback: 600 small spans, 600 spans of 4 KB, and one
trace of three spans. The floor inserts the encoded spans of each request into a table with one key, in one transaction
with the same durability. Each row has the CPU microseconds of a span, or of a request of one trace, the best of all
rounds, and the spans that one core stores in a second. CPU times, because the machine may have other work. The last
column is the size of the store's file, as a share of the bytes received. Linux only.
"""

from __future__ import annotations

import argparse
import os
import secrets
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

import httpx
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

SPANS_PER_TRACE: Final = 3
START_NS: Final = 1_795_369_083_497_015_170
WORDS: Final = "retrieved documents describe how an agent reads compressed files line by line in several threads"


class Workload(NamedTuple):
    """The requests of a row: traces in each, characters of each span's output, and how many are sent."""

    name: str
    traces: int
    characters: int
    requests: int


WORKLOADS: Final = (
    Workload("600 small spans", 200, 0, 30),
    Workload("600 spans of 4 KB", 200, 3_700, 12),
    Workload("one trace", 1, 0, 300),
)


class Figures(NamedTuple):
    """CPU seconds, and the size of the file in bytes."""

    cpu: float
    size: int


def make_text(characters: int) -> str:
    """Return words in a random order, which compress as texts do."""
    words = [secrets.choice(WORDS.split()) for _ in range(characters // 6)]
    return " ".join(words)


def make_request(number: int, workload: Workload) -> ExportTraceServiceRequest:
    """Return a request of traces with three spans each, as the SDK sends them."""
    request = ExportTraceServiceRequest()
    group = request.resource_spans.add()
    group.resource.attributes.add(key="service.name").value.string_value = "bench"
    spans = group.scope_spans.add().spans
    for trace in range(workload.traces):
        trace_id, root_id = secrets.token_bytes(16), secrets.token_bytes(8)
        for position, (name, kind) in enumerate((("agent", "AGENT"), ("search", "TOOL"), ("chat", "CHAT_MODEL"))):
            start_ns = START_NS + number * 1_000_000_000 + trace * 1_000_000 + position
            span = spans.add(
                trace_id=trace_id,
                span_id=secrets.token_bytes(8) if position else root_id,
                parent_span_id=root_id if position else b"",
                name=name,
                start_time_unix_nano=start_ns,
                end_time_unix_nano=start_ns + 900_000,
            )
            values = {
                "mlflow.spanType": f'"{kind}"',
                "mlflow.spanFunctionName": '"answer"',
                "mlflow.spanInputs": f'{{"question": "number {trace} of {number}"}}',
                "mlflow.spanOutputs": f'{{"answer": "{make_text(workload.characters)}"}}',
            }
            for key, value in values.items():
                span.attributes.add(key=key).value.string_value = value
    return request


def read_cpu(process_id: int) -> float:
    """Return the CPU seconds of a process."""
    fields = Path(f"/proc/{process_id}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def running_server(file: Path) -> Iterator[tuple[str, int]]:
    """Run a server in a subprocess; yields its URL and its process id."""
    command = [sys.executable, "-m", "kayba_local", "serve", "--port", "0", "--store", f"sqlite:///{file}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().split()[-1], process.pid
        process.send_signal(signal.SIGTERM)


def measure_server(bodies: Sequence[bytes], warm_up: bytes) -> Figures:
    """Return the figures of a server that gets the requests."""
    with TemporaryDirectory() as folder:
        file = Path(folder, "kayba.db")
        with (
            running_server(file) as (url, process_id),
            httpx.Client(base_url=url, headers={"Content-Type": "application/x-protobuf"}, timeout=60) as http,
        ):
            http.post("/v1/traces", content=warm_up).raise_for_status()
            before = read_cpu(process_id)
            for body in bodies:
                http.post("/v1/traces", content=body).raise_for_status()
            cpu = read_cpu(process_id) - before
        return Figures(cpu, file.stat().st_size)


def measure_floor(requests: Sequence[Sequence[Span]]) -> Figures:
    """Return the figures of a table with a key and the encoded span, without any other column."""
    encoded = [[(span.span_id, span.SerializeToString()) for span in spans] for spans in requests]
    with TemporaryDirectory() as folder:
        file = Path(folder, "floor.db")
        with closing(sqlite3.connect(file, isolation_level=None)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("CREATE TABLE spans (id BLOB PRIMARY KEY, content BLOB)")
            before = time.process_time()
            for rows in encoded:
                connection.execute("BEGIN IMMEDIATE")
                connection.executemany("INSERT INTO spans VALUES (?, ?)", rows)
                connection.execute("COMMIT")
            cpu = time.process_time() - before
        return Figures(cpu, file.stat().st_size)


def main() -> None:
    """Measure all workloads and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    print(f"{'':22}{'µs':>9}{'floor µs':>10}{'ratio':>8}{'spans/s':>10}{'stored':>9}")
    for workload in WORKLOADS:
        messages = [make_request(number, workload) for number in range(workload.requests + 1)]
        bodies = [message.SerializeToString() for message in messages]
        spans = [message.resource_spans[0].scope_spans[0].spans for message in messages[1:]]
        ours = min(measure_server(bodies[1:], bodies[0]) for _ in range(options.rounds))
        floor = min(measure_floor(spans) for _ in range(options.rounds))
        count = workload.requests * workload.traces * SPANS_PER_TRACE
        units = workload.requests if workload.traces == 1 else count
        print(
            f"{workload.name:22}{ours.cpu / units * 1e6:9.1f}{floor.cpu / units * 1e6:10.1f}"
            f"{ours.cpu / floor.cpu:8.1f}{count / ours.cpu:10,.0f}{ours.size / sum(map(len, bodies)):9.2f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
