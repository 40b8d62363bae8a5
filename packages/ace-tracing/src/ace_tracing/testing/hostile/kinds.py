"""Classes of hostile values: their methods raise, never return, or return wrong results."""

from __future__ import annotations

import datetime
import enum
import types
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, NoReturn


class Refusal(BaseException):
    """The error that hostile methods raise. It is not an `Exception`, so that `except Exception` does not catch it."""


def refuse(*_arguments: object, **_keywords: object) -> NoReturn:
    """Raise `Refusal`, as the body of any method of a hostile class."""
    raise Refusal("code of the value was run")


def hang(*_arguments: object) -> NoReturn:
    """Loop forever."""
    while True:
        pass


def _refusing(*names: str) -> dict[str, Any]:
    return dict.fromkeys(names, refuse)


_METHODS: Final = (
    *("__repr__", "__str__", "__format__", "__bytes__", "__bool__", "__hash__", "__eq__", "__len__", "__length_hint__"),
    *(
        "__iter__",
        "__next__",
        "__getitem__",
        "__contains__",
        "__getattribute__",
        "__dir__",
        "__reduce_ex__",
        "__fspath__",
    ),
    *("__int__", "__index__", "__float__", "__sizeof__", "__call__", "__enter__", "__await__", "__fspath__"),
)

_KEPT_METHODS: Final = ("__new__", "__init__", "__init_subclass__", "__subclasshook__", "__class__", "__del__")


class _Meta(type):
    __module__ = property(refuse)
    __repr__ = __hash__ = __eq__ = __instancecheck__ = __subclasscheck__ = __getattribute__ = refuse


def untouchable() -> object:
    """Return an object whose methods all raise, as do those of its class."""
    kind = types.new_class("Untouchable", (), {"metaclass": _Meta}, lambda body: body.update(_refusing(*_METHODS)))
    return object.__new__(kind)


def subclass_of(base: Any, *arguments: object) -> object:
    """Return an instance of a subclass of a built-in type whose methods all raise."""
    methods = [name for name in dir(base) if callable(getattr(base, name)) and name not in _KEPT_METHODS]
    subclass = type(f"Refusing{base.__name__.title()}", (base,), _refusing(*methods))
    value = base.__new__(subclass, *arguments)
    if base is dict:
        dict.update(value, {"a": 1})
    elif base is list:
        list.extend(value, [1, 2])
    return value


class WithRepr:
    """An object whose `__repr__` calls a given function."""

    def __init__(self, represent: Callable[[], object]) -> None:
        self.represent = represent

    def __repr__(self) -> str:
        return self.represent()  # type: ignore[return-value]


class EndlessChain:
    """An object whose every attribute is another such object."""

    def __getattr__(self, name: str) -> EndlessChain:
        return EndlessChain()

    def __repr__(self) -> str:
        following = self
        while following is not None:
            following = following.next
        return ""


class Liar:
    """An object that claims to be a string."""

    __class__ = property(lambda _: str)


class Classless:
    """An object without a readable class, like an unbound proxy."""

    __class__ = property(refuse)
    __dict__ = property(refuse)


@dataclass
class ClosedDataclass:
    """A dataclass whose attributes cannot be read."""

    name: str
    me: object = None
    key: str = field(default="secret", repr=False)

    def __getattribute__(self, name: str) -> NoReturn:
        refuse()


class Row(NamedTuple):
    """A named tuple with a field of any type."""

    x: int
    rest: object


class HalfFilled:
    """An object with a slot that was never set."""

    __slots__ = ("never_set", "set")

    def __init__(self) -> None:
        self.set = 1

    def __repr__(self) -> str:
        refuse()


class Colour(enum.Enum):
    """An enum whose members' values cannot be read."""

    RED = "red"

    @property
    def value(self) -> NoReturn:
        refuse()


class NoZone(datetime.tzinfo):
    """A time zone whose methods raise."""

    utcoffset = dst = tzname = refuse


class SilentError(Exception):
    """An exception that cannot be printed."""

    __str__ = __repr__ = refuse
