"""Handler of live changes: server-sent events of the changes of the store, as long as the client stays.

The store is asked for its revision a few times a second, so changes by other processes on the same store are seen, too,
and a trace that changes a hundred times a second is sent at most four times.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from threading import Event
from typing import TYPE_CHECKING, Final

import orjson
from starlette.concurrency import run_in_threadpool

from kayba_local.http.operation import Call, Handler, Reply
from kayba_local.store import revisions
from kayba_local.store.revisions import Change

if TYPE_CHECKING:
    from kayba_local.store.database import Database

INTERVAL_S: Final = 0.25
"""Seconds between two questions to the store."""
HEARTBEAT_S: Final = 15.0
"""Seconds without an event after which a comment is sent, so that proxies keep the connection."""
MAX_CHANGES: Final = 1_000
"""Changes that are read at once."""
_HEADERS: Final = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


def stream_changes(call: Call) -> Reply:
    """Return the changes after the client's last event, or from now on."""
    last = call.headers.get("last-event-id")
    since = int(last) if last else None
    return Reply(_follow(call.db, since, call.stopping), media_type="text/event-stream", headers=_HEADERS)


async def _follow(db: Database, since: int | None, stopping: Event) -> AsyncIterator[bytes]:
    revision = await run_in_threadpool(_read_revision, db) if since is None else since
    yield f"retry: 1000\nid: {revision}\n\n".encode()
    sent_at = time.monotonic()
    while not stopping.is_set():
        changes = await run_in_threadpool(_find_changes, db, revision)
        if changes is None:
            revision = await run_in_threadpool(_read_revision, db)
            yield f"event: reset\nid: {revision}\ndata: {{}}\n\n".encode()
        elif changes:
            revision = changes[-1].revision
            yield b"".join(map(_encode, changes))
        now = time.monotonic()
        if changes or changes is None:
            sent_at = now
        elif now - sent_at >= HEARTBEAT_S:
            sent_at = now
            yield b": still here\n\n"
        await asyncio.sleep(INTERVAL_S)


def _encode(change: Change) -> bytes:
    data = orjson.dumps({"id": change.subject}).decode()
    return f"event: {change.kind}\nid: {change.revision}\ndata: {data}\n\n".encode()


def _read_revision(db: Database) -> int:
    with db.read() as tx:
        return revisions.read(tx)


def _find_changes(db: Database, since: int) -> list[Change] | None:
    with db.read() as tx:
        if revisions.read(tx) == since:
            return []
        found = revisions.find_since(tx, since, MAX_CHANGES)
        return None if found is None else list(found)


HANDLERS: Final[Mapping[str, Handler]] = {"streamChanges": stream_changes}
