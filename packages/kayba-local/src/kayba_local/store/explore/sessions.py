"""Sessions: conversations, each with the sums of its traces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from kayba_local.store.database import Row, Transaction
from kayba_local.store.explore.rows import RowPage, read_rows
from kayba_local.store.query.columns import Clause
from kayba_local.store.query.paging import SortKey, fetch_page, read_token, write_token

_LAST_NS: Final = "MAX(traces.request_ns + COALESCE(traces.duration_ns, 0))"
_ORDER: Final = (
    SortKey(Clause(_LAST_NS), descending=True),
    SortKey(Clause("traces.session_id"), descending=False),
)
_TURNS: Final = (
    SortKey(Clause("traces.request_ns"), descending=False),
    SortKey(Clause("traces.trace_id"), descending=False),
)


@dataclass(frozen=True, slots=True)
class Session:
    """A conversation.

    Attributes:
        session_id: The session's id.
        turns: The number of its traces.
        errors: The number of its traces with an error.
        running: The number of its traces in progress.
        start_ns: The start of its first trace, in ns since 1970.
        last_ns: The end of its last trace, or its start while it runs.
        total_tokens: The tokens of its traces; None if none is known.
        cost: Their price in US dollars; None if none is known.
        user_id: The user of its first trace; None if there is none.
        first_input: The beginning of the first input in plain words.
    """

    session_id: str
    turns: int
    errors: int
    running: int
    start_ns: int
    last_ns: int
    total_tokens: int | None
    cost: float | None
    user_id: str | None
    first_input: str


@dataclass(frozen=True, slots=True)
class SessionPage:
    """A page of sessions, and the cursor of the next page; None on the last page."""

    sessions: Sequence[Session]
    next_cursor: str | None


def list_sessions(tx: Transaction, where: Clause, limit: int, cursor: str | None) -> SessionPage:
    """Return a page of the sessions of the traces of a condition, the last active first.

    Args:
        tx: The transaction.
        where: The condition.
        limit: The most sessions.
        cursor: The `next_cursor` of the previous page; None for the first page.

    Raises:
        InvalidValue: The cursor is malformed.
    """
    after, position = "1 = 1", tuple[Any, ...]()
    if cursor is not None:
        last_ns, last_id = read_token(cursor, _ORDER)
        after = f"({_LAST_NS} < ? OR ({_LAST_NS} = ? AND traces.session_id > ?))"
        position = (last_ns, last_ns, last_id)
    rows = tx.rows(
        "SELECT traces.session_id, COUNT(*), SUM(traces.state = 'ERROR'), SUM(traces.state = 'IN_PROGRESS'),"  # noqa: S608 - names of this package; values are bound
        f" MIN(traces.request_ns), {_LAST_NS} AS last_ns, SUM(traces.total_tokens), SUM(traces.cost)"
        f" FROM traces WHERE traces.session_id IS NOT NULL AND {where.sql} GROUP BY traces.session_id"
        f" HAVING {after} ORDER BY last_ns DESC, traces.session_id LIMIT ?",
        (*where.parameters, *position, limit + 1),
    )
    sessions = [_read_session(tx, where, row) for row in rows[:limit]]
    if len(rows) <= limit:
        return SessionPage(sessions, None)
    return SessionPage(sessions, write_token((sessions[-1].last_ns, sessions[-1].session_id), _ORDER))


def list_turns(tx: Transaction, session_id: str, limit: int, cursor: str | None) -> RowPage:
    """Return a page of the traces of a session, the oldest first.

    Raises:
        InvalidValue: The cursor is malformed.
    """
    page = fetch_page(tx, "traces", Clause("traces.session_id = ?", (session_id,)), _TURNS, limit, cursor)
    return RowPage(read_rows(tx, page.rows), page.next_token)


def _read_session(tx: Transaction, where: Clause, row: Row) -> Session:
    values: list[Any] = [*row, *_read_first(tx, where, row["session_id"])]
    return Session(*values)


def _read_first(tx: Transaction, where: Clause, session_id: str) -> tuple[str | None, str]:
    """Return the user and the input of the first trace of a session."""
    rows = tx.rows(
        f"SELECT * FROM traces WHERE traces.session_id = ? AND {where.sql}"  # noqa: S608
        " ORDER BY traces.request_ns, traces.trace_id LIMIT 1",
        (session_id, *where.parameters),
    )
    (first,) = read_rows(tx, rows)
    return first.row["user_id"], first.input
