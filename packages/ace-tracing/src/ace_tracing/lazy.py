"""Public names that are imported when they are first used, so that what few programs need costs the others nothing."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def on_first_use(
    package: str, names: Mapping[str, tuple[str, ...]]
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Give the `__getattr__` and the `__dir__` (PEP 562) of a package.

    Args:
        package: the package's full name.
        names: by module, relative to the package, the names that are taken from it.
    """
    namespace = vars(sys.modules[package])
    module_of = {name: f"{package}.{module}" for module, taken in names.items() for name in taken}

    def getattr_(name: str) -> Any:
        if name not in module_of:
            raise AttributeError(f"module {package!r} has no attribute {name!r}", name=name, obj=sys.modules[package])
        # Kept, so that it is looked up here once.
        value = namespace[name] = getattr(import_module(module_of[name]), name)
        return value

    def dir_() -> list[str]:
        return sorted({*namespace, *module_of})

    return getattr_, dir_
