"""Hostile values: traced functions return them unchanged, and their traces and neighbouring traces are complete."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Final

import orjson
import pytest

from ace_tracing import Trace, flush, search_traces, trace
from ace_tracing.testing.hostile import check as hostile
from ace_tracing.values.snapshot import Limits, snapshot
from kayba_local import LocalServer

TIGHT: Final = Limits(value_bytes=2_000, string_chars=100, items=10, depth=4)
NOTES_BYTES: Final = 4_000


@pytest.mark.parametrize("name", hostile.VALUES)
def test_a_hostile_value_passes(name: str) -> None:
    assert hostile.check(name, hostile.VALUES[name]).problem == ""


@pytest.mark.parametrize("name", hostile.VALUES)
def test_a_hostile_value_becomes_bounded_json(name: str) -> None:
    value = hostile.VALUES[name]()
    assert len(snapshot(value)) <= hostile.MAX_BYTES
    tight = snapshot(value, TIGHT)
    assert len(tight) <= TIGHT.value_bytes + NOTES_BYTES
    assert depth_of(orjson.loads(tight)) <= TIGHT.depth


def depth_of(plain: object) -> int:
    match plain:
        case dict():
            return 1 + max(map(depth_of, plain.values()), default=0)
        case list():
            return 1 + max(map(depth_of, plain), default=0)
        case _:
            return 0


@trace
def identity(value: object) -> object:
    return value


def test_every_hostile_value_and_its_neighbours_are_delivered(tracing: LocalServer) -> None:
    for number, make in enumerate(hostile.VALUES.values()):
        assert identity(number) == number
        value = make()
        assert identity(value) is value
    assert flush()
    stored = list(search_all())
    assert len(stored) == 2 * len(hostile.VALUES)
    roots = [each.root for each in stored]
    assert all(root is not None and "value" in root.inputs for root in roots)
    numbers = {root.outputs for root in roots if root is not None and type(root.outputs) is int}
    assert numbers >= set(range(len(hostile.VALUES)))


def search_all() -> Iterator[Trace]:
    yield from search_traces(max_results=500)


@pytest.mark.parametrize("name", ["generator", "iterator", "closed coroutine"])
def test_one_time_iterators_are_not_consumed(name: str) -> None:
    value = hostile.VALUES[name]()
    before = getattr(value, "gi_frame", None)
    assert identity(value) is value
    assert getattr(value, "gi_frame", None) is before


def test_the_check_reports_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hostile, "MAX_BYTES", 10)
    assert hostile.check("long", lambda: "x" * 100).problem == "more than 10 bytes"


@pytest.mark.parametrize(("make", "code"), [(lambda: 1, 0), (lambda: "x" * 100, 1)])
def test_the_table_contains_each_verdict(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], make: Callable[[], object], code: int
) -> None:
    monkeypatch.setattr(hostile, "MAX_BYTES", 10)
    monkeypatch.setattr(hostile, "MAX_SECONDS", 60.0)
    monkeypatch.setattr(hostile, "VALUES", {"the value": make})
    assert hostile.main() == code
    table = capsys.readouterr().out
    assert "the value" in table
    assert f"{1 - code} of 1 values pass" in table


def test_the_suite_runs_as_a_command() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "ace_tracing.hostile"], capture_output=True, text=True, timeout=120, check=False
    )
    assert ran.stderr == ""
    assert f"of {len(hostile.VALUES)} values pass" in ran.stdout
    # A loaded machine may be slow. No other failure is allowed.
    verdicts = {line.rsplit("  ", 1)[-1] for line in ran.stdout.splitlines()[1:-2]}
    assert verdicts <= {"ok", "slow"}
