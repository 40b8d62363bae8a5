"""Time and memory to read one large trace from a kayba-local.

    hatch run bench:large-trace [--spans 60000] [--rounds 3] [--server-only]

It starts a server in a subprocess, sends one trace in OTLP requests of 2,000 spans, and a second one as a file. A new
server on the same store then responds, so memory that the first one needed to store the traces does not hide the memory
of the responses. Each row is one way to read: the best wall time of all rounds, the server's CPU time in the first one,
the bytes of the response, and the growth of the server's peak memory in the first round (both Linux only).
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, NamedTuple

import httpx

import ace_tracing

TRACE: Final = "5e" * 16
FILED_TRACE: Final = "6f" * 16
SPANS_PER_REQUEST: Final = 2_000
FILED_SPANS: Final = 20_000
"""Spans in the file; the server takes files of 64 MiB."""
CHILDREN: Final = 8
START_NS: Final = 1_795_369_083_497_015_170
MOUNT: Final = "/api/mlflow"
TRACES: Final = f"{MOUNT}/api/3.0/mlflow/traces"
QUESTION: Final = "Which of the modules of the standard library reads files that gzip has compressed? "


class Figures(NamedTuple):
    """The figures of one way to read: seconds, bytes of the response, CPU seconds and bytes of memory of the server."""

    seconds: float
    received: int
    cpu: float | None
    growth: int | None


def span_id(number: int) -> str:
    """Return the id of a span by its number from 1."""
    return f"{number:016x}"


def values_of(number: int) -> dict[str, Any]:
    """Return the attributes of a span: inputs and outputs as an agent has them, token usage, and a few numbers."""
    return {
        "mlflow.spanType": ("AGENT", "LLM", "TOOL", "RETRIEVER")[number % 4],
        "mlflow.spanFunctionName": "answer_question",
        "mlflow.spanInputs": {"messages": [{"role": "user", "content": QUESTION * 3}], "number": number, "top_p": 0.9},
        "mlflow.spanOutputs": {
            "documents": [{"id": number * 10 + i, "text": QUESTION, "score": 0.5} for i in range(3)]
        },
        "mlflow.chat.tokenUsage": {"input_tokens": 120, "output_tokens": 30, "total_tokens": 150},
        "gen_ai.request.model": "claude-sonnet-4-6",
        "attempt": number % 3,
        "cached": number % 2 == 0,
    }


def any_value(value: Any) -> dict[str, Any]:
    """Return an attribute's value in OTLP, with objects as JSON texts."""
    match value:
        case bool():
            return {"boolValue": value}
        case int():
            return {"intValue": str(value)}
        case str():
            return {"stringValue": value}
        case _:
            return {"stringValue": json.dumps(value)}


def make_span(number: int) -> dict[str, Any]:
    """Return a span of the trace. The spans form a tree with eight children each."""
    start_ns = START_NS + number * 1_000
    return {
        "traceId": TRACE,
        "spanId": span_id(number),
        **({"parentSpanId": span_id((number - 2) // CHILDREN + 1)} if number > 1 else {}),
        "name": f"step {number % 50}",
        "kind": 1,
        "startTimeUnixNano": str(start_ns),
        "endTimeUnixNano": str(start_ns + 5_000_000),
        "attributes": [{"key": key, "value": any_value(value)} for key, value in values_of(number).items()],
        "status": {"code": 1},
    }


def make_filed_span(number: int) -> dict[str, Any]:
    """Return a span of the trace that is sent as a file."""
    return {
        "trace_id": f"tr-{FILED_TRACE}",
        "span_id": span_id(number),
        "parent_span_id": span_id(1) if number > 1 else None,
        "name": "step",
        "start_time_unix_nano": START_NS + number,
        "end_time_unix_nano": START_NS + number + 1_000,
        "attributes": {key: json.dumps(value) for key, value in values_of(number).items()},
        "events": [],
        "links": [],
        "status": {"code": "STATUS_CODE_OK"},
    }


@contextmanager
def running_server(folder: Path) -> Iterator[tuple[str, int]]:
    """Run a server in a subprocess; yields its URL and its process id."""
    command = [sys.executable, "-m", "kayba_local", "serve", "--port", "0", "--store", f"sqlite:///{folder / 'k.db'}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().split()[-1], process.pid
        process.send_signal(signal.SIGTERM)


def send(http: httpx.Client, spans: int) -> None:
    """Store both traces."""
    headers = {"x-mlflow-experiment-id": "0"}
    for first in range(1, spans + 1, SPANS_PER_REQUEST):
        some = [make_span(number) for number in range(first, min(first + SPANS_PER_REQUEST, spans + 1))]
        body = {"resourceSpans": [{"scopeSpans": [{"spans": some}]}]}
        http.post(f"{MOUNT}/v1/traces", json=body, headers=headers).raise_for_status()
    info = {
        "trace_id": f"tr-{FILED_TRACE}",
        "trace_location": {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "0"}},
        "request_time": "2026-11-22T17:38:03.497Z",
        "state": "OK",
    }
    http.post(TRACES, json={"trace": {"trace_info": info}}).raise_for_status()
    file = json.dumps({"spans": [make_filed_span(number) for number in range(1, FILED_SPANS + 1)]})
    http.put(file_path(), content=file, headers={"Content-Type": "text/plain"}).raise_for_status()


def file_path() -> str:
    """Return the path of the second trace's file."""
    return f"{MOUNT}/api/2.0/mlflow-artifacts/artifacts/0/traces/tr-{FILED_TRACE}/artifacts/traces.json"


def measure(read: Callable[[], int], process_id: int, rounds: int) -> Figures:
    """Return the best time of all rounds, and the server's CPU time and memory in the first one."""
    times, received = [], 0
    cpu: float | None = None
    growth: int | None = None
    for number in range(rounds):
        memory, cpu_before = reset_peak_memory(process_id), read_cpu(process_id)
        start = time.perf_counter()
        received = read()
        times.append(time.perf_counter() - start)
        if number == 0 and memory is not None:
            cpu, growth = read_cpu(process_id) - cpu_before, read_memory(process_id, "VmHWM") - memory
    return Figures(min(times), received, cpu, growth)


def read_cpu(process_id: int) -> float:
    """Return the CPU seconds of a process; 0 without Linux's `/proc`."""
    try:
        fields = Path(f"/proc/{process_id}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def reset_peak_memory(process_id: int) -> int | None:
    """Reset the peak of a process's memory, and return its resident memory in bytes; None where that is unknown."""
    try:
        Path(f"/proc/{process_id}/clear_refs").write_text("5", encoding="ascii")
        return read_memory(process_id, "VmRSS")
    except OSError:
        return None


def read_memory(process_id: int, kind: str) -> int:
    """Return a figure of a process's memory in bytes."""
    lines = Path(f"/proc/{process_id}/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{kind}:"))


def receive(http: httpx.Client, path: str, **parameters: str) -> int:
    """Read a response without keeping it, and return its size."""
    with http.stream("GET", path, params=parameters) as response:
        response.raise_for_status()
        return sum(map(len, response.iter_raw()))


def read_with_the_client(spans: int) -> int:
    """Read the trace with `get_trace`."""
    trace = ace_tracing.get_trace(f"tr-{TRACE}")
    assert len(trace.data.spans) == spans
    return 0


def main() -> None:
    """Measure all ways to read and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--spans", type=int, default=60_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--server-only", action="store_true", help="leave out the client's get_trace")
    options = parser.parse_args()
    with TemporaryDirectory() as folder:
        with running_server(Path(folder)) as (url, _), httpx.Client(base_url=url, timeout=600) as http:
            send(http, options.spans)
        with running_server(Path(folder)) as (url, process_id), httpx.Client(base_url=url, timeout=600) as http:
            # The first request of each kind imports modules.
            receive(http, "/")
            ways: dict[str, Callable[[], int]] = {
                "GET traces/get": lambda: receive(http, f"{TRACES}/get", trace_id=f"tr-{TRACE}"),
                "GET traces/batchGet": lambda: receive(http, f"{TRACES}/batchGet", trace_ids=f"tr-{TRACE}"),
                "GET traces.json": lambda: receive(http, file_path()),
                "the page of the trace": lambda: receive(http, f"/trace/tr-{TRACE}"),
            }
            if not options.server_only:
                ace_tracing.configure(api_key="kb-benchmark", base_url=url)
                ways["ace_tracing.get_trace"] = lambda: read_with_the_client(options.spans)
            print(f"{options.spans:,} spans\n{'':24}{'s':>8}{'MB':>8}{'CPU s':>8}{'memory MB':>12}")
            for name, read in ways.items():
                print(format_row(name, measure(read, process_id, options.rounds)), flush=True)
            ace_tracing.shutdown()


def format_row(name: str, figures: Figures) -> str:
    """Return a row of the table; an unknown figure is empty."""
    cpu = "" if figures.cpu is None else f"{figures.cpu:.2f}"
    growth = "" if figures.growth is None else f"{figures.growth / 1e6:.0f}"
    return f"{name:24}{figures.seconds:8.2f}{figures.received / 1e6:8.1f}{cpu:>8}{growth:>12}"


if __name__ == "__main__":
    main()
