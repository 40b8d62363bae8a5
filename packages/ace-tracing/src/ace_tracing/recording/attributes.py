"""Attribute names, and the encoding of attribute values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson

from ace_tracing.diagnostics import internal_error
from ace_tracing.values.masking import Mask, apply_mask, mask_text
from ace_tracing.values.snapshot import ATTRIBUTE_LIMITS, DEFAULT_LIMITS, Limits, snapshot

TOKEN_USAGE: Final = "mlflow.chat.tokenUsage"  # noqa: S105 - the name of an attribute, not a secret
COST: Final = "mlflow.llm.cost"
SESSION_ID: Final = "session.id"
USER_ID: Final = "user.id"
MAX_SESSION: Final = 250
"""Length limit of a session id and a user id: a server may refuse a whole request for a longer one."""


def encode(value: object, mask: Mask | None, limits: Limits = DEFAULT_LIMITS) -> bytes:
    """Encode a value now, and apply the mask."""
    encoded = snapshot(value, limits)
    return encoded if mask is None else apply_mask(encoded, mask)


def encode_text(text: str) -> orjson.Fragment:
    """Encode a text of this package, without a mask."""
    return orjson.Fragment(orjson.dumps(text))


def encode_attributes(attributes: Mapping[str, Any], mask: Mask | None = None) -> dict[str, orjson.Fragment]:
    """Encode attribute values once, so frames can embed them unchanged."""
    try:
        return {str(key): orjson.Fragment(encode(value, mask, ATTRIBUTE_LIMITS)) for key, value in attributes.items()}
    except Exception:  # noqa: BLE001 - see diagnostics.guard
        internal_error("encoding attributes")
        return {}


def mask_attributes(attributes: Mapping[str, orjson.Fragment], mask: Mask) -> dict[str, orjson.Fragment]:
    """Apply the mask to attributes that were encoded without it, such as those of a decorator."""
    return {key: orjson.Fragment(apply_mask(orjson.dumps(value), mask)) for key, value in attributes.items()}


def mask_facts(facts: Mapping[str, str], mask: Mask | None) -> dict[str, str]:
    """Apply the mask to a trace's tags or metadata, and cut the session and the user to `MAX_SESSION` afterwards."""
    masked = {key: mask_text(text, mask) for key, text in facts.items()}
    return {key: text[:MAX_SESSION] if key in (SESSION_ID, USER_ID) else text for key, text in masked.items()}
