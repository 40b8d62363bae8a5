# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
"""What the functions in ``kayba_api.api`` can raise beside httpx's own errors."""


class UnexpectedStatus(Exception):
    """The server answered with a status that the contract does not document for the operation.

    Raised only by a low-level client with ``raise_on_unexpected_status=True``.

    Attributes:
        status_code: The HTTP status.
        content: The body as it came.
    """

    def __init__(self, status_code: int, content: bytes) -> None:
        self.status_code = status_code
        self.content = content
        super().__init__(f"unexpected status {status_code}: {content[:500].decode(errors='replace')}")
