"""Whether the store can be used, and the failures that pass: a lock of another process, a full disk, a read-only file.

Each is logged once, and not for each request, until a write succeeds.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from kayba_local.store.errors import StoreBusy, StoreUnavailable

logger: Final = logging.getLogger("kayba_local")

_REASONS: Final[Mapping[int, str]] = {
    sqlite3.SQLITE_BUSY: "another process holds the lock of the file",
    sqlite3.SQLITE_LOCKED: "another connection holds the lock of a table",
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_READONLY: "the file is read-only",
    sqlite3.SQLITE_IOERR: "the disk reports an error",
    sqlite3.SQLITE_CANTOPEN: "the file cannot be opened",
    sqlite3.SQLITE_NOMEM: "the memory is used up",
}
_PRIMARY_CODE: Final = 0xFF


class Availability:
    """The state of one store.

    Attributes:
        reason: The reason for which the last write failed; None if the store can be used.
    """

    def __init__(self) -> None:
        self.reason: str | None = None
        self._lock = threading.Lock()

    @contextmanager
    def watch(self, *, is_write: bool) -> Iterator[None]:
        """Convert the errors of statements in the block.

        Raises:
            StoreUnavailable: The store cannot be used now.
            StoreBusy: The statement was cancelled at the request's deadline.
        """
        try:
            yield
        except sqlite3.OperationalError as error:
            code = error.sqlite_errorcode & _PRIMARY_CODE if hasattr(error, "sqlite_errorcode") else 0
            if code == sqlite3.SQLITE_INTERRUPT:
                raise StoreBusy("the request took too long and was cancelled") from error
            # A statement that writes in a read is a bug of this package, and no state of the file.
            if code not in _REASONS or (code == sqlite3.SQLITE_READONLY and not is_write):
                raise
            reason = f"{_REASONS[code]} ({error})"
            self._set(reason)
            raise StoreUnavailable(reason) from error
        if is_write and self.reason is not None:
            self._set(None)

    def _set(self, reason: str | None) -> None:
        with self._lock:
            before, self.reason = self.reason, reason
        if reason is None and before is not None:
            logger.warning("the store can be used again")
        elif reason is not None and before is None:
            logger.error("the store cannot be used: %s; requests get a 503 until it can", reason)
