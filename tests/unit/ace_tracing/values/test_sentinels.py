"""Sentinels, by which libraries mark arguments that are not given, are left out of what is recorded."""

from __future__ import annotations

import asyncio
import dataclasses
import enum
import inspect
from typing import Any

import attrs
import httpx
import openai
import pytest
from openai import OpenAI
from pydantic_core import PydanticUndefined

from ace_tracing import trace
from ace_tracing.testing import capture_traces
from ace_tracing.values.snapshot import snapshot
from kayba_api.types import UNSET


class NotGiven:
    """A sentinel of a client."""

    def __bool__(self) -> bool:
        raise AssertionError("no code of the value runs")


class Missing:
    """A value of the user's: it holds data."""

    def __init__(self, reason: str) -> None:
        self.reason = reason

    def __repr__(self) -> str:
        return "Missing"


class Missing2(enum.Enum):
    YES = 1
    NO = 2


class Sentinel(enum.Enum):
    TOKEN = 1


DEFAULT = object()

SENTINELS: dict[str, Any] = {
    "openai.NOT_GIVEN": openai.NOT_GIVEN,
    "openai.omit": openai.omit,
    "httpx.USE_CLIENT_DEFAULT": httpx.USE_CLIENT_DEFAULT,
    "kayba_api UNSET": UNSET,
    "attrs.NOTHING": attrs.NOTHING,
    "PydanticUndefined": PydanticUndefined,
    "dataclasses.MISSING": dataclasses.MISSING,
    "Parameter.empty": inspect.Parameter.empty,
    "a class": NotGiven(),
    "an enum": Sentinel.TOKEN,
}


def inputs_of(function: Any, *args: Any, **kwargs: Any) -> Any:
    with capture_traces() as traces:
        result = function(*args, **kwargs)
        if inspect.isawaitable(result):
            asyncio.run(result)  # type: ignore[arg-type]
        (read,) = traces
    assert read.root is not None
    return read.root.inputs


@pytest.mark.parametrize("sentinel", SENTINELS.values(), ids=SENTINELS)
def test_an_argument_that_is_a_sentinel_is_left_out(sentinel: Any) -> None:
    @trace
    def plain(a: int, b: Any = sentinel) -> None: ...

    @trace
    def variadic(a: int, *, b: Any = sentinel, **others: Any) -> None: ...

    @trace
    async def coroutine(a: int, b: Any = sentinel) -> None: ...

    for function in (plain, variadic, coroutine):
        assert inputs_of(function, 1) == {"a": 1}
        assert inputs_of(function, a=1, b=sentinel) == {"a": 1}
        assert inputs_of(function, 1, b=2) == {"a": 1, "b": 2}
    assert inputs_of(variadic, 1, c=sentinel, d=3) == {"a": 1, "others": {"d": 3}}


def test_a_plain_object_that_is_a_parameter_s_default_is_left_out() -> None:
    @trace
    def plain(a: Any, b: Any = DEFAULT) -> None: ...

    assert inputs_of(plain, 1) == inputs_of(plain, 1, DEFAULT) == {"a": 1}
    assert inputs_of(plain, 1, object()) == {"a": 1, "b": "<object object>"}


def test_a_value_with_data_is_no_sentinel() -> None:
    given = {"missing": Missing("late"), "choice": Missing2.NO, "kind": Missing, "none": None, "dots": ...}
    assert snapshot(given) == (
        b'{"missing":{"<type>":"tests.unit.ace_tracing.values.test_sentinels.Missing","reason":"late"},'
        b'"choice":2,"kind":"<class tests.unit.ace_tracing.values.test_sentinels.Missing>","none":null,'
        b'"dots":"<ellipsis object>"}'
    )


def test_a_sentinel_is_described_where_it_cannot_be_left_out() -> None:
    text = b"<tests.unit.ace_tracing.values.test_sentinels.NotGiven object>"
    assert snapshot(NotGiven()) == b'"%b"' % text
    assert snapshot([1, NotGiven()]) == b'[1,"%b"]' % text


def test_a_dict_of_sentinels_is_not_noted_as_cut() -> None:
    assert snapshot({"a": {"b": NotGiven(), "c": UNSET}, 1: NotGiven()}) == b'{"a":{}}'


def test_only_given_arguments_of_a_provider_s_client_are_recorded() -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(404, json={}))
    module: Any = httpx
    if openai.__version__ >= "3":
        module = pytest.importorskip("httpx2")
        transport = module.MockTransport(lambda _: module.Response(404, json={}))
    client = OpenAI(api_key="k", base_url="http://127.0.0.1:1", http_client=module.Client(transport=transport))

    def create() -> None:
        with pytest.raises(openai.NotFoundError):
            trace(client.chat.completions.create)(model="m", messages=[{"role": "user", "content": "Hi"}], seed=1)

    given = {"model": "m", "messages": [{"role": "user", "content": "Hi"}], "seed": 1}
    assert {name: value for name, value in inputs_of(create).items() if value is not None} == given
