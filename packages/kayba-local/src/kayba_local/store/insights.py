"""Insights: what was learned from traces, triaged by people into accepted and rejected."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kayba_local.store.database import Database
from kayba_local.store.identity import new_id

_SELECT = "SELECT id, status, section, content, helpful, harmful, note FROM insights"


@dataclass(frozen=True, slots=True)
class Insight:
    """One insight. ``helpful`` and ``harmful`` count the traces that spoke for and against it."""

    id: str
    status: str
    section: str
    content: str
    helpful: int
    harmful: int
    note: str | None


def add(
    db: Database, content: str, *, section: str = "general", status: str = "pending", helpful: int = 0, harmful: int = 0
) -> Insight:
    """Store a new insight.

    Args:
        db: Where.
        content: What was learned, in words that a prompt can carry.
        section: The heading it belongs under.
        status: ``pending``, ``new``, ``accepted`` or ``rejected``.
        helpful: How many traces spoke for it.
        harmful: How many spoke against it.
    """
    insight = Insight(new_id(), status, section, content, helpful, harmful, None)
    with db.write() as tx:
        tx.run(
            "INSERT INTO insights (id, status, section, content, helpful, harmful) VALUES (?, ?, ?, ?, ?, ?)",
            (insight.id, status, section, content, helpful, harmful),
        )
    return insight


def find(db: Database, *, status: str | None = None, section: str | None = None) -> list[Insight]:
    """The insights of a status and a section, None for any, oldest first."""
    with db.read() as tx:
        rows = tx.rows(
            _SELECT + " WHERE status = coalesce(?, status) AND section = coalesce(?, section) ORDER BY position",
            (status, section),
        )
    return [Insight(*row) for row in rows]


def get(db: Database, ids: Sequence[str]) -> dict[str, Insight]:
    """The insights of these ids, by id in the order given; an unknown id is not in it."""
    with db.read() as tx:
        rows = [tx.row(_SELECT + " WHERE id = ?", (id_,)) for id_ in dict.fromkeys(ids)]
    return {row["id"]: Insight(*row) for row in rows if row is not None}


def triage(db: Database, id_: str, status: str, note: str | None) -> Insight | None:
    """Set an insight's status, and its note where one is given; None when there is no insight of this id."""
    with db.write() as tx:
        tx.run("UPDATE insights SET status = ?, note = coalesce(?, note) WHERE id = ?", (status, note, id_))
        row = tx.row(_SELECT + " WHERE id = ?", (id_,))
    return None if row is None else Insight(*row)
