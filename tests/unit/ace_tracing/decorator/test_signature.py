"""Random signatures and calls: the recorded arguments equal the arguments that the function gets."""

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
"""Parameter names; some are names that a decorator could use internally."""
VALUES = st.integers(0, 9)
CallArguments = tuple[list[int], dict[str, int]]


@st.composite
def signatures(draw: st.DrawFn) -> inspect.Signature:
    """Draw a signature with parameters of every kind, in the order that Python requires."""
    names = iter(draw(st.permutations(NAMES)))
    parameters: list[Parameter] = []
    defaults = False
    for kind in (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD):
        for _ in range(draw(st.integers(0, 2))):
            # After a parameter with a default, every positional parameter needs one.
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
def calls(draw: st.DrawFn) -> tuple[inspect.Signature, CallArguments]:
    """Draw a signature and the arguments of a call, which usually fit it."""
    signature = draw(signatures())
    parameters = signature.parameters.values()
    positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    given = draw(st.lists(VALUES, max_size=len(positional) + 2))
    left = [p for p in positional[len(given) :] if p.kind is p.POSITIONAL_OR_KEYWORD]
    named = [p.name for p in (*left, *parameters) if p in left or p.kind is p.KEYWORD_ONLY]
    keywords = {name: draw(VALUES) for name in named if draw(st.integers(0, 3))}
    return signature, (given, keywords | draw(st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=2)))


def make_function(signature: inspect.Signature) -> Callable[..., dict[str, Any]]:
    """Return a function with this signature that returns its arguments by name."""
    namespace: dict[str, Any] = {}
    exec(f"def probe{signature}: return dict(locals())", namespace)
    function: Callable[..., dict[str, Any]] = namespace["probe"]
    return function


def call_or_error(function: Callable[..., Any], call: CallArguments) -> Any:
    try:
        return function(*call[0], **call[1])
    except TypeError as error:
        return str(error)


def without_count(message: str) -> str:
    return re.sub(r"but \d+ .*given$", "", message)


def call_both(signature: inspect.Signature, call: CallArguments) -> tuple[Any, Any, Span | None]:
    """Return the results of a call of the plain and of the traced function, and the span of the traced call."""
    function = make_function(signature)
    with capture_traces() as traces:
        results = call_or_error(function, call), call_or_error(trace(function), call)
    return *results, traces[0].root if traces else None


@pytest.mark.covers("Shapes", "Positional-only and keyword-only parameters")
@pytest.mark.covers("Shapes", "`*args`, `**kwargs`, defaults")
@pytest.mark.covers("Shapes", "Call that does not fit")
@example((inspect.signature(lambda a, b=2, /, **kwargs: None), ([1], {"a": 3, "b": 4})))
@given(calls())
def test_traced_call_has_the_plain_result_and_its_arguments(drawn: tuple[inspect.Signature, CallArguments]) -> None:
    signature, call = drawn
    plain, traced, span = call_both(signature, call)
    if span is None:
        # The interpreter rejects this call before the wrapper's body runs. Its message can name another mismatch.
        assert isinstance(plain, str)
        assert "got multiple values for argument" in str(traced)
        return
    if isinstance(plain, str) and isinstance(traced, str):
        # The count of keyword-only arguments in Python's message is not always right.
        assert span.status.description == f"TypeError: {traced}"
        assert without_count(plain) == without_count(traced)
        return
    assert plain == traced
    # `Signature.bind` gives the same result, except before 3.13 for a name that both a positional-only parameter and
    # `**kwargs` have. An empty `*args` or `**kwargs` is not recorded.
    variable = (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)
    expected = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in plain.items()
        if value or signature.parameters[name].kind not in variable
    }
    assert (span.inputs or {}) == expected
    assert span.status.status_code == "OK"
