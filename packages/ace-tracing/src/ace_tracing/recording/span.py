"""Span while it runs: the object that `start_span` returns and that `@trace` keeps internally."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final, NoReturn

import orjson

from ace_tracing.diagnostics import guard, internal_error
from ace_tracing.forks import page, renew
from ace_tracing.recording import clock
from ace_tracing.recording.attributes import COST, TOKEN_USAGE, encode, encode_attributes
from ace_tracing.recording.callsite import MAX_NAME, mask_span_type
from ace_tracing.recording.checks import read_attributes, read_key, read_link, read_status, read_text, reject, to_name
from ace_tracing.recording.details import SpanDetails
from ace_tracing.recording.exceptions import MAX_MESSAGE, Passing, describe_exception, is_failure
from ace_tracing.recording.fields import SpanFields
from ace_tracing.recording.frames import ENDED, ENDED_WITH_DETAILS, pack_end
from ace_tracing.recording.usage import MODEL, complete_cost, complete_tokens, price_tokens, read_tokens
from ace_tracing.values.masking import apply_mask, mask_name, mask_text
from ace_tracing.values.snapshot import ATTRIBUTE_LIMITS

_OK: Final = 1


class LiveSpan(SpanFields):
    """One running step of a trace.

    Values are encoded at once, so later changes of an object do not change the trace. No method raises, blocks or uses
    the network. After the span has ended, the methods do nothing.
    """

    # `Tracer.open` sets them one by one: a call of `__init__` would cost as much as the rest of a new span.
    __slots__ = ("_details", "_end_ns", "_id", "_inputs", "_outputs", "_parent_id", "_site", "_start_ns", "_trace")

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
            text = read_key("set_attribute(key=...)", key)
            if text is not None:
                encoded = encode(value, self._trace.mask, ATTRIBUTE_LIMITS)
                self._get_details().add_attributes({text: orjson.Fragment(encoded)})

    @guard("setting attributes")
    def set_attributes(self, attributes: Mapping[str, Any]) -> None:
        """Record several attributes of the step. An attribute that is already set is replaced."""
        if self._end_ns is None:
            read = read_attributes("set_attributes(attributes=...)", attributes)
            self._get_details().add_attributes(encode_attributes(read, self._trace.mask))

    @guard("setting a span's type")
    def set_span_type(self, span_type: str) -> None:
        """Set the kind of step, such as `"LLM"` or `"TOOL"`."""
        if self._end_ns is None:
            text = read_text("set_span_type(span_type=...)", span_type, 'give SpanType.LLM, "LLM" or other text')
            if text is not None:
                self._get_details().span_type = mask_span_type(text, self._trace.mask)[:MAX_NAME]

    @guard("setting a status")
    def set_status(self, status: str, description: str = "") -> None:
        """Set the status: `"OK"`, `"ERROR"` or `"UNSET"`, with an optional description of an error.

        Without this call, a span is ERROR when an exception left it, and OK otherwise.
        """
        if self._end_ns is None:
            code = read_status(status)
            if code is not None:
                message = mask_text(to_name(description, ""), self._trace.mask)[:MAX_MESSAGE]
                details = self._get_details()
                details.status = code
                details.message = message

    @guard("adding an event")
    def add_event(self, name: str, attributes: Mapping[str, Any] | None = None) -> None:
        """Record an event with the current time."""
        if self._end_ns is None:
            mask = self._trace.mask
            read = read_attributes("add_event(attributes=...)", attributes)
            text = read_key("add_event(name=...)", name)
            if text is not None:
                encoded = encode_attributes(read, mask)
                self._get_details().add_event((mask_name(text, mask)[:MAX_NAME], self._trace.now_ns(), encoded))

    @guard("adding a link")
    def add_link(self, trace_id: str, span_id: str, attributes: Mapping[str, Any] | None = None) -> None:
        """Record a link to a related span, of this or another trace.

        Args:
            trace_id: The other span's trace, with or without `tr-`.
            span_id: The other span's id, 16 hex digits.
            attributes: Attributes of the link.
        """
        if self._end_ns is None:
            ids = read_link(trace_id, span_id)
            if ids is not None:
                read = read_attributes("add_link(attributes=...)", attributes)
                self._get_details().add_link((*ids, encode_attributes(read, self._trace.mask)))

    @guard("setting the token usage")
    def set_token_usage(
        self,
        *,
        input_tokens: int | None = None,
        output_tokens: int | None = None,
        total_tokens: int | None = None,
        cache_read_input_tokens: int | None = None,
        cache_creation_input_tokens: int | None = None,
        reasoning_tokens: int | None = None,
        model: str | None = None,
    ) -> None:
        """Record the token usage of a model call. A later call completes the numbers and replaces those it repeats.

        If no cost is set until the end of the span, it is computed from the model and its price, where one is known.

        Args:
            input_tokens: All tokens of the input, including those that were read from or written to a cache.
            output_tokens: All tokens of the output, including reasoning.
            total_tokens: The sum of input and output by default.
            cache_read_input_tokens: The part of the input that was read from a cache.
            cache_creation_input_tokens: The part of the input that was written to a cache.
            reasoning_tokens: The part of the output that is reasoning.
            model: The model, such as `"gpt-4o-mini"`. By default the attribute `mlflow.llm.model`,
                `gen_ai.response.model`, `gen_ai.request.model` or `model`.
        """
        if self._end_ns is None:
            given = dict(locals())
            tokens = read_tokens({name: value for name, value in given.items() if name.endswith("_tokens")})
            if model is not None and (text := read_text("set_token_usage(model=...)", model)):
                self.set_attribute(MODEL, text)
            if tokens:
                details = self._get_details()
                details.tokens = {**(details.tokens or {}), **tokens}
                self.set_attribute(TOKEN_USAGE, complete_tokens(details.tokens))

    @guard("setting a cost")
    def set_cost(
        self, *, input_cost: float | None = None, output_cost: float | None = None, total_cost: float | None = None
    ) -> None:
        """Record the cost of a model call in US dollars. The total is the sum by default."""
        cost = complete_cost({"input_cost": input_cost, "output_cost": output_cost, "total_cost": total_cost})
        if cost:
            self.set_attribute(COST, cost)

    def record_exception(self, exception: BaseException) -> None:
        """Record an exception with its traceback as an event, and set the status to ERROR. It is not raised."""
        if not isinstance(exception, BaseException):
            reject("record_exception", exception, 'give an exception, or use set_status("ERROR", text)')
            return
        self._record_exception(exception, None)

    def _record_failure(self, exception: BaseException) -> None:
        """Record the exception that leaves the span, unless it is a normal end, such as `sys.exit(0)`."""
        if is_failure(exception):
            trace = self._trace
            # The topmost span has the whole traceback.
            passing = None if self._parent_id == trace.top_parent else trace.passing
            trace.passing = self._record_exception(exception, passing)

    def _record_exception(self, exception: BaseException, passing: Passing | None) -> Passing | None:
        try:
            if self._end_ns is None:
                attributes, message, passing = describe_exception(exception, self._trace.mask, passing)
                # The name of the event is not the user's, and readers look for it.
                self._get_details().add_event(("exception", self._trace.now_ns(), encode_attributes(attributes)))
                self.set_status("ERROR", message)
        except Exception:  # noqa: BLE001 - see diagnostics.guard
            internal_error("recording an exception")
        return passing

    def end(self) -> None:
        """End the span now. A second call does nothing."""
        if self._end_ns is not None:
            return
        try:
            self._finish(self._outputs)
        except Exception:  # noqa: BLE001 - see diagnostics.guard
            self.end_bare()

    def end_bare(self) -> None:
        """End the span without its values after an error, the exception being handled, unless it has ended."""
        if self._end_ns is None:
            self._details = None
            with suppress(Exception):
                self._finish(None)
        internal_error("ending a span")

    def _finish(self, outputs: bytes | None) -> None:
        """End the span: put its end frame, and report the end of a root."""
        if not page[0]:
            renew()
        trace = self._trace
        end_ns = trace.epoch_ns + clock.perf_counter_ns()
        if trace.forked_ns is not None and self._start_ns < trace.forked_ns:
            # The parent process delivers it.
            self._end_ns = end_ns
            return
        parent_id = self._parent_id
        # A local variable: CPython calls it faster than an attribute from a slot.
        put = trace.put
        # In a trace of another process, a topmost span counts as the root.
        is_top = parent_id == trace.top_parent
        if self._details is None and (trace.details is None or not is_top):
            frame = pack_end(ENDED, self._id, end_ns, _OK) + (outputs or b"")
        else:
            details = self._get_details()
            if details.tokens is not None:
                self._add_cost(details, details.tokens)
            encoded = details.encode(self._inputs, outputs, trace.details if is_top else None)
            frame = pack_end(ENDED_WITH_DETAILS, self._id, end_ns, details.status or _OK) + encoded
        # Not earlier: a span whose end is interrupted before this line still runs, and ends with the exception.
        self._end_ns = end_ns
        try:
            put(frame)
        except BaseException:
            # An interrupt: the frame may be incomplete. Of two ends, the first counts.
            put(frame)
            raise
        finally:
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

    @guard("computing a cost")
    def _add_cost(self, details: SpanDetails, tokens: Mapping[str, int]) -> None:
        cost = price_tokens(tokens, details.attributes or {})
        if cost is not None:
            details.add_attributes({COST: orjson.Fragment(encode(cost, self._trace.mask))})

    def _get_details(self) -> SpanDetails:
        """Return the span's optional details, creating them on first use."""
        if self._details is None:
            details = SpanDetails(self._site)
            # One statement, so two threads get the same object.
            self._details = details if self._details is None else self._details
        return self._details

    def __copy__(self) -> LiveSpan:
        """Return the span itself: a step runs once, also in a copy of the user's state."""
        return self

    def __deepcopy__(self, _memo: object) -> LiveSpan:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "A running span cannot be pickled. To continue its trace in another process, send the headers that "
            "inject() returns, and use them with continue_trace()."
        )

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
