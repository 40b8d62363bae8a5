"""Text indexer: a thread that keeps the full-text index up to date."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from typing import Final

from kayba_local.store.database import Database
from kayba_local.store.errors import StoreError
from kayba_local.store.traces import text_index

POLL_S: Final = 0.5
"""Seconds between two looks at the queue."""
REST_SHARE: Final = 1.0
"""Rest after a slice, in times of its duration, so that ingest gets the lock and the interpreter in between."""
STOP_S: Final = 5.0
"""Seconds that `stop` waits for the slice that is being indexed."""

logger = logging.getLogger("kayba_local")


class TextIndexer:
    """Indexer of one server, in a daemon thread. Closing the store stops it; the queue stays for the next start."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="kayba-local text index", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._db.before_close(self.stop)
        self._thread.start()

    def stop(self) -> None:
        """Stop the thread, and wait up to 5 seconds for it."""
        self._stopping.set()
        self._thread.join(STOP_S)

    def _run(self) -> None:
        pause_s = 0.0
        while not self._stopping.wait(pause_s):
            started = time.monotonic()
            try:
                is_done = text_index.update(self._db, max_slices=1)
            except StoreError:
                return  # The store is closed.
            except sqlite3.Error:
                logger.exception("could not update the full-text index; trying again")
                is_done = True
            pause_s = POLL_S if is_done else (time.monotonic() - started) * REST_SHARE
