"""A span while it runs: what `start_span` hands out, and what `@trace` keeps behind the scenes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

import orjson

from ace_tracing.diagnostics import internal_error
from ace_tracing.exceptions import MAX_MESSAGE, message_of, stacktrace_of
from ace_tracing.record import dump_span
from ace_tracing.values.masking import Mask, masked
from ace_tracing.values.snapshot import snapshot

if TYPE_CHECKING:
    from ace_tracing.tracer import OpenTrace

T = TypeVar("T")

TOKEN_USAGE = "mlflow.chat.tokenUsage"  # noqa: S105 - no secret, an attribute's name
COST = "mlflow.llm.cost"

CUT = "span.cut"
"""The attribute that says what was left out of a span for its size."""

MAX_SPAN_BYTES = 4 * 1024 * 1024
MAX_EVENTS = 1_000
MAX_ATTRIBUTES = 1_000

_STATUSES = ("UNSET", "OK", "ERROR")


Event = tuple[str, int, dict[str, orjson.Fragment]]


class LiveSpan:
    """One running step of a trace.

    Values given to it are encoded at once, so changing them later does not change the trace. No method raises, blocks
    or reaches the network; after the span has ended they do nothing.
    """

    __slots__ = (
        "_agent",
        "_attributes",
        "_end_ns",
        "_events",
        "_function",
        "_inputs",
        "_links",
        "_outputs",
        "_parent_id",
        "_span_id",
        "_span_type",
        "_start_ns",
        "_status",
        "_status_message",
        "_trace",
        "name",
    )

    def __init__(
        self,
        trace: OpenTrace,
        span_id: str,
        parent_id: str | None,
        name: str,
        span_type: str,
        function: str | None,
        agent: str | None,
        attributes: dict[str, orjson.Fragment] | None,
    ) -> None:
        self._trace = trace
        self._span_id = span_id
        self._parent_id = parent_id
        self.name = name
        self._span_type = span_type
        self._function = function
        self._agent = agent
        self._attributes = attributes if attributes is None or trace.mask is None else _mask_all(attributes, trace.mask)
        self._inputs: str | None = None
        self._outputs: str | None = None
        self._events: list[Event] | None = None
        self._links: list[tuple[str, str, dict[str, orjson.Fragment]]] | None = None
        self._status = "UNSET"
        self._status_message = ""
        self._end_ns: int | None = None
        self._start_ns = trace.now_ns()

    @property
    def trace_id(self) -> str:
        """The trace's id, `tr-` and 32 hex digits: what `get_trace` takes."""
        return f"tr-{self._trace.trace_id}"

    @property
    def span_id(self) -> str:
        """16 hex digits, unique in the trace."""
        return self._span_id

    @property
    def parent_id(self) -> str | None:
        """The parent's span id; None for a root span."""
        return self._parent_id

    @property
    def span_type(self) -> str:
        """What kind of step this is, as `"LLM"` or `"TOOL"`."""
        return self._span_type

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
        return orjson.loads(orjson.dumps(self._attributes or {}))  # type: ignore[no-any-return]

    @property
    def failed(self) -> bool:
        """Whether the status is ERROR."""
        return self._status == "ERROR"

    @property
    def agent(self) -> str | None:
        """The agent that the step belongs to: given with `@trace(agent=...)`, or inherited from the parent."""
        return self._agent

    def get_attribute(self, key: str) -> Any:
        """The attribute `key` as it was encoded; None when it was not set."""
        return self.attributes.get(key)

    def set_inputs(self, inputs: Any) -> None:
        """Record what the step was given: any value."""
        if self._end_ns is None:
            try:
                encoded, mask = snapshot(inputs), self._trace.mask
                self._inputs = (encoded if mask is None else masked(encoded, mask)).decode()
            except Exception:  # noqa: BLE001 - nothing of ours raises into the user's code
                internal_error("encoding inputs")

    def set_outputs(self, outputs: Any) -> None:
        """Record what the step gave back: any value."""
        if self._end_ns is None:
            try:
                encoded, mask = snapshot(outputs), self._trace.mask
                self._outputs = (encoded if mask is None else masked(encoded, mask)).decode()
            except Exception:  # noqa: BLE001 - nothing of ours raises into the user's code
                internal_error("encoding outputs")

    def _set_encoded_outputs(self, encoded: bytes) -> None:
        """Record outputs that are JSON already."""
        if self._end_ns is None:
            try:
                mask = self._trace.mask
                self._outputs = (encoded if mask is None else masked(encoded, mask)).decode()
            except Exception:  # noqa: BLE001 - nothing of ours raises into the user's code
                internal_error("encoding outputs")

    def set_attribute(self, key: str, value: Any) -> None:
        """Record one more fact about the step, such as the model's name."""
        self.set_attributes({key: value})

    def set_attributes(self, attributes: Mapping[str, Any]) -> None:
        """Record several facts about the step; one of a name already set replaces it."""
        if self._end_ns is None:
            # Before the look at what is there: meanwhile another thread may set others, which must stay.
            encoded = encode_attributes(attributes, self._trace.mask)
            # The dict may be the decorator's own, shared by all its calls: never changed in place.
            merged = {**(self._attributes or {}), **encoded}
            self._attributes = merged if len(merged) <= MAX_ATTRIBUTES else dict(islice(merged.items(), MAX_ATTRIBUTES))

    def set_span_type(self, span_type: str) -> None:
        """Say what kind of step this is, as `"LLM"` or `"TOOL"`."""
        if self._end_ns is None:
            self._span_type = str(span_type)

    def set_status(self, status: str, description: str = "") -> None:
        """Set the outcome: `"OK"`, `"ERROR"` or `"UNSET"`, with an optional description of an error.

        Without this call a span is ERROR when an exception left it, and OK otherwise.
        """
        if self._end_ns is None:
            code = str(getattr(status, "value", status)).upper()
            self._status = code if code in _STATUSES else "UNSET"
            self._status_message = self._masked_text(str(description)[:MAX_MESSAGE])

    def add_event(self, name: str, attributes: Mapping[str, Any] | None = None) -> None:
        """Record that something happened now, at a point in time inside the span."""
        if self._end_ns is None:
            event = (str(name), self._trace.now_ns(), encode_attributes(attributes or {}, self._trace.mask))
            self._events = _appended(self._events, event)

    def add_link(self, trace_id: str, span_id: str, attributes: Mapping[str, Any] | None = None) -> None:
        """Record that another span, of this or another trace, has to do with this one.

        Args:
            trace_id: the other's trace, with or without `tr-`.
            span_id: the other's span id, 16 hex digits.
            attributes: what is known of the relation.
        """
        if self._end_ns is None:
            encoded = encode_attributes(attributes or {}, self._trace.mask)
            link = (str(trace_id).removeprefix("tr-"), str(span_id), encoded)
            self._links = [*(self._links or ()), link]

    def set_token_usage(self, *, input_tokens: int, output_tokens: int, total_tokens: int | None = None) -> None:
        """Record how many tokens a call of a model took; the total is their sum by default."""
        total = input_tokens + output_tokens if total_tokens is None else total_tokens
        usage = {"input_tokens": input_tokens, "output_tokens": output_tokens, "total_tokens": total}
        self.set_attribute(TOKEN_USAGE, usage)

    def set_cost(self, *, input_cost: float, output_cost: float, total_cost: float | None = None) -> None:
        """Record what a call of a model cost, in US dollars; the total is the sum by default."""
        total = input_cost + output_cost if total_cost is None else total_cost
        self.set_attribute(COST, {"input_cost": input_cost, "output_cost": output_cost, "total_cost": total})

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
            self._end_ns = self._trace.now_ns()
            record = self._record(self._inputs, self._outputs, self._attributes, self._events)
            if len(record) > MAX_SPAN_BYTES:
                record = self._record_within(MAX_SPAN_BYTES)
            self._trace.ended(record, self)
        except Exception:  # noqa: BLE001 - nothing of ours raises into the user's code
            internal_error("ending a span")

    def record_without_values(self, why: str) -> bytes:
        """The span as a record that tells its place in the tree and how it ended, and says why no more."""
        return self._record(None, None, {CUT: _fragment(f"all values: {why}")}, None)

    def _record_within(self, size: int) -> bytes:
        """The span as a record of about `size` bytes: what came first is kept, and what is left out is counted."""
        room = size - len(self._inputs or "") - len(self._outputs or "")
        attributes, room = _first_within(
            room, (self._attributes or {}).items(), lambda item: len(orjson.dumps(item[1]))
        )
        events, _ = _first_within(room, self._events or (), lambda event: len(orjson.dumps(event)))
        lost = len(self._attributes or ()) - len(attributes), len(self._events or ()) - len(events)
        note = f"{lost[0]} attributes and {lost[1]} events: the span has more than {size} bytes"
        return self._record(self._inputs, self._outputs, {**dict(attributes), CUT: _fragment(note)}, events)

    def _record(
        self,
        inputs: str | None,
        outputs: str | None,
        attributes: Mapping[str, orjson.Fragment] | None,
        events: Sequence[Event] | None,
    ) -> bytes:
        return dump_span(
            self._span_id,
            self._parent_id,
            self.name,
            self._span_type,
            self._start_ns,
            self._end_ns,
            "OK" if self._status == "UNSET" else self._status,
            self._status_message,
            self._function,
            self._agent,
            inputs,
            outputs,
            attributes,
            events,
            self._links,
        )

    def _masked_text(self, text: str) -> str:
        mask = self._trace.mask
        return text if mask is None or not text else str(orjson.loads(encode(text, mask)))

    def __repr__(self) -> str:
        return f"<LiveSpan {self.name!r} {self._span_id} of {self.trace_id}>"


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


def _mask_all(attributes: dict[str, orjson.Fragment], mask: Mask) -> dict[str, orjson.Fragment]:
    """Mask attributes that were encoded before there was a mask, as those of a decorator."""
    return {key: orjson.Fragment(masked(orjson.dumps(value), mask)) for key, value in attributes.items()}


def _appended(events: list[Event] | None, event: Event) -> list[Event]:
    """The events with one more; of a loop's thousands the first are kept, and the last one counts the rest."""
    kept = events or []
    if len(kept) < MAX_EVENTS:
        kept.append(event)
    else:
        count = orjson.loads(orjson.dumps(kept[-1][2][CUT])) + 1 if kept[-1][0] == CUT else 2
        kept[-1] = (CUT, event[1], {CUT: orjson.Fragment(orjson.dumps(count))})
    return kept


def _first_within(room: int, items: Iterable[T], size: Callable[[T], int]) -> tuple[list[T], int]:
    """The first items that fit into `room` bytes, and the room that is left."""
    kept = []
    for item in items:
        room -= size(item)
        if room < 0:
            break
        kept.append(item)
    return kept, max(room, 0)


def _fragment(text: str) -> orjson.Fragment:
    return orjson.Fragment(orjson.dumps(text))
