"""Masking: the user's mask over every captured value, before the value leaves the process."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, Final

import orjson

from ace_tracing.values.introspection import name_of
from ace_tracing.values.snapshot import snapshot

Mask = Callable[[Any], Any]
"""Takes a plain JSON copy of a captured value and returns the value to record."""

_is_masking: Final[ContextVar[bool]] = ContextVar("ace_tracing_masking", default=False)


def apply_mask(encoded: bytes, mask: Mask) -> bytes:
    """Apply a mask to a value encoded as JSON, and encode the result.

    The value is withheld when the mask raises. Values captured while the mask runs, because it calls a traced function,
    are withheld too: masking them would call the mask again, without end. Only a `KeyboardInterrupt` leaves the mask,
    because the user wants the program to stop.
    """
    if _is_masking.get():
        return orjson.dumps("<withheld: captured inside the mask>")
    token = _is_masking.set(True)
    try:
        return snapshot(mask(orjson.loads(encoded)))
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - a mask can raise anything, which must not reach the traced code
        return orjson.dumps(f"<withheld: the mask raised {name_of(type(error))}>")
    finally:
        _is_masking.reset(token)
