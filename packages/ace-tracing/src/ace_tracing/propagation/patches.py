"""Patches of classes of the standard library, which can be undone."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Final

# Nothing is imported while it is held: a thread that waits for it can hold the lock of a module.
_lock: Final = threading.Lock()
_patches: Final[list[tuple[type, str, Any, Any]]] = []
"""Owner, attribute name, original and replacement of each patch."""


def patch(owner: type, name: str, make: Callable[[Callable[..., Any]], Callable[..., Any]]) -> None:
    """Replace a method by the result of `make` for it, unless it is patched already."""
    with _lock:
        if any(known[:2] == (owner, name) for known in _patches):
            return
        original = getattr(owner, name)
        replacement = make(original)
        setattr(owner, name, replacement)
        _patches.append((owner, name, original, replacement))


def unpatch_all() -> None:
    """Restore the originals.

    A replacement that another library has patched in turn stays in place. It forwards every call unchanged.
    """
    with _lock:
        for known in list(_patches):
            owner, name, original, replacement = known
            if getattr(owner, name) is replacement:
                setattr(owner, name, original)
                _patches.remove(known)
