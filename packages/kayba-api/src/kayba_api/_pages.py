# Copied from openapi/runtime by `hatch run generate`; do not edit.
"""Pagination: pages of a list, fetched on demand and iterated over as one list."""

from collections.abc import AsyncIterator, Callable, Generator, Iterator
from typing import Any, Generic, TypeVar

from attrs import field, frozen

from ._call_steps import CallOptions, Operation
from ._calls import AsyncCalls, Calls
from .errors import APIResponseValidationError

T = TypeVar("T")


@frozen
class Paging(Generic[T]):
    """An operation that returns a list, possibly in pages.

    Attributes:
        operation: The operation.
        items: Returns the items in a response.
        next_token: Returns the token of the page after a response; None on the last page.
        arguments: Returns the arguments of the request for a token; None means the first page.
        options: The caller's options for each request.
    """

    operation: Operation[Any]
    items: Callable[[Any], list[T]]
    next_token: Callable[[Any], str | None]
    arguments: Callable[[str | None], dict[str, Any]]
    options: CallOptions


@frozen
class _BasePage(Generic[T]):
    """The fields of both page classes.

    Attributes:
        items: The items of this page.
        next_page_token: The token of the next page; None on the last page.
    """

    items: list[T]
    next_page_token: str | None
    _paging: Paging[T] = field(repr=False)

    @property
    def has_next_page(self) -> bool:
        """True if another page follows."""
        return self.next_page_token is not None


@frozen
class Page(_BasePage[T]):
    """A page of a list. Iteration covers its items and those of all later pages, which are fetched on demand."""

    _calls: Calls = field(repr=False)

    def next_page(self) -> "Page[T]":
        """Fetch the next page.

        Raises:
            ValueError: This is the last page (`has_next_page` is False).
            KaybaError: The request failed.
        """
        return fetch_page(self._calls, self._paging, _next_token(self))

    def pages(self) -> "Iterator[Page[T]]":
        """Iterate over this page and all later pages."""
        page = self
        yield page
        while page.has_next_page:
            page = page.next_page()
            yield page

    def __iter__(self) -> Iterator[T]:
        for page in self.pages():
            yield from page.items


@frozen
class AsyncPage(_BasePage[T]):
    """A page of a list. Iteration covers its items and those of all later pages, which are fetched on demand."""

    _calls: AsyncCalls = field(repr=False)

    async def next_page(self) -> "AsyncPage[T]":
        """Fetch the next page.

        Raises:
            ValueError: This is the last page (`has_next_page` is False).
            KaybaError: The request failed.
        """
        return await fetch_page_async(self._calls, self._paging, _next_token(self))

    async def pages(self) -> "AsyncIterator[AsyncPage[T]]":
        """Iterate over this page and all later pages."""
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
    """A list that has not been fetched yet: `await` returns its first page, `async for` iterates over all items."""

    def __init__(self, calls: AsyncCalls, paging: Paging[T], token: str | None = None) -> None:
        self._calls = calls
        self._paging = paging
        self._token = token

    def __await__(self) -> Generator[Any, Any, AsyncPage[T]]:
        return fetch_page_async(self._calls, self._paging, self._token).__await__()

    async def __aiter__(self) -> AsyncIterator[T]:
        async for item in await self:
            yield item


def fetch_page(calls: Calls, paging: Paging[T], token: str | None = None) -> Page[T]:
    """Fetch the page with a token; None means the first page."""
    parsed = calls.call(paging.operation, paging.arguments(token), paging.options)
    following = _checked_token(paging.next_token(parsed), token)
    return Page(paging.items(parsed), following, paging, calls)


async def fetch_page_async(calls: AsyncCalls, paging: Paging[T], token: str | None) -> AsyncPage[T]:
    """Fetch the page with a token; None means the first page."""
    parsed = await calls.call(paging.operation, paging.arguments(token), paging.options)
    following = _checked_token(paging.next_token(parsed), token)
    return AsyncPage(paging.items(parsed), following, paging, calls)


def _next_token(page: _BasePage[Any]) -> str:
    if page.next_page_token is None:
        raise ValueError("this is the last page: check has_next_page before next_page()")
    return page.next_page_token


def _checked_token(following: str | None, token: str | None) -> str | None:
    """Return the next page's token. Raise if it is the current page's: the iteration would never end."""
    if following is not None and following == token:
        raise APIResponseValidationError(
            f"the server returned the page token {token!r} again, so the list would never end."
        )
    return following or None
