"""The store's one door to SQLite: a writer, a pool of readers, and the migrations that bring a file up to date.

Everything that the server accepts is committed here before it is answered. All SQL of the server lives beside this
module and stays plain, so that the same tables can stand on another database.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from kayba_local.store.schema.migrations import STEPS

APPLICATION_ID: Final = 0x4B415942
"""SQLite's mark of whose file this is ("KAYB"), so that nobody's other database is taken for a store."""
BUSY_TIMEOUT_S: Final = 30.0
"""How long a connection waits for another process that is writing to the same file."""
READERS: Final = 8
"""How many reads go on at once; more than the interpreter can make use of."""

Row = sqlite3.Row
_SCHEME = "sqlite:///"


class StoreError(Exception):
    """A store that cannot be opened: a malformed URL, someone else's file, or one of a newer version."""


class Transaction:
    """Statements inside one transaction. Values are always bound: ``?`` in the SQL, one parameter each."""

    __slots__ = ("_connection",)

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        """All rows that a query gives."""
        return self._connection.execute(sql, parameters).fetchall()

    def row(self, sql: str, parameters: Sequence[Any] = ()) -> Row | None:
        """The first row that a query gives, None if there is none."""
        row: Row | None = self._connection.execute(sql, parameters).fetchone()
        return row

    def run(self, sql: str, parameters: Sequence[Any] = ()) -> int:
        """Execute a statement; returns how many rows it changed."""
        return self._connection.execute(sql, parameters).rowcount

    def run_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> int:
        """Execute a statement once for each of `rows`; returns how many rows it changed in all."""
        return self._connection.executemany(sql, rows).rowcount


class Database:
    """One SQLite file, open. Safe to use from any thread."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._write_lock = threading.Lock()
        self._idle_readers: list[sqlite3.Connection] = []
        self._reader_slots = threading.BoundedSemaphore(READERS)
        self._closed = False
        self._before_close: list[Callable[[], None]] = []
        self._writer = _open_writer(path)

    @classmethod
    def open(cls, url: str) -> Database:
        """Open the store at `url`, creating file and folder where they are missing.

        Args:
            url: ``sqlite:////absolute/path.db``, ``sqlite:///relative/path.db`` or ``sqlite:///C:/path.db``.

        Raises:
            StoreError: The URL is not of that form, the file is no store, or a newer version wrote it.
        """
        path = Path(url.removeprefix(_SCHEME)).absolute()
        if not url.startswith(_SCHEME) or len(url) == len(_SCHEME) or path.is_dir():
            raise StoreError(f"{url!r} names no store: give sqlite:////absolute/path.db")
        try:
            _make_private(path)
            return cls(path)
        except (OSError, sqlite3.DatabaseError) as error:
            raise StoreError(f"{path} cannot be opened as a store: {error}") from error

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """A transaction that alone may write: committed when the block ends, rolled back when it raises.

        Do not nest: a second one inside the first waits for itself.
        """
        with self._write_lock:
            self._require_open()
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield Transaction(self._writer)
                self._writer.execute("COMMIT")
            except BaseException:
                self._writer.rollback()
                raise

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """A snapshot of what is committed: writes that land after the block's first statement are not seen in it."""
        with self._reader_slots:
            self._require_open()
            connection = self._take_reader()
            try:
                connection.execute("BEGIN")
                yield Transaction(connection)
            finally:
                connection.rollback()
                self._idle_readers.append(connection)

    def before_close(self, callback: Callable[[], None]) -> None:
        """Have `callback` called when the store is about to be closed, while it can still be used."""
        self._before_close.append(callback)

    def close(self) -> None:
        """Wait for what is going on, fold the write-ahead log into the file, and close it. Closing twice is fine."""
        callbacks, self._before_close = self._before_close, []
        for callback in callbacks:
            callback()
        with self._write_lock:
            if self._closed:
                return
            self._closed = True
            for _ in range(READERS):
                self._reader_slots.acquire()
            for connection in self._idle_readers:
                connection.close()
            self._idle_readers.clear()
            self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self._writer.close()
            for _ in range(READERS):
                self._reader_slots.release()

    def _require_open(self) -> None:
        if self._closed:
            raise StoreError(f"the store {self.path} is closed")

    def _take_reader(self) -> sqlite3.Connection:
        try:
            return self._idle_readers.pop()
        except IndexError:
            return _open_reader(self.path)


def _open_writer(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
    try:
        _migrate(connection, path)
        connection.execute("PRAGMA journal_mode = WAL")
        path.chmod(0o600)
        return _configured(connection)
    except BaseException:
        connection.close()
        raise


def _open_reader(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA query_only = ON")
    return _configured(connection)


def _configured(connection: sqlite3.Connection) -> sqlite3.Connection:
    connection.row_factory = Row
    connection.execute("PRAGMA foreign_keys = ON")
    # Clients drop their copy when a batch is answered, so a commit is on the disk and not only in the system's cache:
    # NORMAL would survive a killed process, FULL survives a power cut, for one fsync a request.
    connection.execute("PRAGMA synchronous = FULL")
    return connection


def _make_private(path: Path) -> None:
    """Create the file for its owner only; SQLite gives the log beside it the same mode."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    while _apply_next_step(connection, path):
        pass


def _apply_next_step(connection: sqlite3.Connection, path: Path) -> bool:
    """Apply the first step that the file lacks, in a transaction of its own. False when there is none."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        version = _version(connection, path)
        if version < len(STEPS):
            for statement in STEPS[version]:
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {version + 1}")
        connection.execute("COMMIT")
    except BaseException:
        connection.rollback()
        raise
    return version < len(STEPS)


def _version(connection: sqlite3.Connection, path: Path) -> int:
    (owner,) = connection.execute("PRAGMA application_id").fetchone()
    (tables,) = connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
    if tables and owner != APPLICATION_ID:
        raise StoreError(f"{path} is a database of another program")
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > len(STEPS):
        raise StoreError(f"{path} was written by a newer kayba-local (schema {version}, this one knows {len(STEPS)})")
    return version
