"""Raw responses: wrap methods so that they return status and headers besides the parsed result."""

import functools
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar

import httpx
from attrs import field, frozen

from ._calls import AsyncResource, Resource
from ._error_responses import request_id

T = TypeVar("T")
P = ParamSpec("P")
R = TypeVar("R", bound=Resource)
A = TypeVar("A", bound=AsyncResource)


@frozen
class RawResponse(Generic[T]):
    """A success response with its status and headers.

    Attributes:
        parsed: The result that the method returns without `with_raw_response`.
        http_response: The httpx response; the last one if a call sends several requests.
    """

    parsed: T
    http_response: httpx.Response = field(repr=False)

    @property
    def status_code(self) -> int:
        """The HTTP status."""
        return self.http_response.status_code

    @property
    def headers(self) -> httpx.Headers:
        """The response headers. Names are case-insensitive."""
        return self.http_response.headers

    @property
    def content(self) -> bytes:
        """The body, decompressed."""
        return self.http_response.content

    @property
    def request_id(self) -> str | None:
        """The `X-Request-Id` of the response, or None without one."""
        return request_id(self.http_response)


def to_raw_response_wrapper(resource: R, method: Callable[Concatenate[R, P], T]) -> Callable[P, RawResponse[T]]:
    """Return a method of a resource as a function that returns the raw response."""

    @functools.wraps(method)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> RawResponse[T]:
        recorder = resource._calls.recorder()
        parsed = method(type(resource)(recorder), *args, **kwargs)
        return RawResponse(parsed, recorder.last_response())

    return wrapper


def async_to_raw_response_wrapper(
    resource: A, method: Callable[Concatenate[A, P], Awaitable[T]]
) -> Callable[P, Coroutine[Any, Any, RawResponse[T]]]:
    """Return an asynchronous method of a resource as a function that returns the raw response."""

    @functools.wraps(method)
    async def wrapper(*args: P.args, **kwargs: P.kwargs) -> RawResponse[T]:
        recorder = resource._calls.recorder()
        parsed = await method(type(resource)(recorder), *args, **kwargs)
        return RawResponse(parsed, recorder.last_response())

    return wrapper
