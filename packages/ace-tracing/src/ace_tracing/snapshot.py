"""Any Python value -> bounded JSON, now, on the caller's thread, never raising.

Inputs that the function mutates later must not leak into its trace, so a value is encoded when it is seen. orjson takes
what is plain JSON already. For everything else a bounded walk first makes a plain copy, in which what cannot be encoded
is described in angle brackets (`<function f>`) and what is too much is cut, saying how much. Nothing lazy is consumed.
"""

from __future__ import annotations

import dataclasses
import datetime
import decimal
import enum
import os
import types
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, TypeVar

import orjson

_T = TypeVar("_T")

MAX_BYTES = 1_048_576
"""Longest JSON text kept of one value; a longer one is cut by the walk."""
MAX_DEPTH = 24
"""Deepest nesting kept: some servers accept a value nested deeper than about 30 and then fail to give it back."""
MAX_ITEMS = 1_000
MAX_NODES = 20_000
MAX_STRING = 262_144
MAX_REPR = 2_000

_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))

# Subclasses and dataclasses go through the walk: orjson would run or skip their fields by rules of its own.
_PLAIN = orjson.OPT_PASSTHROUGH_SUBCLASS | orjson.OPT_PASSTHROUGH_DATACLASS


def snapshot(value: object) -> bytes:
    """Encode `value` as JSON of at most about `MAX_BYTES` bytes. NaN and infinities become null."""
    try:
        encoded = orjson.dumps(value, option=_PLAIN)
    except (TypeError, ValueError, RecursionError):
        pass
    else:
        if len(encoded) <= MAX_BYTES and _is_shallow(encoded):
            return encoded
    return orjson.dumps(_Walk().copy(value, 0))


def _is_shallow(encoded: bytes) -> bool:
    """Whether JSON is surely nested no deeper than `MAX_DEPTH`; brackets inside strings may make it say no wrongly."""
    if encoded.count(b"[") + encoded.count(b"{") <= MAX_DEPTH:
        return True
    brackets = encoded.translate(None, _NOT_BRACKETS)
    for _ in range(MAX_DEPTH):
        brackets = brackets.replace(b"[]", b"").replace(b"{}", b"")
        if not brackets:
            return True
    return False


class _Walk:
    """One bounded copy of one value: how much may still be kept, and which containers it is inside of."""

    __slots__ = ("_inside", "_nodes", "_text")

    def __init__(self) -> None:
        self._nodes = MAX_NODES
        self._text = MAX_BYTES
        self._inside: set[int] = set()

    def copy(self, value: object, depth: int) -> Any:
        self._nodes -= 1
        if value is None or value is True or value is False:
            return value
        kind = type(value)
        if kind is str:
            return self._string(value)  # type: ignore[arg-type]
        if kind is float:
            return value
        if kind is int:
            return _integer(value)  # type: ignore[arg-type]
        if depth > MAX_DEPTH:
            return f"<{_type_name(value)}: nested deeper than {MAX_DEPTH}>"
        if id(value) in self._inside:
            return f"<{_type_name(value)}: contains itself>"
        self._inside.add(id(value))
        try:
            return self._composite(value, depth)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - user code ran (a property, an iterator): it may raise anything
            return f"<{_type_name(value)}: {type(error).__name__} while reading it>"
        finally:
            self._inside.discard(id(value))

    def _composite(self, value: object, depth: int) -> Any:
        if isinstance(value, enum.Enum):
            return self.copy(value.value, depth + 1)
        if isinstance(value, str):
            return self._string(str.__str__(value))
        if isinstance(value, int):
            return _integer(int.__int__(value))
        if isinstance(value, float):
            return float.__float__(value)
        if isinstance(value, dict):
            return self._mapping(dict.items(value), dict.__len__(value), depth)
        if isinstance(value, (list, tuple, set, frozenset, deque)):
            return self._sequence(value, depth)
        fields = _fields(value)
        if fields is not None:
            return self._mapping(((name, getattr(value, name)) for name in fields), len(fields), depth)
        return self._string(_describe(value))

    def _mapping(self, items: Iterable[tuple[object, object]], size: int, depth: int) -> dict[str, Any]:
        kept: dict[str, Any] = {}
        for key, item in self._affordable(items):
            kept[self._key(key)] = self.copy(item, depth + 1)
        if len(kept) < size:
            kept["<cut>"] = f"{size - len(kept)} more of {size} items"
        return kept

    def _sequence(self, value: Any, depth: int) -> list[Any]:
        kept = [self.copy(item, depth + 1) for item in self._affordable(value)]
        if len(kept) < len(value):
            kept.append(f"<cut: {len(value) - len(kept)} more of {len(value)} items>")
        return kept

    def _affordable(self, items: Iterable[_T]) -> Iterator[_T]:
        for item in islice(items, MAX_ITEMS):
            if self._nodes <= 0 or self._text <= 0:
                return
            yield item

    def _key(self, key: object) -> str:
        return self._string(key if type(key) is str else _describe(key))

    def _string(self, text: str) -> str:
        room = max(0, min(MAX_STRING, self._text))
        size = len(text)
        kept = text if size <= room else f"{text[:room]}<cut: {size - room} more of {size} characters>"
        self._text -= min(size, room)
        try:
            kept.encode()
        except UnicodeEncodeError:
            # Lone surrogates are legal in str and not in JSON.
            kept = kept.encode("utf-8", "backslashreplace").decode()
        return kept


def _integer(value: int) -> int | str:
    # Signed 64 bits, what every wire and store can hold.
    if -(2**63) <= value < 2**63:
        return value
    # 4,300 digits is where Python itself refuses to print an int.
    return str(value) if value.bit_length() < 14_000 else f"<int: {value.bit_length()} bits>"


def _fields(value: object) -> tuple[str, ...] | None:
    """The field names of a record-like object (dataclass, attrs, pydantic 1 and 2), else None."""
    kind = type(value)
    if dataclasses.is_dataclass(kind):
        return tuple(field.name for field in dataclasses.fields(kind))
    attrs_fields = getattr(kind, "__attrs_attrs__", None)
    if attrs_fields is not None:
        return tuple(field.name for field in attrs_fields)
    for attribute in ("__pydantic_fields__", "__fields__"):
        fields = getattr(kind, attribute, None)
        if isinstance(fields, dict):
            return tuple(fields)
    return None


def _bytes(value: Any) -> str:
    return f"<{type(value).__name__}: {len(value)} bytes>"


def _exception(value: BaseException) -> str:
    text = str(value)
    return f"{type(value).__name__}: {text}" if text else type(value).__name__


_DESCRIPTIONS: tuple[tuple[tuple[type, ...], Callable[[Any], str]], ...] = (
    ((bytes, bytearray, memoryview), _bytes),
    ((BaseException,), _exception),
    ((datetime.datetime, datetime.date, datetime.time), lambda value: value.isoformat()),
    ((datetime.timedelta, uuid.UUID, decimal.Decimal, complex), str),
    ((os.PathLike,), lambda value: os.fsdecode(os.fspath(value))),
    ((type,), lambda value: f"<class {value.__module__}.{value.__qualname__}>"),
    ((types.ModuleType,), lambda value: f"<module {value.__name__}>"),
    (
        (types.FunctionType, types.BuiltinFunctionType, types.MethodType),
        lambda value: f"<function {value.__qualname__}>",
    ),
    (
        (types.GeneratorType, types.CoroutineType, types.AsyncGeneratorType),
        lambda value: f"<{type(value).__name__} {value.__qualname__}>",
    ),
)


def _describe(value: object) -> str:
    """One line for a value that has no JSON of its own."""
    try:
        for kinds, describe in _DESCRIPTIONS:
            if isinstance(value, kinds):
                return describe(value)
        if type(value).__repr__ is object.__repr__:
            # The default repr is an address, which says nothing and differs from run to run.
            return f"<{_type_name(value)} object>"
        text = repr(value)
        return text if len(text) <= MAX_REPR else f"{text[:MAX_REPR]}<cut: {len(text) - MAX_REPR} more characters>"
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - a user's __repr__ or __str__ may raise anything
        return f"<{_type_name(value)}: its repr raised {type(error).__name__}>"


def _type_name(value: object) -> str:
    kind = type(value)
    module = kind.__module__
    return kind.__qualname__ if module in ("builtins", "__main__") else f"{module}.{kind.__qualname__}"
