"""Insights: what was learned from traces, triaged by people into accepted and rejected."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Final

import orjson

from kayba_local.analysis.findings import Finding
from kayba_local.store.database import Database, Row, Transaction
from kayba_local.store.ids import new_id

UNDECIDED: Final = ("pending", "new")
"""Statuses of insights on which nobody has decided."""

_SELECT = "SELECT id, status, section, content, helpful, harmful, note, evidence FROM insights"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What an insight rests on.

    Attributes:
        job_id: The job that found it, or found it again last.
        kind: What sort of thing it is, e.g. ``error``.
        trace_ids: Traces that show it; not more than a hundred of them.
        traces: How many traces show it.
        occurrences: How often it was seen in them.
        tokens: How many tokens went into it; None where that is not what it is about.
    """

    job_id: str
    kind: str
    trace_ids: Sequence[str]
    traces: int
    occurrences: int
    tokens: int | None = None


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
    evidence: Evidence | None = None


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


def keep(tx: Transaction, job_id: str, findings: Sequence[Finding]) -> None:
    """Make findings into insights that wait for a decision, inside another transaction.

    One that is there already, from an earlier job, is brought up to date if nobody has decided on it, and stays as it
    is otherwise: what was rejected does not come back, and what was accepted does not change under those who use it.
    """
    for finding in findings:
        evidence = Evidence(
            job_id, finding.kind, finding.trace_ids, finding.traces, finding.occurrences, finding.tokens
        )
        tx.run(
            "INSERT INTO insights (id, status, section, content, helpful, harmful, fingerprint, evidence)"
            " VALUES (?, 'pending', ?, ?, ?, 0, ?, ?) ON CONFLICT (fingerprint) WHERE fingerprint IS NOT NULL DO UPDATE"
            " SET content = excluded.content, helpful = excluded.helpful, evidence = excluded.evidence"
            " WHERE insights.status IN (?, ?)",
            (
                new_id(),
                finding.section,
                finding.content,
                finding.traces,
                finding.fingerprint,
                orjson.dumps(asdict(evidence)).decode(),
                *UNDECIDED,
            ),
        )


def find(db: Database, *, status: str | None = None, section: str | None = None) -> list[Insight]:
    """The insights of a status and a section, None for any, oldest first."""
    with db.read() as tx:
        rows = tx.rows(
            _SELECT + " WHERE status = coalesce(?, status) AND section = coalesce(?, section) ORDER BY position",
            (status, section),
        )
    return [_read(row) for row in rows]


def get(db: Database, ids: Sequence[str]) -> dict[str, Insight]:
    """The insights of these ids, by id in the order given; an unknown id is not in it."""
    with db.read() as tx:
        rows = [tx.row(_SELECT + " WHERE id = ?", (id_,)) for id_ in dict.fromkeys(ids)]
    return {row["id"]: _read(row) for row in rows if row is not None}


def triage(db: Database, id_: str, status: str, note: str | None) -> Insight | None:
    """Set an insight's status, and its note where one is given; None when there is no insight of this id."""
    with db.write() as tx:
        tx.run("UPDATE insights SET status = ?, note = coalesce(?, note) WHERE id = ?", (status, note, id_))
        row = tx.row(_SELECT + " WHERE id = ?", (id_,))
    return None if row is None else _read(row)


def _read(row: Row) -> Insight:
    *fields, evidence = row
    insight = Insight(*fields)
    return insight if evidence is None else replace(insight, evidence=Evidence(**orjson.loads(evidence)))
