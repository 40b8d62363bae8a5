"""Executors: work that is submitted to a thread pool runs in the span that submitted it.

This is the only propagation into threads that is on by default: a pool runs finite work for its submitter. The reasons
are in docs/decisions/0018-frames-pickles-and-pools.md.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, Final, Literal

from ace_tracing.diagnostics import guard
from ace_tracing.propagation.bound_context import bind_context
from ace_tracing.propagation.companion import companion
from ace_tracing.propagation.patches import patch
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


class PoolFinder:
    """Import hook that patches the module of thread pools when the program imports it, and removes itself then.

    An import by `configure` would create the module's lock before a later `monkey_patch` of eventlet, and a greenlet
    that waits for a native lock blocks its whole thread.
    """

    def find_spec(self, name: str, path: Sequence[str] | None = None, target: Any = None) -> ModuleSpec | None:
        """Return the spec of the module of thread pools. None for any other module."""
        if name != _POOLS:
            return None
        with guard("importing thread pools"):
            sys.meta_path.remove(self)
            for finder in sys.meta_path:
                spec = finder.find_spec(name, path, target)
                if spec is not None and spec.loader is not None:
                    _patch_after(spec.loader)
                    return spec
        return None


_finder: Final = PoolFinder()


@guard("patching thread pools")
def propagate_into_pools() -> None:
    """Make the work of thread pools part of the trace that submits it, unless `propagate_context(False)` was called."""
    if propagation.mode == "off":
        return
    pool = getattr(sys.modules.get(_POOLS), "ThreadPoolExecutor", None)
    if pool is not None:
        patch(pool, "submit", make_submit)
    elif _finder not in sys.meta_path:
        sys.meta_path.insert(0, _finder)


def _patch_after(loader: Any) -> None:
    """Patch thread pools after this loader has executed their module."""
    execute = loader.exec_module

    def exec_module(module: ModuleType) -> None:
        del loader.exec_module
        execute(module)
        propagate_into_pools()

    loader.exec_module = exec_module


def make_submit(original: Callable[..., Any]) -> Callable[..., Any]:
    """Return the `submit` method of a thread pool that binds the submitted function to its context."""

    @functools.wraps(original)
    def submit(self: Any, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        mode = propagation.mode
        if mode == "pools":
            # The user's own function, if there is nothing to propagate.
            is_bound = current_span.get() is not None or current_scope.get() is not None
            if not is_bound and (bridge := companion.bridge) is not None:
                is_bound = bool(bridge.capture())
        else:
            is_bound = mode == "all"
        return original(self, bind_context(fn) if is_bound and not _is_isolated(self) else fn, *args, **kwargs)

    return submit


def _is_isolated(pool: Any) -> bool:
    """Return whether a pool runs its work in subinterpreters, which cannot import this package's dependencies."""
    kind = getattr(sys.modules.get("concurrent.futures.interpreter"), "InterpreterPoolExecutor", None)
    return kind is not None and isinstance(pool, kind)
