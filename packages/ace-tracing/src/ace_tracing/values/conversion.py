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
from typing import Final

from ace_tracing.values import arrays
from ace_tracing.values.fields import find_field_reader
from ace_tracing.values.introspection import (
    attributes_of,
    bases_of,
    class_attribute,
    instance_dict,
    name_of,
    slots_of,
)
from ace_tracing.values.known_types import CONVERTERS, find_library_converter
from ace_tracing.values.views import Converter, Entries, View, entries_converter, is_short, placeholder

MAX_FIELDS: Final = 32
MAX_CACHED_CLASSES: Final = 1_000

_SECRET: Final = re.compile(r"key|token|secret|passw|pwd|auth|credential|cookie|dsn|ur[il]", re.IGNORECASE)

# Keyed by id, with a weak reference: hashing a class would run its metaclass's code, and a strong reference would keep
# the class alive.
_cache: Final[dict[int, tuple[weakref.ref[type], Converter]]] = {}


def convert(value: object) -> View:
    """Return the view of a value: a string, a number or a container of other values."""
    kind = type(value)
    cached = _cache.get(id(kind))
    if cached is None or cached[0]() is not kind:
        if len(_cache) >= MAX_CACHED_CLASSES:
            _cache.clear()
        cached = _cache[id(kind)] = (weakref.ref(kind), _find_converter(kind))
    return cached[1](value)


def _find_converter(kind: type) -> Converter:
    read = find_field_reader(kind)
    if read is not None:
        return entries_converter(read)
    for base in bases_of(kind):
        converter = CONVERTERS.get(id(base)) or find_library_converter(base)
        if converter is not None:
            return converter
    return _convert_object


def _convert_object(value: object) -> View:
    """Return a tensor's summary, the public fields of an object whose class has a `__repr__`, or a placeholder."""
    kind = type(value)
    summary = arrays.summarize_tensor(value)
    if summary is not None:
        return Entries(summary, len(summary))
    if type(class_attribute(kind, "__repr__")) is types.FunctionType:
        names = [*slots_of(kind), *islice(dict.keys(instance_dict(value)), 1_000)]
        public = [name for name in names if type(name) is str and not name.startswith("_") and not _SECRET.search(name)]
        shown = [field for field in attributes_of(value, public) if is_short(field[1])][:MAX_FIELDS]
        if shown:
            return Entries([("<type>", name_of(kind)), *shown], len(shown) + 1)
    return placeholder(value)
