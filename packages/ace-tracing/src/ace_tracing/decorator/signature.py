"""Signature: names the arguments of a call by parameter.

`inspect.Signature.bind` takes 2 µs a call. A signature does not change, so `Binder` reads it once, when the function is
decorated.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Mapping
from typing import Any, Final

from ace_tracing.values.sentinels import remember_default

if sys.version_info >= (3, 14):
    from annotationlib import Format

    # By default `inspect.signature` evaluates the annotations, which can name objects that are not defined yet.
    _UNEVALUATED: Final[dict[str, Any]] = {"annotation_format": Format.FORWARDREF}
else:
    _UNEVALUATED: Final[dict[str, Any]] = {}

_POSITIONAL: Final = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


def parameters_of(function: Callable[..., Any]) -> list[inspect.Parameter]:
    """Return the parameters of a function.

    Raises:
        TypeError: The object has no signature.
        ValueError: The function, such as some built-in ones, provides no signature.
    """
    return list(inspect.signature(function, **_UNEVALUATED).parameters.values())


def is_coroutine_function(function: Any) -> bool:
    """Return whether a call of a function or of a callable object returns its coroutine."""
    # `inspect` does not recognise an object with an `async def __call__`.
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(type(function).__call__)


class Binder:
    """A function's parameters, for naming the arguments of its calls.

    The result includes defaults and leaves out `self` and `cls`. For a call that does not fit the signature, the
    arguments that fit are named; the function itself raises the TypeError.

    Args:
        function: The function whose calls are bound.

    Attributes:
        var_keyword: The name of the parameter `**kwargs`, or None.
    """

    __slots__ = ("_defaults", "_keywords", "_names", "_plain_count", "_skip", "_var_positional", "var_keyword")

    def __init__(self, function: Callable[..., Any]) -> None:
        try:
            parameters = parameters_of(function)
        except Exception:  # noqa: BLE001 - a callable object can have attributes that raise
            # Also a built-in function without a signature: all arguments are recorded under `args` and `kwargs`.
            parameters = [
                inspect.Parameter("args", inspect.Parameter.VAR_POSITIONAL),
                inspect.Parameter("kwargs", inspect.Parameter.VAR_KEYWORD),
            ]
        positional = [parameter for parameter in parameters if parameter.kind in _POSITIONAL]
        self._skip = int(bool(positional) and positional[0].name in ("self", "cls"))
        self._names = tuple(parameter.name for parameter in positional)
        self._defaults = {p.name: p.default for p in parameters if p.default is not inspect.Parameter.empty}
        for default in self._defaults.values():
            remember_default(default)
        self._var_positional = next((p.name for p in parameters if p.kind is p.VAR_POSITIONAL), None)
        self.var_keyword = next((p.name for p in parameters if p.kind is p.VAR_KEYWORD), None)
        # A call with exactly this many positional arguments, and no other, names every parameter. -1 matches no call.
        is_plain = not self._skip and self._defaults.keys() <= set(self._names)
        self._plain_count = len(positional) if is_plain else -1
        self._keywords = frozenset(p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY))

    @property
    def recorded_names(self) -> list[str]:
        """The names of the parameters that `bind` returns."""
        names = dict.fromkeys((*self._names[self._skip :], *self._keywords - {*self._names[: self._skip]}))
        return [*names, *(name for name in (self._var_positional, self.var_keyword) if name is not None)]

    def bind(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        """Return the arguments of one call by parameter name, in the signature's order if all are positional."""
        names = self._names
        if len(args) == self._plain_count and not kwargs:
            return dict(zip(names, args))  # noqa: B905 - both have the same length
        bound = dict(zip(names[self._skip :], args[self._skip :], strict=False))
        if kwargs:
            if self.var_keyword is None or kwargs.keys() <= self._keywords:
                bound.update(kwargs)
            else:
                extra = {}
                for name, value in kwargs.items():
                    if name in self._keywords:
                        bound[name] = value
                    else:
                        extra[name] = value
                bound[self.var_keyword] = extra
        if len(args) > len(names) and self._var_positional is not None:
            bound[self._var_positional] = args[len(names) :]
        if self._defaults:
            for name, value in self._defaults.items():
                if name not in bound:
                    bound[name] = value
        return bound
