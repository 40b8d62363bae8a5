"""Deletion of traces and experiments in slices."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from tests.helpers.tracing_requests import TRACES, log_record, otlp_logs, send, send_info, span, trace_id, trace_info

from kayba_local import LocalServer
from kayba_local.store import experiments
from kayba_local.store.database import Database
from kayba_local.store.errors import DoesNotExist, InvalidValue
from kayba_local.upkeep import deletion, slices

TABLES = ("traces", "spans", "trace_tags", "trace_metadata", "assessments", "trace_artifacts", "log_events")


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    with closing(Database.open(f"sqlite:///{tmp_path / 'kayba.db'}")) as opened:
        yield opened


def count_rows(db: Database) -> dict[str, int]:
    with db.read() as tx:
        return {table: tx.rows(f"SELECT count(*) AS n FROM {table}")[0]["n"] for table in TABLES}


def fill(http: httpx.Client, trace: int, spans: int = 1, experiment: str = "0") -> None:
    """Store a trace with everything that can belong to one."""
    send(
        http, *(span(trace, number, 1 if number > 1 else None) for number in range(1, spans + 1)), experiment=experiment
    )
    info = trace_info(trace, experiment=experiment, trace_metadata={"a": "b"}, tags={"c": "d"})
    send_info(http, info)
    assessment = {"assessment_name": "good", "source": {"source_type": "HUMAN"}, "feedback": {"value": True}}
    http.post(f"{TRACES}/{trace_id(trace)}/assessments", json={"assessment": assessment}).raise_for_status()


def test_a_deletion_takes_everything_that_belongs_to_a_trace(kayba_server: LocalServer, http: httpx.Client) -> None:
    for trace in (1, 2):
        fill(http, trace, spans=3)
        assert http.post("/v1/logs", json=otlp_logs([log_record(trace, 1)])).status_code == 200
    both = count_rows(kayba_server.db)
    assert both["log_events"] == 2
    assert deletion.delete(kayba_server.db, "0", [trace_id(1), trace_id(1), trace_id(9)]) == 1
    assert count_rows(kayba_server.db) == {table: rows // 2 for table, rows in both.items()}


def test_a_trace_of_many_spans_is_deleted_in_several_slices(
    kayba_server: LocalServer, http: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slices, "SLICE_S", 0.0)
    fill(http, 1, spans=deletion.SPANS_PER_STEP * 2 + 1)
    slice_count = 0

    def rest(_: float) -> bool:
        nonlocal slice_count
        slice_count += 1
        with kayba_server.db.write() as tx:  # A request would be stored here.
            tx.run("INSERT INTO prompts (id, label, version, text, created_at) VALUES (?, 'a', ?, '', '')",
                   (str(slice_count), slice_count))  # fmt: skip
        return False

    with kayba_server.db.read() as tx:
        row = tx.row("SELECT * FROM traces")
    found = iter([row] * 3)
    deleted = deletion.delete_each(kayba_server.db, lambda _: next(found, None), rest=rest)
    assert deleted.traces == 1
    assert slice_count == 3
    assert count_rows(kayba_server.db)["spans"] == 0


def test_a_stopped_deletion_is_continued_by_the_next_one(
    kayba_server: LocalServer, http: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slices, "SLICE_S", 0.0)
    ids = [trace_id(number) for number in range(1, 4)]
    for number in range(1, 4):
        fill(http, number)
    with kayba_server.db.read() as tx:
        rows = iter(tx.rows("SELECT * FROM traces"))
    assert deletion.delete_each(kayba_server.db, lambda _: next(rows, None), rest=lambda _: True).traces == 1
    assert deletion.delete(kayba_server.db, "0", ids) == 2


def test_an_experiment_is_deleted_with_its_traces_and_its_id_is_not_used_again(
    kayba_server: LocalServer, http: httpx.Client
) -> None:
    db = kayba_server.db
    first, last = experiments.create(db, "kept", {}), experiments.create(db, "mine", {"team": "search"})
    fill(http, 1, experiment=first)
    fill(http, 2, experiment=last)
    fill(http, 3, experiment=last)
    assert deletion.delete_experiment(db, last) == 2
    assert count_rows(db)["traces"] == 1
    with pytest.raises(DoesNotExist):
        experiments.get(db, last)
    assert int(experiments.create(db, "mine", {})) > int(last)


def test_the_default_experiment_cannot_be_deleted(db: Database) -> None:
    with pytest.raises(InvalidValue, match="default experiment"):
        deletion.delete_experiment(db, "0")
    with pytest.raises(DoesNotExist):
        deletion.delete_experiment(db, "77")
