"""Dates, times and durations of filters: `2026-11-01`, `2026-11-01T09:30:00Z`, `-24h`, `1.5s`."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

from kayba_local.store.query.nodes import Moment, Quantity

UNITS_MS: Final = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}

_QUANTITY: Final = re.compile(r"([+-]?)([0-9]{1,18}(?:\.[0-9]{1,18})?)(ms|[smhdw])", re.IGNORECASE)


def parse_quantity(text: str) -> Quantity | None:
    """Return a number with a unit of time; None if the text is none."""
    match = _QUANTITY.fullmatch(text)
    if match is None:
        return None
    sign, number, unit = match.groups()
    milliseconds = float(number) * UNITS_MS[unit.lower()]
    return Quantity(-milliseconds if sign == "-" else milliseconds, bool(sign), text)


def parse_moment(text: str) -> Moment | None:
    """Return an ISO date or time, in UTC unless it states an offset; None if the text is none."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    try:
        return Moment(moment.timestamp() * 1_000, text)
    except (OverflowError, ValueError):
        return None
