"""The store's file: access modes, schema versions, transactions and concurrent use."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from kayba_local.store.database import APPLICATION_ID, Database
from kayba_local.store.errors import StoreError
from kayba_local.store.schema.migrations import STEPS

NAMES = "SELECT name FROM experiments ORDER BY id"
ADD = "INSERT INTO experiments (name, created_ms) VALUES (?, 0)"


def url(path: Path) -> str:
    return f"sqlite:///{path}"


def names(db: Database) -> list[str]:
    with db.read() as tx:
        return [row["name"] for row in tx.rows(NAMES)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "kayba.db"


@pytest.mark.parametrize("bad", ["", "sqlite://", "sqlite:///", "postgres://host/db", "kayba.db", "file:///a.db"])
def test_an_invalid_url_raises_store_error_with_the_valid_form(bad: str) -> None:
    with pytest.raises(StoreError, match="sqlite:////absolute"):
        Database.open(bad)


def test_a_folder_raises_store_error(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="not the URL of a store"):
        Database.open(url(tmp_path))


def test_a_store_in_memory_creates_no_file_and_is_shared_by_threads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    db = Database.open("sqlite:///:memory:")
    other = Database.open("sqlite:///:memory:")
    seen: list[int] = []

    def add_and_read(writer: int) -> None:
        for number in range(20):
            with db.write() as tx:
                tx.run(ADD, (f"{writer}-{number}",))
            seen.append(len(names(db)))

    threads = [threading.Thread(target=add_and_read, args=(writer,)) for writer in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(names(db)) == 1 + 4 * 20 == max(seen)
    assert len(seen) == 4 * 20
    assert names(other) == ["Default"], "each opened store in memory is a store of its own"
    db.close()
    other.close()
    assert list(tmp_path.iterdir()) == []


def test_a_commit_persists_after_reopening(path: Path) -> None:
    db = Database.open(url(path))
    with db.write() as tx:
        tx.run(ADD, ("mine",))
    db.close()

    reopened = Database.open(url(path))
    assert names(reopened) == ["Default", "mine"]
    reopened.close()
    assert [file.name for file in path.parent.iterdir()] == ["kayba.db"], "close merges the log into the file"


@pytest.mark.skipif(os.name != "posix", reason="only POSIX has file modes")
def test_file_and_folder_are_accessible_by_their_owner_only(path: Path) -> None:
    db = Database.open(url(path))
    with db.write() as tx:
        tx.run(ADD, ("mine",))
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()} == {0o600}
    db.close()


def test_another_programs_file_is_rejected_and_unchanged(path: Path) -> None:
    path.parent.mkdir()
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE theirs (a)")
    other.commit()
    other.close()
    before = path.read_bytes()

    with pytest.raises(StoreError, match="another program"):
        Database.open(url(path))
    assert path.read_bytes() == before

    path.write_bytes(b"no database at all, but longer than the header of one" * 3)
    with pytest.raises(StoreError, match="not a database"):
        Database.open(url(path))


def test_a_file_of_a_newer_version_is_rejected(path: Path) -> None:
    path.parent.mkdir()
    newer = sqlite3.connect(path)
    newer.execute("CREATE TABLE theirs (a)")
    newer.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    newer.execute(f"PRAGMA user_version = {len(STEPS) + 1}")
    newer.close()

    with pytest.raises(StoreError, match="newer kayba-local"):
        Database.open(url(path))


def test_an_exception_in_the_block_rolls_back(path: Path) -> None:
    db = Database.open(url(path))
    with pytest.raises(sqlite3.IntegrityError), db.write() as tx:
        tx.run_many(ADD, [("mine",), ("mine",)])
    assert names(db) == ["Default"]
    with db.write() as tx:
        tx.run(ADD, ("later",))
    assert names(db) == ["Default", "later"]
    db.close()


def test_a_read_sees_a_snapshot(path: Path) -> None:
    db = Database.open(url(path))
    with db.read() as snapshot:
        assert len(snapshot.rows(NAMES)) == 1
        with db.write() as tx:
            tx.run(ADD, ("mine",))
        assert len(snapshot.rows(NAMES)) == 1
    assert names(db) == ["Default", "mine"]
    db.close()


def test_a_write_in_a_read_raises(path: Path) -> None:
    db = Database.open(url(path))
    with pytest.raises(sqlite3.OperationalError, match="readonly"), db.read() as tx:
        tx.run(ADD, ("mine",))
    db.close()


def test_use_after_close_raises_store_error(path: Path) -> None:
    db = Database.open(url(path))
    db.close()
    db.close()
    with pytest.raises(StoreError, match="closed"), db.write():
        pass
    with pytest.raises(StoreError, match="closed"), db.read():
        pass


def test_close_waits_for_reads(path: Path) -> None:
    db = Database.open(url(path))
    with db.read() as tx:
        closing = threading.Thread(target=db.close)
        closing.start()
        assert len(tx.rows(NAMES)) == 1
        assert closing.is_alive()
    closing.join()


def test_threads_read_and_write_concurrently_without_errors(path: Path) -> None:
    db = Database.open(url(path))
    failures: list[Exception] = []
    counts: list[int] = []

    def write(writer: int) -> None:
        try:
            for number in range(50):
                with db.write() as tx:
                    tx.run(ADD, (f"{writer}-{number}",))
                counts.append(len(names(db)))
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert len(names(db)) == 1 + 12 * 50 == max(counts)
    db.close()


WRITER_SCRIPT = """
import sys
from kayba_local.store.database import Database
db = Database.open(sys.argv[1])
for number in range(20):
    with db.write() as tx:
        tx.run("INSERT INTO experiments (name, created_ms) VALUES (?, 0)", (f"{sys.argv[2]}-{number}",))
db.close()
"""


def test_processes_create_and_write_one_file_concurrently(path: Path) -> None:
    path.parent.mkdir()
    command = [sys.executable, "-c", WRITER_SCRIPT, url(path)]
    processes = [subprocess.Popen([*command, str(number)]) for number in range(4)]
    assert [process.wait() for process in processes] == [0, 0, 0, 0]
    db = Database.open(url(path))
    assert len(names(db)) == 1 + 4 * 20
    db.close()
