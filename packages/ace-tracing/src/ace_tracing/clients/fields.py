"""Fields of a client's object, read from where the interpreter stores them: no code of the object runs."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from types import GetSetDescriptorType, MemberDescriptorType
from typing import Any, Final

import orjson

from ace_tracing.values.introspection import bases_of, namespace_of
from ace_tracing.values.snapshot import snapshot

MAX_CLASSES: Final = 1_000

_Getter = Callable[[object], Any]
_NOTHING: Final[dict[str, Any]] = {}

# Keyed by id, with a weak reference, as in `values.conversion`: hashing a class would run its metaclass's code.
_getters: Final[dict[int, tuple[weakref.ref[type], tuple[_Getter, _Getter, _Getter]]]] = {}
_PLACES: Final = ("__dict__", "__pydantic_extra__", "__pydantic_private__")


def fields_of(value: object) -> dict[str, Any]:
    """Return the fields of a dict or of an object with a `__dict__`, not a copy; an empty dict for any other value."""
    return value if type(value) is dict else _stored_in(value, 0)


def extra_fields_of(value: object) -> dict[str, Any]:
    """Return the fields of a pydantic model that its class does not declare."""
    return _NOTHING if type(value) is dict else _stored_in(value, 1)


def private_fields_of(value: object) -> dict[str, Any]:
    """Return the private attributes of a pydantic model."""
    return _NOTHING if type(value) is dict else _stored_in(value, 2)


def read(value: object, *names: str) -> Any:
    """Return the first field that is not None, or None. The names are spellings of one field."""
    fields = fields_of(value)
    for name in names:
        found = fields.get(name)
        if found is not None:
            return found
    fields = extra_fields_of(value)
    for name in names if fields else ():
        found = fields.get(name)
        if found is not None:
            return found
    return None


def read_text(value: object, *names: str) -> str | None:
    """Return a field that is a text, also one of an enumeration, or None if it is no text or is empty."""
    found = read(value, *names)
    return (str.__str__(found) or None) if is_text(found) else None


def is_text(value: object) -> bool:
    """Return whether a value is a text, without asking the value for its class."""
    return issubclass(type(value), str)


def copy_json(value: object) -> tuple[Any, int]:
    """Return a copy of a value as plain JSON, and the number of its bytes."""
    encoded = snapshot(value)
    return orjson.loads(encoded), len(encoded)


def _stored_in(value: object, place: int) -> dict[str, Any]:
    kind = type(value)
    known = _getters.get(id(kind))
    if known is None or known[0]() is not kind:
        if len(_getters) >= MAX_CLASSES:
            _getters.clear()
        dict_getter, extra_getter, private_getter = (_make_getter(kind, name) for name in _PLACES)
        known = _getters[id(kind)] = (weakref.ref(kind), (dict_getter, extra_getter, private_getter))
    stored = known[1][place](value)
    return stored if type(stored) is dict else _NOTHING


def _make_getter(kind: type, name: str) -> _Getter:
    """Return a function that returns what an object stores in a slot, or None."""
    for base in bases_of(kind):
        descriptor = namespace_of(base).get(name)
        if type(descriptor) is GetSetDescriptorType or type(descriptor) is MemberDescriptorType:
            return _forgive_missing(descriptor.__get__)
    return _return_none


def _forgive_missing(get: _Getter) -> _Getter:
    def get_or_none(value: object) -> Any:
        try:
            return get(value)
        except AttributeError:
            # An empty slot, or a proxy written in C whose target has no `__dict__`.
            return None

    return get_or_none


def _return_none(_value: object) -> None:
    return None
