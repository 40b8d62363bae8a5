"""Known types: converters for the types of the standard library and of a few other libraries.

A converter calls methods through the type (`dict.items(value)`), never through the value, because a subclass can
override them with its own code.
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
from typing import TYPE_CHECKING, Any, Final

from ace_tracing.clocks import real_class
from ace_tracing.values import arrays
from ace_tracing.values.introspection import (
    MISSING,
    attribute_of,
    class_attribute,
    instance_dict,
    is_genuine,
    name_of,
)
from ace_tracing.values.media import encode_bytes
from ace_tracing.values.views import (
    Converter,
    Elements,
    Entries,
    Replacement,
    View,
    is_scalar,
    is_short,
    placeholder,
)

if TYPE_CHECKING:
    from decimal import Decimal
    from pathlib import PurePath

MAX_ARGUMENTS: Final = 32
MAX_DECIMAL_BYTES: Final = 8_192


def _attribute_converter(name: str) -> Converter:
    """Return a converter for objects that wrap the attribute `name`."""

    def convert_attribute(value: object) -> View:
        wrapped = attribute_of(value, name)
        return placeholder(value) if wrapped is MISSING else Replacement(wrapped)

    return convert_attribute


def _collection_converter(kind: Any) -> Converter:
    # Through the base class: a subclass can override counting and iteration.
    return lambda value: Elements(kind.__iter__(value), kind.__len__(value))


def _convert_integer(value: int) -> View:
    plain = int.__int__(value)
    # Every wire format and store holds a signed 64-bit integer.
    if -(2**63) <= plain < 2**63:
        return plain
    # Python refuses to print an int of more than 4,300 digits.
    return str(plain) if plain.bit_length() < 14_000 else f"<int: {plain.bit_length()} bits>"


def _convert_decimal(value: Decimal) -> View:
    # The module is already imported, because a value of its type exists.
    from decimal import Decimal

    size = Decimal.__sizeof__(value)
    return Decimal.__str__(value) if size <= MAX_DECIMAL_BYTES else placeholder(value, f"{size} bytes")


def _convert_path(value: PurePath) -> View:
    # The module is already imported, because a value of its type exists.
    from pathlib import PurePath

    return PurePath.__str__(value)


def _convert_bytes(value: bytes) -> View:
    return encode_bytes(value) or placeholder(value, f"{bytes.__len__(value)} bytes")


def _convert_bytearray(value: bytearray) -> View:
    return encode_bytes(value) or placeholder(value, f"{bytearray.__len__(value)} bytes")


def _convert_memoryview(value: memoryview) -> View:
    return placeholder(value, f"{value.nbytes} bytes")


def _convert_datetime(value: datetime.datetime) -> View:
    zone = _ZONE_OF_DATETIME(value)
    if zone is None or _is_known_zone(type(zone)):
        return _DATETIME.isoformat(value)
    # Any other zone computes its offset in its own code.
    local = _DATETIME.combine(_DATETIME.date(value), _DATETIME.time(value))
    return f"{local.isoformat()} <{name_of(type(zone))}>"


def _convert_time(value: datetime.time) -> View:
    zone = _ZONE_OF_TIME(value)
    return datetime.time.isoformat(value) if zone is None or _is_known_zone(type(zone)) else placeholder(value)


def _is_known_zone(kind: type) -> bool:
    return kind is datetime.timezone or kind is getattr(sys.modules.get("zoneinfo"), "ZoneInfo", None)


def _convert_exception(value: BaseException) -> View:
    """Return the last line of a traceback, built from the arguments: a `__str__` in Python is user code."""
    kind = type(value)
    name = name_of(kind)
    arguments = _EXCEPTION_ARGUMENTS(value)[:MAX_ARGUMENTS]
    if not arguments:
        return name
    if all(map(is_scalar, arguments)) and any(
        class_attribute(kind, "__str__") is builtin_str for builtin_str in _EXCEPTION_STRS
    ):
        return f"{name}: {value}"
    texts = [str(argument) if is_scalar(argument) else placeholder(argument) for argument in arguments]
    return f"{name}: {', '.join(texts)}"


def _convert_function(value: object) -> View:
    name = attribute_of(value, "__name__" if type(value) is types.BuiltinFunctionType else "__qualname__")
    return f"<function {name}>" if type(name) is str else placeholder(value)


def _convert_method(value: types.MethodType) -> View:
    function = value.__func__
    return _convert_function(function) if type(function) is types.FunctionType else placeholder(value)


def _convert_partial(value: object) -> View:
    function = attribute_of(value, "func")
    detail = str(_convert_function(function)) if type(function) is types.FunctionType else ""
    return placeholder(value, detail)


def _convert_coroutine(value: object) -> View:
    return f"<{name_of(type(value))} {attribute_of(value, '__qualname__')}>"


def _convert_module(value: object) -> View:
    name = attribute_of(value, "__name__")
    return f"<module {name}>" if type(name) is str else placeholder(value)


def _convert_file(value: object) -> View:
    raw = value
    for below in ("buffer", "raw"):
        found = attribute_of(raw, below)
        raw = raw if found is MISSING else found
    name = attribute_of(raw, "name")
    return placeholder(value, f"{name!r}") if is_short(name) and name is not None else placeholder(value)


def _convert_uuid(value: uuid.UUID) -> View:
    number = attribute_of(value, "int")
    return str(uuid.UUID(int=number)) if type(number) is int else placeholder(value)


def _convert_pattern(value: object) -> View:
    pattern = attribute_of(value, "pattern")
    return placeholder(value, f"{pattern!r}") if is_short(pattern) else placeholder(value)


def _convert_namespace(value: object) -> View:
    return Replacement(instance_dict(value))


def _convert_mapping_proxy(value: object) -> View:
    # Any other way to the wrapped mapping calls its methods, which can be user code.
    return Replacement(gc.get_referents(value)[0])


def _convert_chain_map(value: object) -> View:
    # Merging the maps would hash and compare the keys, which runs their code.
    return Entries([("<type>", name_of(type(value))), ("maps", attribute_of(value, "maps"))], 2)


def _convert_to_text(value: Any) -> View:
    return str(value)


_EMPTY: Final[dict[Any, Any]] = {}
_DATETIME: Final = real_class(datetime.datetime)
_DATE: Final = real_class(datetime.date)
_ZONE_OF_DATETIME: Final = _DATETIME.__dict__["tzinfo"].__get__
_ZONE_OF_TIME: Final = datetime.time.__dict__["tzinfo"].__get__
_EXCEPTION_ARGUMENTS: Final = BaseException.__dict__["args"].__get__
_EXCEPTION_STRS: Final = tuple(
    kind.__str__
    for kind in (BaseException, KeyError, OSError, ImportError, SyntaxError, UnicodeDecodeError, UnicodeEncodeError)
)

_BY_TYPE: Final[dict[type, Converter]] = {
    str: lambda value: value,
    int: _convert_integer,
    float: float.__float__,
    complex: complex.__repr__,
    dict: lambda value: Entries(dict.items(value), dict.__len__(value)),
    **{kind: _collection_converter(kind) for kind in (list, tuple, set, frozenset, collections.deque)},
    **{
        kind: _collection_converter(kind) for kind in (type(_EMPTY.keys()), type(_EMPTY.values()), type(_EMPTY.items()))
    },
    bytes: _convert_bytes,
    bytearray: _convert_bytearray,
    memoryview: _convert_memoryview,
    enum.Enum: _attribute_converter("_value_"),
    _DATETIME: _convert_datetime,
    _DATE: _DATE.isoformat,
    datetime.time: _convert_time,
    datetime.timedelta: datetime.timedelta.__str__,
    uuid.UUID: _convert_uuid,
    os.DirEntry: _attribute_converter("path"),
    BaseException: _convert_exception,
    type: lambda value: f"<class {name_of(value)}>",
    types.ModuleType: _convert_module,
    types.FunctionType: _convert_function,
    types.BuiltinFunctionType: _convert_function,
    types.MethodType: _convert_method,
    functools.partial: _convert_partial,
    **dict.fromkeys((types.GeneratorType, types.CoroutineType, types.AsyncGeneratorType), _convert_coroutine),
    types.SimpleNamespace: _convert_namespace,
    types.MappingProxyType: _convert_mapping_proxy,
    **dict.fromkeys((collections.UserDict, collections.UserList, collections.UserString), _attribute_converter("data")),
    collections.ChainMap: _convert_chain_map,
    **dict.fromkeys(
        (io.TextIOWrapper, io.BufferedReader, io.BufferedWriter, io.BufferedRandom, io.FileIO), _convert_file
    ),
    range: repr,
    re.Pattern: _convert_pattern,
}
CONVERTERS: Final = {id(kind): converter for kind, converter in _BY_TYPE.items()}
"""Converters by the `id` of the type: hashing a class would run its metaclass's code."""

_FRAME_WORK: Final = 400
_COLUMN_WORK: Final = 100
_ARRAY_WORK: Final = 5

_BY_LIBRARY_NAME: Final[dict[str, tuple[Converter, int]]] = {
    "decimal.Decimal": (_convert_decimal, 1),
    # `__module__` is `pathlib._local` in Python 3.13 and `pathlib` in other versions.
    **dict.fromkeys(("pathlib._local.PurePath", "pathlib.PurePath"), (_convert_path, 1)),
    "fractions.Fraction": (_convert_to_text, 1),
    "ipaddress._IPAddressBase": (_convert_to_text, 1),
    "numpy.ndarray": (arrays.summarize_numpy_array, _ARRAY_WORK),
    "numpy.generic": (lambda value: Replacement(arrays.convert_numpy_scalar(value)), 1),
    # The `__module__` of pandas' classes depends on the version of pandas.
    **dict.fromkeys(("pandas.DataFrame", "pandas.core.frame.DataFrame"), (arrays.summarize_pandas_frame, _FRAME_WORK)),
    **dict.fromkeys(
        (
            *("pandas.Series", "pandas.core.series.Series"),
            *("pandas.Index", "pandas.core.indexes.base.Index"),
        ),
        (arrays.summarize_pandas_column, _COLUMN_WORK),
    ),
    **dict.fromkeys(("pandas.api.typing.NaTType", "pandas._libs.tslibs.nattype.NaTType"), (lambda _: "NaT", 1)),
    **dict.fromkeys(("pandas.api.typing.NAType", "pandas._libs.missing.NAType"), (lambda _: "<NA>", 1)),
}
"""Converters, each with its work, about a microsecond for each unit."""


def find_library_converter(kind: type) -> tuple[Converter, int] | None:
    """Return the converter of a library's class with its work, or None.

    No library is imported, and the class must be genuine.
    """
    known = _BY_LIBRARY_NAME.get(name_of(kind))
    return known if known and is_genuine(kind) else None
