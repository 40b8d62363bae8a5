# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
"""Waits for work that outlives a request, by looking at it again and again."""

import time
from collections.abc import Callable
from typing import Any, Generic, TypeVar

import httpx
from attrs import evolve, frozen

from ..errors import APITimeoutError, JobFailedError, WaitTimeoutError
from .steps import Operation, Options, Pause, Steps, exchange

T = TypeVar("T")

FIRST_PAUSE_S = 0.25
LONGEST_PAUSE_S = 5.0
_GROWTH = 1.5


@frozen
class Waiting(Generic[T]):
    """How an operation tells where some work stands.

    Attributes:
        operation: The operation.
        arguments: A request of it.
        state: Where the work stands in an answer; any state but those below means that it is under way.
        reason: Why it failed, if the answer says.
        completed: The states that are success.
        failed: The states that are failure.
    """

    operation: Operation[T]
    arguments: Callable[[], dict[str, Any]]
    state: Callable[[T], str]
    reason: Callable[[T], object]
    completed: frozenset[str]
    failed: frozenset[str]


def wait(
    waiting: Waiting[T], options: Options, max_retries: int, timeout: float | None, request_timeout: httpx.Timeout
) -> Steps[T]:
    """Look until the work has ended.

    Args:
        waiting: What to look at.
        options: What the caller wants for each request.
        max_retries: How often to try each request again at most, unless the options say.
        timeout: Seconds after which to give up; None for never.
        request_timeout: The timeouts of a request, while there is more time left than they allow.

    Returns:
        The last answer.

    Raises:
        JobFailedError: It failed; the error holds the last answer.
        WaitTimeoutError: It had not ended in time; the error holds the last answer.
        KaybaError: A look failed.
    """
    deadline = None if timeout is None else time.monotonic() + timeout
    pause, job = FIRST_PAUSE_S, None
    while True:
        left = None if deadline is None else deadline - time.monotonic()
        looking = options if left is None else evolve(options, timeout=_bounded(request_timeout, left))
        try:
            job = yield from exchange(waiting.operation, waiting.arguments(), looking, max_retries)
        except APITimeoutError as error:
            if deadline is None or time.monotonic() < deadline:
                raise
            raise _late(timeout or 0.0, job) from error
        state = waiting.state(job)
        if state in waiting.completed:
            return job
        if state in waiting.failed:
            raise JobFailedError(f"it ended as {state!r}: {waiting.reason(job) or 'no reason is given'}.", job=job)
        if deadline is not None and time.monotonic() >= deadline:
            raise _late(timeout or 0.0, job, f" and was {state!r} last")
        yield Pause(pause if deadline is None else max(0.0, min(pause, deadline - time.monotonic())))
        pause = min(pause * _GROWTH, LONGEST_PAUSE_S)


def _late(timeout: float, job: object, state: str = "") -> WaitTimeoutError:
    return WaitTimeoutError(
        f"it had not ended after {timeout:g} s{state}.", advice="It goes on: wait again, or longer.", job=job
    )


def _bounded(timeout: httpx.Timeout, left: float) -> httpx.Timeout:
    """Timeouts that do not reach past the time that is left; some time there must be, or no answer is ever in time."""
    least = max(left, 1.0)
    bounds = {name: least if value is None else min(value, least) for name, value in timeout.as_dict().items()}
    return httpx.Timeout(**bounds)
