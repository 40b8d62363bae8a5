# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
"""Calls that give the whole answer: its status and headers beside what it was parsed into."""

import functools
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar

import httpx
from attrs import field, frozen

from .calls import AsyncResource, Resource
from .refusals import request_id

T = TypeVar("T")
P = ParamSpec("P")
R = TypeVar("R", bound=Resource)
A = TypeVar("A", bound=AsyncResource)


@frozen
class RawResponse(Generic[T]):
    """A success, with what came along with it.

    Attributes:
        parsed: What the method gives without `with_raw_response`.
        http_response: The answer as httpx has it; the last one where a call makes several.
    """

    parsed: T
    http_response: httpx.Response = field(repr=False)

    @property
    def status_code(self) -> int:
        """The HTTP status."""
        return self.http_response.status_code

    @property
    def headers(self) -> httpx.Headers:
        """The answer's headers; names in any case."""
        return self.http_response.headers

    @property
    def content(self) -> bytes:
        """The body as it came, decompressed."""
        return self.http_response.content

    @property
    def request_id(self) -> str | None:
        """The answer's ``X-Request-Id``, if it has one."""
        return request_id(self.http_response)


def raw(resource: R, method: Callable[Concatenate[R, P], T]) -> Callable[P, RawResponse[T]]:
    """The same method of a resource, giving the whole answer."""

    @functools.wraps(method)
    def call(*args: P.args, **kwargs: P.kwargs) -> RawResponse[T]:
        calls = resource._calls.recording()
        parsed = method(type(resource)(calls), *args, **kwargs)
        return RawResponse(parsed, calls.recorded())

    return call


def async_raw(
    resource: A, method: Callable[Concatenate[A, P], Awaitable[T]]
) -> Callable[P, Coroutine[Any, Any, RawResponse[T]]]:
    """The same method of a resource, giving the whole answer."""

    @functools.wraps(method)
    async def call(*args: P.args, **kwargs: P.kwargs) -> RawResponse[T]:
        calls = resource._calls.recording()
        parsed = await method(type(resource)(calls), *args, **kwargs)
        return RawResponse(parsed, calls.recorded())

    return call
