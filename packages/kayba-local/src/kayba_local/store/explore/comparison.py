"""Comparison of two traces: their spans as one tree, with the differences of each pair."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

import orjson

from kayba_local.conventions import Step, pair_steps
from kayba_local.otlp.spans import INPUTS, OUTPUTS, SPAN_TYPE, Span, decode
from kayba_local.store import revisions
from kayba_local.store.database import Database, Row, Transaction
from kayba_local.store.explore.outline import in_tree_order
from kayba_local.store.traces import contents
from kayba_local.store.traces.contents import SPANS_IN_ORDER
from kayba_local.store.traces.traces import get_row

MAX_SPANS: Final = 5_000
"""Spans of each trace that are compared, the earliest ones."""
_COLUMNS: Final = "id, span_id, parent_id, start_ns, end_ns, name, type, status, total_tokens, cost"
_CONTENTS_PER_QUERY: Final = 500

Change = Literal["same", "changed", "removed", "added"]


class _Compared(NamedTuple):
    """A span as it is compared. Inputs, outputs and attributes are JSON text."""

    row: Row
    key: Step
    attributes: bytes


@dataclass(frozen=True, slots=True)
class ComparedSpan:
    """A span of either trace, or of both.

    Attributes:
        depth: The number of its ancestors.
        before: The row of the span in the first trace; None if only the second has it.
        after: The row of the span in the second trace; None if only the first has it.
        differences: The parts that differ: `name`, `status`, `input`, `output`, `attributes`, `position`.
    """

    depth: int
    before: Row | None
    after: Row | None
    differences: Sequence[str]

    @property
    def change(self) -> Change:
        """Whether the spans differ, or only one trace has it."""
        if self.before is None:
            return "added"
        if self.after is None:
            return "removed"
        return "changed" if self.differences else "same"


@dataclass(frozen=True, slots=True)
class Comparison:
    """The spans of two traces as one tree, a parent before its children. `truncated`: not all spans were compared."""

    spans: Sequence[ComparedSpan]
    truncated: bool
    revision: int


def compare(db: Database, first: str, second: str) -> Comparison:
    """Compare two traces by their ids.

    Raises:
        DoesNotExist: No trace has one of the ids.
    """
    with db.read() as tx:
        before, is_cut_before = _read(tx, first)
        after, is_cut_after = _read(tx, second)
        revision = revisions.read(tx)
    return Comparison(list(_pair(before, after)), is_cut_before or is_cut_after, revision)


def _read(tx: Transaction, trace_id: str) -> tuple[Mapping[str | None, list[_Compared]], bool]:
    """Return the spans of a trace by their parent, None for those without a stored one; and whether it has more."""
    trace = get_row(tx, trace_id)
    rows = tx.rows(f"SELECT {_COLUMNS} {SPANS_IN_ORDER} LIMIT ?", (trace["id"], MAX_SPANS + 1))
    shown = in_tree_order(rows[:MAX_SPANS])
    children: defaultdict[str | None, list[_Compared]] = defaultdict(list)
    seen: set[str] = set()
    for start in range(0, len(shown), _CONTENTS_PER_QUERY):
        page = shown[start : start + _CONTENTS_PER_QUERY]
        stored = contents.read_many(tx, [row["id"] for row in page])
        for row in page:
            # In the order of the tree, a parent comes first, unless the spans of a faulty client form a circle.
            parent = row["parent_id"] if row["parent_id"] in seen else None
            seen.add(row["span_id"])
            children[parent].append(_read_span(row, decode(stored[row["id"]])))
    return children, len(rows) > MAX_SPANS


def _read_span(row: Row, span: Span) -> _Compared:
    inputs, outputs = _dump(span.inputs), _dump(span.outputs)
    others = {key: value for key, value in span.attributes.items() if key not in (INPUTS, OUTPUTS, SPAN_TYPE)}
    return _Compared(row, Step(row["name"], row["type"], inputs, outputs), _dump(others))


def _pair(
    before: Mapping[str | None, list[_Compared]], after: Mapping[str | None, list[_Compared]]
) -> Iterator[ComparedSpan]:
    """Yield the pairs level by level along the tree, in the order of the tree."""
    pending = list(_pair_children(before.get(None, []), after.get(None, []), 0, are_roots=True))[::-1]
    while pending:
        depth, old, new, has_moved = pending.pop()
        yield ComparedSpan(depth, old and old.row, new and new.row, _differences(old, new, has_moved=has_moved))
        old_children = before.get(old.row["span_id"], []) if old else []
        new_children = after.get(new.row["span_id"], []) if new else []
        pending += list(_pair_children(old_children, new_children, depth + 1, are_roots=False))[::-1]


def _pair_children(
    old: Sequence[_Compared], new: Sequence[_Compared], depth: int, *, are_roots: bool
) -> Iterator[tuple[int, _Compared | None, _Compared | None, bool]]:
    pairs = pair_steps([span.key for span in old], [span.key for span in new], are_roots=are_roots)
    for i, j, has_moved in pairs:
        yield depth, None if i is None else old[i], None if j is None else new[j], has_moved


def _differences(old: _Compared | None, new: _Compared | None, *, has_moved: bool) -> list[str]:
    if old is None or new is None:
        return []
    parts = {
        "name": old.key.name != new.key.name,
        "status": old.row["status"] != new.row["status"],
        "input": old.key.inputs != new.key.inputs,
        "output": old.key.outputs != new.key.outputs,
        "attributes": old.attributes != new.attributes,
        "position": has_moved,
    }
    return [part for part, differs in parts.items() if differs]


def _dump(value: object) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
