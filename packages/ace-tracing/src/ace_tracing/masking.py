"""The user's mask over everything that is captured, before it leaves the process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson

from ace_tracing.snapshot import snapshot

Mask = Callable[[Any], Any]
"""Given a plain JSON copy of a captured value; gives what to record instead."""


def masked(encoded: bytes, mask: Mask) -> bytes:
    """Apply a mask to a value encoded as JSON. A mask that raises withholds the value."""
    try:
        return snapshot(mask(orjson.loads(encoded)))
    except Exception as error:  # noqa: BLE001 - the user's mask may raise anything, and must not raise into their code
        return orjson.dumps(f"<withheld: the mask raised {type(error).__name__}>")
