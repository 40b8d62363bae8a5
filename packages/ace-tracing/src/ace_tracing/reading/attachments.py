"""Attachments of a span that was read: the references in its values, and their contents."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import parse_qs, quote, urlsplit

from ace_tracing import runtime
from ace_tracing.delivery.http.deadline import time_limit
from ace_tracing.delivery.media import SCHEME
from ace_tracing.errors import NotFoundError
from ace_tracing.reading.checks import DEFAULT_TIMEOUT_S, MAX_TIMEOUT_S, read_timeout

_REFERENCE: Final = re.compile(rf"{SCHEME}[0-9a-f-]{{36}}\?[\w%&=.+-]*[\w%]", re.ASCII)
_PATH: Final = "/mlflow/ajax-api/3.0/mlflow/get-trace-artifact"


class _DownloadOperation:
    """The download of an attachment, which the contract does not have, in the form of the client's operations."""

    @staticmethod
    def _get_kwargs(*, trace_id: str, attachment_id: str) -> dict[str, Any]:
        query = f"request_id={quote(trace_id, safe='')}&path={quote(attachment_id, safe='')}"
        return {"method": "get", "url": f"{_PATH}?{query}"}


@dataclass(frozen=True, slots=True)
class Attachment:
    """An image, audio or a file that a span refers to in its inputs or outputs.

    Attributes:
        reference: The reference, as it stands in the span's value.
        attachment_id: The id: a UUID.
        trace_id: The trace that it is stored with, `tr-` and 32 hex digits.
        media_type: The media type, such as `image/png`.
        size: The size in bytes; None if the reference does not contain it.
        sha256: The SHA-256 of the content in hex; None if the reference does not contain it.
    """

    reference: str
    attachment_id: str
    trace_id: str
    media_type: str
    size: int | None = None
    sha256: str | None = None

    def read(self, *, timeout: float | None = None) -> bytes:
        """Read the content from the service.

        Args:
            timeout: The limit in seconds, 60 by default.

        Returns:
            The content, for example of a PNG file.

        Raises:
            NotFoundError: The service does not have the attachment, or no longer.
            ServiceTimeoutError: The response did not arrive in time. It is a `ServiceError` and a `TimeoutError`.
            ServiceError: The service cannot be reached, or rejects the request.
            ConfigurationError: `configure` was not called, or `timeout` is not a number above 0.

        Example:
            >>> trace = get_trace(trace_id)
            >>> picture = trace.root.attachments[0].read()
        """
        limit = min(read_timeout(timeout) or DEFAULT_TIMEOUT_S, MAX_TIMEOUT_S)
        service = runtime.service()
        with time_limit(limit):
            response = service.fetch(
                _DownloadOperation, limit, trace_id=self.trace_id, attachment_id=self.attachment_id
            )
        if response.status_code == HTTPStatus.NOT_FOUND:
            raise NotFoundError(f"No attachment {self.attachment_id} of {self.trace_id} on {service.base_url}.")
        if response.status_code != HTTPStatus.OK:
            raise service.refusal(response.status_code, response.content)
        return response.content


def find_attachments(*values: object) -> list[Attachment]:
    """Return the attachments that values refer to, each once, in their order."""
    references = dict.fromkeys(_find_references(list(values)))
    return [attachment for reference in references if (attachment := _parse(reference)) is not None]


def _find_references(value: Any) -> Iterator[str]:
    pending = [value]
    while pending:
        current = pending.pop()
        if isinstance(current, str):
            yield from _REFERENCE.findall(current)
        elif isinstance(current, dict):
            pending.extend(reversed(current.values()))
        elif isinstance(current, list):
            pending.extend(reversed(current))


def _parse(reference: str) -> Attachment | None:
    """Return the attachment of a reference, or None if the reference is incomplete."""
    parts = urlsplit(reference)
    query = {key: texts[0] for key, texts in parse_qs(parts.query).items()}
    if "trace_id" not in query or "content_type" not in query:
        return None
    size = query.get("size", "")
    return Attachment(
        reference,
        parts.netloc,
        query["trace_id"],
        query["content_type"],
        int(size) if size.isdecimal() and len(size) < 19 else None,
        query.get("sha256"),
    )
