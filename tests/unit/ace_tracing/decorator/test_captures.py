"""Capture functions, reducers and parameter names: copies for the user's functions, and errors at decoration."""

from __future__ import annotations

import asyncio
import enum
import io
import logging
import types
from collections import Counter, OrderedDict, UserList, defaultdict, deque
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Generic, NamedTuple, TypeVar

import attrs
import numpy
import pandas
import pydantic
import pydantic.v1
import pytest
from tests.helpers.case_names import name_case

import ace_tracing
from ace_tracing import trace
from ace_tracing.testing import CapturedTraces

T = TypeVar("T")


@dataclass
class Point:
    tags: list[str]


@dataclass(frozen=True, slots=True)
class FrozenPoint:
    tags: list[str]


@attrs.define
class AttrsPoint:
    tags: list[str]


class Model(pydantic.BaseModel):
    tags: list[str]


class OldModel(pydantic.v1.BaseModel):
    tags: list[str]


class Pair(NamedTuple):
    tags: list[str]


class Plain:
    def __init__(self, tags: list[str]) -> None:
        self.tags = tags


class Slotted:
    __slots__ = ("tags",)

    def __init__(self, tags: list[str]) -> None:
        self.tags = tags


class Box(Generic[T]):
    __hash__ = object.__hash__

    def __init__(self, tags: T) -> None:
        self.tags = tags


class Items(list[Any]):
    pass


KINDS: list[Callable[[list[str]], Any]] = [
    *(Point, FrozenPoint, AttrsPoint, lambda tags: Model(tags=tags), lambda tags: OldModel(tags=tags)),
    *(Pair, Plain, Slotted, Box, lambda tags: types.SimpleNamespace(tags=tags), lambda tags: Plain(Plain(tags)).tags),
]
COLLECTIONS: list[Callable[[list[str]], Any]] = [
    *(lambda tags: [tags], lambda tags: (tags,), lambda tags: {"tags": tags}, lambda tags: deque([tags])),
    *(lambda tags: defaultdict(list, tags=tags), lambda tags: OrderedDict(tags=tags), lambda tags: UserList([tags])),
    *(lambda tags: Items([tags]), lambda tags: {"a": ({"b": [tags]},)}, lambda tags: types.MappingProxyType({1: tags})),
]


def first_list(value: Any) -> list[str]:
    """Return the innermost list of a value of `KINDS` or `COLLECTIONS`."""
    while not (isinstance(value, list) and value and isinstance(value[0], str)):
        if hasattr(value, "tags"):
            value = value.tags
        else:
            value = next(iter(value.values() if hasattr(value, "values") else value))
    return value


def clear(value: Any) -> Any:
    """Change a value in place, as deep as it goes."""
    tags = first_list(value)
    tags[0] = "changed"
    tags.append("added")
    return tags


@pytest.mark.parametrize("make", [*KINDS, *COLLECTIONS])
def test_a_capture_function_changes_neither_arguments_nor_result(
    captured_traces: CapturedTraces, make: Callable[[list[str]], Any]
) -> None:
    @trace(capture_inputs=lambda inputs: clear(inputs["value"]), capture_outputs=clear)
    def same(value: Any) -> Any:
        assert first_list(value) == ["original"]
        return value

    value = make(["original"])
    assert same(value) is value
    assert first_list(value) == ["original"]
    (span,) = captured_traces[0].data.spans
    assert (span.inputs, span.outputs) == (["changed", "added"], ["changed", "added"])


def test_a_capture_function_can_change_the_dict_of_arguments(captured_traces: CapturedTraces) -> None:
    @trace(capture_inputs=lambda inputs: inputs["documents"].clear() or (inputs.pop("key") and inputs))
    def search(documents: list[str], key: str) -> int:
        return len(documents)

    assert search(["a", "b"], "secret") == 2
    assert captured_traces[0].data.spans[0].inputs == {"documents": []}


@pytest.mark.parametrize(
    ("value", "change"),
    [
        (numpy.array([1, 2]), lambda value: value.fill(9)),
        (numpy.array([[1], {2: 3}, None], dtype=object), lambda value: value[0].clear()),
        (numpy.ma.array([1, 2], mask=[False, True]), lambda value: value.mask.__setitem__(0, True)),
        (pandas.Series([1, 2]), lambda value: value.__setitem__(0, 9)),
        (pandas.DataFrame({"a": [1, 2]}), lambda value: value.__setitem__("a", 0)),
        (pandas.DataFrame({"a": [[1], [2]]}), lambda value: value["a"][0].clear()),
        (bytearray(b"ab"), lambda value: value.clear()),
        (Counter("ab"), lambda value: value.clear()),
        ({"a", "b"}, lambda value: value.clear()),
        (io.BytesIO(b"ab"), lambda value: value.read() and None),
        ({"a": [1]}.values(), lambda value: next(iter(value)).clear()),
    ],
    ids=lambda value: type(value).__name__,
)
def test_arrays_tables_and_buffers_are_copied(
    captured_traces: CapturedTraces, value: Any, change: Callable[[Any], object]
) -> None:
    before = str(getattr(value, "__dict__", None) or value), getattr(value, "tell", lambda: 0)()

    @trace(capture_outputs=change)
    def same(value: Any) -> Any:
        return value

    assert same(value) is value
    assert (str(getattr(value, "__dict__", None) or value), getattr(value, "tell", lambda: 0)()) == before
    assert captured_traces[0].data.spans[0].outputs is None


def test_a_large_array_cannot_be_changed(captured_traces: CapturedTraces) -> None:
    @trace(capture_inputs=lambda inputs: inputs["array"].fill(1), capture_outputs=lambda result: result.shape)
    def same(array: Any) -> Any:
        return array

    assert not same(numpy.zeros(4_000_000)).any()
    (span,) = captured_traces[0].data.spans
    assert (span.inputs, span.outputs) == ("<withheld: the capture function raised ValueError>", [4_000_000])


@pytest.mark.parametrize("make", [lambda: (n for n in range(3)), lambda: map(int, "012"), lambda: iter([0, 1, 2])])
def test_an_iterator_is_never_consumed(captured_traces: CapturedTraces, make: Callable[[], Iterator[int]]) -> None:
    @trace(capture_inputs=lambda inputs: list(inputs["items"]), capture_outputs=list)
    def same(items: Iterator[int]) -> Iterator[int]:
        return items

    assert list(same(make())) == [0, 1, 2]
    (span,) = captured_traces[0].data.spans
    assert span.inputs == span.outputs == "<withheld: the capture function raised TypeError>"


def test_an_iterator_is_recorded_as_its_description(captured_traces: CapturedTraces) -> None:
    @trace(capture_inputs=lambda inputs: inputs)
    def first(items: Iterator[int]) -> int:
        return next(items)

    assert first(n for n in range(3)) == 0
    assert "generator" in captured_traces[0].data.spans[0].inputs["items"]


class Closes:
    def __init__(self) -> None:
        self.closed: list[str] = []

    def __del__(self) -> None:
        self.closed.append("closed")


class Color(enum.Enum):
    RED = [1]  # noqa: RUF012 - a member with a value that can change


@pytest.mark.parametrize(
    "make", [Closes, lambda: Color.RED, object, lambda: len, lambda: ValueError([1]), logging.Logger]
)
def test_an_object_that_must_be_unique_is_passed_as_it_is(make: Callable[..., Any]) -> None:
    seen = []

    @trace(capture_inputs=lambda inputs: seen.append(inputs["nested"][0]))
    def call(nested: list[Any]) -> None:
        return None

    value = make("name") if make is logging.Logger else make()
    with ace_tracing.testing.capture_traces():
        call([value])
    assert seen[0] is value


def test_no_code_of_the_user_s_classes_runs_for_a_copy(captured_traces: CapturedTraces) -> None:
    class Hostile:
        def __init__(self) -> None:
            self.text = "kept"

        def fail(self, *_: Any) -> Any:
            raise AssertionError

        __deepcopy__ = __copy__ = __reduce_ex__ = __getstate__ = __setattr__ = __eq__ = fail

    hostile = object.__new__(Hostile)
    hostile.__dict__["text"] = "kept"

    @trace(capture_outputs=lambda result: result.text)
    def same() -> Any:
        return hostile

    assert same() is hostile
    assert captured_traces[0].data.spans[0].outputs == "kept"


def test_a_value_that_contains_itself_is_copied(captured_traces: CapturedTraces) -> None:
    loop: list[Any] = [1]
    loop.append(loop)
    node = Plain([])
    node.tags.append(node)  # type: ignore[arg-type]

    @trace(capture_outputs=lambda result: [result[0][1] is result[0], result[1].tags[0] is result[1]])
    def same() -> Any:
        return loop, node

    assert same() == (loop, node)
    assert captured_traces[0].data.spans[0].outputs == [True, True]


def test_an_object_with_thousands_of_others_is_passed_as_it_is(captured_traces: CapturedTraces) -> None:
    client = Plain([Plain(["x"]) for _ in range(3_000)])  # type: ignore[arg-type]

    @trace(capture_inputs=lambda inputs: [inputs["client"] is client, inputs["query"].append("x")])
    def search(client: Plain, query: list[str]) -> list[str]:
        return query

    assert search(client, []) == []
    assert captured_traces[0].data.spans[0].inputs[0] is True


def test_a_value_that_is_nested_too_deeply_is_withheld(
    captured_traces: CapturedTraces, caplog: pytest.LogCaptureFixture
) -> None:
    ace_tracing.diagnostics._last_warned.clear()
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]

    @trace(capture_inputs=len)
    def call(deep: Any) -> int:
        return 1

    assert call(deep) == 1
    assert captured_traces[0].data.spans[0].inputs.startswith("<withheld: it could not be copied")
    assert "RecursionError" in caplog.text
    while deep:
        deep = deep.pop()


@pytest.mark.parametrize("kind", [ValueError, SystemExit, GeneratorExit, asyncio.CancelledError])
def test_a_capture_function_that_raises_anything_changes_nothing(
    captured_traces: CapturedTraces, kind: type[BaseException]
) -> None:
    def refuse(_: Any) -> Any:
        raise kind("hunter2")

    @trace(capture_inputs=refuse, capture_outputs=refuse)
    def call(text: str) -> str:
        return text

    assert call("hunter2") == "hunter2"
    assert "hunter2" not in str(captured_traces[0].to_dict())


# Streams -------------------------------------------------------------------------------------------------------------


def edit(items: list[Any]) -> Any:
    for item in items:
        item.clear()
    return "edited"


@pytest.mark.parametrize("settings", [{"reducer": edit}, {"capture_outputs": edit}])
def test_functions_of_a_stream_get_copies_of_its_items(captured_traces: CapturedTraces, settings: Any) -> None:
    @trace(**settings)
    def stream() -> Iterator[list[int]]:
        yield from ([1], [2])

    @trace(**settings)
    async def async_stream() -> AsyncIterator[list[int]]:
        yield [1]
        yield [2]

    async def read() -> list[list[int]]:
        return [item async for item in async_stream()]

    assert list(stream()) == asyncio.run(read()) == [[1], [2]]
    assert [one.data.spans[0].outputs for one in captured_traces] == ["edited", "edited"]


def test_a_reducer_gets_the_items_of_a_returned_stream_as_they_were(captured_traces: CapturedTraces) -> None:
    @trace(reducer=lambda items: items)
    def stream() -> Iterator[dict[str, int]]:
        shared = {"n": 0}

        def items() -> Iterator[dict[str, int]]:
            for n in range(3):
                shared["n"] = n
                yield shared

        return items()

    assert len(list(stream())) == 3
    assert captured_traces[0].data.spans[0].outputs == [{"n": 0}, {"n": 1}, {"n": 2}]


# Errors at decoration ------------------------------------------------------------------------------------------------


def function(query: str, *, limit: int = 3) -> str:
    return query * limit


async def async_capture(value: Any) -> Any:
    return value


def generator_capture(value: Any) -> Iterator[Any]:
    yield value


@pytest.mark.parametrize(
    "settings",
    [
        *({"name": 7}, {"span_type": 3}, {"span_type": None}, {"attributes": []}, {"attributes": "a"}, {"agent": b"a"}),
        *({"capture_inputs": value} for value in (5, None, 1.5, [1], ["query", None], b"query", object())),
        *({"capture_inputs": value} for value in (["typo"], "typo", "", ("query", "typo"), ["self"])),
        *({"capture_outputs": value} for value in (5, None, "query", ["query"], async_capture, generator_capture)),
        *({"capture_inputs": value} for value in (async_capture, generator_capture)),
        *({"reducer": value} for value in (True, 5, "x", [], async_capture)),
    ],
    ids=name_case,
)
def test_a_wrong_argument_is_an_error_at_decoration(settings: dict[str, Any]) -> None:
    with pytest.raises(ace_tracing.ConfigurationError) as raised:
        trace(**settings)(function)
    assert isinstance(raised.value, TypeError)
    assert next(iter(settings)) in str(raised.value)


def test_the_error_names_the_parameters() -> None:
    with pytest.raises(ace_tracing.ConfigurationError, match=r"'typo'.*function.*'query', 'limit'"):
        trace(capture_inputs=["query", "typo"])(function)


@pytest.mark.parametrize(
    ("names", "inputs"),
    [
        ("query", {"query": "a"}),
        (["limit"], {"limit": 3}),
        ((name for name in ("query", "limit")), {"query": "a", "limit": 3}),
        ([], {}),
        ({"query": 1}, {"query": "a"}),
    ],
)
def test_names_select_parameters(captured_traces: CapturedTraces, names: Any, inputs: dict[str, Any]) -> None:
    trace(capture_inputs=names)(function)("a")
    assert captured_traces[0].data.spans[0].inputs == inputs


def test_names_select_among_keyword_arguments(captured_traces: CapturedTraces) -> None:
    @trace(capture_inputs=["model"])
    def call(prompt: str, **options: Any) -> None:
        return None

    call("p", model="m", api_key="secret")
    call("p")
    assert [one.data.spans[0].inputs for one in captured_traces] == [{"options": {"model": "m"}}, {}]


def test_a_name_need_be_a_parameter_of_one_method_of_a_class(captured_traces: CapturedTraces) -> None:
    @trace(capture_inputs=(name for name in ("query",)))
    class Agent:
        def search(self, query: str, key: str) -> str:
            return query

        @staticmethod
        def other(key: str) -> str:
            return key

        @classmethod
        def third(cls, query: str) -> str:
            return query

    Agent().search("q", "secret")
    Agent.other("secret")
    Agent.third("q")
    assert [one.data.spans[0].inputs for one in captured_traces] == [{"query": "q"}, {}, {"query": "q"}]
    with pytest.raises(ace_tracing.ConfigurationError, match="typo"):
        trace(capture_inputs=["typo"])(Agent)


def test_descriptors_are_checked_too() -> None:
    check = trace(capture_inputs=["typo"])
    for target in (staticmethod(function), classmethod(function), property(len), cached_property(lambda self: self)):
        with pytest.raises(ace_tracing.ConfigurationError, match="typo"):
            check(target)


def test_an_argument_is_checked_while_tracing_is_disabled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAYBA_TRACING_DISABLED", "1")
    with pytest.raises(ace_tracing.ConfigurationError):
        trace(name=7)  # type: ignore[call-overload]
