"""Copies: a copy of a value for a user's capture function, which may change the copy.

Collections, records such as dataclasses and models, and instances of Python classes are copied with all that they
contain. No code of the value's class runs: no `__deepcopy__`, no `__init__`, no property. An iterator is replaced by a
description, because reading it would take its items from the traced code. Arrays and tables are copied by their
library. Everything else, such as an open file, a lock or a client with a finalizer, is passed as it is.
"""

from __future__ import annotations

import types
import weakref
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, Final

from ace_tracing.values.collection_copies import (
    ATOMS,
    BY_BASE,
    BY_LIBRARY_NAME,
    CopyMethod,
    describe_iterator,
    keep,
)
from ace_tracing.values.fields import find_field_reader
from ace_tracing.values.introspection import (
    MISSING,
    attributes_of,
    bases_of,
    class_attribute,
    instance_dict,
    is_genuine,
    layout_of,
    module_of,
    name_of,
    namespace_of,
    slots_of,
)

MAX_COPIED: Final = 1_000_000
"""The maximum number of values in one copy. A collection of numbers and texts counts as one."""
MAX_INSTANCES: Final = 2_000
"""The maximum number of instances that one object may refer to. An object with more, such as a client, is passed as it
is."""
MAX_CACHED_CLASSES: Final = 1_000

_SHARED_MODULES: Final = ("asyncio", "concurrent", "logging", "multiprocessing", "queue", "threading")
"""The modules whose objects are shared between threads or tasks: a copy would be one more user of their locks."""
_C_DESCRIPTORS: Final = (types.WrapperDescriptorType, types.MethodDescriptorType)
_MAX_HIDDEN_BYTES: Final = 16
"""The bytes of an instance for its `__dict__` and its weak references."""
_ITERATOR_MODULES: Final = ("builtins", "itertools", "posix", "nt", "_collections")


class _TooManyInstancesError(Exception):
    """An object refers to more than `MAX_INSTANCES` others."""


class Copier:
    """One copy of one value, with the objects copied so far."""

    __slots__ = ("_copies", "_instances_left", "_left", "_refused")

    def __init__(self) -> None:
        # With the originals, which must live as long as their ids are in use.
        self._copies: dict[int, tuple[object, Any]] = {}
        self._left = MAX_COPIED
        self._instances_left: int | None = None
        self._refused: set[int] = set()

    def copy(self, value: Any) -> Any:
        """Return a copy of a value.

        Raises:
            OverflowError: There are more than `MAX_COPIED` values.
            RecursionError: The value is nested too deeply.
            RuntimeError: Another thread changed a collection meanwhile.
        """
        kind = type(value)
        if id(kind) in ATOMS:
            return value
        known = self._copies.get(id(value))
        if known is not None:
            return known[1]
        self._left -= 1
        if self._left < 0:
            raise OverflowError(f"more than {MAX_COPIED} values")
        return _find_method(kind)(self, value)

    def remember(self, value: object, copied: Any) -> None:
        """Register the copy of a value, before its content is copied: the content can refer to it."""
        self._copies[id(value)] = (value, copied)

    def copy_all(self, values: Iterable[Any]) -> list[Any]:
        """Return copies of several values."""
        return [value if id(type(value)) in ATOMS else self.copy(value) for value in values]

    def copy_state(self, value: object, copied: object) -> None:
        """Copy the attributes that an object stores in its `__dict__` and in slots."""
        stored = instance_dict(value)
        if stored:
            names = list(dict.keys(stored))
            dict.update(instance_dict(copied), zip(names, self.copy_all(list(dict.values(stored))), strict=True))
        for name, attribute in attributes_of(value, slots_of(type(value))):
            # A type written in C may have attributes that only it can set.
            with suppress(AttributeError):
                class_attribute(type(value), name).__set__(copied, self.copy(attribute))

    def copy_instance(self, value: object) -> Any:
        """Copy an instance of a Python class, unless it refers to more than `MAX_INSTANCES` others."""
        if self._instances_left is not None:
            self._instances_left -= 1
            if self._instances_left < 0:
                raise _TooManyInstancesError
            return self.copy_record(value)
        if id(type(value)) in self._refused:
            return value
        self._instances_left = MAX_INSTANCES
        before = len(self._copies)
        try:
            return self.copy_record(value)
        except (_TooManyInstancesError, RecursionError):
            for known in list(self._copies)[before:]:
                del self._copies[known]
            # The next object of this class probably refers to the same ones.
            self._refused.add(id(type(value)))
            return value
        finally:
            self._instances_left = None

    def copy_record(self, value: object) -> Any:
        """Copy an object with its attributes. An object without any, such as a sentinel, has nothing to change."""
        if not instance_dict(value) and not attributes_of(value, slots_of(type(value))):
            return value
        copied = object.__new__(type(value))
        self.remember(value, copied)
        self.copy_state(value, copied)
        return copied


_cache: Final[dict[int, tuple[weakref.ref[type], CopyMethod]]] = {}


def copy_value(value: Any) -> Any:
    """Return a copy of a value, as `Copier.copy` does."""
    return Copier().copy(value)


def _find_method(kind: type) -> CopyMethod:
    cached = _cache.get(id(kind))
    if cached is None or cached[0]() is not kind:
        if len(_cache) >= MAX_CACHED_CLASSES:
            _cache.clear()
        cached = _cache[id(kind)] = (weakref.ref(kind), _choose_method(kind))
    return cached[1]


def _choose_method(kind: type) -> CopyMethod:
    method = BY_BASE.get(id(kind))
    if method is not None:
        return method
    if class_attribute(kind, "__del__") is not MISSING:
        # The finalizer of the copy would close what the original still uses.
        return keep
    if module_of(kind).partition(".")[0] in _SHARED_MODULES:
        return keep
    for base in bases_of(kind):
        method = BY_BASE.get(id(base)) or (BY_LIBRARY_NAME.get(name_of(base)) if is_genuine(base) else None)
        if method is not None:
            return method
    if class_attribute(kind, "__next__") is not MISSING and module_of(kind) in _ITERATOR_MODULES:
        return describe_iterator
    if not _is_plain_class(kind):
        return keep
    return Copier.copy_instance if find_field_reader(kind) is None else Copier.copy_record


def _is_plain_class(kind: type) -> bool:
    """Return whether all bases but `object` are class statements, so that an instance is its attributes."""
    for base in bases_of(kind)[:-1]:
        for attribute in namespace_of(base).values():
            # A class written in C has its own descriptors. A class statement can only name those of another class.
            if type(attribute) in _C_DESCRIPTORS and attribute.__objclass__ is base:
                return False
    slot_bytes = 8 * sum(1 for _ in slots_of(kind))
    size, is_heap_type = layout_of(kind)
    if not is_heap_type or size > layout_of(object)[0] + _MAX_HIDDEN_BYTES + slot_bytes:
        return False
    try:
        object.__new__(kind)
    except TypeError:
        return False
    return True
