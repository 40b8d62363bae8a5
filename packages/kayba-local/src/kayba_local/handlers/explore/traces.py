"""Handlers of many traces: rows, sums, facets, changes and downloads of a selection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from kayba_local.handlers.explore.forms import convert_errors, read_selection, write_measures, write_trace
from kayba_local.http.errors import Problem
from kayba_local.http.operation import Call, Handler, Reply
from kayba_local.store import revisions
from kayba_local.store.explore import facets, measures, rows
from kayba_local.store.explore.changes import TraceChanges, change_traces
from kayba_local.store.explore.hits import words_of
from kayba_local.store.explore.selection import Selection, find_ids, select
from kayba_local.upkeep import deletion, exports


@convert_errors
def find_traces(call: Call) -> dict[str, Any]:
    """Return a page of the selected traces."""
    query, selection = call.query, read_selection(call.query)
    words = list(words_of(selection.parse()))
    with select(call.db, selection) as (tx, where):
        page = rows.find(tx, where, query.get("order", ""), query["limit"], query.get("cursor"), words)
        written: dict[str, Any] = {
            "revision": revisions.read(tx),
            "traces": [write_trace(trace) for trace in page.traces],
        }
    return written if page.next_cursor is None else {**written, "nextCursor": page.next_cursor}


@convert_errors
def aggregate_traces(call: Call) -> dict[str, Any]:
    """Return the sums of a selection, in all, by time and by a field."""
    with select(call.db, read_selection(call.query)) as (tx, where):
        written: dict[str, Any] = {
            "revision": revisions.read(tx),
            "total": write_measures(measures.sum_all(tx, where)),
            "buckets": [],
            "values": [],
            "moreValues": False,
        }
        most = call.query["buckets"]
        if most and (by_time := measures.sum_by_time(tx, where, most)) is not None:
            written["bucketMs"] = by_time.width_ms
            written["buckets"] = [{"startMs": start, **write_measures(each)} for start, each in by_time.buckets]
        if field := call.query.get("by"):
            by_field = measures.sum_by_field(tx, where, field, call.query["limit"])
            written["values"] = [{"value": value, **write_measures(each)} for value, each in by_field.values]
            written["moreValues"] = by_field.more
    return written


@convert_errors
def list_facets(call: Call) -> dict[str, Any]:
    """Return the values of fields among the selected traces, with counts."""
    with select(call.db, read_selection(call.query)) as (tx, where):
        found = [facets.count_values(tx, where, field, call.query["limit"]) for field in call.query["fields"]]
        labels = facets.experiment_names(tx) if "experiment" in call.query["fields"] else {}
        revision = revisions.read(tx)
    return {"revision": revision, "facets": [_write_facet(facet, labels) for facet in found]}


@convert_errors
def change_selected(call: Call) -> dict[str, Any]:
    """Set and delete tags of the selected traces, and move them to a folder."""
    body = call.body
    changes = TraceChanges(
        set_tags=body.get("setTags", {}), delete_tags=body.get("deleteTags", ()), folder=body.get("folder")
    )
    selection = _require_limits(read_selection(body), "PATCH")
    count, revision = change_traces(call.db, selection, changes)
    return {"revision": revision, "count": count}


@convert_errors
def delete_selected(call: Call) -> dict[str, Any]:
    """Delete the selected traces."""
    ids = find_ids(call.db, _require_limits(read_selection(call.query), "DELETE"))
    count = deletion.delete_rows(call.db, ids)
    with call.db.read() as tx:
        return {"revision": revisions.read(tx), "count": count}


@convert_errors
def download_traces(call: Call) -> Reply:
    """Return the selected traces as the lines of an export. The headers make a browser save them."""
    ids = find_ids(call.db, read_selection(call.query))
    headers = {
        "Content-Disposition": 'attachment; filename="traces.jsonl"',
        "X-Content-Type-Options": "nosniff",
    }
    return Reply(exports.write_selected(call.db, ids), media_type="application/x-ndjson", headers=headers)


def _require_limits(selection: Selection, method: str) -> Selection:
    if selection.is_everything:
        raise Problem(400, None, f"{method} of all traces: name them by traceIds, filter, q, from, to or experiment.")
    return selection


def _write_facet(facet: facets.Facet, labels: Mapping[str, str]) -> dict[str, Any]:
    values: list[dict[str, Any]] = [{"value": value, "count": count} for value, count in facet.values]
    if facet.field == "experiment":
        values = [{**entry, "label": labels.get(entry["value"], "")} for entry in values]
    return {"field": facet.field, "values": values, "more": facet.more}


HANDLERS: Final[Mapping[str, Handler]] = {
    "findTraces": find_traces,
    "aggregateTraces": aggregate_traces,
    "listFacets": list_facets,
    "changeTraces": change_selected,
    "deleteSelected": delete_selected,
    "downloadTraces": download_traces,
}
