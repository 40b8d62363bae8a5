"""Captured values in a span: any value becomes bounded JSON, nothing raises and nothing is consumed."""

from __future__ import annotations

import dataclasses
import datetime
import decimal
import enum
import threading
import uuid
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath
from typing import Any

import attrs
import pydantic
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ace_tracing import Trace, start_span, trace, update_current_trace
from kayba_local import LocalServer


def captured(value: Any) -> Any:
    """Return the value as a span records it."""
    with start_span("value") as span:
        span.set_inputs(value)
        return span.inputs


class Colour(enum.Enum):
    RED = "red"


@dataclasses.dataclass
class Point:
    x: int
    label: object


@attrs.define
class Size:
    width: int


class Model(pydantic.BaseModel):
    name: str
    tags: list[str]


class Angry:
    def __repr__(self) -> str:
        raise RuntimeError("no")


class AngryProperty(pydantic.BaseModel):
    name: str

    def __getattribute__(self, key: str) -> Any:
        if key == "name":
            raise SystemExit("no")
        return super().__getattribute__(key)


class Quiet: ...


class Loud:
    def __init__(self) -> None:
        self.title = "an object with a repr"
        self.parts = [1, 2, 3]
        self.api_key = "secret"
        self._cache = 7

    def __repr__(self) -> str:
        raise AssertionError("user code ran")


def a_function() -> None: ...


CYCLE: list[Any] = [1]
CYCLE.append(CYCLE)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(float("nan"), None, id="nan"),
        pytest.param(2**70, str(2**70), id="big int"),
        pytest.param(10**5000, "<int: 16610 bits>", id="huge int"),
        pytest.param("a\ud800b", "a\\ud800b", id="lone surrogate"),
        pytest.param(Colour.RED, "red", id="enum"),
        pytest.param(Point(1, {Colour.RED}), {"x": 1, "label": ["red"]}, id="dataclass"),
        pytest.param(Size(3), {"width": 3}, id="attrs"),
        pytest.param(Model(name="m", tags=["t"]), {"name": "m", "tags": ["t"]}, id="pydantic"),
        pytest.param(datetime.date(2026, 1, 2), "2026-01-02", id="date"),
        pytest.param(datetime.timedelta(seconds=90), "0:01:30", id="timedelta"),
        pytest.param(uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001", id="uuid"),
        pytest.param(decimal.Decimal("1.10"), "1.10", id="decimal"),
        pytest.param(PurePosixPath("/etc/hosts"), "/etc/hosts", id="path"),
        pytest.param(b"\x00" * 12, "<bytes: 12 bytes>", id="bytes"),
        pytest.param(ValueError("bad"), "ValueError: bad", id="exception"),
        pytest.param({1: "a", None: "b", (2, 3): "c"}, {"1": "a", "None": "b", "[2,3]": "c"}, id="odd keys"),
        pytest.param({1: "a", "1": "b"}, {"1": "a", "1 #2": "b"}, id="keys with the same text"),
        pytest.param(OrderedDict(a=1), {"a": 1}, id="dict subclass"),
        pytest.param(deque([1, 2]), [1, 2], id="deque"),
        pytest.param(frozenset([7]), [7], id="frozenset"),
        pytest.param(a_function, "<function a_function>", id="function"),
        pytest.param(OrderedDict, "<class collections.OrderedDict>", id="class"),
        pytest.param(CYCLE, [1, "<list: contains itself>"], id="cycle"),
    ],
)
def test_value_is_captured_as_expected_json(tracing: LocalServer, value: Any, expected: Any) -> None:
    assert captured(value) == expected


def test_unencodable_value_is_captured_as_a_placeholder(tracing: LocalServer) -> None:
    assert captured(Quiet()).endswith("Quiet object>")
    assert captured(Angry()).endswith("Angry object>")
    assert captured(AngryProperty(name="x")) == {"name": "x"}
    lock = threading.Lock()
    assert "lock" in captured(lock)
    assert captured([lock, 1]) == [captured(lock), 1]


def test_object_with_a_repr_shows_public_numbers_and_strings(tracing: LocalServer) -> None:
    kept = captured(Loud())
    assert kept.pop("<type>").endswith("Loud")
    assert kept == {"title": "an object with a repr"}


def test_generator_is_not_consumed(tracing: LocalServer, last_trace: Callable[[], Trace]) -> None:
    @trace
    def count(numbers: Iterator[int]) -> Iterator[int]:
        return numbers

    numbers = count(n for n in range(3))
    assert list(numbers) == [0, 1, 2]
    root = last_trace().root
    assert root is not None
    assert root.outputs.startswith("<generator ")


def test_changes_after_the_call_do_not_reach_the_trace(tracing: LocalServer, last_trace: Callable[[], Trace]) -> None:
    @trace
    def extend(items: list[int]) -> list[int]:
        items.append(2)
        return items

    result = extend([1])
    result.append(3)
    root = last_trace().root
    assert root is not None
    assert (root.inputs, root.outputs) == ({"items": [1]}, [1, 2])


def test_nesting_depth_is_bounded(tracing: LocalServer) -> None:
    deep: list[Any] = []
    for _ in range(5_000):
        deep = [deep]
    kept = captured(deep)
    depth = 0
    while isinstance(kept, list):
        kept, depth = kept[0], depth + 1
    assert 10 < depth < 100
    assert "nested deeper" in kept


def test_length_is_bounded_and_the_cut_is_noted(tracing: LocalServer) -> None:
    text = captured("x" * 10_000_000)
    assert len(text) < 1_100_000
    assert text.endswith("more of 10000000 characters>")

    items = captured([object()] * 50_000)
    assert items[9_999:] == ["<object object>", "<cut: 40000 more of 50000 items>"]

    mapping = captured({number: object() for number in range(50_000)})
    assert mapping["<cut>"] == "40000 more of 50000 items"


JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda children: (
        st.lists(children, max_size=5) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), children)
    ),
    max_leaves=20,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None)
@given(JSON_VALUES)
def test_json_is_captured_unchanged(tracing: LocalServer, value: Any) -> None:
    assert captured(value) == value


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None, max_examples=30
)
@given(st.lists(JSON_VALUES, min_size=1, max_size=4))
def test_json_is_unchanged_after_a_round_trip_to_the_server(
    tracing: LocalServer, last_trace: Callable[[], Trace], values: list[Any]
) -> None:
    with start_span("round trip", attributes={"first": values[0]}) as span:
        span.set_inputs({"values": values})
        span.set_outputs(values[-1])
    root = last_trace().root
    assert root is not None
    assert root.inputs == {"values": values}
    assert root.outputs == values[-1]
    assert root.attributes["first"] == values[0]


HOSTILE: dict[str, Any] = {
    "quiet": Quiet(),
    "angry": Angry(),
    "angry property": AngryProperty(name="x"),
    "bytes": b"x",
    "set": {1, 2},
    "big": 2**80,
    "inf": float("inf"),
    "surrogate": "\udfff",
    "function": a_function,
    "cycle": CYCLE,
}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None)
@given(
    st.recursive(
        # By name: hypothesis prints the drawn values, and some of these cannot be printed.
        st.sampled_from(sorted(HOSTILE)),
        lambda children: st.lists(children) | st.dictionaries(st.integers(), children) | st.tuples(children),
        max_leaves=10,
    )
)
def test_no_mixture_of_hostile_values_raises(tracing: LocalServer, names: Any) -> None:
    @trace
    def identity(given_: Any) -> Any:
        return given_

    value = replace_names(names)
    assert identity(value) is value


def replace_names(drawn: Any) -> Any:
    """Return the drawn structure with the hostile values in place of their names."""
    match drawn:
        case str():
            return HOSTILE[drawn]
        case dict():
            return {key: replace_names(item) for key, item in drawn.items()}
        case _:
            return type(drawn)(map(replace_names, drawn))


def test_span_with_lone_surrogates_is_delivered(tracing: LocalServer, last_trace: Callable[[], Trace]) -> None:
    bad = "a\udcff"
    with start_span(bad, span_type=bad, attributes={bad: bad}) as span:
        update_current_trace(tags={bad: bad})
        span.add_event(bad, {bad: bad})
        span.record_exception(OSError(bad))
    root = last_trace().root
    assert root is not None
    assert (root.name, root.attributes["a\\udcff"]) == ("a\\udcff", "a\\udcff")
    assert root.events[-1].attributes["exception.message"] == "a\\udcff"


def test_event_attributes_can_be_any_value(tracing: LocalServer, last_trace: Callable[[], Trace]) -> None:
    attributes = {"list": [1, "2", None, 2**70], "dict": {"a": [1.5, True]}, "text": "[1]", "none": None}
    with start_span("root") as span:
        span.add_event("event", attributes)
    root = last_trace().root
    assert root is not None
    assert root.events[0].attributes == attributes | {"list": [1, "2", None, str(2**70)]}


def test_attribute_of_the_wrong_type_is_kept_under_another_key(
    tracing: LocalServer, last_trace: Callable[[], Trace]
) -> None:
    with start_span("root", attributes={"mlflow.llm.cost": "much", "session.id": "s" * 300}):
        pass
    read = last_trace()
    assert read.root is not None
    assert read.root.attributes["not_taken.mlflow.llm.cost"] == "much"
    assert read.info.trace_metadata["mlflow.trace.session"] == "s" * 250
