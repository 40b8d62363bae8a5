"""Introspection: reads classes and objects without running their code.

`value.x`, `len(value)`, `repr(value)` and `isinstance(value, ...)` can run code of the value's class or metaclass. That
code can raise, hang, query a database or return a wrong result. The functions here read only the data that the
interpreter itself stores for a class or an object.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

MISSING: Final[Any] = object()
"""Marks an attribute that does not exist, or that only code could compute."""

# `kind.__qualname__` asks the metaclass first. The slots of `type` do not.
_basicsize: Final = type.__dict__["__basicsize__"].__get__
_flags: Final = type.__dict__["__flags__"].__get__
_module: Final = type.__dict__["__module__"].__get__
_mro: Final = type.__dict__["__mro__"].__get__
_namespace: Final = type.__dict__["__dict__"].__get__
_qualname: Final = type.__dict__["__qualname__"].__get__

_HEAP_TYPE: Final = 1 << 9


def bases_of(kind: type) -> tuple[type, ...]:
    """Return the class and its bases in method resolution order."""
    return _mro(kind)  # type: ignore[no-any-return]


def namespace_of(kind: type) -> Mapping[str, Any]:
    """Return the class's own attributes, without those of its bases. Descriptors are unbound."""
    return _namespace(kind)  # type: ignore[no-any-return]


def layout_of(kind: type) -> tuple[int, bool]:
    """Return the size of an instance in bytes, and whether the class was made at run time, as class statements are."""
    return _basicsize(kind), bool(_flags(kind) & _HEAP_TYPE)


def module_of(kind: type) -> str:
    """Return the class's `__module__`, or an empty string when it is not a string."""
    module = _module(kind)
    return str.__str__(module) if issubclass(type(module), str) else ""


def name_of(kind: type) -> str:
    """Return the class's qualified name, with its module unless that is `builtins` or `__main__`."""
    module, name = module_of(kind), str.__str__(_qualname(kind))
    return name if module in ("", "builtins", "__main__") else f"{module}.{name}"


def is_genuine(kind: type) -> bool:
    """Return whether the class is the object that its module holds under its name.

    A class can claim any `__module__`. Only modules that are already imported are looked up.
    """
    module, name = module_of(kind), str.__str__(_qualname(kind))
    return getattr(sys.modules.get(module), name, None) is kind


def class_attribute(kind: type, name: str) -> Any:
    """Return an attribute of the class or its nearest base, or `MISSING`. Descriptors are returned unbound."""
    for base in _mro(kind):
        found = _namespace(base).get(name, MISSING)
        if found is not MISSING:
            return found
    return MISSING


def find_position(kind: type, name: str) -> int:
    """Return the position in the method resolution order of the class that defines an attribute; -1 for none."""
    return next((position for position, base in enumerate(_mro(kind)) if name in _namespace(base)), -1)


def slots_of(kind: type) -> Iterator[str]:
    """Yield the names in the `__slots__` of a class and its bases, base first."""
    for base in reversed(_mro(kind)):
        for name, attribute in _namespace(base).items():
            if type(attribute) is types.MemberDescriptorType:
                yield name


def instance_dict(value: object) -> dict[str, Any]:
    """Return the object's `__dict__`, not a copy; an empty dict when it has none."""
    for base in _mro(type(value)):
        descriptor = _namespace(base).get("__dict__")
        if type(descriptor) is types.GetSetDescriptorType or type(descriptor) is types.MemberDescriptorType:
            try:
                found = descriptor.__get__(value)
            except AttributeError:
                # A proxy written in C forwards the lookup to its target, which has no `__dict__`.
                return {}
            return found if issubclass(type(found), dict) else {}
    return {}


def attributes_of(value: object, names: Iterable[str]) -> list[tuple[str, Any]]:
    """Return the names and values of the attributes that the object stores, in its `__dict__` or in slots."""
    stored = instance_dict(value)
    attributes = []
    for name in names:
        found = dict.get(stored, name, MISSING)
        if found is MISSING:
            found = _slot(value, name)
        if found is not MISSING:
            attributes.append((name, found))
    return attributes


def attribute_of(value: object, name: str) -> Any:
    """Return an attribute that the object stores in its `__dict__` or in a slot, or `MISSING`."""
    found = dict.get(instance_dict(value), name, MISSING)
    return _slot(value, name) if found is MISSING else found


def slot_at(value: object, position: int, name: str) -> Any:
    """Return an attribute that the object stores in a slot of the class at a position, or `MISSING`."""
    try:
        return _read_slot(value, _namespace(_mro(type(value))[position])[name])
    except (IndexError, KeyError):
        # The class was changed since the position was found.
        return MISSING


def _slot(value: object, name: str) -> Any:
    return _read_slot(value, class_attribute(type(value), name))


def _read_slot(value: object, descriptor: Any) -> Any:
    kind = type(descriptor)
    if kind is not types.MemberDescriptorType and kind is not types.GetSetDescriptorType:
        return MISSING
    try:
        return descriptor.__get__(value)
    except AttributeError:
        return MISSING
