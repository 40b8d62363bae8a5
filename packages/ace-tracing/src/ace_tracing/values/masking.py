"""The user's mask over everything that is captured, before it leaves the process."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import orjson

from ace_tracing.values.reflect import name_of
from ace_tracing.values.snapshot import snapshot

Mask = Callable[[Any], Any]
"""Given a plain JSON copy of a captured value; gives what to record instead."""

_masking: ContextVar[bool] = ContextVar("ace_tracing_masking", default=False)


def masked(encoded: bytes, mask: Mask) -> bytes:
    """Apply a mask to a value encoded as JSON, and encode what it gives.

    A mask that raises withholds the value, and so does whatever a mask captures itself, by calling a traced function:
    it would be masked in turn, without end. A KeyboardInterrupt alone comes through, as the user's wish to stop.
    """
    if _masking.get():
        return orjson.dumps("<withheld: captured inside the mask>")
    token = _masking.set(True)
    try:
        return snapshot(mask(orjson.loads(encoded)))
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - a mask may raise anything, and must not raise into the user's code
        return orjson.dumps(f"<withheld: the mask raised {name_of(type(error))}>")
    finally:
        _masking.reset(token)
