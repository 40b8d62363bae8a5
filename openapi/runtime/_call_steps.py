"""The steps of a call, written once for threads and event loops.

A generator decides which request to send and how long to pause. It yields `SendRequest` and `Pause`, and receives the
response or the error of each request. Only `Calls` and `AsyncCalls` do input and output.
"""

import json
from collections.abc import Callable, Generator, Mapping
from typing import Any, Generic, TypeAlias, TypeVar

import httpx
from attrs import frozen

from . import _retries
from ._error_responses import build_connection_error, build_status_error, build_validation_error
from .errors import KaybaError

T = TypeVar("T")


@frozen
class SendRequest:
    """A request to send.

    Attributes:
        arguments: The arguments of `httpx.Client.request`.
    """

    arguments: dict[str, Any]


@frozen
class Pause:
    """A pause before the next step.

    Attributes:
        seconds: Its length in seconds.
    """

    seconds: float


CallSteps: TypeAlias = Generator[SendRequest | Pause, httpx.Response, T]


@frozen
class Operation(Generic[T]):
    """The properties that all calls of an operation share.

    Attributes:
        parse: Parses a response as the contract describes it for its status; may raise anything for other data.
        expected: The types that `parse` returns for a success status.
        idempotent: True if carrying out the same call twice has the same effect as once.
        conflict_is_final: True if the contract documents 409 for the operation, so a 409 is not retried.
    """

    parse: Callable[[httpx.Response], object]
    expected: tuple[type, ...]
    idempotent: bool
    conflict_is_final: bool


@frozen
class CallOptions:
    """The caller's options for one call. None means the client's setting.

    Attributes:
        timeout: Seconds for connecting, for each read and for each write.
        max_retries: Maximum number of retries.
        headers: Additional headers.
    """

    timeout: float | httpx.Timeout | None = None
    max_retries: int | None = None
    headers: Mapping[str, str] | None = None


def call_with_retries(
    operation: Operation[T], arguments: dict[str, Any], options: CallOptions, max_retries: int
) -> CallSteps[T]:
    """Send one request, and retry it while that is safe and may help.

    Args:
        operation: The operation to call.
        arguments: The arguments of `httpx.Client.request`.
        options: The caller's options.
        max_retries: Maximum number of retries, unless the options set it.

    Returns:
        The parsed response.

    Raises:
        KaybaError: No attempt got a valid success response.
    """
    _encode_body(arguments)
    if options.timeout is not None:
        arguments["timeout"] = options.timeout
    if options.headers:
        arguments["headers"] = {**arguments.get("headers", {}), **options.headers}
    retry_limit = max_retries if options.max_retries is None else options.max_retries
    send, attempt = SendRequest(arguments), 0
    failure: KaybaError
    while True:
        attempt += 1
        cause, requested_s = None, None
        try:
            response = yield send
        except httpx.RequestError as error:
            cause, failure = error, build_connection_error(error, attempt)
            retry = _retries.should_retry_error(error, idempotent=operation.idempotent)
        else:
            if response.is_success:
                return _parse_success(operation, response)
            requested_s, failure = _retries.parse_retry_after(response), build_status_error(response, attempt)
            retry = _retries.should_retry_response(
                response, idempotent=operation.idempotent, conflict_is_final=operation.conflict_is_final
            )
        seconds = _retries.retry_delay(attempt, requested_s) if retry and attempt <= retry_limit else None
        if seconds is None:
            raise failure from cause
        yield Pause(seconds)


def encode_json(value: Any) -> bytes:
    """Return a JSON value as the bytes that are sent."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def _encode_body(arguments: dict[str, Any]) -> None:
    """Replace a JSON body with its bytes, once for all attempts."""
    if "json" in arguments:
        arguments["content"] = encode_json(arguments.pop("json"))
        arguments["headers"] = {**arguments.get("headers", {}), "Content-Type": "application/json"}


def _parse_success(operation: Operation[T], response: httpx.Response) -> T:
    try:
        parsed = operation.parse(response)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise build_validation_error(response, _expected_names(operation)) from error
    if not isinstance(parsed, operation.expected):
        raise build_validation_error(response, _expected_names(operation))
    return parsed  # type: ignore[return-value] # `expected` contains the classes of T


def _expected_names(operation: Operation[Any]) -> str:
    return " or ".join(expected.__name__ for expected in operation.expected)
