"""Cost of a span of OpenTelemetry's API through the bridge, compared with OpenTelemetry's SDK, batches and OTLP.

    hatch run bench:bridge [--spans 200] [--rounds 40]

All variants alternate in one process, and send to one server on loopback. Figures are medians over the rounds. A ratio
is the median of the ratios within each round, so it also holds on other or busy machines. The caller's cost is the CPU
time of its thread; the cost of the process has the encoding and sending on other threads, too.
"""

from __future__ import annotations

import argparse
import multiprocessing
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
from statistics import median
from typing import Any, Final

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Tracer

import ace_tracing
from ace_tracing.otel import SpanProcessor, tracer_provider

SDK: Final = "OpenTelemetry SDK, batches, OTLP/HTTP"
BRIDGE: Final = "ace_tracing.otel.tracer_provider()"
PROCESSOR: Final = "SDK with ace_tracing.otel.SpanProcessor"

FIRST: Final = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-4o",
    "gen_ai.request.temperature": 0.5,
    "gen_ai.request.max_tokens": 100,
    "server.address": "api.openai.com",
    "server.port": 443,
    "gen_ai.input.messages": '[{"role": "user", "parts": [{"type": "text", "content": "%s"}]}]' % ("why " * 100),
}
LATER: Final = {
    "gen_ai.response.model": "gpt-4o-2024-08-06",
    "gen_ai.response.finish_reasons": ["stop"],
    "gen_ai.usage.input_tokens": 100,
    "gen_ai.usage.output_tokens": 80,
    "gen_ai.output.messages": '[{"role": "assistant", "parts": [{"type": "text", "content": "%s"}]}]' % ("so " * 100),
}


class Sink(BaseHTTPRequestHandler):
    """Accepts every request."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Type", "application/x-protobuf")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Log nothing."""


def serve(ready: Connection) -> None:
    """Accept requests until the process ends."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Sink)
    ready.send(server.server_port)
    server.serve_forever()


def record_bare(tracer: Tracer) -> None:
    """Record a span without attributes."""
    with tracer.start_as_current_span("chat gpt-4o"):
        pass


def record_chat(tracer: Tracer) -> None:
    """Record a span with 13 attributes."""
    with tracer.start_as_current_span("chat gpt-4o", attributes=FIRST) as span:
        for key, value in LATER.items():
            span.set_attribute(key, value)


WORKLOADS: Final[dict[str, Callable[[Tracer], None]]] = {"nothing set": record_bare, "13 attributes": record_chat}


def measure(tracer: Tracer, record: Callable[[Tracer], None], flush: Callable[[], Any], spans: int) -> list[float]:
    """Return the cost of a span to the caller and to the process, in microseconds."""
    with tracer.start_as_current_span("root"):
        process, thread = time.process_time_ns(), time.thread_time_ns()
        for _ in range(spans):
            record(tracer)
        caller = time.thread_time_ns() - thread
    flush()
    return [caller / spans / 1_000, (time.process_time_ns() - process) / spans / 1_000]


def main() -> None:
    """Measure all variants, and print a table for each workload."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--spans", type=int, default=200, help="spans of one round")
    parser.add_argument("--rounds", type=int, default=40)
    options = parser.parse_args()
    receiver, sender = multiprocessing.get_context("spawn").Pipe(duplex=False)
    sink = multiprocessing.get_context("spawn").Process(target=serve, args=(sender,), daemon=True)
    sink.start()
    url = f"http://127.0.0.1:{receiver.recv()}"
    ace_tracing.configure(exporter="otlp", endpoint=url, spool=False)
    sdk = TracerProvider()
    sdk.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(f"{url}/v1/traces"), max_queue_size=100_000))
    both = TracerProvider()
    both.add_span_processor(SpanProcessor())
    provider = tracer_provider()
    variants: dict[str, tuple[Tracer, Callable[[], Any]]] = {
        SDK: (sdk.get_tracer("bench", "1.0"), sdk.force_flush),
        BRIDGE: (provider.get_tracer("bench", "1.0"), lambda: ace_tracing.flush(20)),
        PROCESSOR: (both.get_tracer("bench", "1.0"), lambda: ace_tracing.flush(20)),
    }
    for title, record in WORKLOADS.items():
        costs: dict[str, list[list[float]]] = {name: [] for name in variants}
        for number in range(options.rounds + 1):
            for name, (tracer, flush) in variants.items():
                if name == SDK:
                    # Off, as in a process without this package.
                    provider.shutdown()
                else:
                    tracer_provider()
                cost = measure(tracer, record, flush, options.spans)
                if number:  # The first round opens the connections.
                    costs[name].append(cost)
        print(f"\n| {title} | caller | ratio | process | ratio |\n|---|---|---|---|---|")
        for name, rounds in costs.items():
            cells = []
            for part in (0, 1):
                ratio = median(own[part] / base[part] for own, base in zip(rounds, costs[SDK], strict=True))
                cells.append(f"{median(own[part] for own in rounds):.1f} µs | {ratio:.2f}")
            print(f"| {name} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
