"""The benchmarks run, and tell what did not come. What they measure is nobody's test."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def table_of(command: str, *arguments: str) -> list[dict[str, str]]:
    """The rows that a command prints, by the names of their columns."""
    done = subprocess.run(
        [sys.executable, BENCHMARKS / command, "--in-place", "--print-only", *arguments],
        capture_output=True,
        encoding="utf-8",
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    heading, _, *rows = [
        [cell.strip() for cell in line.strip("|\n").split("|")]
        for line in done.stdout.splitlines()
        if line.startswith("|")
    ]
    return [dict(zip(heading, row, strict=True)) for row in rows]


def test_the_comparison_counts_what_comes() -> None:
    plain, ours = table_of("compare.py", "--only", "plain", "--only", "ace", "--traces", "20", "--rounds", "1")
    assert plain["delivered"] == "—"
    assert ours["delivered"] == "100%"
    assert all(
        float(ours[column].replace(",", "")) > 0 for column in ("caller µs", "whole CPU µs", "spans/s", "sent B")
    )


def test_another_shape_comes_whole() -> None:
    (ours,) = table_of("shapes.py", "--only", "ace", "--shape", "async, 10 tasks", "--traces", "20", "--rounds", "1")
    assert ours["delivered"] == "100%"


def test_a_flood_is_accounted_for() -> None:
    (ours,) = table_of("flood.py", "--only", "ace", "--traces", "50")
    assert ours["unaccounted"] == "0"


def test_tails_have_an_order() -> None:
    for row in table_of("tails.py", "--only", "plain", "--calls", "50", "--rounds", "1"):
        assert 0 < float(row["p50"]) <= float(row["p99"]) <= float(row["max"])


def test_the_sink_counts_a_span_once_and_tells_when_some_are_missing(monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_the_sink_takes_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(BENCHMARKS)
    from sink import Sink

    with Sink() as url:
        request = urllib.request.Request(
            f"{url}/v1/private/spans/batch",
            json.dumps({"spans": [{"id": "a", "end_time": "2026-01-01T00:00:00Z"}, {"id": "b"}]}).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request) as answer:
            assert answer.status == 200
        with urllib.request.urlopen(f"{url}/counted?spans=1") as answer:
            assert json.load(answer)["spans"] == 1
