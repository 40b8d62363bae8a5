"""`@trace` with other decorators, in class bodies and under introspection: plain behaviour is unchanged."""

from __future__ import annotations

import abc
import asyncio
import contextlib
import copy
import dataclasses
import functools
import inspect
import logging
import pickle
import sys
import traceback
import typing
import warnings
import weakref
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, Protocol, TypeVar

import pytest

from ace_tracing import Trace, trace

F = TypeVar("F", bound=Callable[..., Any])
LastTrace = Callable[[], Trace]


class Decorate(Protocol):
    """A decorator that keeps the function's type."""

    def __call__(self, function: F, /) -> F: ...


@pytest.fixture(params=["plain", "traced"])
def maybe(request: pytest.FixtureRequest) -> Decorate:
    """Return `trace` or a decorator that does nothing; a test must pass with both."""
    if request.param == "plain":
        return lambda function: function
    request.getfixturevalue("tracing")
    return trace


# Other decorators ---------------------------------------------------------------------------------------------------


@pytest.mark.covers("Shapes", "`singledispatch`, either order of decorators")
@pytest.mark.parametrize("order", ["above", "below"])
def test_singledispatch_dispatches_by_type(maybe: Decorate, order: str) -> None:
    def kind(value: object) -> str:
        return "any"

    def kind_of_int(value: int) -> str:
        return "int"

    if order == "above":
        dispatching = maybe(functools.singledispatch(kind))
        dispatching.register(int)(kind_of_int)
    else:
        dispatching = functools.singledispatch(maybe(kind))
        dispatching.register(int)(maybe(kind_of_int))
    assert (dispatching(1), dispatching("x")) == ("int", "any")
    assert dispatching.dispatch(bool)(True) == "int"


@pytest.mark.covers("Shapes", "Cached function, either order of decorators")
@pytest.mark.parametrize("order", ["above", "below"])
def test_cached_function_keeps_its_cache_methods(maybe: Decorate, order: str) -> None:
    calls = []

    def square(n: int) -> int:
        calls.append(n)
        return n * n

    cached = maybe(functools.lru_cache(square)) if order == "above" else functools.lru_cache(maybe(square))
    assert [cached(3), cached(3)] == [9, 9]
    assert (cached.cache_info().hits, cached.cache_parameters()["maxsize"]) == (1, 128)
    cached.cache_clear()
    assert (cached(3), calls) == (9, [3, 3])


@pytest.mark.covers("Shapes", "Property, either order of decorators")
@pytest.mark.parametrize("order", ["above", "below"])
def test_property_is_traced_and_keeps_its_docstring(last_trace: LastTrace, order: str) -> None:
    def get(self: Any) -> int:
        """The limit."""
        return int(self.__dict__["limit"])

    def put(self: Any, value: int) -> None:
        self.__dict__["limit"] = value

    class Agent:
        limit = trace(property(get, put)) if order == "above" else property(trace(get), trace(put))
        cached = trace(functools.cached_property(get)) if order == "above" else functools.cached_property(trace(get))

    agent = Agent()
    agent.limit = 3
    assert (agent.limit, agent.cached, agent.__dict__["cached"]) == (3, 3, 3)
    root = last_trace().root
    assert root is not None
    assert (root.name, root.outputs) == ("get", 3)
    assert Agent.limit.__doc__ == Agent.cached.__doc__ == "The limit."


def test_descriptor_that_is_not_callable_is_returned_unchanged_with_a_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING):

        class Agent:
            @trace  # type: ignore[call-overload]
            @functools.singledispatchmethod
            def kind(self, value: object) -> str:
                return "any"

    assert "@trace needs a callable and got a singledispatchmethod, which is returned unchanged" in caplog.text
    assert Agent().kind(1) == "any"


@pytest.mark.covers("Shapes", "Context manager, either order of decorators")
@pytest.mark.parametrize("order", ["above", "below"])
def test_context_manager_behaves_like_the_plain_one(maybe: Decorate, order: str) -> None:
    seen: list[object] = []

    def block(name: str) -> Iterator[str]:
        try:
            yield name.upper()
        except KeyError as error:
            seen.append(error)
        finally:
            seen.append("clean-up")

    async def ablock(name: str) -> AsyncIterator[str]:
        for item in block(name):
            yield item

    if order == "above":
        manager = maybe(contextlib.contextmanager(block))
        amanager = maybe(contextlib.asynccontextmanager(ablock))
    else:
        manager = contextlib.contextmanager(maybe(block))
        amanager = contextlib.asynccontextmanager(maybe(ablock))

    thrown = KeyError("k")
    with manager("a") as entered:
        assert entered == "A"
        raise thrown
    assert seen == [thrown, "clean-up"]
    with pytest.raises(StopIteration), manager("a"):
        raise StopIteration

    @manager("b")
    def decorated() -> int:
        return 3

    assert decorated() == 3

    async def main() -> str:
        async with amanager("c") as entered:
            return str(entered)

    assert asyncio.run(main()) == "C"


# In class bodies ----------------------------------------------------------------------------------------------------


@pytest.mark.covers("Shapes", "Abstract method")
def test_abstract_methods_stay_abstract(maybe: Decorate) -> None:
    class Base(abc.ABC):
        @maybe
        @abc.abstractmethod
        def above(self) -> str: ...

        @abc.abstractmethod
        @maybe
        def below(self) -> str: ...

    assert Base.__abstractmethods__ == {"above", "below"}
    with pytest.raises(TypeError, match="abstract"):
        Base()  # type: ignore[abstract]


@pytest.mark.covers("Shapes", "Class: inheritance, `super`, slots, mangled names")
def test_inheritance_super_slots_and_mangled_names_work(maybe: Decorate) -> None:
    class Base:
        __slots__ = ("__secret", "_x")

        @maybe
        def __init__(self, x: int) -> None:
            self._x = x
            self.__secret = 2 * x

        @maybe
        def value(self) -> int:
            return self.__twice() + self._x

        @maybe
        def __twice(self) -> int:
            return self.__secret

        @classmethod
        @maybe
        def make(cls, x: int) -> Base:
            return cls(x)

        @maybe
        def __eq__(self, other: object) -> bool:
            return isinstance(other, Base) and self._x == other._x

        @maybe
        def __hash__(self) -> int:
            return hash(self._x)

    class Child(Base):
        __slots__ = ()

        @maybe
        def value(self) -> int:
            return super().value() + 100

    child = Child.make(1)
    assert type(child) is Child
    assert child.value() == 103
    assert {child, Child(1), Base(2)} == {child, Base(2)}
    with pytest.raises(AttributeError):
        child.other = 1  # type: ignore[attr-defined]


@pytest.mark.covers("Shapes", "Dataclass")
def test_dataclass_methods_work(maybe: Decorate) -> None:
    @dataclasses.dataclass(order=True)
    class Point:
        x: int
        y: int = 2

        @maybe
        def __post_init__(self) -> None:
            self.y += 1

        @maybe
        def total(self) -> int:
            return self.x + self.y

    assert Point(1).total() == 4
    assert (repr(Point(1)).endswith("Point(x=1, y=3)"), Point(1) < Point(2)) == (True, True)
    assert dataclasses.replace(Point(1), x=5) == Point(5, 3)


@pytest.mark.covers("Shapes", "Class: its data")
def test_traced_class_keeps_its_data() -> None:
    class Client:
        base_url = "https://example.com"

        def __call__(self, text: str) -> str:
            return text.upper()

    client = Client()
    three: Any = functools.partial(max, 3)

    @trace
    class Agent:
        call = client
        largest = three if sys.version_info < (3, 14) else staticmethod(three)
        size = len

        @functools.lru_cache  # noqa: B019 - the subject of the test
        def cached(self) -> int:
            return 3

        @property
        def limit(self) -> int:
            return 7

    agent = Agent()
    assert agent.call is client
    with warnings.catch_warnings():
        # 3.13 warns that partials bind from 3.14 on.
        warnings.simplefilter("ignore", FutureWarning)
        assert agent.largest(1) == 3
    assert (agent.call("a"), agent.size([1])) == ("A", 1)  # type: ignore[call-arg]
    assert (agent.cached(), Agent.cached.cache_info().misses, agent.limit) == (3, 1, 7)


# Under introspection ------------------------------------------------------------------------------------------------


def documented(first: int, /, second: list[str], *rest: float, key: bool = True, **more: Any) -> str | None:
    """A docstring."""
    return None


@trace
def picklable(x: int) -> int:
    return x


class Pickled:
    @trace
    def method(self) -> str:
        return "bound"

    @classmethod
    @trace
    def of_class(cls) -> str:
        return cls.__name__


@pytest.mark.covers("Shapes", "Signature, docstring, `inspect`")
def test_introspection_reports_the_original_function() -> None:
    traced = trace(documented)
    assert inspect.signature(traced) == inspect.signature(documented)
    assert inspect.unwrap(traced) is documented
    assert inspect.getsource(traced) == inspect.getsource(documented)
    assert inspect.getdoc(traced) == "A docstring."
    assert typing.get_type_hints(traced) == typing.get_type_hints(documented)
    for name in ("__name__", "__qualname__", "__module__", "__doc__", "__annotations__"):
        assert getattr(traced, name) == getattr(documented, name)


@pytest.mark.covers("Shapes", "Pickle, copy, weak reference")
def test_traced_functions_support_pickle_copy_and_weakref() -> None:
    assert pickle.loads(pickle.dumps(Pickled().method))() == "bound"
    assert pickle.loads(pickle.dumps(Pickled.of_class))() == "Pickled"
    assert pickle.loads(pickle.dumps(picklable)) is picklable
    assert copy.copy(picklable) is copy.deepcopy(picklable) is picklable
    assert weakref.ref(picklable)() is picklable
    assert Pickled.method == Pickled.method
    pickled = Pickled()
    assert (pickled.method == pickled.method, hash(pickled.method)) == (True, hash(pickled.method))


@typing.overload
def overloaded(x: int) -> int: ...
@typing.overload
def overloaded(x: str) -> str: ...
@trace
def overloaded(x: Any) -> Any:
    return x


@pytest.mark.covers("Shapes", "Overloaded function")
def test_get_overloads_finds_the_overloads() -> None:
    assert len(typing.get_overloads(overloaded)) == 2
    assert overloaded(1) == 1


# Exceptions ---------------------------------------------------------------------------------------------------------


class PickyError(Exception):
    __slots__ = ("code",)

    def __init__(self, code: int, *, detail: str) -> None:
        self.code = code


class UnprintableError(Exception):
    def __str__(self) -> str:
        raise SystemExit("from __str__")


class NoTextError(Exception):
    def __str__(self) -> str:
        return 5  # type: ignore[return-value]


def failures() -> dict[str, BaseException]:
    return {
        "picky": PickyError(3, detail="d"),
        "unprintable": UnprintableError(),
        "no text": NoTextError(),
        "group": ExceptionGroup("several", [ValueError("a"), ExceptionGroup("inner", [KeyError("b")])]),
        "interrupt": KeyboardInterrupt(),
        "exit": SystemExit(3),
    }


@pytest.mark.covers("Endings", "Exception")
@pytest.mark.covers("Endings", "Exception group")
@pytest.mark.covers("Endings", "Exception that cannot be printed")
@pytest.mark.parametrize("name", list(failures()))
@pytest.mark.parametrize("chain", ["none", "from", "context", "from None"])
def test_exception_is_the_same_object_with_the_same_chain(maybe: Decorate, name: str, chain: str) -> None:
    error, other = failures()[name], LookupError("before")

    @maybe
    def fail() -> None:
        if chain == "none":
            raise error
        try:
            raise other
        except LookupError:
            if chain == "context":
                raise error  # noqa: B904 - the subject of the test
            raise error from (other if chain == "from" else None)

    with pytest.raises(type(error)) as caught:
        fail()
    assert caught.value is error
    assert error.__cause__ is (other if chain == "from" else None)
    assert error.__context__ is (None if chain == "none" else other)
    assert error.__suppress_context__ == chain.startswith("from")
    assert not hasattr(error, "__notes__")
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == __file__]
    assert [frame.name for frame in frames] == [
        "test_exception_is_the_same_object_with_the_same_chain",
        "fail",
    ]


@pytest.mark.covers("Endings", "Exception group")
def test_exception_group_reaches_its_handlers(maybe: Decorate) -> None:
    @maybe
    def several() -> None:
        raise ExceptionGroup("several", [ValueError("a"), KeyError("b")])

    handled: list[type] = []
    try:
        several()
    except* ValueError as group:
        handled.append(type(group.exceptions[0]))
    except* KeyError as group:
        handled.append(type(group.exceptions[0]))
    assert handled == [ValueError, KeyError]
