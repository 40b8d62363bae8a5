"""Assessments: what people, models and code say of traces."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import uuid4

import orjson

from kayba_local.store.database import Database, Row, Transaction
from kayba_local.store.errors import AlreadyExists, DoesNotExist
from kayba_local.store.ids import now
from kayba_local.store.traces.traces import row_of

_UPSERT: Final = """
    INSERT INTO assessments (trace, assessment_id, content) VALUES (?, ?, ?)
    ON CONFLICT (assessment_id) DO UPDATE SET content = excluded.content WHERE assessments.trace = excluded.trace
"""


def create(db: Database, trace_id: str, assessment: Mapping[str, Any]) -> dict[str, Any]:
    """Add an assessment to a trace.

    Args:
        db: The store.
        trace_id: The trace.
        assessment: As the API writes it. An id in it is not taken over; one that it overrides becomes invalid.

    Returns:
        The assessment with its id, and the time where it had none.

    Raises:
        DoesNotExist: There is no such trace, or none such as the one that it overrides.
    """
    with db.write() as tx:
        trace = row_of(tx, trace_id)
        if overridden := assessment.get("overrides"):
            _invalidate(tx, trace, overridden)
        return insert(tx, trace, {**assessment, "assessment_id": _new_id()})


def insert(tx: Transaction, trace: Row, assessment: Mapping[str, Any]) -> dict[str, Any]:
    """Add an assessment to the trace of a row, or replace the one of its id; returns it as `create` does.

    Raises:
        AlreadyExists: Its id is that of an assessment of another trace.
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
    stored = tx.run(_UPSERT, (trace["id"], complete["assessment_id"], orjson.dumps(complete).decode()))
    if not stored:
        raise AlreadyExists(f"Assessment {complete['assessment_id']!r} belongs to another trace.")
    return complete


def _invalidate(tx: Transaction, trace: Row, assessment_id: str) -> None:
    row = tx.row("SELECT content FROM assessments WHERE trace = ? AND assessment_id = ?", (trace["id"], assessment_id))
    if row is None:
        raise DoesNotExist(f"Trace '{trace['trace_id']}' has no assessment {assessment_id!r} to override.")
    replaced = {**orjson.loads(row["content"]), "valid": False}
    tx.run(
        "UPDATE assessments SET content = ? WHERE assessment_id = ?", (orjson.dumps(replaced).decode(), assessment_id)
    )


def _new_id() -> str:
    return f"a-{uuid4().hex}"
