"""Look at an object without running any code of its own.

`value.x`, `len(value)`, `repr(value)` and even `isinstance(value, ...)` may run code of the value's class or metaclass,
which may raise, hang, query a database or lie. Here only what the interpreter itself keeps of an object is read.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Iterable, Iterator
from typing import Any

MISSING: Any = object()
"""Stands for an attribute that is not there, or that only code could give."""

# `kind.__qualname__` asks the metaclass first; the slots of `type` itself do not.
_module = type.__dict__["__module__"].__get__
_mro = type.__dict__["__mro__"].__get__
_namespace = type.__dict__["__dict__"].__get__
_qualname = type.__dict__["__qualname__"].__get__


def bases_of(kind: type) -> tuple[type, ...]:
    """The class and its bases, in the order in which attributes are looked up."""
    return _mro(kind)  # type: ignore[no-any-return]


def module_of(kind: type) -> str:
    """The name of the module a class says it is from; empty when it says nothing of use."""
    module = _module(kind)
    return str.__str__(module) if issubclass(type(module), str) else ""


def name_of(kind: type) -> str:
    """The class's name as people write it: with its module, unless that is `builtins` or `__main__`."""
    module, name = module_of(kind), str.__str__(_qualname(kind))
    return name if module in ("", "builtins", "__main__") else f"{module}.{name}"


def is_found_where_it_says(kind: type) -> bool:
    """Whether the module that a class says it is from, already imported, has that very class under its name."""
    module, name = module_of(kind), str.__str__(_qualname(kind))
    return getattr(sys.modules.get(module), name, None) is kind


def class_attribute(kind: type, name: str) -> Any:
    """What the class or its nearest base has under `name`, descriptors as they are; `MISSING` when none has it."""
    for base in _mro(kind):
        found = _namespace(base).get(name, MISSING)
        if found is not MISSING:
            return found
    return MISSING


def slots_of(kind: type) -> Iterator[str]:
    """The names in the `__slots__` of a class and its bases, base first."""
    for base in reversed(_mro(kind)):
        for name, attribute in _namespace(base).items():
            if type(attribute) is types.MemberDescriptorType:
                yield name


def instance_dict(value: object) -> dict[str, Any]:
    """The object's own `__dict__`, not a copy; empty when it has none."""
    for base in _mro(type(value)):
        descriptor = _namespace(base).get("__dict__")
        if type(descriptor) is types.GetSetDescriptorType or type(descriptor) is types.MemberDescriptorType:
            try:
                found = descriptor.__get__(value)
            except AttributeError:
                # A proxy written in C asks what it stands for.
                return {}
            return found if issubclass(type(found), dict) else {}
    return {}


def attributes_of(value: object, names: Iterable[str]) -> list[tuple[str, Any]]:
    """The attributes of these names that the object really holds, in its `__dict__` or in slots."""
    held = instance_dict(value)
    kept = []
    for name in names:
        found = dict.get(held, name, MISSING)
        if found is MISSING:
            found = _slot(value, name)
        if found is not MISSING:
            kept.append((name, found))
    return kept


def attribute_of(value: object, name: str) -> Any:
    """The attribute as the object holds it; `MISSING` when it does not."""
    found = dict.get(instance_dict(value), name, MISSING)
    return _slot(value, name) if found is MISSING else found


def _slot(value: object, name: str) -> Any:
    descriptor = class_attribute(type(value), name)
    kind = type(descriptor)
    if kind is not types.MemberDescriptorType and kind is not types.GetSetDescriptorType:
        return MISSING
    try:
        return descriptor.__get__(value)
    except AttributeError:
        return MISSING
