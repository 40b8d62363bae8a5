"""Backup, restore and compaction of stores."""

from __future__ import annotations

import os
import sqlite3
import stat
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from kayba_local.store import experiments
from kayba_local.store.database import APPLICATION_ID, Database
from kayba_local.store.errors import StoreError
from kayba_local.upkeep import files


def ignore(_: int, __: int) -> None:
    """Report no progress."""


@contextmanager
def opened(path: Path) -> Iterator[Database]:
    with closing(Database.open(f"sqlite:///{path}")) as db:
        yield db


def add_trace(db: Database, name: str, size: int = 0) -> None:
    with db.write() as tx:
        tx.run(
            "INSERT INTO traces (trace_id, experiment, request_ns, state, declared) VALUES (?, 0, 1, 'OK', 0)", (name,)
        )
        tx.run("INSERT INTO trace_artifacts SELECT id, ? FROM traces WHERE trace_id = ?", (bytes(size), name))


def names(path: Path) -> list[str]:
    with opened(path) as db, db.read() as tx:
        return [row["trace_id"] for row in tx.rows("SELECT trace_id FROM traces ORDER BY id")]


@pytest.fixture
def store(tmp_path: Path) -> Path:
    path = tmp_path / "kayba.db"
    with opened(path) as db:
        add_trace(db, "a")
    return path


def test_a_backup_of_a_store_in_use_is_complete_and_consistent(store: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    stopped = threading.Event()
    with opened(store) as db:
        add_trace(db, "large", size=20_000_000)

        def write() -> None:
            number = 0
            while not stopped.is_set():
                with db.write() as tx:
                    # Both or none of the two are in a consistent copy.
                    tx.run("INSERT INTO experiments (name, created_ms) VALUES (?, 0)", (f"x{number}",))
                    tx.run("INSERT INTO prompts (id, label, version, text, created_at) VALUES (?, '', ?, '', '')",
                           (str(number), number))  # fmt: skip
                number += 1

        writer = threading.Thread(target=write)
        writer.start()
        files.backup(store, copy, ignore)
        stopped.set()
        writer.join()
    assert names(copy) == ["a", "large"]
    with opened(copy) as db, db.read() as tx:
        assert (
            tx.rows("SELECT count(*) FROM experiments WHERE id > 0")[0][0]
            == tx.rows("SELECT count(*) FROM prompts")[0][0]
        )
    assert [file.name for file in tmp_path.glob("copy*")] == ["copy.db"]
    if os.name == "posix":
        assert stat.S_IMODE(copy.stat().st_mode) == 0o600


def test_a_failed_backup_leaves_the_earlier_one(store: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    files.backup(store, copy, ignore)
    before = copy.read_bytes()

    def fail(_: int, __: int) -> None:
        raise OSError("the disk is full")

    with opened(store) as db:
        add_trace(db, "b")
    with pytest.raises(StoreError, match="--force"):
        files.backup(store, copy, ignore)
    with pytest.raises(OSError, match="disk is full"):
        files.backup(store, copy, fail, force=True)
    assert copy.read_bytes() == before
    assert [file.name for file in tmp_path.glob("copy*")] == ["copy.db"]
    files.backup(store, copy, ignore, force=True)
    assert names(copy) == ["a", "b"]


def test_a_backup_is_restored_into_a_missing_store(store: Path, tmp_path: Path) -> None:
    files.backup(store, tmp_path / "copy.db", ignore)
    target = tmp_path / "new" / "kayba.db"
    files.restore(tmp_path / "copy.db", target, ignore)
    assert names(target) == ["a"]
    if os.name == "posix":
        assert stat.S_IMODE(target.stat().st_mode) == 0o600


def test_a_restore_replaces_data_only_with_force(store: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    files.backup(store, copy, ignore)
    with opened(store) as db:
        add_trace(db, "b", size=9_000_000)
    with pytest.raises(StoreError, match=r"holds data.*--force"):
        files.restore(copy, store, ignore)
    assert names(store) == ["a", "b"]
    files.restore(copy, store, ignore, force=True)
    assert names(store) == ["a"]


def test_a_store_in_use_is_restored_only_with_force_and_shows_the_data(store: Path, tmp_path: Path) -> None:
    target = tmp_path / "target.db"
    with opened(target) as db:
        experiments.create(db, "empty but in use", {})
        with pytest.raises(StoreError, match=r"in use.*stop"):
            files.restore(store, target, ignore)
        files.restore(store, target, ignore, force=True)
        with db.read() as tx:
            assert [row["trace_id"] for row in tx.rows("SELECT trace_id FROM traces")] == ["a"]
        add_trace(db, "later")
    assert names(target) == ["a", "later"]


@pytest.mark.parametrize("kind", ["missing", "text", "other", "damaged"])
def test_a_file_that_is_no_intact_store_is_not_restored(store: Path, tmp_path: Path, kind: str) -> None:
    source = tmp_path / "source.db"
    if kind == "text":
        source.write_bytes(b"no database at all, but longer than the header of one" * 30)
    elif kind == "other":
        with closing(sqlite3.connect(source)) as other:
            other.execute("CREATE TABLE theirs (a)")
    elif kind == "damaged":
        with opened(tmp_path / "whole.db") as db:
            add_trace(db, "large", size=900_000)
        files.backup(tmp_path / "whole.db", source, ignore)
        content = bytearray(source.read_bytes())
        content[8 * 4096 : 40 * 4096] = b"\xff" * (32 * 4096)
        source.write_bytes(content)
    with pytest.raises(StoreError, match=r"source\.db"):
        files.restore(source, store, ignore, force=True)
    assert names(store) == ["a"]


def test_a_store_is_not_restored_from_itself(store: Path) -> None:
    with pytest.raises(StoreError, match="same file"):
        files.restore(store, store, ignore, force=True)


def test_an_older_backup_gets_the_current_tables(store: Path, tmp_path: Path) -> None:
    older = tmp_path / "older.db"
    with closing(sqlite3.connect(older)) as connection:
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    target = tmp_path / "target.db"
    files.restore(older, target, ignore)
    assert names(target) == []
    with opened(tmp_path / "used.db") as db:
        add_trace(db, "a")
        with pytest.raises(StoreError, match="another version"):
            files.restore(older, tmp_path / "used.db", ignore, force=True)
        add_trace(db, "b")


@pytest.mark.parametrize("is_in_use", [False, True])
def test_compaction_gives_free_space_back(store: Path, is_in_use: bool) -> None:
    with opened(store) as db:
        add_trace(db, "large", size=9_000_000)
        with db.write() as tx:
            tx.run("DELETE FROM traces WHERE trace_id = 'large'")
        if is_in_use:
            done = files.compact(store)
    if not is_in_use:
        done = files.compact(store)
    assert done.is_full is not is_in_use
    assert done.before > 9_000_000 > 10 * done.after
    assert store.stat().st_size < 900_000
    assert names(store) == ["a"]


def test_a_store_of_an_earlier_version_is_rewritten_once_and_then_shrinks_in_use(store: Path) -> None:
    with closing(sqlite3.connect(store)) as connection:
        connection.execute("PRAGMA auto_vacuum = NONE")
        connection.execute("VACUUM")
    with opened(store) as db:
        add_trace(db, "b")
        with pytest.raises(StoreError, match="stop its server"):
            files.compact(store)
    files.compact(store)
    with opened(store):
        assert not files.compact(store).is_full
    assert names(store) == ["a", "b"]
