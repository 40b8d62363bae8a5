"""Contents: the stored bytes of a whole span, and the span in OTLP's JSON that they hold."""

from __future__ import annotations

from typing import Any, Final

import orjson

JSON: Final = 0
"""The format of a content that is the span in OTLP's JSON, with its derived attributes and sorted keys."""


def decode_content(encoded: bytes, content_format: int) -> dict[str, Any]:
    """Return a span in OTLP's JSON, with its derived attributes.

    Args:
        encoded: The stored content.
        content_format: Its format.
    """
    if content_format != JSON:
        raise ValueError(f"format {content_format} of a span's content is unknown")
    span: dict[str, Any] = orjson.loads(encoded)
    return span
