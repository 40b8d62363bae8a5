"""Span events that are sent as log records, and the choice of the records that are kept.

OpenTelemetry's events are log records with a name. Instrumentations of models send messages and results in them,
either beside the same attributes of the span or in place of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import orjson

from kayba_local.otlp.fields import InvalidField
from kayba_local.otlp.records import MAX_REASONS, TRACE_ID_PREFIX

EVENT_PREFIXES: Final = ("gen_ai.", "codex.")
"""Names of the events that are kept: those of the GenAI conventions, and of Codex, which sends its contents so only."""
NAME_ATTRIBUTE: Final = "event.name"
BODY_ATTRIBUTE: Final = "body"
"""The attribute that has the body of a record, if that is no map."""
LOG_MARK: Final = "log"
"""The field of a stored event that arrived as a log record."""

_ORDER: Final[Mapping[str, int]] = {
    name: number
    for number, name in enumerate(
        (
            "gen_ai.system.message",
            "gen_ai.user.message",
            "gen_ai.assistant.message",
            "gen_ai.tool.message",
            "gen_ai.choice",
        )
    )
}
"""The order of events at the same time, for clocks that are too coarse to tell."""


class LogEvent(NamedTuple):
    """An event of a span: the ids of its trace and its span, and its stored form as JSON."""

    trace_id: str
    span_id: str
    content: bytes


@dataclass(slots=True)
class LogBatch:
    """The events of a request of log records.

    Attributes:
        events: The events to store.
        discarded: The number of records that are no events of a GenAI span.
        rejected: The number of events that cannot be stored.
        reasons: The reasons of the first rejections.
    """

    events: list[LogEvent] = field(default_factory=list)
    discarded: int = 0
    rejected: int = 0
    reasons: list[str] = field(default_factory=list)

    def add(
        self,
        trace_id: str,
        span_id: str,
        name: str,
        time_ns: int,
        attributes: list[dict[str, Any]],
        body: Mapping[str, Any],
    ) -> None:
        """Add an event.

        Args:
            trace_id: The trace id as 32 hex digits in lower case.
            span_id: The span id as 16 hex digits in lower case.
            name: The event's name.
            time_ns: The event's time in ns since 1970.
            attributes: The record's attributes, in the stored form.
            body: The record's body, an AnyValue in the stored form. The members of a map become attributes.

        Raises:
            InvalidField: A value is too deeply nested to encode.
        """
        event = {
            "attributes": [*attributes, *_attributes_of(body, {pair["key"] for pair in attributes})],
            LOG_MARK: True,
            "name": name,
            "timeUnixNano": time_ns,
        }
        try:
            content = orjson.dumps(event, option=orjson.OPT_SORT_KEYS)
        except orjson.JSONEncodeError as error:
            raise InvalidField(f"it cannot be encoded as JSON: {error}") from error
        self.events.append(LogEvent(TRACE_ID_PREFIX + trace_id, span_id, content))

    def reject(self, reason: object, count: int = 1) -> None:
        """Count events as rejected, for one reason."""
        self.rejected += count
        if len(self.reasons) < MAX_REASONS:
            self.reasons.append(str(reason))

    def describe_rejections(self) -> str:
        """Return how many log records were rejected, and why."""
        return f"{self.rejected} log records were rejected: {'; '.join(self.reasons)}"


def event_name_of(attribute: object, name: object) -> str | None:
    """Return the name of an event that is kept; None for any other log record.

    Args:
        attribute: The record's attribute `event.name`, which comes first: the field of a record from Rust is a source
            line.
        name: The record's field for the name.
    """
    for candidate in (attribute, name):
        if isinstance(candidate, str) and candidate.startswith(EVENT_PREFIXES):
            return candidate
    return None


def merge_events(span: Mapping[str, Any], events: Sequence[bytes]) -> dict[str, Any]:
    """Return a stored span, in OTLP's JSON, with exactly these events from log records beside its own.

    The same events in any order, and events that are merged already, give the same span.
    """
    own = [event for event in span.get("events", ()) if LOG_MARK not in event]
    logged = sorted(zip(map(orjson.loads, events), events, strict=True), key=_sort_key)
    merged = [*own, *(event for event, _ in logged)]
    merged.sort(key=lambda event: int(event.get("timeUnixNano", 0)))
    return {**span, "events": merged}


def _sort_key(event: tuple[Mapping[str, Any], bytes]) -> tuple[int, int, bytes]:
    decoded, content = event
    return decoded["timeUnixNano"], _ORDER.get(decoded["name"], len(_ORDER)), content


def _attributes_of(body: Mapping[str, Any], taken: set[str]) -> list[dict[str, Any]]:
    if not body:
        return []
    members = body.get("kvlistValue")
    pairs = [{"key": BODY_ATTRIBUTE, "value": dict(body)}] if members is None else members.get("values", ())
    return [pair for pair in pairs if pair["key"] not in taken]
