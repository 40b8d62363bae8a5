"""Processes that `multiprocessing` runs leave past `atexit`: a finalizer of theirs delivers what they traced."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any

_AFTER_THE_USERS = -1_000
"""A finalizer's priority: after those of users, which may trace, and after the process's own children were joined."""

_announced = False
_arranged_in = 0


def deliver_at_end(deliver: Callable[[], object]) -> None:
    """Call `deliver` when this process ends, or one forked from it, if `multiprocessing` runs it.

    Does nothing before `multiprocessing` is imported: a process that it runs has imported it. `atexit` is for the rest.

    Args:
        deliver: a function of a module, always the same.
    """
    global _announced
    util: Any = sys.modules.get("multiprocessing.util")
    if util is None:
        return
    if not _announced:
        # A child clears its finalizers before it runs these callbacks: those found then are the ones that stay.
        util.register_after_fork(deliver, _arrange)
        _announced = True
    if _arranged_in != os.getpid() and sys.modules["multiprocessing.process"].parent_process() is not None:
        _arrange(deliver)


def _arrange(deliver: Callable[[], object]) -> None:
    global _arranged_in
    _arranged_in = os.getpid()
    sys.modules["multiprocessing.util"].Finalize(None, deliver, exitpriority=_AFTER_THE_USERS)
