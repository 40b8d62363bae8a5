"""Worker: a thread that keeps a served store in order."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from typing import Final

from kayba_local.store.database import Database
from kayba_local.store.errors import StoreError
from kayba_local.upkeep import interruption, retention, settings, space
from kayba_local.upkeep.retention import Retention

INTERVAL_S: Final = 10.0
"""Seconds between two rounds."""
STOP_S: Final = 5.0
"""Seconds that `stop` waits for the current slice."""

logger: Final = logging.getLogger("kayba_local.upkeep")


class Upkeep:
    """Upkeep of one served store, in a daemon thread. Closing the store stops it.

    A round deletes the traces that are not kept, marks traces as interrupted, gives free space back, and bounds the
    write-ahead log. Several servers on one store may do so at once: each step is one transaction.

    A given `retention` is stored, as that of `setRetention` is. None leaves the stored one.
    """

    def __init__(
        self, db: Database, retention: Retention | None, interrupted_after_s: float, interval_s: float = INTERVAL_S
    ) -> None:
        self._db = db
        if retention is not None:
            settings.save(db, retention)
        self._interrupted_after_s = interrupted_after_s
        self._interval_s = interval_s
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="kayba-local upkeep", daemon=True)

    def start(self) -> None:
        """Start the thread. Its first round begins at once."""
        self._db.before_close(self.stop)
        self._thread.start()

    def stop(self) -> None:
        """Stop the thread, and wait up to 5 seconds for it."""
        self._stopping.set()
        self._thread.join(STOP_S)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._run_round()
            except StoreError:
                return  # The store is closed.
            except sqlite3.Error:
                logger.exception("upkeep of the store failed; trying again in %g seconds", self._interval_s)
            self._stopping.wait(self._interval_s)

    def _run_round(self) -> None:
        rest = self._stopping.wait
        now_ns = time.time_ns()
        with self._db.read() as tx:
            kept = settings.read(tx)
        retention.enforce(self._db, kept, now_ns, rest)
        interruption.mark(self._db, now_ns, self._interrupted_after_s, rest)
        space.shrink_if_due(self._db, rest)
        space.bound_log(self._db)
