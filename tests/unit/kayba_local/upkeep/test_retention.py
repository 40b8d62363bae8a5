"""Retention: which traces are deleted, in which order, and the line in the log."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from tests.helpers.tracing_requests import START_NS, otlp, span, trace_id

from kayba_local.otlp import json_requests
from kayba_local.store import experiments
from kayba_local.store.database import Database
from kayba_local.store.traces import ingest, text_index
from kayba_local.upkeep import retention, slices, space
from kayba_local.upkeep.retention import Retention

DAY_NS = 24 * 3600 * 1_000_000_000
NOW_NS = 20_000 * DAY_NS


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    with closing(Database.open(f"sqlite:///{tmp_path / 'kayba.db'}")) as opened:
        yield opened


def add_trace(db: Database, name: str, days_ago: float, experiment: int = 0, size: int = 0) -> None:
    start_ns = NOW_NS - int(days_ago * DAY_NS)
    with db.write() as tx:
        tx.run(
            "INSERT INTO traces (trace_id, experiment, request_ns, state, declared) VALUES (?, ?, ?, 'OK', 0)",
            (name, experiment, start_ns),
        )
        tx.run(
            "INSERT INTO trace_artifacts (trace, content) SELECT id, ? FROM traces WHERE trace_id = ?",
            (bytes(size), name),
        )


def names(db: Database) -> list[str]:
    with db.read() as tx:
        return [row["trace_id"] for row in tx.rows("SELECT trace_id FROM traces ORDER BY trace_id")]


def used(db: Database) -> int:
    with db.read() as tx:
        return space.used_bytes(tx)


def test_traces_beyond_the_age_are_deleted_in_all_experiments(db: Database, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "kayba_local.upkeep")
    other = int(experiments.create(db, "other", {}))
    for name, days, experiment in (("a", 9, 0), ("b", 8, other), ("c", 7.5, 0), ("d", 6.5, other), ("e", 0, 0)):
        add_trace(db, name, days, experiment)
    assert retention.enforce(db, Retention(keep_days=7), NOW_NS, slices.sleep) == 3
    assert names(db) == ["d", "e"]
    (line,) = caplog.messages
    assert line == (
        "deleted 3 traces, oldest first, started from 2024-09-25T00:00:00Z to 2024-09-26T12:00:00Z:"
        " they started more than 7 days ago"
    )


def test_the_oldest_traces_of_all_experiments_go_beyond_the_size(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    other = int(experiments.create(db, "other", {}))
    empty = used(db)
    for number in range(20):
        add_trace(db, f"{number:02}", 20 - number, other if number % 3 else 0, size=100_000)
    full = used(db)
    monkeypatch.setattr(retention, "SLACK", 0.0)
    keep = empty + (full - empty) // 2
    count = retention.enforce(db, Retention(keep_bytes=keep), NOW_NS, slices.sleep)
    assert 9 <= count <= 12
    assert names(db) == [f"{number:02}" for number in range(count, 20)]
    assert used(db) <= keep
    assert retention.enforce(db, Retention(keep_bytes=keep), NOW_NS, slices.sleep) == 0


def test_texts_of_the_search_index_do_not_delete_more_traces_than_needed(db: Database) -> None:
    for number in range(40):
        spans = [
            span(number + 1, index, start_ns=START_NS + number, end_ns=START_NS + number + 1,
                 attributes={"mlflow.spanInputs": f"word{number} " * 2_000})
            for index in range(1, 4)
        ]  # fmt: skip
        ingest.store_spans(db, "0", json_requests.read(otlp(spans)))
    while not text_index.update(db, max_slices=1):
        pass
    full = used(db)
    count = retention.enforce(db, Retention(keep_bytes=full * 3 // 4), NOW_NS, slices.sleep)
    assert 5 <= count <= 20
    assert used(db) <= full * 3 // 4
    assert names(db) == [trace_id(number) for number in range(count + 1, 41)]


def test_a_store_below_its_limits_keeps_all_and_logs_nothing(db: Database, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "kayba_local.upkeep")
    add_trace(db, "a", 1)
    assert retention.enforce(db, Retention(keep_days=2, keep_bytes=10**9), NOW_NS, slices.sleep) == 0
    assert retention.enforce(db, Retention(), NOW_NS, slices.sleep) == 0
    assert (names(db), caplog.messages) == (["a"], [])


def test_a_limit_below_the_size_of_an_empty_store_ends(db: Database) -> None:
    add_trace(db, "a", 1)
    assert retention.enforce(db, Retention(keep_bytes=1), NOW_NS, slices.sleep) == 1
    assert names(db) == []


def test_a_stop_ends_a_deletion_between_two_slices(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slices, "SLICE_S", 0.0)
    for name in "abc":
        add_trace(db, name, 9)
    assert retention.enforce(db, Retention(keep_days=7), NOW_NS, lambda _: True) == 1
    assert len(names(db)) == 2


def test_free_pages_go_back_to_the_system(db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(space, "MIN_FREE_BYTES", 0)
    add_trace(db, "a", 9, size=5_000_000)
    retention.enforce(db, Retention(keep_days=7), NOW_NS, slices.sleep)
    db.checkpoint()
    before = (tmp_path / "kayba.db").stat().st_size
    assert space.shrink_if_due(db, slices.sleep)
    assert db.checkpoint()
    assert before > 5_000_000 > 10 * (tmp_path / "kayba.db").stat().st_size
    assert not space.shrink_if_due(db, slices.sleep)


def test_a_long_write_ahead_log_is_emptied_unless_a_read_needs_it(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(space, "MAX_LOG_BYTES", 100_000)
    with db.read() as reader:
        reader.rows("SELECT * FROM traces")
        add_trace(db, "a", 1, size=1_000_000)
        assert db.log_bytes() > 1_000_000
        assert not space.bound_log(db)
    assert space.bound_log(db)
    assert db.log_bytes() == 0
    add_trace(db, "b", 1)
    assert space.bound_log(db)
    assert db.log_bytes() > 0, "a short log stays"
