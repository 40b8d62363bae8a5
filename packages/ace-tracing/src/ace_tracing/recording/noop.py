"""No-op span, returned while tracing is off."""

from __future__ import annotations

from typing import Any, Final


class NoOpSpan:
    """Span that accepts every call and records nothing, returned while tracing is off.

    It has the properties and methods of `LiveSpan`. The methods accept any arguments.
    """

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

    def get_attribute(self, *_args: object, **_kwargs: object) -> None:
        """Return None."""

    def set_inputs(self, *_args: object, **_kwargs: object) -> None:
        """Ignore the inputs."""

    def set_outputs(self, *_args: object, **_kwargs: object) -> None:
        """Ignore the outputs."""

    def set_attribute(self, *_args: object, **_kwargs: object) -> None:
        """Ignore the attribute."""

    def set_attributes(self, *_args: object, **_kwargs: object) -> None:
        """Ignore the attributes."""

    def set_span_type(self, *_args: object, **_kwargs: object) -> None:
        """Ignore the span type."""

    def set_status(self, *_args: object, **_kwargs: object) -> None:
        """Ignore the status."""

    def add_event(self, *_args: object, **_kwargs: object) -> None:
        """Ignore the event."""

    def add_link(self, *_args: object, **_kwargs: object) -> None:
        """Ignore the link."""

    def set_token_usage(self, *_args: object, **_kwargs: object) -> None:
        """Ignore the token usage."""

    def set_cost(self, *_args: object, **_kwargs: object) -> None:
        """Ignore the cost."""

    def record_exception(self, *_args: object, **_kwargs: object) -> None:
        """Ignore the exception."""

    def end(self, *_args: object, **_kwargs: object) -> None:
        """Do nothing."""

    def __repr__(self) -> str:
        return "<NoOpSpan>"


NOOP_SPAN: Final = NoOpSpan()
