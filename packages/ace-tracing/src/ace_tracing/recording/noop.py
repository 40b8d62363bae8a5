"""No-op span, returned while tracing is off."""

from __future__ import annotations

from typing import Any, Final


class NoOpSpan:
    """Span that accepts every call and records nothing, returned while tracing is off."""

    __slots__ = ()

    name = ""
    trace_id = None
    span_id = None
    parent_id = None
    span_type = "UNKNOWN"
    agent = None
    failed = False
    start_time_ns = None
    end_time_ns = None
    inputs = None
    outputs = None

    @property
    def attributes(self) -> dict[str, Any]:
        """An empty dict."""
        return {}

    def _ignore(self, *_args: object, **_kwargs: object) -> None:
        """Do nothing."""

    get_attribute = set_inputs = set_outputs = set_attribute = set_attributes = _ignore
    set_span_type = set_status = add_event = add_link = record_exception = end = _ignore
    set_token_usage = set_cost = _ignore

    def __repr__(self) -> str:
        return "<NoOpSpan>"


NOOP_SPAN: Final = NoOpSpan()
