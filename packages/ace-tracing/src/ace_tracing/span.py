"""A span while it runs: what `start_span` hands out, and what `@trace` keeps behind the scenes."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import orjson

from ace_tracing.diagnostics import internal_error
from ace_tracing.record import dump_span
from ace_tracing.values.masking import Mask, masked
from ace_tracing.values.snapshot import snapshot

if TYPE_CHECKING:
    from ace_tracing.tracer import OpenTrace

TOKEN_USAGE = "mlflow.chat.tokenUsage"  # noqa: S105 - no secret, an attribute's name
COST = "mlflow.llm.cost"

MAX_STACKTRACE = 32_768
MAX_MESSAGE = 4_096

_STATUSES = ("UNSET", "OK", "ERROR")
_HERE = __file__.rpartition("span.py")[0]


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
        self._events: list[tuple[str, int, dict[str, orjson.Fragment]]] | None = None
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
            # The dict may be the decorator's own, shared by all its calls: never changed in place.
            self._attributes = {**(self._attributes or {}), **encode_attributes(attributes, self._trace.mask)}

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
            self._events = [*(self._events or ()), event]

    def add_link(self, trace_id: str, span_id: str, attributes: Mapping[str, Any] | None = None) -> None:
        """Record that another span, of this or another trace, has to do with this one.

        Args:
            trace_id: the other's trace, with or without `tr-`.
            span_id: the other's span id, 16 hex digits.
            attributes: what is known of the relation.
        """
        if self._end_ns is None:
            link = (str(trace_id).removeprefix("tr-"), str(span_id), encode_attributes(attributes or {}))
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
            message = _message_of(exception)
            self.add_event(
                "exception",
                {
                    "exception.type": name,
                    "exception.message": message,
                    "exception.stacktrace": _stacktrace_of(exception),
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
            self._trace.ended(
                dump_span(
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
                    self._inputs,
                    self._outputs,
                    self._attributes,
                    self._events,
                    self._links,
                ),
                self,
            )
        except Exception:  # noqa: BLE001 - nothing of ours raises into the user's code
            internal_error("ending a span")

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


class NoSpan:
    """Stands in for a span while tracing is off: takes every call and records nothing."""

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
        """Always empty."""
        return {}

    def _ignore(self, *_args: object, **_kwargs: object) -> None:
        """Does nothing: tracing is off."""

    get_attribute = set_inputs = set_outputs = set_attribute = set_attributes = _ignore
    set_span_type = set_status = add_event = add_link = record_exception = end = _ignore
    set_token_usage = set_cost = _ignore

    def __repr__(self) -> str:
        return "<NoSpan>"


NO_SPAN = NoSpan()


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


def _message_of(exception: BaseException) -> str:
    try:
        return str(exception)[:MAX_MESSAGE]
    except KeyboardInterrupt:
        raise
    except BaseException:  # noqa: BLE001 - a user's __str__ may raise anything
        return f"<{type(exception).__qualname__}: its str raised>"


def _stacktrace_of(exception: BaseException) -> str:
    """The traceback as Python prints it, without the frames of this package between the user's."""
    try:
        report = traceback.TracebackException.from_exception(exception)
        report.stack[:] = [frame for frame in report.stack if not frame.filename.startswith(_HERE)]
        text = "".join(report.format())
    except Exception:  # noqa: BLE001 - formatting runs the user's __str__ and reads source files
        return f"<{type(exception).__qualname__}: its traceback could not be formatted>"
    # The end of a traceback names the place that raised; the beginning is the part to lose.
    return text if len(text) <= MAX_STACKTRACE else f"<cut>\n{text[-MAX_STACKTRACE:]}"


def _mask_all(attributes: dict[str, orjson.Fragment], mask: Mask) -> dict[str, orjson.Fragment]:
    """Mask attributes that were encoded before there was a mask, as those of a decorator."""
    return {key: orjson.Fragment(masked(orjson.dumps(value), mask)) for key, value in attributes.items()}
