"""Job runner: one thread that runs jobs, with leases that share the jobs between servers on one store."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from typing import Any, Final

from kayba_local.jobs.analysis import JobStoppedError, run_analysis
from kayba_local.jobs.llm import DEFAULT_URL
from kayba_local.jobs.throttle import Throttle
from kayba_local.store import jobs
from kayba_local.store.database import Database
from kayba_local.store.errors import StoreError
from kayba_local.store.ids import new_id
from kayba_local.store.insights import NewInsight
from kayba_local.store.jobs import Job

LEASE_S: Final = 15.0
"""Seconds until another process may claim the job of a killed process."""
MAX_ATTEMPTS: Final = 3
"""Maximum number of attempts at a job, because a job may crash its process every time."""
POLL_S: Final = 5.0
"""Seconds between two polls for jobs of ended processes."""
STOP_S: Final = 5.0
"""Seconds that `stop` waits for the running job to reach a checkpoint."""

logger = logging.getLogger("kayba_local")


class Runner:
    """Runner of one server's jobs, one at a time, in a daemon thread. Closing the store stops it."""

    def __init__(self, db: Database, model_url: str | None = None) -> None:
        self._db = db
        self._model_url = model_url or DEFAULT_URL
        self._owner = new_id()
        self._keys: dict[str, str] = {}
        self._lock = threading.Lock()
        self._woken = threading.Event()
        self._stopping = threading.Event()
        self._renewed = time.monotonic()
        self._throttle = Throttle(self._stopping.wait, time.monotonic)
        self._thread = threading.Thread(target=self._run, name="kayba-local jobs", daemon=True)

    def start(self) -> None:
        """Start the thread; it runs unfinished jobs first, then the submitted ones."""
        self._db.before_close(self.stop)
        self._thread.start()

    def stop(self) -> None:
        """Stop the thread, wait up to 5 seconds for it, and release unfinished jobs to the next process."""
        self._stopping.set()
        self._woken.set()
        self._thread.join(STOP_S)
        try:
            jobs.release(self._db, self._owner)
        except sqlite3.Error:
            logger.exception(
                "could not release this server's jobs; other servers can claim them when the lease expires"
            )

    def submit(self, request: Mapping[str, Any], key: str | None = None) -> str:
        """Store a job to run, and return its id.

        Args:
            request: The request for `run_analysis`, as stored in the database.
            key: The API key of the model's provider. It is kept in memory only, until the job ends.
        """
        id_ = new_id()
        with self._lock:
            # Leased from the start, because only this process has the key.
            jobs.add(self._db, id_, {**request, "keyGiven": key is not None}, self._owner, _timestamp_ms(LEASE_S))
            if key is not None:
                self._keys[id_] = key
        self._woken.set()
        return id_

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._woken.clear()
            try:
                job = self._claim()
                if job is None:
                    self._woken.wait(POLL_S)
                else:
                    self._run_job(job)
            except StoreError:
                return  # The store is closed.
            except sqlite3.Error:
                logger.exception("could not read jobs from the store; trying again")
                self._stopping.wait(POLL_S)

    def _claim(self) -> Job | None:
        with self._lock:
            job = jobs.claim(self._db, self._owner, _timestamp_ms(0), _timestamp_ms(LEASE_S))
            if job is None:
                # The remaining keys belong to jobs that other processes have claimed.
                self._keys.clear()
            return job

    def _run_job(self, job: Job) -> None:
        key = self._keys.pop(job.id, None)
        self._renewed = time.monotonic()
        self._throttle.start()
        try:
            if job.begun > MAX_ATTEMPTS:
                jobs.fail(self._db, job.id, self._owner, f"The job did not end in {MAX_ATTEMPTS} attempts.")
                return
            finished = run_analysis(self._db, job.request, key, self._model_url, partial(self._checkpoint, job.id))
            found = [NewInsight(**asdict(finding)) for finding in finished.findings]
            jobs.complete(self._db, job.id, self._owner, finished.result, found)
        except (JobStoppedError, StoreError):
            return
        except Exception as error:
            logger.exception("job %s failed", job.id)
            jobs.fail(
                self._db, job.id, self._owner, f"The analysis failed ({type(error).__name__}). See the server's log."
            )

    def _checkpoint(self, id_: str, wait_s: float) -> None:
        """Renew the lease if it is due or before a wait of `wait_s` seconds, and pause for other threads.

        Raises:
            JobStoppedError: The server stops, or another process has claimed the job.
        """
        if self._stopping.is_set():
            raise JobStoppedError
        now = time.monotonic()
        if wait_s or now - self._renewed > LEASE_S / 3:
            if not jobs.renew(self._db, id_, self._owner, _timestamp_ms(LEASE_S + wait_s)):
                raise JobStoppedError
            self._renewed = now
        self._throttle.pause_if_due()


def _timestamp_ms(seconds: float) -> int:
    """Return the wall-clock time in so many seconds, in ms since 1970, because processes compare their leases."""
    return int((time.time() + seconds) * 1000)
