"""Descriptors: decorates class methods, properties and other callables that are not plain functions."""

from __future__ import annotations

import copy
import functools
import inspect
import sys
import types
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final, NamedTuple, TypeVar

from ace_tracing.diagnostics import warn

F = TypeVar("F", bound=Callable[..., Any])

Decorate = Callable[[Any], Any]

_OUTERMOST: Final = "_ace_outermost"


class _Outermost(NamedTuple):
    """A decoration that stays around a function's traced form.

    Attributes:
        owner: The decorated function. Other decorators copy its attributes.
        function: The function below the decoration.
        decorate: Decorates another form of the function.
    """

    owner: object
    function: Any
    decorate: Decorate


def keep_outermost(owner: Any, function: Any, decorate: Decorate) -> None:
    """Let `@trace` above a decorated function trace the function below the decoration.

    Args:
        owner: The decorated function.
        function: The function below the decoration.
        decorate: The decoration.
    """
    vars(owner)[_OUTERMOST] = _Outermost(owner, function, decorate)


def trace_below(target: Any, decorate: Decorate) -> Any:
    """Return the target with its outermost decoration around its traced form, or None when it has none."""
    outermost = vars(target).get(_OUTERMOST) if type(target) is types.FunctionType else None
    if type(outermost) is not _Outermost or outermost.owner is not target:
        return None
    return outermost.decorate(decorate(outermost.function))


def is_method(member: object) -> bool:
    """Return whether a member of a class is a method: callable, and bound to the instance or the class on access.

    A nested class, a partial and a client object are callable too, but they are data that users look into.
    """
    if isinstance(member, type) or not hasattr(type(member), "__get__"):
        return False
    # A partial does not bind before 3.14. The `__get__` that 3.13 added only warns of the change.
    if isinstance(member, functools.partial) and sys.version_info < (3, 14):
        return False
    return isinstance(member, (staticmethod, classmethod)) or callable(member)


def decorate_methods(target: type, decorate: Decorate) -> None:
    """Replace the public methods of a class by decorated ones.

    A class that refuses it, such as a built-in one or one whose metaclass forbids assignment, keeps its own methods,
    and a warning is logged.
    """
    try:
        for name, member in list(vars(target).items()):
            if not name.startswith("_") and is_method(member):
                setattr(target, name, decorate(member))
    except Exception as error:  # noqa: BLE001 - a metaclass can raise anything
        warn(
            f"immutable:{type.__repr__(target)}",
            "@trace: the methods of the class %s cannot be replaced and are not traced (%s). Trace the functions that "
            "call them",
            type.__repr__(target),
            type(error).__name__,
        )


def decorate_descriptor(target: object, decorate: Decorate) -> Any:
    """Decorate the functions inside a static or class method, a property or a cached property.

    Returns:
        A descriptor of the same kind, or None when the target is no such descriptor.
    """
    if isinstance(target, (staticmethod, classmethod)):
        return type(target)(decorate(target.__func__))
    if isinstance(target, property):
        for method_name, function in (
            ("getter", target.fget),
            ("setter", target.fset),
            ("deleter", target.fdel),
        ):
            if function is not None:
                target = getattr(target, method_name)(decorate(function))
        return target
    if isinstance(target, functools.cached_property):
        cached: Any = copy.copy(target)
        cached.func = decorate(target.func)
        return cached
    return None


def copy_metadata(function: Any) -> Callable[[F], F]:
    """Return a decorator that gives a wrapper the name, the documentation and the attributes of a function.

    It does the same as `functools.wraps`. A callable object can have other values than text in their place, for example
    if it returns an object for any attribute, as the methods of `xmlrpc.client` do; these are left out.
    """

    def copy_to(wrapper: F) -> F:
        try:
            functools.update_wrapper(wrapper, function)
        except Exception:  # noqa: BLE001 - the attributes are the user's code
            for name in functools.WRAPPER_ASSIGNMENTS:
                with suppress(Exception):
                    setattr(wrapper, name, getattr(function, name))
            vars(wrapper)["__wrapped__"] = function
        return wrapper

    return copy_to


def forward_methods(target: Any, traced: Any) -> None:
    """Copy the public methods of a callable object, such as `cache_clear`, to its traced form."""
    if type(target) is types.FunctionType:
        return
    for name in dir(type(target)):
        if not name.startswith("_") and inspect.isroutine(inspect.getattr_static(type(target), name)):
            setattr(traced, name, getattr(target, name))
