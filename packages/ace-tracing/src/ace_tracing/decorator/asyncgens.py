"""Finalization of asynchronous generators: the event loop knows only the wrapper, not the generator inside it."""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator, Awaitable
from typing import Any


def start_unregistered(generator: AsyncGenerator[Any, Any], value: Any) -> Awaitable[Any]:
    """Return the first step of a generator, without passing the generator to the event loop's hooks.

    An asynchronous generator reads the hooks of `sys.set_asyncgen_hooks` at its first step. The loop closes the
    generators that it gets by them, at the loop's end all at once, and a generator that is being closed by its wrapper
    cannot be closed a second time.

    Args:
        generator: A generator that has not started.
        value: None, the only value that such a generator accepts.
    """
    hooks = sys.get_asyncgen_hooks()
    # A generator without a finalizer closes itself when it is collected, which would run its clean-up where the loop
    # has decided to leave the wrapper as it is.
    finalizer = None if hooks.finalizer is None else _leave_unfinished
    try:
        sys.set_asyncgen_hooks(None, finalizer)
        return generator.asend(value)
    finally:
        sys.set_asyncgen_hooks(*hooks)


def _leave_unfinished(_generator: AsyncGenerator[Any, Any]) -> None:
    """Do nothing: the loop's finalizer gets the wrapper, which closes the generator."""
