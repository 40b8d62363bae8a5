"""Readers for the types that Python and a few libraries bring: what a value of such a type reads as.

They go through the type itself (`dict.items(value)`), never through the value: a subclass may have methods of its own.
"""

from __future__ import annotations

import collections
import datetime
import enum
import functools
import gc
import io
import os
import re
import sys
import types
import uuid
from typing import TYPE_CHECKING, Any

from ace_tracing.values import arrays
from ace_tracing.values.readings import Elements, Entries, Instead, Reader, Simpler, entries, is_scalar, is_short, named
from ace_tracing.values.reflect import (
    MISSING,
    attribute_of,
    class_attribute,
    instance_dict,
    is_found_where_it_says,
    name_of,
)

if TYPE_CHECKING:
    from decimal import Decimal
    from pathlib import PurePath

MAX_ARGUMENTS = 32
MAX_DECIMAL_BYTES = 8_192


def _held(name: str) -> Reader:
    """A reader for objects that are a shell around the attribute `name`."""

    def read(value: object) -> Simpler:
        held = attribute_of(value, name)
        return named(value) if held is MISSING else Instead(held)

    return read


def _collection(kind: Any) -> Reader:
    # Through the base class: a subclass may count and iterate by rules of its own.
    return lambda value: Elements(kind.__iter__(value), kind.__len__(value))


def _integer(value: int) -> Simpler:
    plain = int.__int__(value)
    # Signed 64 bits, what every wire and store can hold.
    if -(2**63) <= plain < 2**63:
        return plain
    # 4,300 digits is where Python itself refuses to print an int.
    return str(plain) if plain.bit_length() < 14_000 else f"<int: {plain.bit_length()} bits>"


def _decimal(value: Decimal) -> Simpler:
    # Imported long ago: there is a value of it.
    from decimal import Decimal

    size = Decimal.__sizeof__(value)
    return Decimal.__str__(value) if size <= MAX_DECIMAL_BYTES else named(value, f"{size} bytes")


def _path(value: PurePath) -> Simpler:
    # Imported long ago: there is a value of it.
    from pathlib import PurePath

    return PurePath.__str__(value)


def _bytes(value: bytes) -> Simpler:
    return named(value, f"{bytes.__len__(value)} bytes")


def _bytearray(value: bytearray) -> Simpler:
    return named(value, f"{bytearray.__len__(value)} bytes")


def _memoryview(value: memoryview) -> Simpler:
    return named(value, f"{value.nbytes} bytes")


def _datetime(value: datetime.datetime) -> Simpler:
    zone = _ZONE_OF_DATETIME(value)
    if zone is None or _is_known_zone(type(zone)):
        return datetime.datetime.isoformat(value)
    # The offset of any other zone is worked out by code of its own.
    local = datetime.datetime.combine(datetime.datetime.date(value), datetime.datetime.time(value))
    return f"{local.isoformat()} <{name_of(type(zone))}>"


def _time(value: datetime.time) -> Simpler:
    zone = _ZONE_OF_TIME(value)
    return datetime.time.isoformat(value) if zone is None or _is_known_zone(type(zone)) else named(value)


def _is_known_zone(kind: type) -> bool:
    return kind is datetime.timezone or kind is getattr(sys.modules.get("zoneinfo"), "ZoneInfo", None)


def _exception(value: BaseException) -> Simpler:
    """As the last line of a traceback has it, from the arguments: a `__str__` in Python is code."""
    kind = type(value)
    name = name_of(kind)
    arguments = _EXCEPTION_ARGUMENTS(value)[:MAX_ARGUMENTS]
    if not arguments:
        return name
    if all(map(is_scalar, arguments)) and any(
        class_attribute(kind, "__str__") is text for text in _TEXTS_OF_EXCEPTIONS
    ):
        return f"{name}: {value}"
    told = [str(argument) if is_scalar(argument) else named(argument) for argument in arguments]
    return f"{name}: {', '.join(told)}"


def _function(value: object) -> Simpler:
    name = attribute_of(value, "__name__" if type(value) is types.BuiltinFunctionType else "__qualname__")
    return f"<function {name}>" if type(name) is str else named(value)


def _method(value: types.MethodType) -> Simpler:
    function = value.__func__
    return _function(function) if type(function) is types.FunctionType else named(value)


def _partial(value: object) -> Simpler:
    function = attribute_of(value, "func")
    return named(value, str(_function(function))) if type(function) is types.FunctionType else named(value)


def _suspended(value: object) -> Simpler:
    return f"<{name_of(type(value))} {attribute_of(value, '__qualname__')}>"


def _module(value: object) -> Simpler:
    name = attribute_of(value, "__name__")
    return f"<module {name}>" if type(name) is str else named(value)


def _file(value: object) -> Simpler:
    raw = value
    for below in ("buffer", "raw"):
        found = attribute_of(raw, below)
        raw = raw if found is MISSING else found
    name = attribute_of(raw, "name")
    return named(value, f"{name!r}") if is_short(name) and name is not None else named(value)


def _uuid(value: uuid.UUID) -> Simpler:
    number = attribute_of(value, "int")
    return str(uuid.UUID(int=number)) if type(number) is int else named(value)


def _pattern(value: object) -> Simpler:
    pattern = attribute_of(value, "pattern")
    return named(value, f"{pattern!r}") if is_short(pattern) else named(value)


def _namespace(value: object) -> Simpler:
    return Instead(instance_dict(value))


def _mapping_proxy(value: object) -> Simpler:
    # The one way past the methods of the mapping below, which may be anyone's.
    return Instead(gc.get_referents(value)[0])


def _chain(value: object) -> Simpler:
    # Not merged: that would hash and compare the keys, which run code.
    return Entries([("<type>", name_of(type(value))), ("maps", attribute_of(value, "maps"))], 2)


def _text(value: Any) -> Simpler:
    return str(value)


_EMPTY: dict[Any, Any] = {}
_ZONE_OF_DATETIME = datetime.datetime.__dict__["tzinfo"].__get__
_ZONE_OF_TIME = datetime.time.__dict__["tzinfo"].__get__
_EXCEPTION_ARGUMENTS = BaseException.__dict__["args"].__get__
_TEXTS_OF_EXCEPTIONS = tuple(
    kind.__str__
    for kind in (BaseException, KeyError, OSError, ImportError, SyntaxError, UnicodeDecodeError, UnicodeEncodeError)
)

_BY_TYPE: dict[type, Reader] = {
    str: lambda value: value,
    int: _integer,
    float: float.__float__,
    complex: complex.__repr__,
    dict: lambda value: Entries(dict.items(value), dict.__len__(value)),
    **{kind: _collection(kind) for kind in (list, tuple, set, frozenset, collections.deque)},
    **{kind: _collection(kind) for kind in (type(_EMPTY.keys()), type(_EMPTY.values()), type(_EMPTY.items()))},
    bytes: _bytes,
    bytearray: _bytearray,
    memoryview: _memoryview,
    enum.Enum: _held("_value_"),
    datetime.datetime: _datetime,
    datetime.date: datetime.date.isoformat,
    datetime.time: _time,
    datetime.timedelta: datetime.timedelta.__str__,
    uuid.UUID: _uuid,
    os.DirEntry: _held("path"),
    BaseException: _exception,
    type: lambda value: f"<class {name_of(value)}>",
    types.ModuleType: _module,
    types.FunctionType: _function,
    types.BuiltinFunctionType: _function,
    types.MethodType: _method,
    functools.partial: _partial,
    **dict.fromkeys((types.GeneratorType, types.CoroutineType, types.AsyncGeneratorType), _suspended),
    types.SimpleNamespace: _namespace,
    types.MappingProxyType: _mapping_proxy,
    **dict.fromkeys((collections.UserDict, collections.UserList, collections.UserString), _held("data")),
    collections.ChainMap: _chain,
    **dict.fromkeys((io.TextIOWrapper, io.BufferedReader, io.BufferedWriter, io.BufferedRandom, io.FileIO), _file),
    range: repr,
    re.Pattern: _pattern,
}
READERS = {id(kind): read for kind, read in _BY_TYPE.items()}

_OF_LIBRARIES: dict[str, Reader] = {
    "decimal.Decimal": _decimal,
    # Where it says that it is from in Python 3.13, and in any other.
    **dict.fromkeys(("pathlib._local.PurePath", "pathlib.PurePath"), _path),
    "fractions.Fraction": _text,
    "ipaddress._IPAddressBase": _text,
    "numpy.ndarray": entries(arrays.numpy_array),
    "numpy.generic": lambda value: Instead(arrays.numpy_scalar(value)),
    # Where pandas says its classes are from depends on its version.
    **dict.fromkeys(("pandas.DataFrame", "pandas.core.frame.DataFrame"), entries(arrays.pandas_frame)),
    **dict.fromkeys(("pandas.Series", "pandas.core.series.Series"), entries(arrays.pandas_column)),
    **dict.fromkeys(("pandas.Index", "pandas.core.indexes.base.Index"), entries(arrays.pandas_column)),
    **dict.fromkeys(("pandas.api.typing.NaTType", "pandas._libs.tslibs.nattype.NaTType"), lambda _: "NaT"),
    **dict.fromkeys(("pandas.api.typing.NAType", "pandas._libs.missing.NAType"), lambda _: "<NA>"),
}


def reader_of_library(kind: type) -> Reader | None:
    """The reader for a class of a library, which is not imported here, nor believed when it says that it is one."""
    read = _OF_LIBRARIES.get(name_of(kind))
    return read if read and is_found_where_it_says(kind) else None
