"""The outline of a trace: its spans without contents, as columns, in the order of the tree."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from kayba_local.store import revisions
from kayba_local.store.database import Database, Row
from kayba_local.store.explore.rows import TraceRow, read_rows
from kayba_local.store.traces.contents import SPANS_IN_ORDER
from kayba_local.store.traces.traces import get_row

MAX_SPANS: Final = 200_000
"""The most spans of an outline, the earliest ones."""

NO_PARENT: Final = -1
MISSING_PARENT: Final = -2
OMITTED_PARENT: Final = -3
"""Values of the column of parents where no position of a parent stands: a root, a parent that is not stored, and one
that has not changed since the asked revision."""

_COLUMNS: Final = "span_id, parent_id, start_ns, end_ns, name, type, status, total_tokens, cost, revision"


@dataclass(slots=True)
class SpanColumns:
    """A column for each fact of spans; all have the same length. `explore.yaml` describes them."""

    ids: list[str] = field(default_factory=list)
    parents: list[int] = field(default_factory=list)
    parent_ids: list[str | None] = field(default_factory=list)
    names: list[int] = field(default_factory=list)
    types: list[int] = field(default_factory=list)
    start_ns: list[int] = field(default_factory=list)
    duration_ns: list[int | None] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    tokens: list[int | None] = field(default_factory=list)
    costs: list[float | None] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Outline:
    """The outline of a trace.

    Attributes:
        trace: The trace as a list shows it.
        metadata: Its metadata.
        names: The names of spans, each once.
        types: The types of spans, each once.
        spans: The spans in the order of the tree, a parent before its children, and siblings by start.
        missing_parents: The number of spans whose parent is not stored.
        truncated: Whether the trace has more than `MAX_SPANS` spans.
        revision: The revision of the store.
    """

    trace: TraceRow
    metadata: Mapping[str, str]
    names: Sequence[str]
    types: Sequence[str]
    spans: SpanColumns
    missing_parents: int
    truncated: bool
    revision: int


def read_outline(db: Database, trace_id: str, since: int | None = None) -> Outline:
    """Return the outline of a trace.

    Args:
        db: The store.
        trace_id: The trace.
        since: A revision: spans that have not changed after it are left out. None for all spans.

    Raises:
        DoesNotExist: No trace has this id.
    """
    with db.read() as tx:
        row = get_row(tx, trace_id)
        rows = tx.rows(f"SELECT {_COLUMNS} {SPANS_IN_ORDER} LIMIT ?", (row["id"], MAX_SPANS + 1))
        (trace,) = read_rows(tx, [row])
        pairs = tx.rows("SELECT key, value FROM trace_metadata WHERE trace = ? ORDER BY key", (row["id"],))
        revision = revisions.read(tx)
    truncated = len(rows) > MAX_SPANS
    ordered = in_tree_order(rows[:MAX_SPANS])
    names: dict[str, int] = {}
    types: dict[str, int] = {}
    columns = SpanColumns()
    places: dict[str, int] = {}
    known = {span["span_id"] for span in ordered}
    missing = 0
    for span in ordered:
        parent = span["parent_id"]
        missing += parent is not None and parent not in known
        if since is not None and span["revision"] <= since:
            continue
        places[span["span_id"]] = len(columns.ids)
        _add(columns, span, row["request_ns"], names, types)
        if parent is None:
            columns.parents.append(NO_PARENT)
        elif parent in known:
            columns.parents.append(places.get(parent, OMITTED_PARENT))
        else:
            columns.parents.append(MISSING_PARENT)
    return Outline(
        trace,
        {row["key"]: row["value"] for row in pairs},
        list(names),
        list(types),
        columns,
        missing,
        truncated,
        revision,
    )


def _add(columns: SpanColumns, span: Row, trace_start_ns: int, names: dict[str, int], types: dict[str, int]) -> None:
    columns.ids.append(span["span_id"])
    columns.parent_ids.append(span["parent_id"])
    columns.names.append(names.setdefault(span["name"], len(names)))
    columns.types.append(types.setdefault(span["type"], len(types)))
    columns.start_ns.append(span["start_ns"] - trace_start_ns)
    columns.duration_ns.append(max(0, span["end_ns"] - span["start_ns"]) if span["end_ns"] else None)
    columns.statuses.append(span["status"])
    columns.tokens.append(span["total_tokens"])
    columns.costs.append(span["cost"])


def in_tree_order(rows: Sequence[Row]) -> list[Row]:
    """Return rows of spans, a parent before its children, in the given order among siblings.

    Spans whose parent is not stored are roots. Of spans that are each other's ancestors, which only a faulty client
    sends, the first one is a root.
    """
    known = {row["span_id"] for row in rows}
    children: defaultdict[str | None, list[Row]] = defaultdict(list)
    for row in rows:
        children[row["parent_id"] if row["parent_id"] in known else None].append(row)
    ordered: list[Row] = []
    seen: set[str] = set()
    for start in (*children[None], *rows):
        pending = [start]
        while pending:
            row = pending.pop()
            if row["span_id"] not in seen:
                seen.add(row["span_id"])
                ordered.append(row)
                pending.extend(reversed(children[row["span_id"]]))
    return ordered
