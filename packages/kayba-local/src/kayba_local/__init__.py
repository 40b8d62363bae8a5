"""Kayba server in one process: the API contract on one SQLite file."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from kayba_local.app import create_app
    from kayba_local.cli import default_store
    from kayba_local.http.limits import Limits
    from kayba_local.server import LocalServer, serve

__all__ = ["Limits", "LocalServer", "__version__", "create_app", "default_store", "serve"]

_MODULES: Final = {
    "Limits": "kayba_local.http.limits",
    "LocalServer": "kayba_local.server",
    "create_app": "kayba_local.app",
    "default_store": "kayba_local.cli",
    "serve": "kayba_local.server",
}


def __getattr__(name: str) -> Any:
    # Lazy, because every pytest run imports this package for its plugin, and few of them start a server.
    if name == "__version__":
        return import_module("importlib.metadata").version("kayba-local")
    if name in _MODULES:
        return getattr(import_module(_MODULES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
