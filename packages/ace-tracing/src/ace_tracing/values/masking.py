"""Masking: the user's mask over every captured value and every text, before it leaves the process."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, Final

import orjson

from ace_tracing.diagnostics import warn
from ace_tracing.interrupts import raise_interrupt
from ace_tracing.values.introspection import name_of
from ace_tracing.values.snapshot import snapshot

Mask = Callable[[Any], Any]
"""Takes a plain JSON copy of a captured value and returns the value to record."""

MASKED: Final = "<masked>"
"""The text that is recorded when a mask leaves nothing of a text."""
WITHHELD: Final = "<withheld: "
"""The beginning of the text that is recorded in place of a value that could not be masked."""

_is_masking: Final[ContextVar[bool]] = ContextVar("ace_tracing_masking", default=False)


def apply_mask(encoded: bytes, mask: Mask) -> bytes:
    """Apply a mask to a value encoded as JSON, and encode the result.

    The value is withheld when the mask raises, and a warning names the exception's type. Values captured while the
    mask runs, because it calls a traced function, are withheld too: masking them would call the mask again, without
    end. Only an interrupt leaves the mask, such as a `KeyboardInterrupt` or the exception of a signal handler.
    """
    if _is_masking.get():
        return orjson.dumps(f"{WITHHELD}captured inside the mask>")
    token = _is_masking.set(True)
    try:
        return snapshot(mask(orjson.loads(encoded)))
    except BaseException as error:  # noqa: BLE001 - a mask can raise anything, which must not reach the traced code
        raise_interrupt(error)
        name = name_of(type(error))
        # The exception's message is not logged, because it can contain the value.
        warn("mask raised", "The mask raised %s. Each value for which it raises is withheld", name)
        return orjson.dumps(f"{WITHHELD}the mask raised {name}>")
    finally:
        _is_masking.reset(token)


def mask_text(text: str, mask: Mask | None) -> str:
    """Return a text, such as a tag, after the mask. The result is always text.

    None becomes `MASKED`, and any other value becomes its JSON text. The mask is not asked about an empty text.
    """
    if mask is None or not text:
        return text
    masked = orjson.loads(apply_mask(snapshot(text), mask))
    if isinstance(masked, str):
        return masked
    return MASKED if masked is None else orjson.dumps(masked).decode()


def mask_name(name: str, mask: Mask | None) -> str:
    """Return a name after the mask. A name of which only space is left becomes `MASKED`."""
    masked = mask_text(name, mask)
    return masked if masked.strip() or masked is name else MASKED


def is_masking() -> bool:
    """Return whether a mask is running in this thread or task."""
    return _is_masking.get()
