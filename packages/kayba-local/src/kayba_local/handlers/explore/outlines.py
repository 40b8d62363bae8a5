"""Handlers of one trace: its outline, and the places that contain a text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from kayba_local.handlers.explore.forms import convert_errors, write_trace
from kayba_local.http.operation import Call, Handler
from kayba_local.store.explore.outline import read_outline
from kayba_local.store.explore.places import find_places


@convert_errors
def get_trace_outline(call: Call) -> dict[str, Any]:
    """Return the facts of a trace and its spans as columns."""
    since = call.query.get("since")
    outline = read_outline(call.db, call.path["trace_id"], since)
    spans = outline.spans
    columns: dict[str, Any] = {
        "ids": spans.ids,
        "parents": spans.parents,
        "names": spans.names,
        "types": spans.types,
        "startNs": spans.start_ns,
        "durationNs": spans.duration_ns,
        "statuses": spans.statuses,
        "tokens": spans.tokens,
        "costs": spans.costs,
    }
    return {
        "revision": outline.revision,
        "trace": write_trace(outline.trace),
        "metadata": outline.metadata,
        "names": outline.names,
        "types": outline.types,
        "spans": columns if since is None else {**columns, "parentIds": spans.parent_ids},
        "missingParents": outline.missing_parents,
        "truncated": outline.truncated,
    }


@convert_errors
def find_in_trace(call: Call) -> dict[str, Any]:
    """Return the places of a trace that contain a text."""
    found = find_places(call.db, call.path["trace_id"], call.query["q"], call.query["limit"])
    places = [
        {"spanId": place.span_id, "where": place.where, "snippet": place.snippet, "offset": place.offset}
        for place in found.places
    ]
    return {"revision": found.revision, "places": places, "more": found.more}


HANDLERS: Final[Mapping[str, Handler]] = {"getTraceOutline": get_trace_outline, "findInTrace": find_in_trace}
