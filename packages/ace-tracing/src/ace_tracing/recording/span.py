"""Span while it runs: the object that `start_span` returns and that `@trace` keeps internally."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson

from ace_tracing.diagnostics import guard, internal_error
from ace_tracing.recording import clock
from ace_tracing.recording.attributes import COST, TOKEN_USAGE, encode, encode_attributes
from ace_tracing.recording.callsite import MAX_NAME, CallSite, mask_span_type
from ace_tracing.recording.details import UNSET, SpanDetails
from ace_tracing.recording.exceptions import MAX_MESSAGE, describe_exception, is_failure
from ace_tracing.recording.frames import ENDED, ENDED_WITH_DETAILS, ERROR, STATUSES, pack_end
from ace_tracing.recording.trace import OpenTrace
from ace_tracing.values.masking import apply_mask, mask_name, mask_text

_OK: Final = 1


class LiveSpan:
    """One running step of a trace.

    Values are encoded at once, so later changes of an object do not change the trace. No method raises, blocks or uses
    the network. After the span has ended, the methods do nothing.
    """

    __slots__ = ("_details", "_end_ns", "_id", "_inputs", "_outputs", "_parent_id", "_site", "_start_ns", "_trace")

    # `Tracer.open` sets them one by one: a call of `__init__` would cost as much as the rest of a new span.
    _trace: OpenTrace
    _site: CallSite
    _id: int
    _parent_id: int
    _start_ns: int
    _inputs: bytes | None
    _outputs: bytes | None
    _end_ns: int | None
    _details: SpanDetails | None

    @property
    def name(self) -> str:
        """The name of the step."""
        return self._site.name

    @property
    def trace_id(self) -> str:
        """The trace's id, `tr-` and 32 hex digits, as `get_trace` accepts it."""
        return f"tr-{self._trace.trace_id}"

    @property
    def span_id(self) -> str:
        """16 hex digits, unique in the trace."""
        return f"{self._id:016x}"

    @property
    def parent_id(self) -> str | None:
        """The parent's span id. None for a root span."""
        return f"{self._parent_id:016x}" if self._parent_id else None

    @property
    def span_type(self) -> str:
        """The kind of step, such as `"LLM"` or `"TOOL"`."""
        return self._site.span_type if self._details is None else self._details.span_type

    @property
    def start_time_ns(self) -> int:
        """The start time in nanoseconds since the epoch."""
        return self._start_ns

    @property
    def end_time_ns(self) -> int | None:
        """The end time in nanoseconds since the epoch. None while the span runs."""
        return self._end_ns

    @property
    def inputs(self) -> Any:
        """The inputs as they were encoded. None when none were set."""
        return None if self._inputs is None else orjson.loads(self._inputs)

    @property
    def outputs(self) -> Any:
        """The outputs as they were encoded. None when none were set."""
        return None if self._outputs is None else orjson.loads(self._outputs)

    @property
    def attributes(self) -> dict[str, Any]:
        """The attributes as they were encoded."""
        attributes = self._site.attributes if self._details is None else self._details.attributes
        return orjson.loads(orjson.dumps(attributes or {}))  # type: ignore[no-any-return]

    @property
    def failed(self) -> bool:
        """Whether the status is ERROR."""
        return self._details is not None and self._details.status == ERROR

    @property
    def agent(self) -> str | None:
        """The agent of the step, from `@trace(agent=...)` or inherited from the parent."""
        return self._site.agent

    def get_attribute(self, key: str) -> Any:
        """Return the attribute `key` as it was encoded, or None when it was not set."""
        return self.attributes.get(key)

    @guard("encoding inputs")
    def set_inputs(self, inputs: Any) -> None:
        """Record the inputs of the step, any value."""
        if self._end_ns is None:
            encoded = encode(inputs, self._trace.mask)
            self._inputs = self._get_details().inputs = encoded

    def set_outputs(self, outputs: Any) -> None:
        """Record the outputs of the step, any value."""
        if self._end_ns is None:
            try:
                self._outputs = encode(outputs, self._trace.mask)
            except Exception:  # noqa: BLE001 - see diagnostics.guard
                internal_error("encoding outputs")

    def _set_encoded_outputs(self, encoded: bytes) -> None:
        """Record outputs that are already JSON."""
        if self._end_ns is None:
            try:
                mask = self._trace.mask
                self._outputs = encoded if mask is None else apply_mask(encoded, mask)
            except Exception:  # noqa: BLE001 - see diagnostics.guard
                internal_error("encoding outputs")

    @guard("setting an attribute")
    def set_attribute(self, key: str, value: Any) -> None:
        """Record an attribute of the step, such as the model's name."""
        if self._end_ns is None:
            encoded = {str(key): orjson.Fragment(encode(value, self._trace.mask))}
            self._get_details().add_attributes(encoded)

    @guard("setting attributes")
    def set_attributes(self, attributes: Mapping[str, Any]) -> None:
        """Record several attributes of the step. An attribute that is already set is replaced."""
        if self._end_ns is None:
            encoded = encode_attributes(attributes, self._trace.mask)
            self._get_details().add_attributes(encoded)

    @guard("setting a span's type")
    def set_span_type(self, span_type: str) -> None:
        """Set the kind of step, such as `"LLM"` or `"TOOL"`."""
        if self._end_ns is None:
            self._get_details().span_type = mask_span_type(str(span_type), self._trace.mask)[:MAX_NAME]

    @guard("setting a status")
    def set_status(self, status: str, description: str = "") -> None:
        """Set the status: `"OK"`, `"ERROR"` or `"UNSET"`, with an optional description of an error.

        Without this call, a span is ERROR when an exception left it, and OK otherwise.
        """
        if self._end_ns is None:
            code = str(getattr(status, "value", status)).upper()
            message = mask_text(str(description), self._trace.mask)[:MAX_MESSAGE]
            details = self._get_details()
            details.status = STATUSES.index(code) if code in STATUSES else UNSET
            details.message = message

    @guard("adding an event")
    def add_event(self, name: str, attributes: Mapping[str, Any] | None = None) -> None:
        """Record an event with the current time."""
        if self._end_ns is None:
            mask = self._trace.mask
            encoded = encode_attributes(attributes or {}, mask)
            self._get_details().add_event((mask_name(str(name), mask)[:MAX_NAME], self._trace.now_ns(), encoded))

    @guard("adding a link")
    def add_link(self, trace_id: str, span_id: str, attributes: Mapping[str, Any] | None = None) -> None:
        """Record a link to a related span, of this or another trace.

        Args:
            trace_id: The other span's trace, with or without `tr-`.
            span_id: The other span's id, 16 hex digits.
            attributes: Attributes of the link.
        """
        if self._end_ns is None:
            encoded = encode_attributes(attributes or {}, self._trace.mask)
            self._get_details().add_link((str(trace_id).removeprefix("tr-"), str(span_id), encoded))

    @guard("setting the token usage")
    def set_token_usage(self, *, input_tokens: int, output_tokens: int, total_tokens: int | None = None) -> None:
        """Record the token usage of a model call. The total is the sum by default."""
        total = input_tokens + output_tokens if total_tokens is None else total_tokens
        usage = {"input_tokens": input_tokens, "output_tokens": output_tokens, "total_tokens": total}
        self.set_attribute(TOKEN_USAGE, usage)

    @guard("setting a cost")
    def set_cost(self, *, input_cost: float, output_cost: float, total_cost: float | None = None) -> None:
        """Record the cost of a model call in US dollars. The total is the sum by default."""
        total = input_cost + output_cost if total_cost is None else total_cost
        self.set_attribute(COST, {"input_cost": input_cost, "output_cost": output_cost, "total_cost": total})

    def record_exception(self, exception: BaseException) -> None:
        """Record an exception with its traceback as an event, and set the status to ERROR. It is not raised."""
        try:
            if self._end_ns is not None:
                return
            attributes, message = describe_exception(exception, self._trace.mask)
            # The name of the event is not the user's, and readers look for it.
            self._get_details().add_event(("exception", self._trace.now_ns(), encode_attributes(attributes)))
            self.set_status("ERROR", message)
        except Exception:  # noqa: BLE001 - see diagnostics.guard
            internal_error("recording an exception")

    def _record_failure(self, exception: BaseException) -> None:
        """Record the exception that leaves the span, unless it is a normal end, such as `sys.exit(0)`."""
        if is_failure(exception):
            self.record_exception(exception)

    def end(self) -> None:
        """End the span now. A second call does nothing."""
        if self._end_ns is not None:
            return
        try:
            self._finish(self._outputs)
        except Exception:  # noqa: BLE001 - see diagnostics.guard
            internal_error("ending a span")

    def _finish(self, outputs: bytes | None) -> None:
        """End the span: put its end frame, and report the end of a root."""
        trace = self._trace
        self._end_ns = end_ns = trace.epoch_ns + clock.perf_counter_ns()
        if trace.forked_ns is not None and self._start_ns < trace.forked_ns:
            # The parent process delivers it.
            return
        parent_id = self._parent_id
        # A local variable: CPython calls it faster than an attribute from a slot.
        put = trace.put
        # In a trace of another process, a topmost span counts as the root.
        is_top = parent_id == trace.top_parent
        if self._details is None and (trace.details is None or not is_top):
            put(pack_end(ENDED, self._id, end_ns, _OK) + (outputs or b""))
        else:
            details = self._get_details()
            encoded = details.encode(self._inputs, outputs, trace.details if is_top else None)
            put(pack_end(ENDED_WITH_DETAILS, self._id, end_ns, details.status or _OK) + encoded)
        if is_top:
            trace.root_ended = True
            if not trace.sampled:
                trace.decide(self.failed, end_ns - self._start_ns)
        if trace.root_ended:
            sink = trace.sink
            # One statement, so no other thread's count is lost.
            sink.finished += 1
            if sink.asleep:
                sink.wake()

    def _get_details(self) -> SpanDetails:
        """Return the span's optional details, creating them on first use."""
        if self._details is None:
            details = SpanDetails(self._site)
            # One statement, so two threads get the same object.
            self._details = details if self._details is None else self._details
        return self._details

    def __repr__(self) -> str:
        return f"<LiveSpan {self.name!r} {self.span_id} of {self.trace_id}>"


class ManualSpan(LiveSpan):
    """Span that the user ends.

    A span that is never ended ends when it is garbage-collected and gets the attribute `span.never_ended`.
    """

    __slots__ = ()

    def __del__(self) -> None:
        if self._end_ns is None:
            self.set_attribute("span.never_ended", True)
            self.end()
