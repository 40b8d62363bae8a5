"""Handlers of sessions: their list, and the turns of one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from kayba_local.handlers.explore.forms import convert_errors, read_selection, write_trace
from kayba_local.http.operation import Call, Handler
from kayba_local.store import revisions
from kayba_local.store.errors import DoesNotExist
from kayba_local.store.explore import sessions
from kayba_local.store.explore.selection import select

_NS_PER_MS: Final = 1_000_000


@convert_errors
def list_sessions(call: Call) -> dict[str, Any]:
    """Return a page of sessions, the last active first."""
    with select(call.db, read_selection(call.query)) as (tx, where):
        page = sessions.list_sessions(tx, where, call.query["limit"], call.query.get("cursor"))
        written: dict[str, Any] = {
            "revision": revisions.read(tx),
            "sessions": [_write_session(session) for session in page.sessions],
        }
    return written if page.next_cursor is None else {**written, "nextCursor": page.next_cursor}


@convert_errors
def get_session(call: Call) -> dict[str, Any]:
    """Return a page of the traces of a session, the oldest first."""
    session_id = call.query["session"]
    with call.db.read() as tx:
        page = sessions.list_turns(tx, session_id, call.query["limit"], call.query.get("cursor"))
        if not page.traces and "cursor" not in call.query:
            raise DoesNotExist(f"No trace has the session '{session_id}'.")
        written: dict[str, Any] = {
            "revision": revisions.read(tx),
            "traces": [write_trace(trace) for trace in page.traces],
        }
    return written if page.next_cursor is None else {**written, "nextCursor": page.next_cursor}


def _write_session(session: sessions.Session) -> dict[str, Any]:
    written: dict[str, Any] = {
        "session": session.session_id,
        "turns": session.turns,
        "errors": session.errors,
        "running": session.running,
        "firstInput": session.first_input,
        "startMs": session.start_ns / _NS_PER_MS,
        "lastMs": session.last_ns / _NS_PER_MS,
    }
    optional = {"user": session.user_id, "totalTokens": session.total_tokens, "cost": session.cost}
    return written | {name: value for name, value in optional.items() if value is not None}


HANDLERS: Final[Mapping[str, Handler]] = {"listSessions": list_sessions, "getSession": get_session}
