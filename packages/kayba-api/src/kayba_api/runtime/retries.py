# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
"""Whether a call that failed may be made again, and when. Pure functions, but for chance and the clock."""

import math
import random
import time
from email.utils import parsedate_to_datetime

import httpx

FIRST_DELAY_S = 0.5
LONGEST_DELAY_S = 8.0
LONGEST_RETRY_AFTER_S = 60.0
"""A server that asks for more is not waited for: its error is raised, with how long to wait."""

_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_WRONG_BY_ITSELF = (httpx.LocalProtocolError, httpx.UnsupportedProtocol)


def after_failure(error: httpx.RequestError, *, repeatable: bool) -> bool:
    """Whether to try again when there was no answer.

    Args:
        error: Why there was none.
        repeatable: Whether carrying the call out twice is the same as once.
    """
    if isinstance(error, _WRONG_BY_ITSELF):
        return False
    return repeatable or isinstance(error, _NOT_SENT)


def after_answer(response: httpx.Response, *, repeatable: bool, conflict_is_final: bool) -> bool:
    """Whether to try again after an answer that is not success.

    Args:
        response: The answer.
        repeatable: Whether carrying the call out twice is the same as once.
        conflict_is_final: Whether 409 is the operation's own answer, rather than two calls in each other's way.
    """
    status = response.status_code
    if status == 429 or (status == 503 and retry_after(response) is not None):
        return True  # The server says that it has not begun.
    if not repeatable:
        return False
    return status == 408 or (status == 409 and not conflict_is_final) or (status >= 500 and status != 501)


def retry_after(response: httpx.Response) -> float | None:
    """Seconds that the server asks to wait, from 0 on; None when it does not say, or nothing that can be understood."""
    text = response.headers.get("Retry-After", "").strip()
    try:
        seconds = float(text) if text[:1].isdigit() else _until(text, response.headers.get("Date", ""))
    except (ValueError, TypeError, OverflowError):
        return None
    return max(seconds, 0.0) if math.isfinite(seconds) else None


def _until(date: str, now: str) -> float:
    # By the server's own clock if it says what that shows: ours may differ.
    moment = parsedate_to_datetime(date).timestamp()
    try:
        return moment - parsedate_to_datetime(now).timestamp()
    except (ValueError, TypeError):
        return moment - time.time()


def delay(attempt: int, asked: float | None) -> float | None:
    """Seconds until the next attempt; None when the server asks for more than is waited.

    Never less than the server asks for, and never the same for many clients that failed together.

    Args:
        attempt: How many attempts there were, from 1 on.
        asked: What the server asks for, as `retry_after` gives it.
    """
    if asked is not None and asked > LONGEST_RETRY_AFTER_S:
        return None
    longest = min(FIRST_DELAY_S * 2.0 ** min(attempt - 1, 30), LONGEST_DELAY_S)
    return (asked or 0.0) + longest * random.uniform(0.5, 1.0)
