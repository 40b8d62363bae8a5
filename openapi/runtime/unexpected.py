"""The errors that the functions in `kayba_api.api` raise besides httpx's own errors."""

import httpx


class UnexpectedStatus(Exception):  # noqa: N818 - a public name
    """The server returned a status that the contract does not document for the operation.

    Only a low-level client with `raise_on_unexpected_status=True` raises it.

    Attributes:
        status_code: The HTTP status.
        content: The body, decompressed.
    """

    def __init__(self, status_code: int, content: bytes) -> None:
        self.status_code = status_code
        self.content = content
        super().__init__(f"unexpected status {status_code}: {content[:500].decode(errors='replace')}")


class ResponseTooLarge(httpx.RequestError):
    """The response has more bytes than `max_response_bytes`, after decompression.

    The server has most likely carried out the call.
    """


class ResponseTooSlow(httpx.ReadTimeout):
    """The response was not complete within `max_response_s`. The server has most likely carried out the call."""
