"""What stands in a class body, or is called without being a function: how it is decorated and stays what it is."""

from __future__ import annotations

import copy
import functools
import inspect
import sys
import types
from collections.abc import Callable
from typing import Any

Decorate = Callable[[Any], Any]


def is_method(member: object) -> bool:
    """Whether a member of a class is a method: it can be called, and binds to the instance or the class.

    A class in a class can be called, too, and so can a partial or a client; they are data, and users look inside.
    """
    if isinstance(member, type) or not hasattr(type(member), "__get__"):
        return False
    # Before 3.14 a partial does not bind; 3.13 has given it a `__get__` that only warns of the change.
    if isinstance(member, functools.partial) and sys.version_info < (3, 14):
        return False
    return isinstance(member, (staticmethod, classmethod)) or callable(member)


def decorated_inside(target: object, decorate: Decorate) -> Any:
    """Decorate the functions inside a descriptor: those of a class method, a property, a cached property.

    Returns:
        A descriptor of the same kind, or None when the target is none of these.
    """
    if isinstance(target, (staticmethod, classmethod)):
        return type(target)(decorate(target.__func__))
    if isinstance(target, property):
        for change, function in (
            ("getter", target.fget),
            ("setter", target.fset),
            ("deleter", target.fdel),
        ):
            if function is not None:
                target = getattr(target, change)(decorate(function))
        return target
    if isinstance(target, functools.cached_property):
        cached: Any = copy.copy(target)
        cached.func = decorate(target.func)
        return cached
    return None


def hand_on_methods(target: Any, traced: Any) -> None:
    """Give the traced form the public methods of an object that is called like a function, as `cache_clear`."""
    if type(target) is types.FunctionType:
        return
    for name in dir(type(target)):
        if not name.startswith("_") and inspect.isroutine(inspect.getattr_static(type(target), name)):
            setattr(traced, name, getattr(target, name))
