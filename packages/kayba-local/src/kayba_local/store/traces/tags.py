"""Tags of traces, set and removed one at a time."""

from __future__ import annotations

from kayba_local.store.database import Database
from kayba_local.store.errors import DoesNotExist, InvalidValue
from kayba_local.store.traces.ingest import merge_pairs
from kayba_local.store.traces.traces import OWN_TAGS, row_of


def set_tag(db: Database, trace_id: str, key: str, value: str) -> None:
    """Add a tag to a trace, or replace its value.

    Raises:
        DoesNotExist: There is no such trace.
        InvalidValue: It is a tag of the server's own.
    """
    _refuse_own(key)
    with db.write() as tx:
        merge_pairs(tx, "trace_tags", [(row_of(tx, trace_id)["id"], {key: value})], replace=True)


def delete_tag(db: Database, trace_id: str, key: str) -> None:
    """Remove a tag from a trace.

    Raises:
        DoesNotExist: There is no such trace, or it has no such tag.
        InvalidValue: It is a tag of the server's own.
    """
    _refuse_own(key)
    with db.write() as tx:
        trace = row_of(tx, trace_id)["id"]
        if tx.run("DELETE FROM trace_tags WHERE trace = ? AND key = ?", (trace, key)) == 0:
            raise DoesNotExist(f"Trace '{trace_id}' has no tag {key!r}.")


def _refuse_own(key: str) -> None:
    if key in OWN_TAGS:
        raise InvalidValue(f"The tag {key!r} says where the spans are, and cannot be changed.")
