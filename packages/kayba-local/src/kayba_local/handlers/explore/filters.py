"""Handlers of the search language: an explained filter, and the fields for completion."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from kayba_local.handlers.explore.forms import convert_errors, read_selection
from kayba_local.http.operation import Call, Handler
from kayba_local.store.explore import explanation, fields
from kayba_local.store.explore.selection import select
from kayba_local.store.query.errors import InvalidFilter


@convert_errors
def explain_filter(call: Call) -> dict[str, Any]:
    """Return the conditions of a filter, or the reason why it is invalid."""
    try:
        selection = read_selection(call.query)
        with select(call.db, selection) as (tx, _):
            found = explanation.explain(tx, selection)
    except InvalidFilter as error:
        return {"valid": False, "conditions": [], "message": str(error), "position": error.position - 1}
    written: dict[str, Any] = {
        "valid": True,
        "count": found.count,
        "conditions": [
            {"text": part.text, "start": part.start, "end": part.end, "countWithout": count}
            for part, count in found.conditions
        ],
    }
    return written if found.outside_time is None else {**written, "outsideTime": found.outside_time}


@convert_errors
def list_fields(call: Call) -> dict[str, Any]:
    """Return the fields that a filter may compare."""
    with call.db.read() as tx:
        found = fields.list_fields(tx)
    return {
        "fields": [
            {
                "name": each.name,
                "type": each.type,
                "operators": each.operators,
                "description": each.description,
                "examples": each.examples,
            }
            for each in found
        ]
    }


HANDLERS: Final[Mapping[str, Handler]] = {"explainFilter": explain_filter, "listFields": list_fields}
