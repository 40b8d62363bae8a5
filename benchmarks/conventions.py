"""Cost of other conventions' names on the worker: reading them, and writing spans under GenAI names for a collector.

    hatch run bench:conventions [--rounds 300]

The first table is the mapping of a span of twelve kinds of instrumentations. Its floor decodes the JSON texts that the
mapping has to understand, and looks each name up once. The second table is the encoder for a collector, with the
encoder for Kayba as the floor. Figures are the CPU time of one span, the median over rounds in which all variants
alternate. A ratio is the median of the ratios within each round.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping
from statistics import median
from typing import Any, Final

import orjson
from foreign_spans import DOCUMENTS, FOREIGN_SPANS, REQUEST, RESPONSE, TOOL_INPUTS, ForeignSpan

from ace_tracing.delivery.derivation import derive_fields
from ace_tracing.delivery.otlp.encoder import encode
from ace_tracing.delivery.otlp.standard import encode_json, encode_protobuf
from ace_tracing.recording.callsite import InstrumentationScope
from ace_tracing.recording.records import SpanRecord, TraceRecord

REPEATS: Final = 20
"""How often a span is processed in one measurement."""
TRACE_ID: Final = "0af7651916cd43dd8448eb211c80319c"
SCOPE: Final = InstrumentationScope("bench", "1.0", "", {}, 1)

Variant = Callable[[], object]


def build_record(
    name: str,
    span_type: str = "UNKNOWN",
    inputs: Any = None,
    outputs: Any = None,
    attributes: dict[str, Any] | None = None,
    scope: InstrumentationScope | None = None,
) -> SpanRecord:
    """Return a finished span below another one."""
    texts = (None if value is None else orjson.dumps(value).decode() for value in (inputs, outputs))
    return SpanRecord(
        "b7ad6b7169203331", "00f067aa0ba902b7", name, span_type, 1_780_000_000_000_000_000, 1_780_000_000_900_000_000,
        "OK", "", None, None, *texts, attributes, None, None, scope,
    )  # fmt: skip


def read_texts(span: ForeignSpan) -> None:
    """Look up each name, and decode each JSON text once: work that every mapping has."""
    names = FOREIGN_SPANS
    for key, value in span.attributes.items():
        names.get(key)
        if type(value) is str and value[:1] in ("{", "["):
            orjson.loads(value)


def measure(variants: Mapping[str, Variant], rounds: int) -> dict[str, list[float]]:
    """Return the CPU time of each variant in each round, in microseconds."""
    costs: dict[str, list[float]] = {name: [] for name in variants}
    for number in range(rounds + 1):
        for name, run in variants.items():
            start = time.thread_time_ns()
            for _ in range(REPEATS):
                run()
            cost = (time.thread_time_ns() - start) / REPEATS / 1_000
            if number:  # The first round fills caches that a running worker has filled.
                costs[name].append(cost)
    return costs


def print_table(
    title: str, floor: str, names: list[str], rows: Mapping[str, Mapping[str, Variant]], rounds: int
) -> None:
    """Measure the variants of each row, and print them with their ratios to the floor."""
    print(f"\n| {title} | {floor} | " + " | ".join(f"{name} | ratio" for name in names) + " |")
    print("|---" * (2 + 2 * len(names)) + "|")
    sums = dict.fromkeys((floor, *names), 0.0)
    for kind, variants in rows.items():
        costs = measure(variants, rounds)
        cells = [f"{median(costs[floor]):.1f} µs"]
        for name in names:
            ratio = median(own / base for own, base in zip(costs[name], costs[floor], strict=True))
            cells += [f"{median(costs[name]):.1f} µs", f"{ratio:.1f}"]
        for name in sums:
            sums[name] += median(costs[name]) / len(rows)
        print(f"| {kind} | " + " | ".join(cells) + " |", flush=True)
    cells = [f"{sums[floor]:.1f} µs"]
    for name in names:
        cells += [f"{sums[name]:.1f} µs", f"{sums[name] / sums[floor]:.1f}"]
    print("| mean | " + " | ".join(cells) + " |")


def mapping_variants(span: ForeignSpan) -> dict[str, Variant]:
    """Return the floor and the mapping of one span."""
    record = build_record(span.name, attributes=span.attributes, scope=SCOPE)
    return {"floor": lambda: read_texts(span), "mapping": lambda: derive_fields(record)}


def encoding_variants(record: SpanRecord) -> dict[str, Variant]:
    """Return the encoders of one span."""
    traces = [TraceRecord(TRACE_ID, None, None, None, [record])]
    resource = (("service.name", "bench"),)
    return {
        "for Kayba": lambda: encode(traces),
        "protobuf": lambda: encode_protobuf(traces, resource, bool),
        "JSON": lambda: encode_json(traces, resource, bool),
    }


def main() -> None:
    """Measure all variants, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=300)
    options = parser.parse_args()
    mapping = {kind: mapping_variants(span) for kind, span in FOREIGN_SPANS.items()}
    print_table("mapping of a span", "floor", ["mapping"], mapping, options.rounds)
    own = {
        "model call": build_record("ask", "CHAT_MODEL", REQUEST, RESPONSE),
        "tool": build_record("search_logs", "TOOL", TOOL_INPUTS, "nothing found"),
        "retriever": build_record("retrieve", "RETRIEVER", {"query": "timeout"}, DOCUMENTS),
        "agent": build_record("operator", "AGENT", {"question": "which file?"}, "worker-2.log"),
        "chain": build_record("step", "CHAIN", {"lines": [1, 2, 3]}, ["a", "b"]),
    }
    foreign = {
        kind: derive_fields(build_record(span.name, attributes=span.attributes, scope=SCOPE))
        for kind, span in FOREIGN_SPANS.items()
    }
    encoders = {kind: encoding_variants(record) for kind, record in (own | foreign).items()}
    print_table("encoding of a span", "for Kayba", ["protobuf", "JSON"], encoders, options.rounds)


if __name__ == "__main__":
    main()
