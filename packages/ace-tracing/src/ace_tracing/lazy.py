"""Lazy imports of public names: a program pays only for the names that it uses."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def on_first_use(
    package: str, names: Mapping[str, tuple[str, ...]]
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Return the `__getattr__` and the `__dir__` (PEP 562) of a package.

    Args:
        package: The package's full name.
        names: The public names of each module. Modules are relative to the package.
    """
    namespace = vars(sys.modules[package])
    module_of = {name: f"{package}.{module}" for module, exported in names.items() for name in exported}

    def getattr_(name: str) -> Any:
        if name not in module_of:
            raise AttributeError(f"module {package!r} has no attribute {name!r}", name=name, obj=sys.modules[package])
        # Stored in the package, so Python finds it there next time.
        value = namespace[name] = getattr(import_module(module_of[name]), name)
        return value

    def dir_() -> list[str]:
        return sorted({*namespace, *module_of})

    return getattr_, dir_
