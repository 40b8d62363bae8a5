"""Files of stores: back up, restore and compact."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kayba_local.store.database import APPLICATION_ID, BUSY_TIMEOUT_S, Database
from kayba_local.store.errors import StoreError
from kayba_local.store.schema.migrations import STEPS
from kayba_local.upkeep import space

PAGES_PER_STEP: Final = 1_000
"""Pages, 4 MB, that are copied between two reports of the progress."""

_USER_TABLES: Final = ("traces", "trace_files", "insights", "prompts", "integrations", "jobs", "attachments")

Progress = Callable[[int, int], None]
"""Called with the number of pages that are copied, and of all pages."""


@dataclass(frozen=True, slots=True)
class Compacted:
    """The bytes of a file before and after, and whether it was rewritten as a whole."""

    before: int
    after: int
    is_full: bool


def backup(source: Path, target: Path, progress: Progress, *, force: bool = False) -> None:
    """Copy a store, which may be in use, as it is at one moment. The copy appears under its name when it is complete.

    Args:
        source: The store.
        target: The copy.
        progress: Called now and then.
        force: Replace an existing file.

    Raises:
        StoreError: The source is not a store, the target exists, or the copy is damaged.
        OSError: The copy cannot be written.
    """
    if target.exists() and not force:
        raise StoreError(f"{target} exists: choose another name, or replace it with --force")
    require_store(source)
    partial = target.with_name(target.name + ".partial")
    partial.unlink(missing_ok=True)
    try:
        os.close(os.open(partial, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        with _connect(source) as origin, _connect(partial) as copy:
            # One snapshot for all steps: otherwise each commit of the server would start the copy again.
            origin.execute("BEGIN")
            origin.execute("SELECT count(*) FROM sqlite_master").fetchone()
            _copy(origin, copy, progress)
            origin.rollback()
            # A copy without a log of its own is one file, which is replaced at once.
            copy.execute("PRAGMA journal_mode = DELETE").fetchone()
            _check(copy, partial)
        _sync(partial)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def restore(source: Path, target: Path, progress: Progress, *, force: bool = False) -> None:
    """Replace the content of a store by that of a backup, in one transaction.

    Args:
        source: The backup.
        target: The store. A missing one is created.
        progress: Called now and then.
        force: Replace data, also while a server uses the store. Its next requests then see the restored data.

    Raises:
        StoreError: The source is not an intact store or of a newer version, or the target holds data or is in use.
    """
    require_store(source)
    with _connect(source) as origin:
        _check(origin, source)
        version = origin.execute("PRAGMA user_version").fetchone()[0]
    if target.exists() and target.samefile(source):
        raise StoreError("the backup and the store are the same file: name another one with --store")
    if target.exists() and target.stat().st_size:
        require_store(target)
        if not force and holds_data(target):
            raise StoreError(f"{target} holds data: replace it with --force, or name another store with --store")
        in_use = is_in_use(target)
        if in_use and not force:
            raise StoreError(f"{target} is in use: stop its server first, or replace its data with --force")
        if in_use and version != len(STEPS):
            raise StoreError(f"{target} is in use, and the backup is of another version: stop its server first")
    # Opened as a store, so that a missing one is private, and an older backup gets the current tables afterwards.
    url = f"sqlite:///{target}"
    with closing(Database.open(url)), _connect(source) as origin, _connect(target) as copy:
        _copy(origin, copy, progress)
    Database.open(url).close()


def compact(path: Path) -> Compacted:
    """Give the free space of a store back to the system.

    A store that no server uses is rewritten as a whole, which needs as much free space on the disk as the store has.
    Otherwise its free pages are given back in slices, and requests are stored in between.

    Raises:
        StoreError: The file is not a store, or it is in use and of a version that cannot shrink while it is in use.
    """
    require_store(path)
    in_use = is_in_use(path)
    with closing(Database.open(f"sqlite:///{path}")) as db:
        before = path.stat().st_size + db.log_bytes()
        if not in_use:
            _rewrite(path)
        else:
            with db.read() as tx:
                if not space.can_shrink(tx):
                    raise StoreError(f"{path} is in use, and an earlier version made it: stop its server first")
            space.shrink(db)
        db.checkpoint()
        return Compacted(before, path.stat().st_size + db.log_bytes(), not in_use)


def require_store(path: Path) -> None:
    """Raise `StoreError` if a file is missing, is not a store, or was written by a newer version."""
    if not path.is_file():
        raise StoreError(f"there is no file {path}")
    try:
        with _connect(path) as connection:
            application_id = connection.execute("PRAGMA application_id").fetchone()[0]
            version = connection.execute("PRAGMA user_version").fetchone()[0]
    except sqlite3.DatabaseError as error:
        raise StoreError(f"{path} cannot be read as a store: {error}") from error
    if application_id != APPLICATION_ID:
        raise StoreError(f"{path} is not a store of kayba-local")
    if version > len(STEPS):
        raise StoreError(f"{path} was written by a newer kayba-local: update this one")


def holds_data(path: Path) -> bool:
    """Return whether a store holds any data of a user."""
    with _connect(path) as connection:
        present = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        tables = [table for table in _USER_TABLES if table in present]
        return any(connection.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone() for table in tables)  # noqa: S608 - constants


def is_in_use(path: Path) -> bool:
    """Return whether another connection, in this or another process, has the store open."""
    with _connect(path, timeout_s=0.0) as connection:
        try:
            # Leaving WAL mode needs the file for itself. Opening the store turns the mode on again.
            connection.execute("PRAGMA journal_mode = DELETE").fetchone()
        except sqlite3.OperationalError:
            return True
    return False


def _rewrite(path: Path) -> None:
    with _connect(path) as connection:
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.execute("VACUUM")


def _copy(source: sqlite3.Connection, target: sqlite3.Connection, progress: Progress) -> None:
    # Without pauses between the steps: each step holds the source's lock for some milliseconds at most.
    source.backup(
        target, pages=PAGES_PER_STEP, sleep=0, progress=lambda _, remaining, total: progress(total - remaining, total)
    )


def _check(connection: sqlite3.Connection, path: Path) -> None:
    try:
        (result,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.DatabaseError as error:
        result = str(error)
    if result != "ok":
        raise StoreError(f"{path} is damaged: {result}")


def _sync(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())


@contextmanager
def _connect(path: Path, timeout_s: float = BUSY_TIMEOUT_S) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(path, timeout=timeout_s, isolation_level=None)
    try:
        yield connection
    finally:
        with suppress(sqlite3.Error):
            connection.rollback()
        connection.close()
