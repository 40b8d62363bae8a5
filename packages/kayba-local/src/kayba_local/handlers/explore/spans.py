"""Handlers of one span: as it is read, and its whole values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson

from kayba_local.content.assessments import read_feedback
from kayba_local.content.spans import read_span, read_value
from kayba_local.handlers.explore.forms import convert_errors
from kayba_local.http.operation import Call, Handler, Reply
from kayba_local.store.explore import spans


@convert_errors
def get_span(call: Call) -> dict[str, Any]:
    """Return one span as it is read."""
    found = spans.find(call.db, call.path["trace_id"], call.path["span_id"])
    feedback = [read_feedback(each) for each in found.assessments if each.get("valid", True)]
    return {"revision": found.revision, **read_span(found.span, found.trace_start_ns), "feedback": feedback}


@convert_errors
def get_span_content(call: Call) -> Reply:
    """Return a whole value of a span as JSON. The headers make a browser save it instead of displaying it."""
    name = call.path["name"]
    found = spans.find(call.db, call.path["trace_id"], call.path["span_id"])
    value = found.stored if name == "span" else read_value(found.span, name)
    headers = {
        "Content-Disposition": f'attachment; filename="{found.span.span_id}-{name}.json"',
        "X-Content-Type-Options": "nosniff",
    }
    return Reply(orjson.dumps(value), media_type="application/octet-stream", headers=headers)


HANDLERS: Final[Mapping[str, Handler]] = {
    "getSpan": get_span,
    "getSpanContent": get_span_content,
}
