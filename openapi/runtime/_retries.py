"""Retry rules: which failed calls are retried, and after how many seconds.

All functions are pure, except for the clock and the random jitter.
"""

import math
import random
import time
from email.utils import parsedate_to_datetime
from typing import Final

import httpx

from .unexpected import ResponseTooLarge, ResponseTooSlow

INITIAL_DELAY_S: Final = 0.5
MAX_DELAY_S: Final = 8.0
MAX_RETRY_AFTER_S: Final = 60.0
"""Longest `Retry-After` that is waited for. Past it, the error is raised and holds the number of seconds."""

_NOT_SENT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_FINAL: Final = (httpx.LocalProtocolError, httpx.UnsupportedProtocol, ResponseTooLarge, ResponseTooSlow)
"""Errors that a retry would most likely meet again."""


def should_retry_error(error: httpx.RequestError, *, idempotent: bool) -> bool:
    """Return whether to retry a request that got no response.

    Args:
        error: The request's error.
        idempotent: True if carrying out the same call twice has the same effect as once.
    """
    if isinstance(error, _FINAL):
        return False
    return idempotent or isinstance(error, _NOT_SENT)


def should_retry_response(response: httpx.Response, *, idempotent: bool, conflict_is_final: bool) -> bool:
    """Return whether to retry a request after an error response.

    Args:
        response: The error response.
        idempotent: True if carrying out the same call twice has the same effect as once.
        conflict_is_final: True if the contract documents 409 for the operation. Otherwise a 409 means that two calls
            got in each other's way.
    """
    status = response.status_code
    if status == 429 or (status == 503 and parse_retry_after(response) is not None):
        return True  # The server rejected the request before it started to process it.
    if not idempotent:
        return False
    return status == 408 or (status == 409 and not conflict_is_final) or (status >= 500 and status != 501)


def parse_retry_after(response: httpx.Response) -> float | None:
    """Return the seconds that `Retry-After` asks for, at least 0; None without the header or with an invalid one."""
    text = response.headers.get("Retry-After", "").strip()
    try:
        seconds = float(text) if text[:1].isdigit() else _seconds_until(text, response.headers.get("Date", ""))
    except (ValueError, TypeError, OverflowError):
        return None
    return max(seconds, 0.0) if math.isfinite(seconds) else None


def _seconds_until(date: str, now: str) -> float:
    # The server's clock, from its Date header, may differ from ours.
    moment = parsedate_to_datetime(date).timestamp()
    try:
        return moment - parsedate_to_datetime(now).timestamp()
    except (ValueError, TypeError):
        return moment - time.time()


def retry_delay(attempt: int, requested_s: float | None) -> float | None:
    """Return the seconds until the next attempt, or None if the server asks for more than `MAX_RETRY_AFTER_S`.

    The delay is never shorter than the server asks for. Random jitter keeps clients that failed together apart.

    Args:
        attempt: Number of attempts so far, at least 1.
        requested_s: The result of `parse_retry_after`.
    """
    if requested_s is not None and requested_s > MAX_RETRY_AFTER_S:
        return None
    backoff = min(INITIAL_DELAY_S * 2.0 ** min(attempt - 1, 30), MAX_DELAY_S)
    return (requested_s or 0.0) + backoff * random.uniform(0.5, 1.0)
