"""Copies of collections, arrays and other known types, for `copies`. Each method copies one type.

A method calls the methods of the type (`dict.copy(value)`), never those of the value, because a subclass can override
them with its own code.
"""

from __future__ import annotations

import collections
import enum
import io
import types
from collections.abc import Callable, Iterable
from typing import Any, Final, Protocol

from ace_tracing.values import arrays
from ace_tracing.values.conversion import convert
from ace_tracing.values.views import placeholder

# Compared by the `id` of the type: hashing a class would run its metaclass's code.
ATOMS: Final = frozenset(
    id(kind)
    for kind in (
        *(str, int, float, bool, complex, bytes, type(None), type(...), type(NotImplemented), range, slice, object),
        *(type, types.FunctionType, types.BuiltinFunctionType, types.MethodType, types.ModuleType),
    )
)


class UncopiedIterator(str):
    """The description of an iterator, in place of the iterator. It cannot be iterated."""

    __slots__ = ()

    def __iter__(self) -> Any:
        """Raise a TypeError: the items are not recorded."""
        raise TypeError("An iterator is not consumed to record it.")


class Copier(Protocol):
    """The copy that a method contributes to."""

    def copy(self, value: Any) -> Any:
        """Return a copy of a value."""

    def copy_all(self, values: Iterable[Any]) -> list[Any]:
        """Return copies of several values."""

    def copy_state(self, value: object, copied: object) -> None:
        """Copy the attributes that an object stores."""

    def remember(self, value: object, copied: Any) -> None:
        """Register the copy of a value."""


CopyMethod = Callable[[Any, Any], Any]
"""Returns a copy of the second argument, a value of one type. The first one is the `Copier`."""


def keep(_copier: Copier, value: Any) -> Any:
    """Return the value itself."""
    return value


def describe_iterator(_copier: Copier, value: Any) -> Any:
    """Return the description of an iterator."""
    view = convert(value)
    return UncopiedIterator(view if isinstance(view, str) else placeholder(value))


def _is_flat(values: Iterable[object]) -> bool:
    """Return whether no value of a collection can be changed. It takes one step for the whole collection."""
    return ATOMS.issuperset(map(id, map(type, values)))


def _copy_dict(copier: Copier, value: Any, base: Any = dict) -> Any:
    kind = type(value)
    snapshot = dict.copy(value)
    if kind is dict:
        if _is_flat(snapshot.values()):
            return snapshot
        copied: Any = {}
    else:
        copied = base.__new__(kind)
    copier.remember(value, copied)
    for key, item in zip(snapshot, copier.copy_all(snapshot.values()), strict=True):
        base.__setitem__(copied, key, item)
    if kind is not dict:
        copier.copy_state(value, copied)
    return copied


def _copy_ordered_dict(copier: Copier, value: Any) -> Any:
    return _copy_dict(copier, value, collections.OrderedDict)


def _copy_default_dict(copier: Copier, value: Any) -> Any:
    copied = _copy_dict(copier, value, collections.defaultdict)
    copied.default_factory = value.default_factory
    return copied


def _copy_list(copier: Copier, value: Any) -> Any:
    kind = type(value)
    snapshot = list.copy(value)
    if kind is list and _is_flat(snapshot):
        return snapshot
    copied = list.__new__(kind)
    copier.remember(value, copied)
    list.extend(copied, copier.copy_all(snapshot))
    if kind is not list:
        copier.copy_state(value, copied)
    return copied


def _copy_tuple(copier: Copier, value: Any) -> Any:
    items = list(tuple.__iter__(value))
    copies = copier.copy_all(items)
    if all(map(_is_same, items, copies)):
        return value
    return tuple.__new__(type(value), copies)


def _is_same(one: object, other: object) -> bool:
    return one is other


def _copy_set(copier: Copier, value: Any) -> Any:
    kind: Any = type(value)
    copied = kind.__new__(kind) if kind is set else set.__new__(kind)
    copier.remember(value, copied)
    set.update(copied, copier.copy_all(set.copy(value)))
    if kind is not set:
        copier.copy_state(value, copied)
    return copied


def _copy_frozen_set(copier: Copier, value: Any) -> Any:
    items = list(frozenset.__iter__(value))
    copies = copier.copy_all(items)
    return value if all(map(_is_same, items, copies)) else frozenset.__new__(type(value), copies)


def _copy_deque(copier: Copier, value: Any) -> Any:
    kind = type(value)
    copied = collections.deque.__new__(kind)
    copier.remember(value, copied)
    items = copier.copy_all(list(collections.deque.__iter__(value)))
    collections.deque.__init__(copied, items, value.maxlen)
    if kind is not collections.deque:
        copier.copy_state(value, copied)
    return copied


def _copy_bytearray(_copier: Copier, value: Any) -> Any:
    copied = bytearray.__new__(type(value))
    bytearray.extend(copied, bytes(memoryview(value)))
    return copied


def _copy_array(_copier: Copier, value: Any) -> Any:
    return type(value)(value.typecode, value)


def _copy_buffer(_copier: Copier, value: Any) -> Any:
    base = io.BytesIO if issubclass(type(value), io.BytesIO) else io.StringIO
    if type(value) is not base or value.closed:
        return value
    copied: Any = base(value.getvalue())
    copied.seek(value.tell())
    return copied


def _copy_mapping_proxy(copier: Copier, value: Any) -> Any:
    view: Any = convert(value)
    return types.MappingProxyType(copier.copy(view.value)) if isinstance(view.value, dict) else value


def _copy_view(copier: Copier, value: Any) -> Any:
    copied = copier.copy(dict(value.mapping))
    return next(view for view in (copied.keys(), copied.values(), copied.items()) if type(view) is type(value))


def _copy_namespace(copier: Copier, value: Any) -> Any:
    copied = types.SimpleNamespace.__new__(type(value))
    copier.remember(value, copied)
    copier.copy_state(value, copied)
    return copied


def _copy_numpy_array(copier: Copier, value: Any) -> Any:
    return arrays.copy_numpy_array(value, copier.copy_all)


def _copy_pandas(copier: Copier, value: Any) -> Any:
    return arrays.copy_pandas(value, copier.copy_all)


_EMPTY: Final[dict[Any, Any]] = {}
BY_BASE: Final[dict[int, CopyMethod]] = {
    id(base): method
    for base, method in (
        (collections.OrderedDict, _copy_ordered_dict),
        (collections.defaultdict, _copy_default_dict),
        (dict, _copy_dict),
        (list, _copy_list),
        (tuple, _copy_tuple),
        (set, _copy_set),
        (frozenset, _copy_frozen_set),
        (collections.deque, _copy_deque),
        (bytearray, _copy_bytearray),
        (io.BytesIO, _copy_buffer),
        (io.StringIO, _copy_buffer),
        (memoryview, lambda _, value: value.toreadonly()),
        (types.MappingProxyType, _copy_mapping_proxy),
        (types.SimpleNamespace, _copy_namespace),
        *((type(view), _copy_view) for view in (_EMPTY.keys(), _EMPTY.values(), _EMPTY.items())),
        *((kind, describe_iterator) for kind in (types.GeneratorType, types.CoroutineType, types.AsyncGeneratorType)),
        *((kind, keep) for kind in (enum.Enum, BaseException, type, str, int, float, bytes)),
    )
}
_PANDAS_NAMES: Final = ("DataFrame", "Series", "Index")
BY_LIBRARY_NAME: Final[dict[str, CopyMethod]] = {
    "array.array": _copy_array,
    "numpy.ndarray": _copy_numpy_array,
    "numpy.generic": keep,
    # The `__module__` of pandas' classes depends on the version of pandas.
    **dict.fromkeys(
        (
            *(f"pandas.{name}" for name in _PANDAS_NAMES),
            *("pandas.core.frame.DataFrame", "pandas.core.series.Series", "pandas.core.indexes.base.Index"),
        ),
        _copy_pandas,
    ),
}
