"""The import paths of the Kayba SDK. `ace.tracing` needs the package `ace-tracing`, the extra `tracing`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ace_tracing import configure as configure_tracing

__all__ = ["configure_tracing"]


def __getattr__(name: str) -> Any:
    # Imported on first use, so that `import ace` is fast and works without the extra.
    if name == "configure_tracing":
        from ace.tracing import configure

        return configure
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
