"""Executors: work that is submitted to a thread pool runs in the span that submitted it.

This is the only propagation into threads that is on by default: a pool runs finite work for its submitter. The reasons
are in docs/decisions/0018-frames-pickles-and-pools.md.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import Any, Final, Literal

from ace_tracing.diagnostics import guard
from ace_tracing.propagation.bound_context import bind_context
from ace_tracing.propagation.patches import lock, patch
from ace_tracing.recording.context import current_scope, current_span

_POOLS: Final = "concurrent.futures.thread"


class Propagation:
    """The extent of the propagation in this process.

    Attributes:
        mode: `"pools"`: into thread pools, the default. `"all"`: into threads, processes and greenlets, too. `"off"`.
    """

    __slots__ = ("mode",)

    def __init__(self) -> None:
        self.mode: Literal["pools", "all", "off"] = "pools"


propagation: Final = Propagation()


@guard("patching thread pools")
def propagate_into_pools() -> None:
    """Make the work of thread pools part of the trace that submits it, unless `propagate_context(False)` was called."""
    if propagation.mode == "off" or _is_too_early():
        return
    from concurrent.futures import ThreadPoolExecutor

    with lock:
        patch(ThreadPoolExecutor, "submit", make_submit)


def make_submit(original: Callable[..., Any]) -> Callable[..., Any]:
    """Return the `submit` method of a thread pool that binds the submitted function to its context."""

    @functools.wraps(original)
    def submit(self: Any, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        mode = propagation.mode
        if mode == "pools":
            # The user's own function, if there is nothing to propagate.
            is_bound = current_span.get() is not None or current_scope.get() is not None
        else:
            is_bound = mode == "all"
        return original(self, bind_context(fn) if is_bound and not _is_isolated(self) else fn, *args, **kwargs)

    return submit


def _is_isolated(pool: Any) -> bool:
    """Return whether a pool runs its work in subinterpreters, which cannot import this package's dependencies."""
    kind = getattr(sys.modules.get("concurrent.futures.interpreter"), "InterpreterPoolExecutor", None)
    return kind is not None and isinstance(pool, kind)


def _is_too_early() -> bool:
    """Return whether eventlet may still patch the locks that the module of thread pools creates when it is imported."""
    patcher = sys.modules.get("eventlet.patcher")
    return patcher is not None and _POOLS not in sys.modules and not patcher.is_monkey_patched("thread")
