"""The handlers of the operations that only this server has, by operationId, one module for each tag or question."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from kayba_local.handlers.explore import (
    comparisons,
    events,
    feedback,
    filters,
    outlines,
    server,
    sessions,
    spans,
    traces,
)
from kayba_local.http.operation import Handler

EXPLORE_HANDLERS: Final[Mapping[str, Handler]] = {
    **traces.HANDLERS,
    **filters.HANDLERS,
    **outlines.HANDLERS,
    **spans.HANDLERS,
    **feedback.HANDLERS,
    **comparisons.HANDLERS,
    **sessions.HANDLERS,
    **server.HANDLERS,
    **events.HANDLERS,
}
