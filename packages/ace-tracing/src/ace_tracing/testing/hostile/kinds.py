"""Classes of the hostile values: whatever is asked of their objects raises, hangs or lies."""

from __future__ import annotations

import datetime
import enum
import types
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple, NoReturn


class Refusal(BaseException):
    """What these values raise: no Exception, so that no ordinary guard catches it."""


def refuse(*_arguments: object, **_keywords: object) -> NoReturn:
    """Stands for any method of a hostile class."""
    raise Refusal("code of the value was run")


def hang(*_arguments: object) -> NoReturn:
    """Never returns."""
    while True:
        pass


def _refusing(*names: str) -> dict[str, Any]:
    return dict.fromkeys(names, refuse)


_EVERY_LOOK = (
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

_NEEDED = ("__new__", "__init__", "__init_subclass__", "__subclasshook__", "__class__", "__del__")


class _Meta(type):
    __module__ = property(refuse)
    __repr__ = __hash__ = __eq__ = __instancecheck__ = __subclasscheck__ = __getattribute__ = refuse


def untouchable() -> object:
    """An object that raises whatever one does with it, as does its class."""
    kind = types.new_class("Untouchable", (), {"metaclass": _Meta}, lambda body: body.update(_refusing(*_EVERY_LOOK)))
    return object.__new__(kind)


def subclass_of(base: Any, *arguments: object) -> object:
    """A value of a built-in type whose own methods all refuse."""
    methods = [name for name in dir(base) if callable(getattr(base, name)) and name not in _NEEDED]
    made = type(f"Refusing{base.__name__.title()}", (base,), _refusing(*methods))
    value = base.__new__(made, *arguments)
    if base is dict:
        dict.update(value, {"a": 1})
    elif base is list:
        list.extend(value, [1, 2])
    return value


class WithRepr:
    """Objects whose `__repr__` is the function given."""

    def __init__(self, represent: Callable[[], object]) -> None:
        self.represent = represent

    def __repr__(self) -> str:
        return self.represent()  # type: ignore[return-value]


class EndlessChain:
    """Every attribute is one more of it."""

    def __getattr__(self, name: str) -> EndlessChain:
        return EndlessChain()

    def __repr__(self) -> str:
        following = self
        while following is not None:
            following = following.next
        return ""


class Liar:
    """Says that it is a string."""

    __class__ = property(lambda _: str)


class Classless:
    """Cannot say what it is, as a proxy that is bound to nothing."""

    __class__ = property(refuse)
    __dict__ = property(refuse)


@dataclass
class ClosedDataclass:
    """Gives none of its attributes."""

    name: str
    me: object = None
    key: str = field(default="secret", repr=False)

    def __getattribute__(self, name: str) -> NoReturn:
        refuse()


class Row(NamedTuple):
    """A named tuple."""

    x: int
    rest: object


class HalfFilled:
    """One of its slots was never set."""

    __slots__ = ("never_set", "set")

    def __init__(self) -> None:
        self.set = 1

    def __repr__(self) -> str:
        refuse()


class Colour(enum.Enum):
    """Its members do not tell their value."""

    RED = "red"

    @property
    def value(self) -> NoReturn:
        refuse()


class NoZone(datetime.tzinfo):
    """A time zone that knows no offset."""

    utcoffset = dst = tzname = refuse


class SilentError(Exception):
    """Cannot be printed."""

    __str__ = __repr__ = refuse
