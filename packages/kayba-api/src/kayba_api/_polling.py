# Copied from openapi/runtime by `hatch run generate`; do not edit.
"""Polling: waits for work that takes longer than one request."""

import time
from collections.abc import Callable
from typing import Any, Final, Generic, TypeVar

import httpx
from attrs import evolve, frozen

from ._call_steps import CallOptions, CallSteps, Operation, Pause, call_with_retries
from .errors import APITimeoutError, JobFailedError, WaitTimeoutError

T = TypeVar("T")

INITIAL_PAUSE_S: Final = 0.25
MAX_PAUSE_S: Final = 5.0
_PAUSE_GROWTH: Final = 1.5
_MIN_REQUEST_TIMEOUT_S: Final = 1.0
"""A shorter timeout would fail every request near the deadline."""


@frozen
class PolledOperation(Generic[T]):
    """An operation that returns the state of some work.

    Attributes:
        operation: The operation.
        arguments: Returns the arguments of one request.
        state: Returns the state in a response. Any state outside `completed` and `failed` means that the work goes on.
        reason: Returns the reason of a failure in a response, if there is one.
        completed: The states of success.
        failed: The states of failure.
    """

    operation: Operation[T]
    arguments: Callable[[], dict[str, Any]]
    state: Callable[[T], str]
    reason: Callable[[T], object]
    completed: frozenset[str]
    failed: frozenset[str]


def poll_until_done(
    polled: PolledOperation[T],
    options: CallOptions,
    max_retries: int,
    timeout: float | None,
    request_timeout: httpx.Timeout,
) -> CallSteps[T]:
    """Call an operation again and again until the work has ended.

    Args:
        polled: The operation and the meaning of its states.
        options: The caller's options for each request.
        max_retries: Maximum number of retries of each request, unless the options set it.
        timeout: Seconds after which to give up; None waits without a limit.
        request_timeout: The timeouts of a request while more time is left than they allow.

    Returns:
        The last response.

    Raises:
        JobFailedError: The work failed. The error holds the last response.
        WaitTimeoutError: The work did not end in time. The error holds the last response.
        KaybaError: A request failed.
    """
    deadline = None if timeout is None else time.monotonic() + timeout
    pause, job = INITIAL_PAUSE_S, None
    while True:
        left = None if deadline is None else deadline - time.monotonic()
        bounded = options if left is None else evolve(options, timeout=_bounded_timeout(request_timeout, left))
        try:
            job = yield from call_with_retries(polled.operation, polled.arguments(), bounded, max_retries)
        except APITimeoutError as error:
            if deadline is None or time.monotonic() < deadline:
                raise
            raise _build_timeout_error(timeout or 0.0, job) from error
        state = polled.state(job)
        if state in polled.completed:
            return job
        if state in polled.failed:
            raise JobFailedError(
                f"the job ended in state {state!r}: {polled.reason(job) or 'no reason is given'}.", job=job
            )
        if deadline is not None and time.monotonic() >= deadline:
            raise _build_timeout_error(timeout or 0.0, job, f"; its last state was {state!r}")
        yield Pause(pause if deadline is None else max(0.0, min(pause, deadline - time.monotonic())))
        pause = min(pause * _PAUSE_GROWTH, MAX_PAUSE_S)


def _build_timeout_error(timeout: float, job: object, state: str = "") -> WaitTimeoutError:
    return WaitTimeoutError(
        f"the job did not end within {timeout:g} s{state}.",
        advice="The job goes on: wait again, or give a longer timeout=.",
        job=job,
    )


def _bounded_timeout(timeout: httpx.Timeout, left: float) -> httpx.Timeout:
    """Return timeouts that end with the time left, but never below `_MIN_REQUEST_TIMEOUT_S`."""
    limit = max(left, _MIN_REQUEST_TIMEOUT_S)
    bounds = {name: limit if value is None else min(value, limit) for name, value in timeout.as_dict().items()}
    return httpx.Timeout(**bounds)
