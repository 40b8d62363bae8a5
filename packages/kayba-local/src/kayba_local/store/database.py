"""Access to SQLite: one writer connection, a pool of reader connections, and the migrations of the file.

The server sends a success response only after the commit. SQL statements stay simple, so the tables could move to
another database.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from kayba_local.store import deadline
from kayba_local.store.availability import Availability
from kayba_local.store.errors import StoreBusy, StoreError
from kayba_local.store.functions import register_functions
from kayba_local.store.schema.migrations import STEPS
from kayba_local.store.span_text import register_span_functions

APPLICATION_ID: Final = 0x4B415942
"""SQLite's application id ("KAYB"), which distinguishes a store from other programs' databases."""
OPEN_TIMEOUT_S: Final = 30.0
"""Seconds that opening the store waits for another process that writes to the same file."""
BUSY_TIMEOUT_S: Final = 5.0
"""Seconds that a transaction waits for it. Exporters of OpenTelemetry wait 10 seconds for a response."""
PROGRESS_STEPS: Final = 20_000
"""Steps of SQLite's machine, about a millisecond, between two looks at the deadline of a read."""
MAX_READERS: Final = 8
"""Concurrent reads; more than the interpreter can use."""
WRITER_CACHE_KB: Final = 32 * 1024
"""The most that the writer keeps of the file. Ids of traces are random, so a new one may belong on any page of their
index, and the default of 2 MB holds that of 40,000 traces."""
CHECKPOINT_PAGES: Final = 4_000
"""Pages in the write-ahead log, 16 MB, from which on they are copied to the file. Four times the default, so that a
page that changes with each request is copied less often."""
MAX_IDLE_LOG_BYTES: Final = 32 * 1024 * 1024
"""Bytes of the write-ahead log that stay on the disk once its pages are copied to the file."""

Row = sqlite3.Row

_SCHEME: Final = "sqlite:///"
_IN_MEMORY: Final = "sqlite:///:memory:"
_MIN_SQLITE_IN_MEMORY: Final = (3, 36)


class Transaction:
    """Statements in one transaction. Values are always bound: `?` in the SQL, one parameter for each.

    Attributes:
        revision: The revision that `store.revisions.advance` has taken for its changes; None before that.
    """

    __slots__ = ("_connection", "revision")

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.revision: int | None = None

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        """Return all rows of a query."""
        return self._connection.execute(sql, parameters).fetchall()

    def row(self, sql: str, parameters: Sequence[Any] = ()) -> Row | None:
        """Return the first row of a query, or None."""
        row: Row | None = self._connection.execute(sql, parameters).fetchone()
        return row

    def iterate(self, sql: str, parameters: Sequence[Any] = ()) -> Iterator[Row]:
        """Yield the rows of a query, without a list of all."""
        yield from self._connection.execute(sql, parameters)

    def read_blob(self, table: str, column: str, row: int, size: int) -> Iterator[bytes]:
        """Yield a value in pieces of at most `size` bytes, without the whole value in memory."""
        with self._connection.blobopen(table, column, row, readonly=True) as blob:
            while piece := blob.read(size):
                yield piece

    def run(self, sql: str, parameters: Sequence[Any] = ()) -> int:
        """Execute a statement and return the number of changed rows."""
        return self._connection.execute(sql, parameters).rowcount

    def run_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> int:
        """Execute a statement for each of `rows` and return the total number of changed rows."""
        return self._connection.executemany(sql, rows).rowcount


class Database:
    """An open SQLite file, or a database in memory. Thread-safe.

    Attributes:
        path: The path of the file, or the name of the database in memory.
        file: The path of the file; None for a database in memory.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = path
        self.file = path if isinstance(path, Path) else None
        self._write_lock = threading.Lock()
        self._idle_readers: list[sqlite3.Connection] = []
        self._reader_slots = threading.BoundedSemaphore(MAX_READERS)
        self._availability = Availability()
        self._closed = False
        self._before_close: list[Callable[[], None]] = []
        self._writer = _open_writer(path)

    @classmethod
    def open(cls, url: str) -> Database:
        """Open the store at `url`, and create a missing file and folder.

        Args:
            url: `sqlite:////absolute/path.db`, `sqlite:///relative/path.db` or `sqlite:///C:/path.db`.
                `sqlite:///:memory:` is a new empty store in memory, which ends with `close`. Its readers wait while a
                write transaction is open, and its writer waits for them.

        Raises:
            StoreError: The URL has another form, the file is not a store, or a newer version wrote it.
        """
        if url == _IN_MEMORY:
            return cls(_name_memory())
        path = Path(url.removeprefix(_SCHEME)).absolute()
        if not url.startswith(_SCHEME) or len(url) == len(_SCHEME) or path.is_dir():
            raise StoreError(f"{url!r} is not the URL of a store: use sqlite:////absolute/path.db")
        try:
            _make_private(path)
            return cls(path)
        except (OSError, sqlite3.DatabaseError) as error:
            raise StoreError(f"{path} cannot be opened as a store: {error}") from error

    @property
    def unavailable_reason(self) -> str | None:
        """The reason for which the last write failed; None if it succeeded."""
        return self._availability.reason

    def size_bytes(self) -> int:
        """Return the size of the file and of its write-ahead log; 0 for a database in memory."""
        return 0 if self.file is None else self.file.stat().st_size + self.log_bytes()

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """Begin an exclusive write transaction; commit it at the end of the block, roll it back on an exception.

        Do not nest write transactions: the inner one would deadlock.

        Raises:
            StoreUnavailable: The store cannot be written now. Nothing of the transaction is stored.
            StoreBusy: Other transactions took until the request's deadline.
        """
        with _acquire(self._write_lock), self._availability.watch(is_write=True):
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
        """Begin a read transaction on a snapshot, which excludes commits after the block's first statement.

        Raises:
            StoreUnavailable: The store cannot be read now.
            StoreBusy: The request's deadline has passed; a statement in progress is cancelled.
        """
        with _acquire(self._reader_slots), self._availability.watch(is_write=False):
            self._require_open()
            connection = self._take_reader()
            end = deadline.current()
            if end is not None:
                connection.set_progress_handler(lambda: time.monotonic() > end, PROGRESS_STEPS)
            try:
                connection.execute("BEGIN")
                yield Transaction(connection)
            finally:
                connection.set_progress_handler(None, 0)
                connection.rollback()
                self._idle_readers.append(connection)

    def before_close(self, callback: Callable[[], None]) -> None:
        """Register a callback that `close` calls first, while the store is still usable."""
        self._before_close.append(callback)

    def log_bytes(self) -> int:
        """Return the size of the write-ahead log."""
        try:
            return 0 if self.file is None else self.file.with_name(self.file.name + "-wal").stat().st_size
        except FileNotFoundError:
            return 0

    def checkpoint(self) -> bool:
        """Copy the write-ahead log to the file and empty it. Return False if a read or another process needs it."""
        # First without the lock, so that writers wait only for the pages that have changed meanwhile.
        with self._reader_slots:
            self._require_open()
            connection = self._take_reader()
            try:
                connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
            finally:
                self._idle_readers.append(connection)
        with self._write_lock:
            self._require_open()
            self._writer.execute("PRAGMA busy_timeout = 0")
            try:
                is_busy, _, _ = self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            except sqlite3.OperationalError:
                return False
            finally:
                self._writer.execute(f"PRAGMA busy_timeout = {int(BUSY_TIMEOUT_S * 1000)}")
            return not is_busy

    def close(self) -> None:
        """Wait for open transactions, merge the write-ahead log into the file, and close it.

        A second call does nothing.
        """
        callbacks, self._before_close = self._before_close, []
        for callback in callbacks:
            callback()
        with self._write_lock:
            if self._closed:
                return
            self._closed = True
            for _ in range(MAX_READERS):
                self._reader_slots.acquire()
            for connection in self._idle_readers:
                connection.close()
            self._idle_readers.clear()
            # On a full disk the log stays beside the file, and the next start reads it.
            with suppress(sqlite3.OperationalError):
                self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self._writer.close()
            for _ in range(MAX_READERS):
                self._reader_slots.release()

    def _require_open(self) -> None:
        if self._closed:
            raise StoreError(f"the store {self.path} is closed")

    def _take_reader(self) -> sqlite3.Connection:
        try:
            return self._idle_readers.pop()
        except IndexError:
            return _open_reader(self.path)


@contextmanager
def _acquire(lock: threading.Lock | threading.Semaphore) -> Iterator[None]:
    """Hold a lock while the block runs.

    Raises:
        StoreBusy: The request's deadline passed first.
    """
    if not lock.acquire(timeout=deadline.remaining(threading.TIMEOUT_MAX)):
        raise StoreBusy("the requests before it took too long")
    try:
        yield
    finally:
        lock.release()


def _name_memory() -> str:
    """Return the name of a new database in memory, which connections of this process share."""
    if sqlite3.sqlite_version_info < _MIN_SQLITE_IN_MEMORY:
        raise StoreError(f"{_IN_MEMORY} needs SQLite 3.36, and this Python has {sqlite3.sqlite_version}: use a file")
    return f"file:/kayba-local-{uuid4().hex}?vfs=memdb"


def _connect(path: Path | str) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=OPEN_TIMEOUT_S, isolation_level=None, check_same_thread=False, uri=True)


def _open_writer(path: Path | str) -> sqlite3.Connection:
    connection = _connect(path)
    try:
        # Only an empty file takes it on: the pages that deletion leaves free can then go back to the system.
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        _schema_version(connection, path)
        # Before the migrations: after a change from another mode, SQLite 3.40 keeps a renamed table locked.
        connection.execute("PRAGMA journal_mode = WAL")
        _migrate(connection, path)
        connection.execute(f"PRAGMA cache_size = -{WRITER_CACHE_KB}")
        connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
        connection.execute(f"PRAGMA journal_size_limit = {MAX_IDLE_LOG_BYTES}")
        if isinstance(path, Path):
            path.chmod(0o600)
        return _configure(connection)
    except BaseException:
        connection.close()
        raise


def _open_reader(path: Path | str) -> sqlite3.Connection:
    connection = _connect(path)
    connection.execute("PRAGMA query_only = ON")
    return _configure(connection)


def _configure(connection: sqlite3.Connection) -> sqlite3.Connection:
    connection.row_factory = Row
    connection.execute(f"PRAGMA busy_timeout = {int(BUSY_TIMEOUT_S * 1000)}")
    register_functions(connection)
    register_span_functions(connection)
    connection.execute("PRAGMA foreign_keys = ON")
    # Clients delete their copy after the response, so a commit must be on the disk, not only in the system's cache.
    # NORMAL would survive a killed process; FULL also survives a power cut, for one fsync a request.
    connection.execute("PRAGMA synchronous = FULL")
    return connection


def _make_private(path: Path) -> None:
    """Create the file with access for its owner only; SQLite creates the log with the same mode."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))


def _migrate(connection: sqlite3.Connection, path: Path | str) -> None:
    while _apply_next_step(connection, path):
        pass


def _apply_next_step(connection: sqlite3.Connection, path: Path | str) -> bool:
    """Apply the file's first missing step in its own transaction. Return False if no step is missing."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        version = _schema_version(connection, path)
        if version < len(STEPS):
            for statement in STEPS[version]:
                if callable(statement):
                    statement(connection)
                else:
                    connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {version + 1}")
        connection.execute("COMMIT")
    except BaseException:
        connection.rollback()
        raise
    return version < len(STEPS)


def _schema_version(connection: sqlite3.Connection, path: Path | str) -> int:
    (owner,) = connection.execute("PRAGMA application_id").fetchone()
    (tables,) = connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
    if tables and owner != APPLICATION_ID:
        raise StoreError(f"{path} is a database of another program")
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > len(STEPS):
        raise StoreError(
            f"{path} was written by a newer kayba-local (schema {version}, the latest known is {len(STEPS)})"
        )
    return version
