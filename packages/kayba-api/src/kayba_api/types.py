# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
"""Types that operations and models share."""

from collections.abc import Callable, MutableMapping
from typing import Generic, Literal, TypeVar

import httpx
from attrs import define, field, frozen


class Unset:
    """The type of ``UNSET``: a property that is left out, as opposed to one that is null."""

    def __bool__(self) -> Literal[False]:
        return False

    def __repr__(self) -> str:
        return "UNSET"


UNSET: Unset = Unset()


@frozen
class EncodedBody:
    """A request body that is encoded already; sent byte for byte.

    Attributes:
        content: The bytes to send.
        content_type: One of the operation's media types.
        content_encoding: How ``content`` is compressed, e.g. ``"gzip"``; None when it is not.
    """

    content: bytes = field(repr=False)
    content_type: str
    content_encoding: str | None = None


T = TypeVar("T")


@define
class Response(Generic[T]):
    """What came back, whatever it was.

    Attributes:
        status_code: The HTTP status; any number that the server or a proxy sent.
        content: The body as it came, decompressed.
        headers: The response headers.
        parsed: The body as the contract describes it for this status; None when it is not like that.
    """

    status_code: int
    content: bytes
    headers: MutableMapping[str, str]
    parsed: T | None

    @classmethod
    def read(cls, response: httpx.Response, parse: "Callable[[httpx.Response], T | None]") -> "Response[T]":
        """Take an answer that may come from anywhere.

        Args:
            response: A response whose body has been read.
            parse: Gives the body as the contract describes it, or fails in any way that wrong data makes it fail.
        """
        try:
            parsed = parse(response)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            # A proxy's HTML, an empty body, a cut one: the status and the bytes are what the caller can act on.
            parsed = None
        return cls(response.status_code, response.content, response.headers, parsed)


__all__ = ["UNSET", "EncodedBody", "Response", "Unset"]
