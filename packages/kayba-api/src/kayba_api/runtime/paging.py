# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
"""Lists that are fetched a page at a time, and iterated over as one."""

from collections.abc import AsyncIterator, Callable, Generator, Iterator
from typing import Any, Generic, TypeVar

from attrs import field, frozen

from ..errors import APIResponseValidationError
from .calls import AsyncCalls, Calls
from .steps import Operation, Options

T = TypeVar("T")


@frozen
class Paging(Generic[T]):
    """How an operation gives a list.

    Attributes:
        operation: The operation.
        items: The items of an answer.
        next_token: What fetches the page after an answer; None on the last one.
        arguments: The request for the page of a token, None standing for the first.
    """

    operation: Operation[Any]
    items: Callable[[Any], list[T]]
    next_token: Callable[[Any], str | None]
    arguments: Callable[[str | None], dict[str, Any]]
    options: Options


@frozen
class _Page(Generic[T]):
    """What pages of both kinds hold.

    Attributes:
        items: The items of this page.
        next_page_token: What fetches the next page; None on the last one.
    """

    items: list[T]
    next_page_token: str | None
    _paging: Paging[T] = field(repr=False)

    @property
    def has_next_page(self) -> bool:
        """Whether there is a page after this one."""
        return self.next_page_token is not None


@frozen
class Page(_Page[T]):
    """A page of a list. Iterating goes over its items and those of all pages after it, fetched when they are needed."""

    _calls: Calls = field(repr=False)

    def next_page(self) -> "Page[T]":
        """Fetch the next page.

        Raises:
            ValueError: This is the last one; `has_next_page` says so.
            KaybaError: As for any call.
        """
        return first_page(self._calls, self._paging, _next_token(self))

    def pages(self) -> "Iterator[Page[T]]":
        """This page and all after it."""
        page = self
        yield page
        while page.has_next_page:
            page = page.next_page()
            yield page

    def __iter__(self) -> Iterator[T]:
        for page in self.pages():
            yield from page.items


@frozen
class AsyncPage(_Page[T]):
    """A page of a list. Iterating goes over its items and those of all pages after it, fetched when they are needed."""

    _calls: AsyncCalls = field(repr=False)

    async def next_page(self) -> "AsyncPage[T]":
        """Fetch the next page.

        Raises:
            ValueError: This is the last one; `has_next_page` says so.
            KaybaError: As for any call.
        """
        return await async_page(self._calls, self._paging, _next_token(self))

    async def pages(self) -> "AsyncIterator[AsyncPage[T]]":
        """This page and all after it."""
        page = self
        yield page
        while page.has_next_page:
            page = await page.next_page()
            yield page

    async def __aiter__(self) -> AsyncIterator[T]:
        async for page in self.pages():
            for item in page.items:
                yield item


class AsyncPages(Generic[T]):
    """A list that is still to be fetched: ``await`` gives its first page, ``async for`` its items over all pages."""

    def __init__(self, calls: AsyncCalls, paging: Paging[T], token: str | None = None) -> None:
        self._calls = calls
        self._paging = paging
        self._token = token

    def __await__(self) -> Generator[Any, Any, AsyncPage[T]]:
        return async_page(self._calls, self._paging, self._token).__await__()

    async def __aiter__(self) -> AsyncIterator[T]:
        async for item in await self:
            yield item


def first_page(calls: Calls, paging: Paging[T], token: str | None = None) -> Page[T]:
    """Fetch the page of a token, the first one by default."""
    answer = calls.call(paging.operation, paging.arguments(token), paging.options)
    return Page(paging.items(answer), _checked(paging.next_token(answer), token), paging, calls)


async def async_page(calls: AsyncCalls, paging: Paging[T], token: str | None) -> AsyncPage[T]:
    """Fetch the page of a token, None standing for the first."""
    answer = await calls.call(paging.operation, paging.arguments(token), paging.options)
    return AsyncPage(paging.items(answer), _checked(paging.next_token(answer), token), paging, calls)


def _next_token(page: _Page[Any]) -> str:
    if page.next_page_token is None:
        raise ValueError("this is the last page")
    return page.next_page_token


def _checked(following: str | None, token: str | None) -> str | None:
    """The token of the next page, if it is another than that of this one: going on would never end."""
    if following is not None and following == token:
        raise APIResponseValidationError(f"the server gives the page token {token!r} for the page after itself.")
    return following or None
