"""Handlers of feedback that is stored: change and delete it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from kayba_local.handlers.explore.forms import convert_errors
from kayba_local.http.operation import Call, Handler
from kayba_local.store.traces import assessments


@convert_errors
def change_feedback(call: Call) -> dict[str, Any]:
    """Replace the value or the rationale of feedback."""
    revision = assessments.change(
        call.db,
        call.path["trace_id"],
        call.path["feedback_id"],
        value=call.body.get("value"),
        rationale=call.body.get("rationale"),
    )
    return {"revision": revision, "count": 1}


@convert_errors
def delete_feedback(call: Call) -> dict[str, Any]:
    """Delete feedback."""
    revision = assessments.delete(call.db, call.path["trace_id"], call.path["feedback_id"])
    return {"revision": revision, "count": 1}


HANDLERS: Final[Mapping[str, Handler]] = {"changeFeedback": change_feedback, "deleteFeedback": delete_feedback}
