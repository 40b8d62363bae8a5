"""Sentinels: the objects by which libraries mark arguments and fields that are not given.

A method of a client that is generated from an API has a parameter for each field of the API. A call gives a few of
them, and the defaults of the others would hide those. A sentinel is recognised by its class, without an import of its
library.
"""

from __future__ import annotations

import enum
import inspect
import types
from typing import Any, Final

from ace_tracing.values.introspection import bases_of, class_attribute, name_of, slots_of
from ace_tracing.values.views import placeholder

MAX_DEFAULTS: Final = 1_000
"""The maximum number of remembered defaults."""

_NAMES: Final = frozenset(
    (
        "methoddefault",
        "missing",
        "missingtype",
        "notgiven",
        "notgiventype",
        "nothing",
        "notset",
        "notsettype",
        "omit",
        "omittype",
        "pydanticundefinedtype",
        "sentinel",
        "undefined",
        "undefinedtype",
        "unset",
        "unsettype",
        "useclientdefault",
    )
)
"""The names of sentinels' classes, in lower case and without underscores."""
_NAMED_SENTINELS: Final = ("typing_extensions.Sentinel", "sentinel")
"""Classes of sentinels that hold their own name (PEP 661)."""

_defaults: Final[dict[int, object]] = {}
"""Sentinels without a class of their own, by id. The reference keeps the id from being reused."""


def remember_default(default: Any) -> None:
    """Remember the default of a traced function's parameter as a sentinel, if it is a plain `object()`."""
    if type(default) is object and len(_defaults) < MAX_DEFAULTS:
        _defaults[id(default)] = default


def is_remembered(value: object, kind: type) -> bool:
    """Return whether a value is a sentinel by its identity, not by its class."""
    return value is inspect.Parameter.empty if kind is type else kind is object and id(value) in _defaults


def is_sentinel_class(kind: type) -> bool:
    """Return whether the objects of a class are sentinels: by its name, and because they hold no data."""
    name = name_of(kind)
    if name in _NAMED_SENTINELS:
        return True
    if name.rpartition(".")[2].replace("_", "").lower() not in _NAMES:
        return False
    if any(base is enum.Enum for base in bases_of(kind)):
        members = class_attribute(kind, "_member_map_")
        return type(members) is dict and len(members) == 1
    initialize = class_attribute(kind, "__init__")
    takes_data = type(initialize) is types.FunctionType and initialize.__code__.co_argcount > 1
    return not takes_data and not any(slots_of(kind))


def describe_sentinel(value: object) -> str:
    """Return the text of a sentinel where it cannot be left out, as in a list."""
    return placeholder(value)
