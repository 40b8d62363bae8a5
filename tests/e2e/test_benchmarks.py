"""The benchmarks: their commands run and count lost spans. The measured figures are not tested."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def run_benchmark(command: str, *arguments: str) -> list[dict[str, str]]:
    """Run a benchmark and return the rows of its table, each by column name."""
    done = subprocess.run(
        [sys.executable, BENCHMARKS / command, "--in-place", "--print-only", *arguments],
        capture_output=True,
        encoding="utf-8",
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    heading, _, *rows = [
        [cell.strip() for cell in line.strip("|\n").split("|")]
        for line in done.stdout.splitlines()
        if line.startswith("|")
    ]
    return [dict(zip(heading, row, strict=True)) for row in rows]


def test_compare_counts_delivered_spans() -> None:
    plain, ace = run_benchmark("compare.py", "--only", "plain", "--only", "ace", "--traces", "20", "--rounds", "1")
    assert plain["delivered"] == "—"
    assert ace["delivered"] == "100%"
    assert all(float(ace[column].replace(",", "")) > 0 for column in ("caller µs", "whole CPU µs", "spans/s", "sent B"))


def test_shapes_delivers_every_span() -> None:
    (ace,) = run_benchmark(
        "shapes.py", "--only", "ace", "--shape", "async, 10 tasks", "--traces", "20", "--rounds", "1"
    )
    assert ace["delivered"] == "100%"


def test_flood_accounts_for_every_span() -> None:
    (ace,) = run_benchmark("flood.py", "--only", "ace", "--traces", "50")
    assert ace["unaccounted"] == "0"


def test_tail_percentiles_are_ordered() -> None:
    for row in run_benchmark("tails.py", "--only", "plain", "--calls", "50", "--rounds", "1"):
        assert 0 < float(row["p50"]) <= float(row["p99"]) <= float(row["max"])


def test_sink_counts_repeated_spans_once_and_stops_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(BENCHMARKS)
    import sink

    monkeypatch.setattr(sink, "QUIET_S", 0.1)
    counter = sink.SpanCounter()
    body = json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [{"spanId": "a1"}, {"spanId": "b2"}]}]}]}).encode()
    for encoding, sent in (("", body), ("gzip", gzip.compress(body))):
        counter.received.put(sink.Request("/v1/traces", "application/json", encoding, sent, at=1.0))
    found = counter.wait(3)
    assert found["spans"] == 2
    assert found["requests"] == 2
    assert found["decoded"] == 2 * len(body)


def test_sink_accepts_requests_over_http(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(BENCHMARKS)
    from sink import Sink

    with Sink() as url:
        request = urllib.request.Request(
            f"{url}/v1/private/spans/batch",
            json.dumps({"spans": [{"id": "a", "end_time": "2026-01-01T00:00:00Z"}, {"id": "b"}]}).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request) as response:
            assert response.status == 200
        with urllib.request.urlopen(f"{url}/counted?spans=1") as response:
            assert json.load(response)["spans"] == 1
