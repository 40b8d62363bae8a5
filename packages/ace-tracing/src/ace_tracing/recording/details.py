"""Span details: the optional fields of a span, and their limits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson

from ace_tracing.recording.attributes import encode_text
from ace_tracing.recording.callsite import CallSite
from ace_tracing.recording.frames import CUT, dump_json, take_within
from ace_tracing.recording.records import TraceDetails
from ace_tracing.values.media import note_media

MAX_SPAN_BYTES: Final = 4 * 1024 * 1024
"""Size limit of an encoded span."""
MAX_VALUE_BYTES: Final = 1_200_000
"""The inputs or outputs beyond this size are images, audio and files."""
MAX_FRAME_BYTES: Final = 8 * 1024 * 1024 - 1024
"""A larger frame does not fit into a segment of the spool. Notes then replace the media in the values."""
MAX_EVENTS: Final = 1_000
MAX_ATTRIBUTES: Final = 1_000
MAX_LINKS: Final = 1_000

UNSET: Final = 0

Event = tuple[str, int, dict[str, orjson.Fragment]]
Link = tuple[str, str, dict[str, orjson.Fragment]]


class SpanDetails:
    """Optional fields of a span: attributes, events, links, status, and a changed type or inputs.

    Several threads may change one span at once.

    Args:
        site: The span's call site, which has the initial type and attributes.
    """

    __slots__ = ("attributes", "events", "inputs", "links", "message", "span_type", "status", "tokens")

    def __init__(self, site: CallSite) -> None:
        self.span_type = site.span_type
        # A copy, since the call site's attributes are shared by all its spans.
        self.attributes: dict[str, orjson.Fragment] = dict(site.attributes or {})
        self.inputs: bytes | None = None
        # Lists from the start: if two threads each created the list on first use, one would lose its entries.
        self.events: list[Event] = []
        self.links: list[Link] = []
        self.status = UNSET
        self.message = ""
        self.tokens: dict[str, int] | None = None

    def add_attributes(self, encoded: Mapping[str, orjson.Fragment]) -> None:
        """Add or replace attributes, up to `MAX_ATTRIBUTES`."""
        attributes = self.attributes
        for key, value in encoded.items():
            if len(attributes) < MAX_ATTRIBUTES or key in attributes:
                attributes[key] = value

    def add_event(self, event: Event) -> None:
        """Add an event. Past `MAX_EVENTS`, the last event counts the events left out."""
        events = self.events
        if len(events) < MAX_EVENTS:
            events.append(event)
        else:
            last = events[-1]
            count = orjson.loads(orjson.dumps(last[2][CUT])) + 1 if last[0] == CUT else 2
            events[-1] = (CUT, event[1], {CUT: orjson.Fragment(orjson.dumps(count))})

    def add_link(self, link: Link) -> None:
        """Add a link. Past `MAX_LINKS`, only the attribute `span.cut` records it."""
        if len(self.links) < MAX_LINKS:
            self.links.append(link)
        else:
            self.add_attributes({CUT: encode_text(f"links: the span has more than {MAX_LINKS}")})

    def encode(self, inputs: bytes | None, outputs: bytes | None, trace_details: TraceDetails | None) -> bytes:
        """Encode the details for an end frame, within `MAX_SPAN_BYTES`.

        Args:
            inputs: The span's encoded inputs, which count towards the limit.
            outputs: The span's encoded outputs.
            trace_details: The trace's name, tags and metadata, if the span is its root.
        """
        fields = {
            "outputs": None if outputs is None else outputs.decode(),
            "inputs": None if self.inputs is None else self.inputs.decode(),
            "type": self.span_type,
            "message": self.message,
            "attributes": self.attributes or None,
            "events": self.events or None,
            "links": self.links or None,
            "details": trace_details,
        }
        encoded = dump_json(fields)
        if len(encoded) > MAX_SPAN_BYTES:
            used = sum(min(len(value or b""), MAX_VALUE_BYTES) for value in (inputs, outputs))
            media = len(inputs or b"") + len(outputs or b"") - used
            if len(encoded) - media > MAX_SPAN_BYTES:
                fields |= self._take_within(MAX_SPAN_BYTES - used)
            encoded = dump_json(fields)
            if len(encoded) > MAX_FRAME_BYTES:
                for name, value in (("inputs", self.inputs), ("outputs", outputs)):
                    fields[name] = None if value is None else note_media(value.decode())
                encoded = dump_json(fields)
        return encoded

    def _take_within(self, limit: int) -> dict[str, Any]:
        """Return the first attributes, events and links of about `limit` bytes, and a note that counts the rest."""
        attributes, limit = take_within(limit, dict(self.attributes).items())
        events, limit = take_within(limit, self.events)
        links, _ = take_within(limit, self.links)
        lost = f"{len(self.attributes) - len(attributes)} attributes and {len(self.events) - len(events)} events"
        if len(links) < len(self.links):
            lost += f" and {len(self.links) - len(links)} links"
        note = f"{lost}: the span has more than {MAX_SPAN_BYTES} bytes"
        return {"attributes": {**dict(attributes), CUT: encode_text(note)}, "events": events, "links": links}
