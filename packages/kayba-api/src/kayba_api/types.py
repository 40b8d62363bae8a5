# Copied from openapi/runtime by `hatch run generate`; do not edit.
"""Types that operations and models share."""

from collections.abc import Callable, MutableMapping
from typing import Generic, Literal, TypeVar

import httpx
from attrs import define, field, frozen


class Unset:
    """The type of `UNSET`: a property that is left out, as opposed to one that is null."""

    def __bool__(self) -> Literal[False]:
        return False

    def __repr__(self) -> str:
        return "UNSET"


UNSET: Unset = Unset()


@frozen
class EncodedBody:
    """A request body that is already encoded. It is sent byte for byte.

    Attributes:
        content: The bytes to send.
        content_type: One of the operation's media types.
        content_encoding: The compression of `content`, e.g. `"gzip"`; None if it is not compressed.
    """

    content: bytes = field(repr=False)
    content_type: str
    content_encoding: str | None = None


T = TypeVar("T")


@define
class Response(Generic[T]):
    """An HTTP response, whether it is valid under the contract or not.

    Attributes:
        status_code: The HTTP status, from the server or from a proxy.
        content: The body, decompressed.
        headers: The response headers.
        parsed: The body, parsed as the contract describes it for this status; None if it is not valid.
    """

    status_code: int
    content: bytes
    headers: MutableMapping[str, str]
    parsed: T | None

    @classmethod
    def read(cls, response: httpx.Response, parse: "Callable[[httpx.Response], T | None]") -> "Response[T]":
        """Read a response from any sender.

        Args:
            response: A response whose body has been read.
            parse: Parses the body as the contract describes it; may raise any error that invalid data causes.
        """
        try:
            parsed = parse(response)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            # A proxy's HTML, an empty or a truncated body: the caller can still use the status and the bytes.
            parsed = None
        return cls(response.status_code, response.content, response.headers, parsed)


__all__ = ["UNSET", "EncodedBody", "Response", "Unset"]
