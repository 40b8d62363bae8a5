"""Assessments: feedback and expectations on traces, from people, models and code."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final
from uuid import uuid4

import orjson

from kayba_local.store import revisions
from kayba_local.store.database import Database, Row, Transaction
from kayba_local.store.errors import AlreadyExists, DoesNotExist
from kayba_local.store.ids import now
from kayba_local.store.traces.traces import get_row

_UPSERT: Final = """
    INSERT INTO assessments (trace, assessment_id, content) VALUES (?, ?, ?)
    ON CONFLICT (assessment_id) DO UPDATE SET content = excluded.content WHERE assessments.trace = excluded.trace
"""
_SELECT: Final = "SELECT content FROM assessments WHERE trace = ? AND assessment_id = ?"
_OWN_ID: Final = re.compile(r"a-[0-9a-f]{32}")


def create(db: Database, trace_id: str, assessment: Mapping[str, Any]) -> dict[str, Any]:
    """Add an assessment to a trace.

    Args:
        db: The store.
        trace_id: The trace.
        assessment: The assessment as API JSON. An id in the form of `_new_id` is kept, so that a repeated request adds
            nothing; any other id, and that of another trace's assessment, is replaced. The assessment that it overrides
            becomes invalid.

    Returns:
        The assessment with its id and, if it had none, its time. If the trace has an assessment of that id, that one,
        unchanged.

    Raises:
        DoesNotExist: The trace or the overridden assessment does not exist.
    """
    given = assessment.get("assessment_id", "")
    assessment_id = given if _OWN_ID.fullmatch(given) else _new_id()
    with db.write() as tx:
        trace = get_row(tx, trace_id)
        stored = tx.row(_SELECT, (trace["id"], assessment_id))
        if stored is not None:
            known: dict[str, Any] = orjson.loads(stored["content"])
            return known
        if tx.row("SELECT 1 FROM assessments WHERE assessment_id = ?", (assessment_id,)) is not None:
            assessment_id = _new_id()
        if overridden := assessment.get("overrides"):
            _invalidate(tx, trace, overridden)
        return upsert(tx, trace, {**assessment, "assessment_id": assessment_id})


def change(db: Database, trace_id: str, assessment_id: str, *, value: Any = None, rationale: str | None = None) -> int:
    """Replace the value or the rationale of an assessment, and return the revision of the store.

    Args:
        db: The store.
        trace_id: The trace.
        assessment_id: The assessment.
        value: The new value of the feedback or the expectation; None leaves it.
        rationale: The new rationale; None leaves it.

    Raises:
        DoesNotExist: The trace does not exist, or has no such assessment.
    """
    with db.write() as tx:
        trace = get_row(tx, trace_id)
        changed = _get(tx, trace, assessment_id)
        if value is not None:
            changed["expectation" if "expectation" in changed else "feedback"] = {"value": value}
        if rationale is not None:
            changed["rationale"] = rationale
        upsert(tx, trace, {**changed, "last_update_time": now()})
        return revisions.advance(tx)


def delete(db: Database, trace_id: str, assessment_id: str) -> int:
    """Delete an assessment, and return the revision of the store.

    Raises:
        DoesNotExist: The trace does not exist, or has no such assessment.
    """
    with db.write() as tx:
        trace = get_row(tx, trace_id)
        _get(tx, trace, assessment_id)
        tx.run("DELETE FROM assessments WHERE assessment_id = ?", (assessment_id,))
        revisions.stamp(tx, trace["id"])
        return revisions.advance(tx)


def _get(tx: Transaction, trace: Row, assessment_id: str) -> dict[str, Any]:
    row = tx.row(_SELECT, (trace["id"], assessment_id))
    if row is None:
        raise DoesNotExist(f"Trace '{trace['trace_id']}' has no assessment {assessment_id!r}.")
    found: dict[str, Any] = orjson.loads(row["content"])
    return found


def upsert(tx: Transaction, trace: Row, assessment: Mapping[str, Any]) -> dict[str, Any]:
    """Add an assessment to the trace of a row, or replace the assessment of the same id.

    Returns:
        The assessment as in `create`.

    Raises:
        AlreadyExists: An assessment of another trace has this id.
    """
    created = assessment.get("create_time") or now()
    complete = {
        "assessment_id": assessment.get("assessment_id") or _new_id(),
        **{key: value for key, value in assessment.items() if key != "assessment_id"},
        "trace_id": trace["trace_id"],
        "create_time": created,
        "last_update_time": assessment.get("last_update_time") or created,
        "valid": assessment.get("valid", True),
    }
    revisions.stamp(tx, trace["id"])
    stored = tx.run(_UPSERT, (trace["id"], complete["assessment_id"], orjson.dumps(complete).decode()))
    if not stored:
        raise AlreadyExists(f"Assessment {complete['assessment_id']!r} belongs to another trace.")
    return complete


def _invalidate(tx: Transaction, trace: Row, assessment_id: str) -> None:
    row = tx.row(_SELECT, (trace["id"], assessment_id))
    if row is None:
        raise DoesNotExist(f"Trace '{trace['trace_id']}' has no assessment {assessment_id!r} to override.")
    replaced = {**orjson.loads(row["content"]), "valid": False}
    tx.run(
        "UPDATE assessments SET content = ? WHERE assessment_id = ?", (orjson.dumps(replaced).decode(), assessment_id)
    )


def _new_id() -> str:
    return f"a-{uuid4().hex}"
