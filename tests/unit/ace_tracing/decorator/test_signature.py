"""Random signatures and random calls: what is recorded of the arguments is what the function gets."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from inspect import Parameter
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ace_tracing import Span, trace
from ace_tracing.testing import capture_traces

NAMES = ("a", "b", "c", "args", "kwargs", "function", "name", "call", "span", "tracer", "value", "this")
"""Among them those that a decorator could use for itself."""
VALUES = st.integers(0, 9)
TracedFunction = tuple[list[int], dict[str, int]]


@st.composite
def signatures(draw: st.DrawFn) -> inspect.Signature:
    """Signatures with parameters of every kind, in the order that Python asks for."""
    names = iter(draw(st.permutations(NAMES)))
    parameters: list[Parameter] = []
    defaults = False
    for kind in (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD):
        for _ in range(draw(st.integers(0, 2))):
            # After a default all that may be given by position need one.
            defaults = defaults or draw(st.booleans())
            parameters.append(Parameter(next(names), kind, default=draw(VALUES) if defaults else Parameter.empty))
    if draw(st.booleans()):
        parameters.append(Parameter(next(names), Parameter.VAR_POSITIONAL))
    for _ in range(draw(st.integers(0, 2))):
        default = draw(VALUES | st.just(Parameter.empty))
        parameters.append(Parameter(next(names), Parameter.KEYWORD_ONLY, default=default))
    if draw(st.booleans()):
        parameters.append(Parameter(next(names), Parameter.VAR_KEYWORD))
    return inspect.Signature(parameters)


@st.composite
def calls(draw: st.DrawFn) -> tuple[inspect.Signature, TracedFunction]:
    """A signature, and a call of it that fits more often than not."""
    signature = draw(signatures())
    parameters = signature.parameters.values()
    positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    given = draw(st.lists(VALUES, max_size=len(positional) + 2))
    left = [p for p in positional[len(given) :] if p.kind is p.POSITIONAL_OR_KEYWORD]
    named = [p.name for p in (*left, *parameters) if p in left or p.kind is p.KEYWORD_ONLY]
    keywords = {name: draw(VALUES) for name in named if draw(st.integers(0, 3))}
    return signature, (given, keywords | draw(st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=2)))


def function_of(signature: inspect.Signature) -> Callable[..., dict[str, Any]]:
    """A function of this signature that gives its arguments."""
    namespace: dict[str, Any] = {}
    exec(f"def probe{signature}: return dict(locals())", namespace)
    function: Callable[..., dict[str, Any]] = namespace["probe"]
    return function


def outcome(function: Callable[..., Any], call: TracedFunction) -> Any:
    try:
        return function(*call[0], **call[1])
    except TypeError as error:
        return str(error)


def without_count(message: str) -> str:
    return re.sub(r"but \d+ .*given$", "", message)


def recorded(signature: inspect.Signature, call: TracedFunction) -> tuple[Any, Any, Span | None]:
    """What the plain function answers to a call, what the traced one does, and the span of that."""
    function = function_of(signature)
    with capture_traces() as traces:
        answers = outcome(function, call), outcome(trace(function), call)
    return *answers, traces[0].root if traces else None


@pytest.mark.covers("Shapes", "Positional-only and keyword-only parameters")
@pytest.mark.covers("Shapes", "`*args`, `**kwargs`, defaults")
@pytest.mark.covers("Shapes", "Call that does not fit")
@example((inspect.signature(lambda a, b=2, /, **kwargs: None), ([1], {"a": 3, "b": 4})))
@given(calls())
def test_any_call_is_answered_and_recorded_as_without_us(drawn: tuple[inspect.Signature, TracedFunction]) -> None:
    signature, call = drawn
    plain, traced, span = recorded(signature, call)
    if span is None:
        # The interpreter refuses such a call before anything of ours runs; it may find fault with something else, too.
        assert isinstance(plain, str)
        assert "got multiple values for argument" in str(traced)
        return
    if isinstance(plain, str) and isinstance(traced, str):
        # How many keyword-only arguments were given beside too many others is not always told right.
        assert span.status.description == f"TypeError: {traced}"
        assert without_count(plain) == without_count(traced)
        return
    assert plain == traced
    # `Signature.bind` says the same, save for a name shared by a positional-only parameter and `**kwargs` before 3.13.
    # An empty `*args` or `**kwargs` is not recorded.
    variable = (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)
    expected = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in plain.items()
        if value or signature.parameters[name].kind not in variable
    }
    assert (span.inputs or {}) == expected
    assert span.status.status_code == "OK"
