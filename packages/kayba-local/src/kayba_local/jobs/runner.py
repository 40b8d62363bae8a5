"""The one thread that runs jobs, and the leases by which several servers on one store share them."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from kayba_local.jobs.analysis import GoneError, analyse
from kayba_local.jobs.llm import DEFAULT_URL
from kayba_local.jobs.throttle import Pace
from kayba_local.store import jobs
from kayba_local.store.database import Database, StoreError
from kayba_local.store.ids import new_id
from kayba_local.store.jobs import Job

LEASE_S: Final = 15.0
"""Seconds after which a job of a process that was killed is another one's to run."""
MOST_BEGUN: Final = 3
"""How often a job is begun; one that ends its process every time must not do so forever."""
POLL_S: Final = 5.0
"""Seconds between looks for jobs that another process has left."""
STOP_S: Final = 5.0
"""Seconds that a job under way has to notice that the server stops."""

logger = logging.getLogger("kayba_local")


class Runner:
    """Runs the jobs of one server, one at a time, in a daemon thread; ends when its store is closed."""

    def __init__(self, db: Database, model_url: str | None = None) -> None:
        self._db = db
        self._model_url = model_url or DEFAULT_URL
        self._owner = new_id()
        self._keys: dict[str, str] = {}
        self._lock = threading.Lock()
        self._woken = threading.Event()
        self._stopping = threading.Event()
        self._renewed = time.monotonic()
        self._pace = Pace(self._stopping.wait, time.monotonic)
        self._thread = threading.Thread(target=self._run, name="kayba-local jobs", daemon=True)

    def start(self) -> None:
        """Begin with what is unfinished, and go on with what is submitted."""
        self._db.before_close(self.stop)
        self._thread.start()

    def stop(self) -> None:
        """End the work under way, if it does within 5 seconds, and leave what is unfinished to the next process."""
        self._stopping.set()
        self._woken.set()
        self._thread.join(STOP_S)
        try:
            jobs.release(self._db, self._owner)
        except sqlite3.Error:
            logger.exception("the jobs of this server cannot be given up; they are free when their lease is over")

    def submit(self, request: Mapping[str, Any], key: str | None = None) -> str:
        """Take on a job and return its id.

        Args:
            request: What to do, as `work.analyse` takes it; it is stored.
            key: The key of the model's provider; it is kept in memory until the job has ended, and nowhere else.
        """
        id_ = new_id()
        with self._lock:
            # Held from the start: only this process has the key.
            jobs.add(self._db, id_, {**request, "keyGiven": key is not None}, self._owner, _in_ms(LEASE_S))
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
                    self._work(job)
            except StoreError:
                return  # closed
            except sqlite3.Error:
                logger.exception("the store cannot be asked for jobs")
                self._stopping.wait(POLL_S)

    def _claim(self) -> Job | None:
        with self._lock:
            job = jobs.claim(self._db, self._owner, _in_ms(0), _in_ms(LEASE_S))
            if job is None:
                # Those of jobs that another process has taken over meanwhile.
                self._keys.clear()
            return job

    def _work(self, job: Job) -> None:
        key = self._keys.pop(job.id, None)
        self._renewed = time.monotonic()
        self._pace.begin()
        try:
            if job.begun > MOST_BEGUN:
                jobs.fail(self._db, job.id, self._owner, f"It was begun {MOST_BEGUN} times and never came to an end.")
                return
            outcome = analyse(self._db, job.request, key, self._model_url, partial(self._keep_on, job.id))
            jobs.complete(self._db, job.id, self._owner, outcome.result, outcome.findings)
        except (GoneError, StoreError):
            return
        except Exception as error:
            logger.exception("job %s failed", job.id)
            jobs.fail(self._db, job.id, self._owner, f"The analysis failed ({type(error).__name__}); the log says how.")

    def _keep_on(self, id_: str, wait_s: float) -> None:
        """Renew the lease in time, or before a wait, and leave the interpreter to requests now and then."""
        if self._stopping.is_set():
            raise GoneError
        now = time.monotonic()
        if wait_s or now - self._renewed > LEASE_S / 3:
            if not jobs.renew(self._db, id_, self._owner, _in_ms(LEASE_S + wait_s)):
                raise GoneError
            self._renewed = now
        self._pace.step()


def _in_ms(seconds: float) -> int:
    """The time so many seconds from now, in ms since 1970: leases are compared between processes."""
    return int((time.time() + seconds) * 1000)
