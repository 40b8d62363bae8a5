# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
"""A call as a sequence of steps, written once for threads and for event loops.

What happens is decided by generators, which yield a request to send or a pause to make and are sent the answer or thrown
the failure; only `Calls` and `AsyncCalls` wait.
"""

import json
from collections.abc import Callable, Generator, Mapping
from typing import Any, Generic, TypeAlias, TypeVar

import httpx
from attrs import frozen

from ..errors import KaybaError
from . import retries
from .refusals import connection_error, status_error, unreadable

T = TypeVar("T")


@frozen
class Send:
    """A request to send: the arguments of ``httpx.Client.request``."""

    arguments: dict[str, Any]


@frozen
class Pause:
    """A time to wait, in seconds."""

    seconds: float


Steps: TypeAlias = Generator[Send | Pause, httpx.Response, T]


@frozen
class Operation(Generic[T]):
    """What is the same for every call of an operation.

    Attributes:
        parse: Reads an answer as the contract describes it for its status; fails in any way for one that is not so.
        expected: The types of what `parse` gives for success.
        repeatable: Whether carrying a call out twice is the same as once.
        conflict_is_final: Whether 409 is the operation's own answer.
    """

    parse: Callable[[httpx.Response], object]
    expected: tuple[type, ...]
    repeatable: bool
    conflict_is_final: bool


@frozen
class Options:
    """What a caller wants for one call; None stands for what the client has.

    Attributes:
        timeout: Seconds for each of connecting, every read and every write.
        max_retries: How often to try again at most.
        headers: Further headers.
    """

    timeout: float | httpx.Timeout | None = None
    max_retries: int | None = None
    headers: Mapping[str, str] | None = None


def exchange(operation: Operation[T], arguments: dict[str, Any], options: Options, max_retries: int) -> Steps[T]:
    """Make one call, as often as it takes and is safe.

    Args:
        operation: What is called.
        arguments: The arguments of ``httpx.Client.request``.
        options: What the caller wants.
        max_retries: How often to try again at most, unless the options say.

    Returns:
        The answer, parsed.

    Raises:
        KaybaError: There was none, or not that of success.
    """
    _encode(arguments)
    if options.timeout is not None:
        arguments["timeout"] = options.timeout
    if options.headers:
        arguments["headers"] = {**arguments.get("headers", {}), **options.headers}
    retries_left = max_retries if options.max_retries is None else options.max_retries
    send, attempt = Send(arguments), 0
    failure: KaybaError
    while True:
        attempt += 1
        cause, asked = None, None
        try:
            response = yield send
        except httpx.RequestError as error:
            cause, failure = error, connection_error(error, attempt)
            again = retries.after_failure(error, repeatable=operation.repeatable)
        else:
            if response.is_success:
                return _read(operation, response)
            asked, failure = retries.retry_after(response), status_error(response, attempt)
            again = retries.after_answer(
                response, repeatable=operation.repeatable, conflict_is_final=operation.conflict_is_final
            )
        seconds = retries.delay(attempt, asked) if again and attempt <= retries_left else None
        if seconds is None:
            raise failure from cause
        yield Pause(seconds)


def encoded(value: Any) -> bytes:
    """A JSON value as it is sent."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def _encode(arguments: dict[str, Any]) -> None:
    """Once for all attempts."""
    if "json" in arguments:
        arguments["content"] = encoded(arguments.pop("json"))
        arguments["headers"] = {**arguments.get("headers", {}), "Content-Type": "application/json"}


def _read(operation: Operation[T], response: httpx.Response) -> T:
    try:
        parsed = operation.parse(response)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise unreadable(response, _names(operation)) from error
    if not isinstance(parsed, operation.expected):
        raise unreadable(response, _names(operation))
    return parsed  # type: ignore[return-value] # `expected` holds the classes of T


def _names(operation: Operation[Any]) -> str:
    return " or ".join(expected.__name__ for expected in operation.expected)
