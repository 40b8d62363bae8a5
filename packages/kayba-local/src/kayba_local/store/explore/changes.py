"""Changes of many traces at once, in small transactions, so that ingest goes on between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from kayba_local.otlp.records import FOLDER_TAG
from kayba_local.store import revisions
from kayba_local.store.database import Database, Transaction
from kayba_local.store.errors import InvalidValue
from kayba_local.store.explore.selection import Selection, find_ids
from kayba_local.store.traces import facts, totals
from kayba_local.store.traces.traces import SERVER_TAGS

TRACES_PER_TRANSACTION: Final = 500


@dataclass(frozen=True, slots=True)
class TraceChanges:
    """Changes of a trace.

    Attributes:
        set_tags: Tags to set.
        delete_tags: Keys of tags to delete.
        folder: The folder to move it to; an empty one takes it out of its folder, None leaves it.
    """

    set_tags: Mapping[str, str] = field(default_factory=dict)
    delete_tags: Sequence[str] = ()
    folder: str | None = None

    def to_tags(self) -> tuple[dict[str, str], list[str]]:
        """Return the tags to set and the keys to delete, with that of the folder.

        Raises:
            InvalidValue: Only the server may set one of the tags, or a tag is both set and deleted.
        """
        to_set, to_delete = dict(self.set_tags), list(self.delete_tags)
        if self.folder:
            to_set[FOLDER_TAG] = self.folder
        elif self.folder is not None:
            to_delete.append(FOLDER_TAG)
        for key in (*to_set, *to_delete):
            if key in SERVER_TAGS:
                raise InvalidValue(f"Only the server may set the tag {key!r}.")
        if both := sorted(to_set.keys() & to_delete):
            raise InvalidValue(f"The tag {both[0]!r} is both set and deleted.")
        return to_set, to_delete


def change_traces(db: Database, selection: Selection, changes: TraceChanges) -> tuple[int, int]:
    """Change the traces of a selection, and return their number and the revision of the store.

    Traces that are stored after the call has begun may be left out.

    Raises:
        InvalidFilter: The filter is malformed.
        InvalidValue: The changes contradict each other.
    """
    to_set, to_delete = changes.to_tags()
    count = 0
    ids = find_ids(db, selection)
    for start in range(0, len(ids), TRACES_PER_TRANSACTION):
        with db.write() as tx:
            some = ids[start : start + TRACES_PER_TRANSACTION]
            count += sum(_change(tx, trace, to_set, to_delete) for trace in some)
    with db.read() as tx:
        return count, revisions.read(tx)


def _change(tx: Transaction, trace: int, to_set: Mapping[str, str], to_delete: Sequence[str]) -> bool:
    """Change one trace. Return False if it was deleted meanwhile."""
    if tx.row("SELECT 1 FROM traces WHERE id = ?", (trace,)) is None:
        return False
    facts.set_pairs(tx, "trace_tags", trace, to_set)
    tx.run_many("DELETE FROM trace_tags WHERE trace = ? AND key = ?", [(trace, key) for key in to_delete])
    totals.refresh_tags(tx, trace)
    return True
