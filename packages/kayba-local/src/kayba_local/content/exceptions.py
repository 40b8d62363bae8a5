"""Exceptions of spans: from the event `exception`, or from a status without one."""

from __future__ import annotations

from typing import Final

from kayba_local.content.parts import Json
from kayba_local.otlp.spans import Span

EVENT: Final = "exception"
_ERROR_TYPE: Final = "error.type"


def read_exception(span: Span) -> Json | None:
    """Return the exception of a span that failed, as `Exception` of the contract; None for any other span.

    The last event counts: an earlier one may have been handled.
    """
    events = [event for event in span.events if event.name == EVENT]
    if not events and span.status != "ERROR":
        return None
    attributes = events[-1].attributes if events else {}
    kind = attributes.get("exception.type") or span.attributes.get(_ERROR_TYPE) or ""
    exception: Json = {"type": str(kind), "message": str(attributes.get("exception.message") or span.status_message)}
    if stacktrace := attributes.get("exception.stacktrace"):
        exception["stacktrace"] = str(stacktrace)
    return exception
