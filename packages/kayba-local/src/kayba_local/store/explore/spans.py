"""One span, with all that a page shows of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from kayba_local.otlp.spans import Span, decode
from kayba_local.store import revisions
from kayba_local.store.database import Database
from kayba_local.store.errors import DoesNotExist
from kayba_local.store.traces import contents
from kayba_local.store.traces.traces import get_row


@dataclass(frozen=True, slots=True)
class FoundSpan:
    """A span with its surroundings.

    Attributes:
        span: The span.
        stored: The span in OTLP's JSON, with the derived attributes.
        trace_start_ns: The start of its trace, in ns since 1970.
        assessments: The assessments of the span and, at a root, of the trace, as API JSON.
        revision: The revision of the store.
    """

    span: Span
    stored: Mapping[str, Any]
    trace_start_ns: int
    assessments: Sequence[Mapping[str, Any]]
    revision: int


def find(db: Database, trace_id: str, span_id: str) -> FoundSpan:
    """Return a span.

    Raises:
        DoesNotExist: The trace does not exist, or has no such span.
    """
    with db.read() as tx:
        trace = get_row(tx, trace_id)
        row = tx.row("SELECT id FROM spans WHERE trace = ? AND span_id = ?", (trace["id"], span_id.lower()))
        if row is None:
            raise DoesNotExist(f"Trace '{trace_id}' has no span with ID '{span_id}'.")
        stored = contents.read_many(tx, [row["id"]])[row["id"]]
        rows = tx.rows("SELECT content FROM assessments WHERE trace = ? ORDER BY id", (trace["id"],))
        revision = revisions.read(tx)
    span = decode(stored)
    of_trace = (None, "") if span.parent_id is None else ()
    assessments = [orjson.loads(each["content"]) for each in rows]
    shown = [each for each in assessments if each.get("span_id") == span.span_id or each.get("span_id") in of_trace]
    return FoundSpan(span, stored, trace["request_ns"], shown, revision)
