"""Names and times of what the REST side stores."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4


def new_id() -> str:
    """An id that no other thing has."""
    return uuid4().hex


def now() -> str:
    """The present in UTC, ISO 8601 to the millisecond, e.g. ``2026-11-22T17:38:03.497Z``."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"
