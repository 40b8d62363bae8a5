"""Attachments: the media of a request, uploaded as artifacts of their traces before the spans that refer to them.

MLflow stores them by trace. A server that stores them by content says so in its response, and gets each content once.
"""

from __future__ import annotations

from collections import OrderedDict
from http import HTTPStatus
from typing import Final
from urllib.parse import quote

import httpx

from ace_tracing.clocks import monotonic
from ace_tracing.delivery.http.client import ServiceClient
from ace_tracing.delivery.http.deadline import seconds_left
from ace_tracing.delivery.http.responses import classify, is_html, is_resource_missing
from ace_tracing.delivery.http.results import Blocked, ExportResult, Retryable
from ace_tracing.delivery.media import NOT_ATTACHED, Attachment, MediaReplacer
from ace_tracing.delivery.mlflow.file import TRACE_ID_PREFIX
from ace_tracing.delivery.otlp.encoder import ExportRequest
from ace_tracing.delivery.status import AttachmentCounts
from ace_tracing.diagnostics import warn
from ace_tracing.values.media import media_policy
from kayba_api import Client

PAUSE_S: Final = 3600.0
"""How long a server that does not store attachments gets none, in seconds."""
MAX_FAILURES: Final = 3
"""How often one attachment is tried before its span is sent with a note in its place. Others wait meanwhile."""
REMEMBERED_S: Final = 60.0
"""How long an uploaded content is not sent again, in seconds. The server may have deleted it since."""
MAX_REMEMBERED: Final = 10_000
MIN_UPLOAD_S: Final = 5.0
"""With less time left in an attempt, no further attachment is sent in it."""
BY_CONTENT: Final = "kayba-attachments"
"""The header of a response whose server stores each content once, for all traces."""

_PATH: Final = "/mlflow/api/2.0/mlflow-artifacts/artifacts/{}/traces/{}/artifacts/attachments/{}"
_REFUSED: Final = frozenset(
    {
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        HTTPStatus.UNPROCESSABLE_ENTITY,
    }
)
_NOT_STORED: Final = "not stored by the server"


class _UploadError(Exception):
    """The attempt ends without the spans.

    Attributes:
        result: The result of the attempt; None if the experiment is missing.
    """

    def __init__(self, result: ExportResult | None) -> None:
        super().__init__()
        self.result = result


class AttachmentExporter:
    """Uploads the media of requests to one service.

    Args:
        service: The client of the service.

    Attributes:
        counts: The counts so far.
    """

    def __init__(self, service: ServiceClient) -> None:
        self._service = service
        self.counts = AttachmentCounts()
        self._paused_until: float | None = None
        self._stores_by_content = False
        self._stored_at: OrderedDict[tuple[str, bytes], float] = OrderedDict()
        self._failures: dict[bytes, int] = {}
        self._has_uploaded = False

    def replace_media(self, batch: ExportRequest, experiment_id: str) -> tuple[ExportResult | None] | None:
        """Upload the media of a request, and replace them in its traces.

        Args:
            batch: The request. Its traces are replaced, unless the attempt ends here.
            experiment_id: The experiment of the traces.

        Returns:
            None to send the spans; otherwise the result of the attempt, which is None if the experiment is missing.

        Raises:
            httpx.HTTPError: The server cannot be reached.
        """
        if media_policy.mode == "off":
            return None
        self._has_uploaded = False
        trace_id = ""
        replacer = MediaReplacer(lambda attachment: self._store(attachment, experiment_id, trace_id), batch.yield_gil)
        rewritten = []
        try:
            for trace in batch.traces:
                trace_id = TRACE_ID_PREFIX + trace.trace_id
                rewritten.append(replacer.rewrite(trace))
        except _UploadError as error:
            return (error.result,)
        batch.traces = rewritten
        return None

    def _store(self, attachment: Attachment, experiment_id: str, trace_id: str) -> str:
        """Upload one attachment unless it is stored, and return the text in its place."""
        if media_policy.mode != "attach":
            return attachment.note(NOT_ATTACHED)
        place = ("" if self._stores_by_content else trace_id), attachment.digest
        stored_at = self._stored_at.get(place)
        if stored_at is None or monotonic() - stored_at > REMEMBERED_S:
            reason = self._upload(attachment, experiment_id, trace_id)
            if reason is not None:
                self.counts = self.counts._replace(left_out=self.counts.left_out + 1)
                return attachment.note(reason)
        return attachment.reference(trace_id)

    def _upload(self, attachment: Attachment, experiment_id: str, trace_id: str) -> str | None:
        """Upload one attachment. Return None if it is stored, otherwise the reason why it is not."""
        if self._paused_until is not None and monotonic() < self._paused_until:
            return _NOT_STORED
        if self._has_uploaded and (seconds_left() or 0.0) < MIN_UPLOAD_S:
            raise _UploadError(Retryable("attachments are still to be sent", 0.0))

        def send(client: Client) -> httpx.Response:
            return client.get_httpx_client().request(
                "PUT",
                _PATH.format(quote(experiment_id, safe=""), trace_id, attachment.attachment_id),
                content=attachment.content,
                headers={"Content-Type": attachment.media_type},
            )

        try:
            response: httpx.Response = self._service.request(send)  # type: ignore[arg-type, assignment]
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError, httpx.PoolTimeout):
            # The spans could not be sent, either.
            raise
        except httpx.HTTPError as error:
            # A connection may be too slow for this content, whatever is tried.
            if self._fail(attachment, f"{type(error).__name__}: {error}"):
                return _NOT_STORED
            raise
        self._has_uploaded = True
        if response.is_success and not is_html(response):
            self._remember(attachment, trace_id, by_content=BY_CONTENT in response.headers)
            return None
        if is_resource_missing(response):
            raise _UploadError(None)
        result = classify(response)
        if isinstance(result, Blocked) and result.cause == "key":
            raise _UploadError(result)
        if isinstance(result, Retryable) and not response.is_success:
            if not self._fail(attachment, result.reason):
                raise _UploadError(result)
        elif response.status_code not in _REFUSED:
            # One try: the server has no place for attachments.
            self._paused_until = monotonic() + PAUSE_S
        return _NOT_STORED

    def _remember(self, attachment: Attachment, trace_id: str, *, by_content: bool) -> None:
        self._stores_by_content = by_content
        self._failures.pop(attachment.digest, None)
        self._stored_at[("" if by_content else trace_id), attachment.digest] = monotonic()
        while len(self._stored_at) > MAX_REMEMBERED:
            self._stored_at.popitem(last=False)
        self.counts = self.counts._replace(delivered=self.counts.delivered + 1)

    def _fail(self, attachment: Attachment, reason: str) -> bool:
        """Count a failure of one attachment. Return whether it is given up."""
        failures = self._failures.get(attachment.digest, 0) + 1
        self._failures[attachment.digest] = failures
        if failures < MAX_FAILURES:
            return False
        del self._failures[attachment.digest]
        warn("attachment", "An attachment of %d bytes was not stored: %s", len(attachment.content), reason)
        # The next ones of other traces would fail and wait alike.
        self._paused_until = monotonic() + REMEMBERED_S
        return True
