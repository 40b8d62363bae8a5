"""Conversion: one step from any object to JSON, without running the object's code.

Containers are opened: collections, and records such as dataclasses and models. A value with a well-known text becomes
that text. Any other value becomes its type's name in angle brackets. Iterators and generators are not consumed.

A user's `__repr__` is never called: it can hang (and nothing can interrupt it on its own thread), query a database or
change the object. A class with its own `__repr__` is meant to be read, so its objects show their public numbers and
short strings. A class without one, such as an API client, shows only its name, because its attributes can be keys.
"""

from __future__ import annotations

import re
import types
import weakref
from itertools import islice
from typing import Any, Final

from ace_tracing.interrupts import raise_interrupt
from ace_tracing.values import arrays
from ace_tracing.values.fields import find_field_reader
from ace_tracing.values.introspection import (
    MISSING,
    attributes_of,
    bases_of,
    class_attribute,
    find_position,
    instance_dict,
    name_of,
    slot_at,
    slots_of,
)
from ace_tracing.values.known_types import CONVERTERS, find_library_converter
from ace_tracing.values.sentinels import describe_sentinel, is_remembered, is_sentinel_class
from ace_tracing.values.views import Converter, Entries, View, is_short, placeholder_of

MAX_FIELDS: Final = 32
MAX_SCANNED: Final = 1_000
MAX_CACHED_CLASSES: Final = 1_000

_SECRET: Final = re.compile(r"key|token|secret|passw|pwd|auth|credential|cookie|dsn|ur[il]", re.IGNORECASE)

_SCANNED_PER_WORK: Final = 4
_NOTHING: Final[dict[str, object]] = {}

# Keyed by id, with a weak reference: hashing a class would run its metaclass's code, and a strong reference would keep
# the class alive.
_cache: Final[dict[int, tuple[weakref.ref[type], tuple[Converter, int]]]] = {}


def convert(value: object) -> View:
    """Return the view of a value: a string, a number or a container of other values."""
    return find_converter(type(value))[0](value)


def find_converter(kind: type) -> tuple[Converter, int]:
    """Return the converter of a class and its work, about a microsecond for each unit.

    Returns:
        The converter and the work; 0 when the work depends on the value, see `count_scanned`.
    """
    cached = _cache.get(id(kind))
    if cached is None or cached[0]() is not kind:
        if len(_cache) >= MAX_CACHED_CLASSES:
            _cache.clear()
        cached = _cache[id(kind)] = (weakref.ref(kind), _choose_converter(kind))
    return cached[1]


def is_sentinel(value: object, kind: type) -> bool:
    """Return whether a value marks an argument or a field that is not given."""
    try:
        return find_converter(kind)[0] is describe_sentinel or is_remembered(value, kind)
    except Exception as error:  # noqa: BLE001 - the copy of the value meets the same failure, and describes it
        raise_interrupt(error, kind)
        return False


def count_scanned(value: object) -> int:
    """Return the work to find the public attributes of an object."""
    return 1 + dict.__len__(instance_dict(value)) // _SCANNED_PER_WORK


def _choose_converter(kind: type) -> tuple[Converter, int]:
    if is_sentinel_class(kind):
        return describe_sentinel, 1
    read = find_field_reader(kind)
    if read is not None:
        return read, 1
    for base in bases_of(kind):
        converter = CONVERTERS.get(id(base))
        if converter is not None:
            return converter, 1
        known = find_library_converter(base)
        if known is not None:
            return known
    return _make_object_converter(kind), 0 if _has_repr(kind) else 1


def _make_object_converter(kind: type) -> Converter:
    """Return a converter to a tensor's summary, the public fields of an object with a `__repr__`, or a placeholder."""
    # Read once for the class. The converter does not keep a reference to it.
    slots = tuple(slots_of(kind))
    dict_position = find_position(kind, "__dict__")
    has_repr = _has_repr(kind)
    has_shape = class_attribute(kind, "shape") is not MISSING
    text = placeholder_of(kind)

    def convert_object(value: object) -> View:
        stored: Any = slot_at(value, dict_position, "__dict__") if dict_position >= 0 else None
        if not issubclass(type(stored), dict):
            stored = _NOTHING
        if has_shape or dict.__contains__(stored, "shape"):
            summary = arrays.summarize_tensor(value)
            if summary is not None:
                return summary
        if has_repr and (slots or dict.__len__(stored)):
            names = [name for name in (*slots, *islice(dict.keys(stored), MAX_SCANNED)) if type(name) is str]
            public = [name for name in names if not name.startswith("_") and not _SECRET.search(name)]
            shown = [field for field in attributes_of(value, public) if is_short(field[1])][:MAX_FIELDS]
            if shown:
                return Entries([("<type>", name_of(type(value))), *shown], len(shown) + 1)
        return text

    return convert_object


def _has_repr(kind: type) -> bool:
    return type(class_attribute(kind, "__repr__")) is types.FunctionType
