"""The limits of a server: times, threads, queues and memory."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Final

from kayba_local.contract import Operation
from kayba_local.http.lanes import Lane
from kayba_local.http.memory import BodyMemory

INGEST_OPERATIONS: Final = frozenset({"exportTraces", "createTraceInfo", "uploadTraceArtifact", "uploadTraceFiles"})
READ_VERBS: Final = ("aggregate", "batchGet", "compare", "count", "find", "get", "list", "search")
"""The beginnings of the operationIds that only read, also with another method than GET."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The limits of a server. The defaults are right for a team on one machine.

    Attributes:
        request_timeout_s: Seconds from the end of a request's body until it gets a 503: its read is cancelled, or it
            leaves the queue.
        receive_timeout_s: Seconds in which the head of a request must arrive, and as many for its body. The connection
            is closed then.
        body_memory_mb: Megabytes that the bodies of all requests may use together while they are received and handled.
        ingest_threads: Requests that store spans at the same time.
        read_threads: Requests of the API that read at the same time. None is one fewer than there are processors, at
            least 2 and at most 6.
        change_threads: Other requests of the API that run at the same time.
        page_threads: Pages that are made at the same time.
        queue: Requests of each kind that may wait.
    """

    request_timeout_s: float = 30
    receive_timeout_s: float = 60
    body_memory_mb: int = 256
    ingest_threads: int = 4
    read_threads: int | None = None
    change_threads: int = 4
    page_threads: int = 1
    queue: int = 256

    def count_read_threads(self) -> int:
        """Return the number of threads that read."""
        return self.read_threads or min(max((os.cpu_count() or 1) - 1, 2), 6)


class Resources:
    """The lanes and the memory that the requests of one server share.

    Attributes:
        limits: The limits.
        ingest: The lane of requests that store spans and files.
        reads: The lane of requests that only read.
        changes: The lane of all other requests of the API.
        pages: The lane of HTML pages.
        memory: The memory of bodies.
    """

    def __init__(self, limits: Limits) -> None:
        timeout_s, queue = limits.request_timeout_s, limits.queue
        self.limits = limits
        self.ingest = Lane("ingest", limits.ingest_threads, queue, timeout_s)
        self.reads = Lane("reads", limits.count_read_threads(), queue, timeout_s)
        self.changes = Lane("changes", limits.change_threads, queue, timeout_s)
        self.pages = Lane("pages", limits.page_threads, queue, timeout_s)
        self.memory = BodyMemory(limits.body_memory_mb * 1_000_000)

    @property
    def lanes(self) -> tuple[Lane, ...]:
        """All lanes."""
        return self.ingest, self.reads, self.changes, self.pages

    def lane_of(self, operation: Operation) -> Lane:
        """Return the lane of an operation's requests."""
        if operation.id in INGEST_OPERATIONS:
            return self.ingest
        return self.reads if operation.method == "GET" or operation.id.startswith(READ_VERBS) else self.changes

    def close(self) -> None:
        """End the threads when they have no work."""
        for lane in self.lanes:
            lane.close()
