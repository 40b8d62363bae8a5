"""Hostile values by name. Each is created on demand, since some are large."""

from __future__ import annotations

import asyncio
import collections
import datetime
import decimal
import importlib
import importlib.util
import io
import queue
import re
import socket
import sys
import threading
import types
import unittest.mock
import weakref
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import orjson

from ace_tracing.testing.hostile.kinds import (
    Classless,
    ClosedDataclass,
    Colour,
    EndlessChain,
    HalfFilled,
    Liar,
    NoZone,
    Row,
    SilentError,
    WithRepr,
    hang,
    refuse,
    subclass_of,
    untouchable,
)


async def _coroutine() -> None: ...


async def _async_generator() -> AsyncIterator[int]:
    yield 1


def _generator() -> Iterator[int]:
    yield 1


def _closed_coroutine() -> object:
    coroutine = _coroutine()
    coroutine.close()
    return coroutine


def _closed_socket() -> socket.socket:
    with socket.socket() as closed:
        return closed


def _closed_file() -> io.IOBase:
    with Path(__file__).open() as closed:
        return closed


def _released_view() -> memoryview:
    view = memoryview(b"x")
    view.release()
    return view


def _cycle() -> object:
    cycle: list[Any] = [1]
    cycle.append({"cycle": cycle})
    return cycle


def _cyclic_dataclass() -> object:
    value = ClosedDataclass("x")
    object.__setattr__(value, "me", value)
    return value


def _deep(levels: int) -> object:
    deep: Any = "the end"
    for level in range(levels):
        deep = [deep] if level % 2 else {"deeper": deep}
    return deep


def _dead_proxy() -> object:
    return weakref.proxy(WithRepr(str))


def _wide(size: int) -> dict[str, object]:
    return {f"key {number}": {"value": number} for number in range(size)}


def _laughs(levels: int) -> object:
    laugh: Any = "ha"
    for _ in range(levels):
        laugh = [laugh] * 10
    return laugh


_ALWAYS: Final[dict[str, Callable[[], object]]] = {
    "untouchable object": untouchable,
    "untouchable class": lambda: type(untouchable()),
    "repr raises": lambda: WithRepr(refuse),
    "repr interrupts": lambda: WithRepr(lambda: sys.exit("no")),
    "repr hangs": lambda: WithRepr(hang),
    "repr gives no string": lambda: WithRepr(lambda: 7),
    "repr of 100 MB": lambda: WithRepr(lambda: "x" * 100_000_000),
    "repr without end": lambda: EndlessChain(),
    "attributes without end": lambda: unittest.mock.MagicMock(),
    "class is a lie": Liar,
    "class raises": Classless,
    "str subclass": lambda: subclass_of(str, "text"),
    "int subclass": lambda: subclass_of(int, 7),
    "float subclass": lambda: subclass_of(float, 1.5),
    "bytes subclass": lambda: subclass_of(bytes, b"xyz"),
    "tuple subclass": lambda: subclass_of(tuple, (1, 2)),
    "list subclass": lambda: subclass_of(list),
    "dict subclass": lambda: subclass_of(dict),
    "dataclass that refuses attributes": lambda: ClosedDataclass("x"),
    "dataclass in itself": _cyclic_dataclass,
    "named tuple of hostile values": lambda: Row(1, untouchable()),
    "slots, one never set": HalfFilled,
    "enum whose value raises": lambda: Colour.RED,
    "datetime in a zone that raises": lambda: datetime.datetime(2026, 1, 1, tzinfo=NoZone()),
    "exception whose str raises": lambda: SilentError("no", untouchable()),
    "exception group": lambda: ExceptionGroup("many", [ValueError(1), SilentError()]),
    "dict with hostile keys": lambda: {
        1: "a",
        "1": "b",
        None: "c",
        (2, 3): "d",
        b"\xff": "e",
        1.5: "f",
        Row(1, 2): "g",
    },
    "dict with a key of 10 MB": lambda: {"k" * 10_000_000: 1},
    "mapping proxy": lambda: types.MappingProxyType(collections.UserDict(a=untouchable())),
    "chain map": lambda: collections.ChainMap({"a": 1}, {"a": 2}),
    "dict views": lambda: [{"a": 1}.keys(), {"a": 1}.values(), {"a": 1}.items()],
    "generator": _generator,
    "async generator": _async_generator,
    "closed coroutine": _closed_coroutine,
    "iterator": lambda: map(refuse, [1]),
    "endless iterator": lambda: iter(int, 1),
    "lock": threading.Lock,
    "queue": queue.Queue,
    "thread": threading.current_thread,
    "event loop's future": lambda: asyncio.Future(loop=unittest.mock.Mock(get_debug=lambda: False)),
    "closed file": _closed_file,
    "closed socket": _closed_socket,
    "standard output": lambda: sys.stdout,
    "dead weak proxy": _dead_proxy,
    "module": lambda: sys,
    "all modules": lambda: sys.modules,
    "compiled pattern": lambda: re.compile("(" * 50 + ")" * 50),
    "bytes of 10 MB": lambda: b"\xff" * 10_000_000,
    "released memory": _released_view,
    "not a number": lambda: [float("nan"), float("inf"), -float("inf"), decimal.Decimal("sNaN"), complex("nan")],
    "integers beyond 64 bits": lambda: [2**63, 2**64, -(2**63) - 1, 10**10_000],
    "decimal of a million digits": lambda: decimal.Decimal("1" * 1_000_000),
    "lone surrogates": lambda: {"\ud800": "\udfff" * 1_000},
    "control characters": lambda: "\x00\x1b\u2028" * 500_000,
    "fragment that is no JSON": lambda: orjson.Fragment(b'{"a":'),
    "cycle": _cycle,
    "1,000 deep": lambda: _deep(1_000),
    "100,000 deep": lambda: _deep(100_000),
    "string of 10 MB": lambda: "x" * 10_000_000,
    "string of 10,000,000 letters beyond ASCII": lambda: "é" * 10_000_000,
    "list of 10,000,000 numbers": lambda: [1] * 10_000_000,
    "list of 1,000,000 lists": lambda: [[]] * 1_000_000,
    "set of 1,000,000 numbers": lambda: set(range(1_000_000)),
    "dict of 1,000,000 entries": lambda: dict.fromkeys(range(1_000_000), "x"),
    "dict of 100,000 dicts": lambda: _wide(100_000),
    "100,000 hostile objects": lambda: [untouchable()] * 100_000,
    "a billion laughs": lambda: _laughs(9),
}


def _from_library(library: str, make: Callable[[Any], object]) -> Callable[[], object]:
    return lambda: make(importlib.import_module(library))


_WITH_LIBRARY: Final[dict[str, dict[str, Callable[[Any], object]]]] = {
    "numpy": {
        "numpy array of a terabyte": lambda numpy: numpy.broadcast_to(numpy.zeros(1), (1_000_000, 125_000)),
        "numpy array of objects": lambda numpy: numpy.array([WithRepr(refuse), None], dtype=object),
        "numpy numbers": lambda numpy: [
            numpy.float64("nan"),
            numpy.int64(7),
            numpy.longdouble(1),
            numpy.datetime64("NaT", "s"),
        ],
    },
    "pandas": {
        "pandas table of 1,000,000 rows": lambda pandas: pandas.DataFrame({"a": range(1_000_000)}),
        "pandas table of 10,000 columns": lambda pandas: pandas.DataFrame([range(10_000)]),
        "pandas values": lambda pandas: [
            pandas.NaT,
            pandas.NA,
            pandas.Timestamp("2026"),
            pandas.Series([WithRepr(refuse)]),
        ],
    },
    "torch": {
        "torch tensors": lambda torch: [torch.zeros(1_000, 1_000), torch.zeros(3, requires_grad=True)],
    },
}

VALUES: Final[Mapping[str, Callable[[], object]]] = types.MappingProxyType(
    _ALWAYS
    | {
        name: _from_library(library, make)
        for library, values in _WITH_LIBRARY.items()
        if importlib.util.find_spec(library) is not None
        for name, make in values.items()
    }
)
"""Functions that create the hostile values, by name. Values of numpy, pandas and torch need the library installed."""
