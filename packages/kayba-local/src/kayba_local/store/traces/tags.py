"""Tags of traces, set and deleted one at a time."""

from __future__ import annotations

from kayba_local.store.database import Database
from kayba_local.store.errors import DoesNotExist, InvalidValue
from kayba_local.store.traces import facts, totals
from kayba_local.store.traces.traces import SERVER_TAGS, get_row


def set_tag(db: Database, trace_id: str, key: str, value: str) -> None:
    """Add a tag to a trace, or replace its value.

    Raises:
        DoesNotExist: The trace does not exist.
        InvalidValue: Only the server may set this tag.
    """
    _require_client_tag(key)
    with db.write() as tx:
        trace = get_row(tx, trace_id)["id"]
        facts.set_pairs(tx, "trace_tags", trace, {key: value})
        totals.refresh_tags(tx, trace)


def delete_tag(db: Database, trace_id: str, key: str) -> None:
    """Delete a tag of a trace.

    Raises:
        DoesNotExist: The trace does not exist or does not have the tag.
        InvalidValue: Only the server may delete this tag.
    """
    _require_client_tag(key)
    with db.write() as tx:
        trace = get_row(tx, trace_id)["id"]
        if tx.run("DELETE FROM trace_tags WHERE trace = ? AND key = ?", (trace, key)) == 0:
            raise DoesNotExist(f"Trace '{trace_id}' has no tag {key!r}.")
        totals.refresh_tags(tx, trace)


def _require_client_tag(key: str) -> None:
    if key in SERVER_TAGS:
        raise InvalidValue(f"The server sets the tag {key!r}; clients cannot change it.")
