"""Arguments of wrong types and classes that refuse changes: the traced code runs, and no trace is lost."""

from __future__ import annotations

import contextlib
import datetime
import enum
import xmlrpc.client
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple

import pytest

import ace_tracing
from ace_tracing import LiveSpan, start_span, start_span_no_context, trace, update_current_trace
from ace_tracing.testing import CapturedTraces


class Hostile:
    """An object whose special methods raise."""

    __hash__ = None  # type: ignore[assignment]

    def __str__(self) -> str:
        raise RuntimeError("str")

    __repr__ = __str__

    def __bool__(self) -> bool:
        raise RuntimeError("bool")

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("eq")


class HostileText(str):
    """Text whose methods raise."""

    __slots__ = ()

    def __str__(self) -> str:
        raise RuntimeError("str")

    def __bool__(self) -> bool:
        raise RuntimeError("bool")

    def __hash__(self) -> int:
        raise RuntimeError("hash")

    def __getitem__(self, key: object) -> str:
        raise RuntimeError("getitem")

    def upper(self) -> str:
        raise RuntimeError("upper")

    strip = encode = upper  # type: ignore[assignment]


class HostileMapping(Mapping[str, Any]):
    """A mapping that cannot be read."""

    def __getitem__(self, key: str) -> Any:
        raise RuntimeError("item")

    def __iter__(self) -> Iterator[str]:
        raise RuntimeError("iter")

    def __len__(self) -> int:
        raise RuntimeError("len")


class Color(enum.Enum):
    RED = 1


VALUES: Final[list[Any]] = [
    ("t",),
    ("t", "u"),
    [],
    ["x"],
    {},
    {"a": 1},
    {1: Hostile()},
    5,
    10**5_000,
    1.5,
    float("nan"),
    True,
    b"x",
    "",
    " ",
    "\ud800",
    "\x00",
    "x" * 100_000,
    object(),
    Color.RED,
    Color,
    Hostile(),
    HostileText("h"),
    HostileMapping(),
    {1},
    None,
    ...,
]


def use_block(argument: str, value: Any) -> None:
    with start_span(**{"name": "n", argument: value}):
        pass


def use_decorated_block(argument: str, value: Any) -> None:
    start_span(**{"name": "n", argument: value})(lambda: None)()


def use_span_by_hand(argument: str, value: Any) -> None:
    start_span_no_context(**{"name": "n", argument: value}).end()


def use_update(argument: str, value: Any) -> None:
    with start_span("n"):
        update_current_trace(**{argument: value})


def use_folder(_argument: str, value: Any) -> None:
    with ace_tracing.folder(value), start_span("n"):
        pass


def use_session(argument: str, value: Any) -> None:
    with ace_tracing.session(**{argument: value}), start_span("n"):
        pass


def use_span(call: Callable[[LiveSpan, Any], object]) -> Callable[[str, Any], None]:
    def use(_argument: str, value: Any) -> None:
        with start_span("n") as span:
            assert isinstance(span, LiveSpan)
            call(span, value)

    return use


CALLS: Final[dict[str, Callable[[str, Any], None]]] = {
    **{f"start_span {argument}": use_block for argument in ("span_type", "attributes", "agent")},
    **{f"@start_span {argument}": use_decorated_block for argument in ("span_type", "attributes", "agent")},
    **{f"by hand {argument}": use_span_by_hand for argument in ("name", "span_type", "attributes", "agent", "parent")},
    **{f"update {argument}": use_update for argument in ("name", "tags", "metadata", "session_id", "user_id")},
    "folder name": use_folder,
    **{f"session {argument}": use_session for argument in ("session_id", "user_id")},
    "attribute key": use_span(lambda span, value: span.set_attribute(value, 1)),
    "attribute value": use_span(lambda span, value: span.set_attribute("key", value)),
    "attribute read": use_span(lambda span, value: span.get_attribute(value)),
    "attributes": use_span(lambda span, value: span.set_attributes(value)),
    "inputs": use_span(lambda span, value: span.set_inputs(value)),
    "outputs": use_span(lambda span, value: span.set_outputs(value)),
    "type": use_span(lambda span, value: span.set_span_type(value)),
    "status": use_span(lambda span, value: span.set_status(value, value)),
    "description": use_span(lambda span, value: span.set_status("ERROR", value)),
    "exception": use_span(lambda span, value: span.record_exception(value)),
    "event name": use_span(lambda span, value: span.add_event(value)),
    "event attributes": use_span(lambda span, value: span.add_event("event", value)),
    "link trace": use_span(lambda span, value: span.add_link(value, "1" * 16)),
    "link span": use_span(lambda span, value: span.add_link("1" * 32, value)),
    "link attributes": use_span(lambda span, value: span.add_link("1" * 32, "1" * 16, value)),
    "tokens": use_span(lambda span, value: span.set_token_usage(input_tokens=value, total_tokens=value, model=value)),
    "cost": use_span(lambda span, value: span.set_cost(input_cost=value, total_cost=value)),
}


@pytest.mark.parametrize("call", CALLS)
def test_wrong_argument_neither_raises_nor_loses_the_trace(call: str, captured_traces: CapturedTraces) -> None:
    for value in VALUES:
        CALLS[call](call.rpartition(" ")[2], value)
    assert len(captured_traces) == len(VALUES)


def test_start_span_takes_the_text_of_any_name(captured_traces: CapturedTraces) -> None:
    values = [value for value in VALUES if not callable(value)]
    for value in values:
        with start_span(value):
            pass
    assert len(captured_traces) == len(values)
    assert captured_traces[0].info.name == "('t',)"


@pytest.mark.parametrize("argument", ["name", "span_type", "attributes", "agent"])
def test_trace_decorates_or_raises_a_configuration_error(argument: str, captured_traces: CapturedTraces) -> None:
    decorated = 0
    for value in VALUES:
        with contextlib.suppress(ace_tracing.ConfigurationError):
            function = trace(**{argument: value})(lambda: 1)
            decorated += 1
            assert function() == 1
    assert len(captured_traces) == decorated > 1


class Frozen(type):
    def __setattr__(cls, name: str, value: object) -> None:
        raise AttributeError(f"{cls.__name__} is frozen")


class FrozenClass(metaclass=Frozen):
    def run(self) -> int:
        return 1


class NoDict(type):
    @property
    def __dict__(cls) -> Any:  # type: ignore[override]
        raise RuntimeError("no dict")


class NoDictClass(metaclass=NoDict):
    def run(self) -> int:
        return 1


@pytest.mark.parametrize("target", [int, dict, datetime.datetime, FrozenClass, NoDictClass])
def test_class_that_refuses_changes_is_returned_with_a_warning(target: Any, caplog: pytest.LogCaptureFixture) -> None:
    ace_tracing.diagnostics._last_warned.clear()
    assert trace(target) is target
    (record,) = caplog.records
    assert "cannot be replaced and are not traced" in record.getMessage()
    assert target.__name__ in record.getMessage()


def test_methods_of_enumerations_and_named_tuples_are_traced(captured_traces: CapturedTraces) -> None:
    @trace
    class Size(enum.Enum):
        SMALL = 1

        def double(self) -> int:
            return self.value * 2

    @trace
    class Point(NamedTuple):
        x: int

        def move(self) -> Point:
            return Point(self.x + 1)

    assert Size.SMALL.double() == 2
    assert Point(1).move() == (2,)
    assert [one.info.name for one in captured_traces] == ["double", "move"]


class AnyAttribute:
    """A callable object that returns an object for any attribute, like a method of `xmlrpc.client`."""

    def __getattr__(self, name: str) -> AnyAttribute:
        return AnyAttribute()

    def __call__(self) -> int:
        return 1


class WrongMetadata:
    """A callable object whose name and documentation are no text."""

    __name__ = 5
    __doc__ = 7  # type: ignore[assignment]

    @property
    def __signature__(self) -> Any:
        raise RuntimeError("signature")

    def __call__(self) -> int:
        return 1


@pytest.mark.parametrize("target", [AnyAttribute(), WrongMetadata()])
def test_callable_with_odd_attributes_is_traced(target: Any, captured_traces: CapturedTraces) -> None:
    assert trace(target)() == 1
    assert len(captured_traces) == 1


def test_method_of_a_remote_server_is_decorated() -> None:
    assert callable(trace(xmlrpc.client.ServerProxy("http://127.0.0.1:9").add))
