"""Wrong arguments of a span's methods: each is ignored, one warning has the correct values, and nothing raises."""

from __future__ import annotations

import enum
import logging
from collections.abc import Callable
from typing import Any, Final

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ace_tracing
from ace_tracing import LiveSpan, Span, start_span, start_span_no_context, trace, update_current_trace
from ace_tracing.testing import capture_traces


class RaisesAsText:
    """Object without a text."""

    def __str__(self) -> str:
        raise ValueError("no text")

    __repr__ = __str__


class Status(enum.Enum):
    """Status of another library."""

    ERROR = 2


class StatusObject:
    """Status object of another library."""

    status_code = Status.ERROR


TRACE_ID: Final = "1" * 32
SPAN_ID: Final = "2" * 16
Call = Callable[[LiveSpan], object]

WRONG: Final[dict[str, tuple[Call, str]]] = {
    "status": (lambda span: span.set_status("BAD"), 'set_status(\'BAD\') is ignored: give "OK", "ERROR" or "UNSET"'),
    "status number": (lambda span: span.set_status(2), '"OK", "ERROR" or "UNSET"'),  # type: ignore[arg-type]
    "status None": (lambda span: span.set_status(None), '"OK", "ERROR" or "UNSET"'),  # type: ignore[arg-type]
    "type": (lambda span: span.set_span_type(5), "give SpanType.LLM"),  # type: ignore[arg-type]
    "type None": (lambda span: span.set_span_type(None), "give SpanType.LLM"),  # type: ignore[arg-type]
    "key": (lambda span: span.set_attribute(["k"], 1), "give a key that is text"),  # type: ignore[arg-type]
    "key without text": (lambda span: span.set_attribute(RaisesAsText(), 1), "<RaisesAsText>"),  # type: ignore[arg-type]
    "attributes": (lambda span: span.set_attributes("abc"), "give a dict"),  # type: ignore[arg-type]
    "attribute pairs": (lambda span: span.set_attributes([("a", 1)]), "give a dict"),  # type: ignore[arg-type]
    "attributes with a key": (lambda span: span.set_attributes({(): 1}), "give a key"),  # type: ignore[dict-item]
    "event": (lambda span: span.add_event(RaisesAsText()), "add_event(name=...)"),  # type: ignore[arg-type]
    "link trace": (lambda span: span.add_link("bad", SPAN_ID), "trace_id is 'bad': give 32 hex digits"),
    "link span": (lambda span: span.add_link(TRACE_ID, "bad"), "span_id is 'bad': give 16 hex digits"),
    "link of zeros": (lambda span: span.add_link("0" * 32, SPAN_ID), "give 32 hex digits"),
    "link with a sign": (lambda span: span.add_link(TRACE_ID, "+" + "2" * 15), "give 16 hex digits"),
    "link None": (lambda span: span.add_link(TRACE_ID, None), "<NoneType>"),  # type: ignore[arg-type]
    "exception text": (lambda span: span.record_exception("no"), "give an exception"),  # type: ignore[arg-type]
    "exception class": (lambda span: span.record_exception(ValueError), "<type>"),  # type: ignore[arg-type]
    "exception None": (lambda span: span.record_exception(None), "it is None"),  # type: ignore[arg-type]
    "tokens text": (lambda span: span.set_token_usage(input_tokens="5"), "<str>"),  # type: ignore[arg-type]
    "tokens negative": (lambda span: span.set_token_usage(output_tokens=-1), "it is -1: give a whole number"),
    "tokens NaN": (lambda span: span.set_token_usage(output_tokens=float("nan")), "it is nan"),  # type: ignore[arg-type]
    "tokens infinite": (lambda span: span.set_token_usage(total_tokens=float("inf")), "inf"),  # type: ignore[arg-type]
    "tokens bool": (lambda span: span.set_token_usage(reasoning_tokens=True), "it is True"),
    "tokens fraction": (lambda span: span.set_token_usage(input_tokens=1.5), "it is 1.5"),  # type: ignore[arg-type]
    "tokens huge": (lambda span: span.set_token_usage(input_tokens=2**64), "a whole number"),
    "model": (lambda span: span.set_token_usage(model=4), "set_token_usage(model=...)"),  # type: ignore[arg-type]
    "cost text": (lambda span: span.set_cost(input_cost="1"), "a number of US dollars"),  # type: ignore[arg-type]
    "cost negative": (lambda span: span.set_cost(total_cost=-0.1), "it is -0.1"),
    "cost NaN": (lambda span: span.set_cost(output_cost=float("nan")), "it is nan"),
    "trace name": (lambda _: update_current_trace(name=5), "update_current_trace(name=...)"),  # type: ignore[arg-type]
    "tags": (lambda _: update_current_trace(tags="x"), "update_current_trace(tags=...)"),  # type: ignore[arg-type]
    "metadata": (lambda _: update_current_trace(metadata=[1]), "give a dict"),  # type: ignore[arg-type]
    "session": (lambda _: update_current_trace(session_id=[1]), "session.id"),  # type: ignore[arg-type]
    "parent": (lambda _: start_span_no_context("x", parent="y").end(), "give a span"),  # type: ignore[arg-type]
    "attributes by hand": (lambda _: start_span_no_context("x", attributes="y").end(), "<str>"),  # type: ignore[arg-type]
    "attributes of a block": (lambda _: start_span("x", attributes=[1]).__enter__().end(), "<list>"),  # type: ignore[arg-type]
}


@pytest.fixture(autouse=True)
def _forget_warnings() -> None:
    ace_tracing.diagnostics._last_warned.clear()


def record(call: Callable[[LiveSpan], object]) -> Span:
    with capture_traces() as traces, start_span("step") as span:
        assert isinstance(span, LiveSpan)
        call(span)
        span.set_attribute("kept", 1)
    return next(span for found in traces for span in found.data.spans if span.name == "step")


@pytest.mark.parametrize(("call", "advice"), WRONG.values(), ids=WRONG)
def test_a_wrong_argument_is_ignored_and_logged_once(call: Call, advice: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        spans = [record(lambda _: None), *(record(call) for _ in range(2))]
    plain, *others = [(span.attributes, span.status, span.span_type, span.links) for span in spans]
    assert others == [plain, plain]
    (message,) = caplog.messages
    assert advice in message


@pytest.mark.parametrize("method", ["set_attribute", "add_event"])
@pytest.mark.parametrize("key", [5, 0.5, None, True])
def test_a_key_that_is_a_number_is_recorded_as_text_and_logged(
    method: str, key: Any, caplog: pytest.LogCaptureFixture
) -> None:
    arguments = (key, 1) if method == "set_attribute" else (key,)
    span = record(lambda span: getattr(span, method)(*arguments))
    assert str(key) in [*span.attributes, *(event.name for event in span.events)]
    assert len(caplog.messages) == 1


@pytest.mark.parametrize("status", ["ERROR", "error", Status.ERROR, StatusObject()])
def test_a_status_of_another_library_is_understood(status: Any, caplog: pytest.LogCaptureFixture) -> None:
    span = record(lambda span: span.set_status(status, None))  # type: ignore[arg-type]
    assert (span.status.status_code, span.status.description) == ("ERROR", "")
    assert caplog.messages == []


@pytest.mark.parametrize("prefix", ["", "tr-", "TR-"])
def test_a_link_is_recorded_in_lower_case(prefix: str, caplog: pytest.LogCaptureFixture) -> None:
    span = record(lambda span: span.add_link(f"{prefix}{'AB' * 16}", "CD" * 8, {"kind": "retry"}))
    ((link),) = span.links
    assert (link.trace_id.removeprefix("tr-"), link.span_id) == ("ab" * 16, "cd" * 8)
    assert caplog.messages == []


@pytest.mark.parametrize("number", [3, 3.0, np.int64(3), np.float32(3)])
def test_numbers_of_other_types_are_recorded(number: Any, caplog: pytest.LogCaptureFixture) -> None:
    span = record(lambda span: (span.set_token_usage(input_tokens=number), span.set_cost(total_cost=number)))
    assert span.attributes["mlflow.chat.tokenUsage"] == {"input_tokens": 3, "total_tokens": 3}
    assert span.attributes["mlflow.llm.cost"] == {"total_cost": 3.0}
    assert caplog.messages == []


def test_correct_arguments_beside_wrong_ones_are_kept() -> None:
    span = record(lambda span: span.set_token_usage(input_tokens=-5, output_tokens=3))
    assert span.attributes["mlflow.chat.tokenUsage"] == {"total_tokens": 3, "output_tokens": 3}
    span = record(lambda span: span.set_attributes({"good": 1, (): 2}))  # type: ignore[dict-item]
    assert span.attributes["good"] == 1


def test_a_name_or_type_of_none_is_the_default() -> None:
    with capture_traces() as traces:
        with start_span(None, None):  # type: ignore[arg-type]
            pass
        with start_span(5, agent=7):  # type: ignore[arg-type]
            pass
    assert [(span.name, span.span_type) for found in traces for span in found.data.spans] == [
        ("span", "UNKNOWN"),
        ("5", "UNKNOWN"),
    ]


def test_attributes_of_a_decorator_that_are_no_mapping_are_an_error() -> None:
    with pytest.raises(TypeError, match=r"@trace\(attributes=<list>\): give a dict"):
        trace(attributes=[1])  # type: ignore[call-overload]


ANYTHING: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.builds(RaisesAsText),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(ANYTHING, ANYTHING)
def test_no_method_raises_whatever_it_is_given(first: Any, second: Any) -> None:
    def call(span: LiveSpan) -> None:
        span.set_status(first, second)
        span.set_attribute(first, second)
        span.set_attributes(first)
        span.set_span_type(first)
        span.add_event(first, second)
        span.add_link(first, second)
        span.record_exception(first)
        span.set_token_usage(input_tokens=first, output_tokens=second, model=first)
        span.set_cost(input_cost=first, total_cost=second)
        update_current_trace(name=first, tags=second, metadata=first, session_id=first, user_id=second)
        with start_span(first, second, first, agent=second):
            start_span_no_context(second, first, second, agent=first).end()

    assert record(call).attributes["kept"] == 1
