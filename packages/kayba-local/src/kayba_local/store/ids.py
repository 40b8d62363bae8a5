"""Ids and timestamps of REST resources."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4


def new_id() -> str:
    """Return a unique id."""
    return uuid4().hex


def now() -> str:
    """Return the current time in UTC, ISO 8601 with milliseconds, e.g. `2026-11-22T17:38:03.497Z`."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"
