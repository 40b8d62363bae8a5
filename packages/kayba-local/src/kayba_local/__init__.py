"""Kayba in one process: the API contract served from one SQLite file."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kayba_local.app import create_app
    from kayba_local.cli import default_store
    from kayba_local.server import LocalServer, serve

__all__ = ["LocalServer", "__version__", "create_app", "default_store", "serve"]

_HOMES = {
    "LocalServer": "kayba_local.server",
    "create_app": "kayba_local.app",
    "default_store": "kayba_local.cli",
    "serve": "kayba_local.server",
}


def __getattr__(name: str) -> Any:
    # Lazy: the pytest plugin is imported into every run of pytest, most of which never start a server.
    if name == "__version__":
        return import_module("importlib.metadata").version("kayba-local")
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
