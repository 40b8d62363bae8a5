"""One step from any object towards JSON, without running its code.

Data is opened: collections, and records as dataclasses and models are. What has a well-known text becomes that text.
Anything else is named in angle brackets, and nothing lazy is consumed.

A user's `__repr__` is never called. It is code, which may hang (and nothing can interrupt it on its own thread), query
a database or change the object; and a default one is an address, which says nothing. A class whose author wrote one
means its objects to be read: their public numbers and short strings stand in for it. A class without one, as that of
an API client, is only named: what its objects hold may be keys.
"""

from __future__ import annotations

import re
import types
import weakref
from itertools import islice

from ace_tracing.values import arrays
from ace_tracing.values.readings import Entries, Reader, Simpler, entries, is_short, named
from ace_tracing.values.records import field_reader
from ace_tracing.values.reflect import (
    attributes_of,
    bases_of,
    class_attribute,
    instance_dict,
    name_of,
    slots_of,
)
from ace_tracing.values.wellknown import READERS, reader_of_library

MAX_FIELDS = 32
MAX_KNOWN_CLASSES = 1_000

_SECRET = re.compile(r"key|token|secret|passw|pwd|auth|credential|cookie|dsn|ur[il]", re.IGNORECASE)

# By identity, and weakly: a dict of classes would hash them, as their metaclass says, and keep them alive.
_known: dict[int, tuple[weakref.ref[type], Reader]] = {}


def simpler(value: object) -> Simpler:
    """What `value` reads as: a string or a number, or something that holds other values."""
    kind = type(value)
    known = _known.get(id(kind))
    if known is None or known[0]() is not kind:
        if len(_known) >= MAX_KNOWN_CLASSES:
            _known.clear()
        known = _known[id(kind)] = (weakref.ref(kind), _reader_for(kind))
    return known[1](value)


def _reader_for(kind: type) -> Reader:
    fields = field_reader(kind)
    if fields is not None:
        return entries(fields)
    for base in bases_of(kind):
        read = READERS.get(id(base)) or reader_of_library(base)
        if read is not None:
            return read
    return _object


def _object(value: object) -> Simpler:
    """Any object: a tensor, or what its author wrote a repr for, or its type's name."""
    kind = type(value)
    summary = arrays.tensor(value)
    if summary is not None:
        return Entries(summary, len(summary))
    if type(class_attribute(kind, "__repr__")) is types.FunctionType:
        names = [*slots_of(kind), *islice(dict.keys(instance_dict(value)), 1_000)]
        public = [name for name in names if type(name) is str and not name.startswith("_") and not _SECRET.search(name)]
        shown = [field for field in attributes_of(value, public) if is_short(field[1])][:MAX_FIELDS]
        if shown:
            return Entries([("<type>", name_of(kind)), *shown], len(shown) + 1)
    return named(value)
