"""Insights: advice learned from traces, which people accept or reject."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from typing import Final

import orjson

from kayba_local.store import revisions
from kayba_local.store.database import Database, Row, Transaction
from kayba_local.store.ids import new_id

UNDECIDED: Final = ("pending", "new")
"""The statuses before a person accepts or rejects an insight."""

_SELECT: Final = "SELECT id, status, section, content, helpful, harmful, note, evidence FROM insights"


@dataclass(frozen=True, slots=True)
class Evidence:
    """The traces that an insight is based on.

    Attributes:
        job_id: The last job that found it.
        kind: The kind of finding, e.g. `error`.
        trace_ids: Traces that show it; at most 100.
        traces: The number of traces that show it.
        occurrences: The number of occurrences in these traces.
        tokens: The tokens it used; None for a kind that counts none.
    """

    job_id: str
    kind: str
    trace_ids: Sequence[str]
    traces: int
    occurrences: int
    tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Insight:
    """An insight; `helpful` and `harmful` count the traces that speak for and against it."""

    id: str
    status: str
    section: str
    content: str
    helpful: int
    harmful: int
    note: str | None
    evidence: Evidence | None = None


@dataclass(frozen=True, slots=True)
class NewInsight:
    """An insight as a job finds it, before it is stored; the fields are described in `Evidence` and `Insight`.

    Attributes:
        subject: The subject of the finding. Insights of the same kind and subject are the same insight.
    """

    kind: str
    section: str
    subject: Sequence[str]
    content: str
    trace_ids: Sequence[str]
    traces: int
    occurrences: int
    tokens: int | None = None

    @property
    def fingerprint(self) -> str:
        """A key that identifies the same insight across jobs."""
        return sha256("\0".join((self.kind, *self.subject)).encode("utf-8", "backslashreplace")).hexdigest()[:32]


def add(
    db: Database, content: str, *, section: str = "general", status: str = "pending", helpful: int = 0, harmful: int = 0
) -> Insight:
    """Store an insight without evidence.

    Args:
        db: The store.
        content: The advice, worded for a prompt.
        section: The heading in a prompt.
        status: `pending`, `new`, `accepted` or `rejected`.
        helpful: The number of traces that speak for it.
        harmful: The number of traces that speak against it.
    """
    insight = Insight(new_id(), status, section, content, helpful, harmful, None)
    with db.write() as tx:
        tx.run(
            "INSERT INTO insights (id, status, section, content, helpful, harmful) VALUES (?, ?, ?, ?, ?, ?)",
            (insight.id, status, section, content, helpful, harmful),
        )
        revisions.record(tx, "insight", [insight.id])
    return insight


def upsert(tx: Transaction, job_id: str, found: Sequence[NewInsight]) -> None:
    """Store the insights of a job as pending.

    An insight that exists from an earlier job is updated while it is undecided. An accepted or rejected insight does
    not change.
    """
    for new in found:
        evidence = Evidence(job_id, new.kind, new.trace_ids, new.traces, new.occurrences, new.tokens)
        rows = tx.rows(
            "INSERT INTO insights (id, status, section, content, helpful, harmful, fingerprint, evidence)"
            " VALUES (?, 'pending', ?, ?, ?, 0, ?, ?) ON CONFLICT (fingerprint) WHERE fingerprint IS NOT NULL DO UPDATE"
            " SET content = excluded.content, helpful = excluded.helpful, evidence = excluded.evidence"
            " WHERE insights.status IN (?, ?) RETURNING id",
            (
                new_id(),
                new.section,
                new.content,
                new.traces,
                new.fingerprint,
                orjson.dumps(asdict(evidence)).decode(),
                *UNDECIDED,
            ),
        )
        revisions.record(tx, "insight", [row["id"] for row in rows])


def find(db: Database, *, status: str | None = None, section: str | None = None) -> list[Insight]:
    """Return the insights of a status and a section, oldest first; None selects any."""
    with db.read() as tx:
        rows = tx.rows(
            _SELECT + " WHERE status = coalesce(?, status) AND section = coalesce(?, section) ORDER BY position",
            (status, section),
        )
    return [_read(row) for row in rows]


def get(db: Database, ids: Sequence[str]) -> dict[str, Insight]:
    """Return insights by id, in the requested order without unknown ids."""
    with db.read() as tx:
        rows = [tx.row(_SELECT + " WHERE id = ?", (id_,)) for id_ in dict.fromkeys(ids)]
    return {row["id"]: _read(row) for row in rows if row is not None}


def triage(db: Database, id_: str, status: str, note: str | None) -> Insight | None:
    """Set an insight's status, and its note unless that is None. Return None if no insight has the id."""
    with db.write() as tx:
        tx.run("UPDATE insights SET status = ?, note = coalesce(?, note) WHERE id = ?", (status, note, id_))
        row = tx.row(_SELECT + " WHERE id = ?", (id_,))
        if row is not None:
            revisions.record(tx, "insight", [id_])
    return None if row is None else _read(row)


def _read(row: Row) -> Insight:
    *fields, evidence = row
    insight = Insight(*fields)
    return insight if evidence is None else replace(insight, evidence=Evidence(**orjson.loads(evidence)))
