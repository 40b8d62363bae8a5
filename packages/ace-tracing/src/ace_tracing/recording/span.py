"""A span while it runs: what `start_span` hands out, and what `@trace` keeps behind the scenes."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any

import orjson

from ace_tracing.diagnostics import internal_error
from ace_tracing.recording.exceptions import MAX_MESSAGE, message_of, stacktrace_of
from ace_tracing.recording.frames import CUT as CUT
from ace_tracing.recording.frames import (
    ENDED_WITH_DETAILS,
    ERROR,
    MAX_NAME,
    STATUSES,
    CallSite,
    encode_details,
    first_within,
    pack_end,
)
from ace_tracing.values.masking import Mask, masked
from ace_tracing.values.snapshot import snapshot

if TYPE_CHECKING:
    from ace_tracing.recording.tracer import OpenTrace

TOKEN_USAGE = "mlflow.chat.tokenUsage"  # noqa: S105 - no secret, an attribute's name
COST = "mlflow.llm.cost"

MAX_SPAN_BYTES = 4 * 1024 * 1024
MAX_EVENTS = 1_000
MAX_ATTRIBUTES = 1_000
MAX_LINKS = 1_000

_UNSET, _OK = 0, 1


Event = tuple[str, int, dict[str, orjson.Fragment]]
Link = tuple[str, str, dict[str, orjson.Fragment]]


class SpanDetails:
    """What few spans have: all but a place, times, inputs, outputs and the status OK."""

    __slots__ = ("attributes", "events", "inputs", "links", "message", "span_type", "status")

    def __init__(self, site: CallSite) -> None:
        self.span_type = site.span_type
        self.attributes = site.attributes
        self.inputs: bytes | None = None
        # Lists from the start: two threads that each made the first one would lose what the other has put in.
        self.events: list[Event] = []
        self.links: list[Link] = []
        self.status = _UNSET
        self.message = ""


class LiveSpan:
    """One running step of a trace.

    Values given to it are encoded at once, so changing them later does not change the trace. No method raises, blocks
    or reaches the network; after the span has ended they do nothing.
    """

    __slots__ = ("_end_ns", "_id", "_inputs", "_more", "_outputs", "_parent_id", "_site", "_start_ns", "_trace")

    # Set by `Tracer.open`, one by one: a call of `__init__` would cost as much as everything else about a new span.
    _trace: OpenTrace
    _site: CallSite
    _id: int
    _parent_id: int
    _start_ns: int
    _inputs: bytes | None
    _outputs: bytes | None
    _end_ns: int | None
    _more: SpanDetails | None

    @property
    def name(self) -> str:
        """What the step is called."""
        return self._site.name

    @property
    def trace_id(self) -> str:
        """The trace's id, `tr-` and 32 hex digits: what `get_trace` takes."""
        return f"tr-{self._trace.trace_id}"

    @property
    def span_id(self) -> str:
        """16 hex digits, unique in the trace."""
        return f"{self._id:016x}"

    @property
    def parent_id(self) -> str | None:
        """The parent's span id; None for a root span."""
        return f"{self._parent_id:016x}" if self._parent_id else None

    @property
    def span_type(self) -> str:
        """What kind of step this is, as `"LLM"` or `"TOOL"`."""
        return self._site.span_type if self._more is None else self._more.span_type

    @property
    def start_time_ns(self) -> int:
        """When it started, in nanoseconds since the epoch."""
        return self._start_ns

    @property
    def end_time_ns(self) -> int | None:
        """When it ended, in nanoseconds since the epoch; None while it runs."""
        return self._end_ns

    @property
    def inputs(self) -> Any:
        """The inputs as they were encoded; None when none were set."""
        return None if self._inputs is None else orjson.loads(self._inputs)

    @property
    def outputs(self) -> Any:
        """The outputs as they were encoded; None when none were set."""
        return None if self._outputs is None else orjson.loads(self._outputs)

    @property
    def attributes(self) -> dict[str, Any]:
        """The attributes as they were encoded."""
        attributes = self._site.attributes if self._more is None else self._more.attributes
        return orjson.loads(orjson.dumps(attributes or {}))  # type: ignore[no-any-return]

    @property
    def failed(self) -> bool:
        """Whether the status is ERROR."""
        return self._more is not None and self._more.status == ERROR

    @property
    def agent(self) -> str | None:
        """The agent that the step belongs to: given with `@trace(agent=...)`, or inherited from the parent."""
        return self._site.agent

    def get_attribute(self, key: str) -> Any:
        """The attribute `key` as it was encoded; None when it was not set."""
        return self.attributes.get(key)

    def set_inputs(self, inputs: Any) -> None:
        """Record what the step was given: any value."""
        if self._end_ns is None:
            try:
                encoded = encode(inputs, self._trace.mask)
                self._inputs = self._details().inputs = encoded
            except Exception:  # noqa: BLE001 - nothing of ours raises into the user's code
                internal_error("encoding inputs")

    def set_outputs(self, outputs: Any) -> None:
        """Record what the step gave back: any value."""
        if self._end_ns is None:
            try:
                self._outputs = encode(outputs, self._trace.mask)
            except Exception:  # noqa: BLE001 - nothing of ours raises into the user's code
                internal_error("encoding outputs")

    def _set_encoded_outputs(self, encoded: bytes) -> None:
        """Record outputs that are JSON already."""
        if self._end_ns is None:
            try:
                mask = self._trace.mask
                self._outputs = encoded if mask is None else masked(encoded, mask)
            except Exception:  # noqa: BLE001 - nothing of ours raises into the user's code
                internal_error("encoding outputs")

    def set_attribute(self, key: str, value: Any) -> None:
        """Record one more fact about the step, such as the model's name."""
        if self._end_ns is None:
            try:
                self._add_attributes({str(key): orjson.Fragment(encode(value, self._trace.mask))})
            except Exception:  # noqa: BLE001 - nothing of ours raises into the user's code
                internal_error("setting an attribute")

    def set_attributes(self, attributes: Mapping[str, Any]) -> None:
        """Record several facts about the step; one of a name already set replaces it."""
        if self._end_ns is None:
            # Before the look at what is there: meanwhile another thread may set others, which must stay.
            encoded = encode_attributes(attributes, self._trace.mask)
            self._add_attributes(encoded)

    def set_span_type(self, span_type: str) -> None:
        """Say what kind of step this is, as `"LLM"` or `"TOOL"`."""
        if self._end_ns is None:
            try:
                self._details().span_type = str(span_type)[:MAX_NAME]
            except Exception:  # noqa: BLE001 - nothing of ours raises into the user's code
                internal_error("setting a span's type")

    def set_status(self, status: str, description: str = "") -> None:
        """Set the outcome: `"OK"`, `"ERROR"` or `"UNSET"`, with an optional description of an error.

        Without this call a span is ERROR when an exception left it, and OK otherwise.
        """
        if self._end_ns is None:
            try:
                code = str(getattr(status, "value", status)).upper()
                message = self._masked_text(str(description)[:MAX_MESSAGE])
                more = self._details()
                more.status = STATUSES.index(code) if code in STATUSES else _UNSET
                more.message = message
            except Exception:  # noqa: BLE001 - nothing of ours raises into the user's code
                internal_error("setting a status")

    def add_event(self, name: str, attributes: Mapping[str, Any] | None = None) -> None:
        """Record that something happened now, at a point in time inside the span."""
        if self._end_ns is None:
            try:
                encoded = encode_attributes(attributes or {}, self._trace.mask)
                _append(self._details().events, (str(name)[:MAX_NAME], self._trace.now_ns(), encoded))
            except Exception:  # noqa: BLE001 - nothing of ours raises into the user's code
                internal_error("adding an event")

    def add_link(self, trace_id: str, span_id: str, attributes: Mapping[str, Any] | None = None) -> None:
        """Record that another span, of this or another trace, has to do with this one.

        Args:
            trace_id: the other's trace, with or without `tr-`.
            span_id: the other's span id, 16 hex digits.
            attributes: what is known of the relation.
        """
        if self._end_ns is None:
            try:
                encoded = encode_attributes(attributes or {}, self._trace.mask)
                links = self._details().links
                if len(links) < MAX_LINKS:
                    links.append((str(trace_id).removeprefix("tr-"), str(span_id), encoded))
                else:
                    self._add_attributes({CUT: _fragment(f"links: the span has more than {MAX_LINKS}")})
            except Exception:  # noqa: BLE001 - nothing of ours raises into the user's code
                internal_error("adding a link")

    def set_token_usage(self, *, input_tokens: int, output_tokens: int, total_tokens: int | None = None) -> None:
        """Record how many tokens a call of a model took; the total is their sum by default."""
        try:
            total = input_tokens + output_tokens if total_tokens is None else total_tokens
            usage = {"input_tokens": input_tokens, "output_tokens": output_tokens, "total_tokens": total}
            self.set_attribute(TOKEN_USAGE, usage)
        except Exception:  # noqa: BLE001 - nothing of ours raises into the user's code
            internal_error("setting the token usage")

    def set_cost(self, *, input_cost: float, output_cost: float, total_cost: float | None = None) -> None:
        """Record what a call of a model cost, in US dollars; the total is the sum by default."""
        try:
            total = input_cost + output_cost if total_cost is None else total_cost
            self.set_attribute(COST, {"input_cost": input_cost, "output_cost": output_cost, "total_cost": total})
        except Exception:  # noqa: BLE001 - nothing of ours raises into the user's code
            internal_error("setting a cost")

    def record_exception(self, exception: BaseException) -> None:
        """Record an exception with its traceback as an event and make the status ERROR. It is not raised."""
        try:
            kind = type(exception)
            name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
            message = message_of(exception)
            self.add_event(
                "exception",
                {
                    "exception.type": name,
                    "exception.message": message,
                    "exception.stacktrace": stacktrace_of(exception),
                },
            )
            self.set_status("ERROR", f"{name}: {message}" if message else name)
        except Exception:  # noqa: BLE001 - nothing of ours raises into the user's code
            internal_error("recording an exception")

    def end(self) -> None:
        """End the span now. Ending it again does nothing."""
        if self._end_ns is not None:
            return
        try:
            self._trace.finish(self, self._outputs)
        except Exception:  # noqa: BLE001 - nothing of ours raises into the user's code
            internal_error("ending a span")

    def encode_end_with_details(self, end_ns: int, outputs: bytes | None, details: tuple[Any, ...] | None) -> bytes:
        """The frame that says all there is to say of the span's end.

        Args:
            end_ns: when it ended.
            outputs: what it gave back, encoded.
            details: what was said about the trace, if this is its root.
        """
        more = self._details()
        said = {
            "outputs": None if outputs is None else outputs.decode(),
            "inputs": None if more.inputs is None else more.inputs.decode(),
            "type": more.span_type,
            "message": more.message,
            "attributes": more.attributes,
            "events": more.events or None,
            "links": more.links or None,
            "details": details,
        }
        encoded = encode_details(said)
        if len(encoded) > MAX_SPAN_BYTES:
            encoded = encode_details(said | self._within(MAX_SPAN_BYTES, more))
        return pack_end(ENDED_WITH_DETAILS, self._id, end_ns, more.status or _OK) + encoded

    def _add_attributes(self, encoded: dict[str, orjson.Fragment]) -> None:
        more = self._details()
        # The dict may be the decorator's own, shared by all its calls: never changed in place. Made and set on one
        # line, so that no other thread comes in between.
        more.attributes = {**(more.attributes or {}), **encoded}
        if len(more.attributes) > MAX_ATTRIBUTES:
            more.attributes = dict(islice(more.attributes.items(), MAX_ATTRIBUTES))

    def _details(self) -> SpanDetails:
        """Where all goes for which there is no other place."""
        if self._more is None:
            more = SpanDetails(self._site)
            # On one line, so that no other thread comes in between: both may have something to say.
            self._more = more if self._more is None else self._more
        return self._more

    def _within(self, size: int, more: SpanDetails) -> dict[str, Any]:
        """The attributes, events and links that came first, of about `size` bytes; what is left out is counted."""
        room = size - len(self._inputs or b"") - len(self._outputs or b"")
        attributes, room = first_within(room, (more.attributes or {}).items())
        events, room = first_within(room, more.events)
        links, _ = first_within(room, more.links)
        lost = f"{len(more.attributes or ()) - len(attributes)} attributes and {len(more.events) - len(events)} events"
        if len(links) < len(more.links):
            lost += f" and {len(more.links) - len(links)} links"
        note = f"{lost}: the span has more than {size} bytes"
        return {"attributes": {**dict(attributes), CUT: _fragment(note)}, "events": events, "links": links}

    def _masked_text(self, text: str) -> str:
        mask = self._trace.mask
        return text if mask is None or not text else str(orjson.loads(encode(text, mask)))

    def __repr__(self) -> str:
        return f"<LiveSpan {self.name!r} {self.span_id} of {self.trace_id}>"


class ManualSpan(LiveSpan):
    """A span that is ended by hand; one that is not is ended, and marked so, when nothing refers to it any more."""

    __slots__ = ()

    def __del__(self) -> None:
        if self._end_ns is None:
            self.set_attribute("span.never_ended", True)
            self.end()


def encode(value: object, mask: Mask | None) -> bytes:
    """Encode a value now, and mask it if there is a mask."""
    encoded = snapshot(value)
    return encoded if mask is None else masked(encoded, mask)


def encode_attributes(attributes: Mapping[str, Any], mask: Mask | None = None) -> dict[str, orjson.Fragment]:
    """Encode attribute values now, once, so that records can embed them as they are."""
    try:
        return {str(key): orjson.Fragment(encode(value, mask)) for key, value in attributes.items()}
    except Exception:  # noqa: BLE001 - nothing of ours raises into the user's code
        internal_error("encoding attributes")
        return {}


def mask_all(attributes: Mapping[str, orjson.Fragment], mask: Mask) -> dict[str, orjson.Fragment]:
    """Mask attributes that were encoded before there was a mask, as those of a decorator."""
    return {key: orjson.Fragment(masked(orjson.dumps(value), mask)) for key, value in attributes.items()}


def _append(events: list[Event], event: Event) -> None:
    """Add an event; of a loop's thousands the first are kept, and the last one counts the rest."""
    if len(events) < MAX_EVENTS:
        events.append(event)
    else:
        last = events[-1]
        count = orjson.loads(orjson.dumps(last[2][CUT])) + 1 if last[0] == CUT else 2
        events[-1] = (CUT, event[1], {CUT: orjson.Fragment(orjson.dumps(count))})


def _fragment(text: str) -> orjson.Fragment:
    return orjson.Fragment(orjson.dumps(text))
