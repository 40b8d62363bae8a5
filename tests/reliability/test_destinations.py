"""Programs with two destinations that are killed, with both up or one down: nothing is lost or doubled on either."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.helpers.faulty_server import FaultyServer, faulty_server
from tests.helpers.programs import TIMEOUT_S, Programs, read_line, recorded_ids

ROUND = 2


@pytest.fixture
def kayba() -> Iterator[FaultyServer]:
    with faulty_server(keep_requests=False) as server:
        yield server


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultyServer]:
    with faulty_server(keep_requests=False) as server:
        monkeypatch.setenv("COLLECTOR", server.url)
        yield server


def kill_programs(programs: Programs, url: str, folder: Path, rounds: int) -> list[str]:
    """Let programs trace to both destinations, kill each, and return the ids of the traces that they had finished."""
    ids = []
    for number in range(rounds):
        id_file = folder / str(number)
        process = programs.start("trace_until_killed", url, id_file, 2)
        read_line(process)
        threading.Event().wait(random.uniform(0.05, 0.6))
        process.kill()
        process.wait(TIMEOUT_S)
        ids += recorded_ids(id_file)
    return ids


def check(server: FaultyServer, ids: list[str]) -> None:
    """Check that a server has each finished trace once and whole."""
    stored = server.store.traces
    assert len(ids) > 10
    assert [trace_id for trace_id in ids if trace_id not in stored] == []
    assert [each for each in ids if len(stored[each]) != 2] == []


@pytest.mark.point(1)
@pytest.mark.parametrize("down", ["", "kayba", "otlp"], ids=["both up", "kayba down", "otlp down"])
@pytest.mark.parametrize("rounds", [ROUND, pytest.param(50, marks=pytest.mark.soak)])
def test_a_kill_loses_and_doubles_nothing_on_either_destination(
    down: str, rounds: int, programs: Programs, kayba: FaultyServer, collector: FaultyServer, tmp_path: Path
) -> None:
    failing = {"kayba": kayba, "otlp": collector}.get(down)
    if failing is not None:
        failing.down()
    ids = kill_programs(programs, kayba.url, tmp_path, rounds)
    if failing is not None:
        # The next process delivers to the one that is up, while the other one is still down.
        programs.report("deliver", kayba.url, "1")
        failing.up()
    programs.report("deliver", kayba.url, "all")
    check(kayba, ids)
    check(collector, ids)
    assert kayba.store.traces.keys() == collector.store.traces.keys()


@pytest.mark.point(1)
def test_each_destination_may_be_recovered_by_another_process(
    programs: Programs, kayba: FaultyServer, collector: FaultyServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kayba.down()
    collector.down()
    ids = kill_programs(programs, kayba.url, tmp_path, 2)
    kayba.up()
    collector.up()
    # One process that sends to the collector only, and beside it one that sends to Kayba only.
    other = programs.start("deliver", "none", "all")
    monkeypatch.delenv("COLLECTOR")
    programs.report("deliver", kayba.url, "all")
    assert other.wait(TIMEOUT_S) == 0, other.communicate()[1]
    check(kayba, ids)
    check(collector, ids)
    assert kayba.store.duplicates == collector.store.duplicates == 0
