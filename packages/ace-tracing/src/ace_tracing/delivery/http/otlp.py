"""The OTLP exporter: one attempt to deliver traces to any OpenTelemetry collector, over HTTP."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Final, NamedTuple
from urllib.parse import urlsplit

import httpx

from ace_tracing.delivery.content import encoding
from ace_tracing.delivery.http.client import MAX_REPLY_BYTES, connection_owner
from ace_tracing.delivery.http.deadline import time_limit
from ace_tracing.delivery.http.environment import TlsFiles
from ace_tracing.delivery.http.responses import classify_otlp
from ace_tracing.delivery.http.results import Delivered, ExportResult, Rejected, Retryable
from ace_tracing.delivery.http.transport import client_options
from ace_tracing.delivery.media import note_media
from ace_tracing.delivery.otlp.compression import compress
from ace_tracing.delivery.otlp.encoder import ExportRequest
from ace_tracing.delivery.otlp.standard import SDK_ATTRIBUTES, encode_json, encode_protobuf
from ace_tracing.otlp_settings import PROTOBUF, OtlpSettings
from ace_tracing.recording.feedback import Feedback
from ace_tracing.recording.records import Role
from ace_tracing.version import __version__

GRPC_PORT: Final = 4317

_LATE: Final = "OTLP has no place for a name, tags or metadata that are set after the root of the trace has ended"


class _Reply(NamedTuple):
    """A response, read up to `MAX_REPLY_BYTES`."""

    status_code: int
    content: bytes
    headers: Mapping[str, str]


def _files_of(settings: OtlpSettings) -> TlsFiles:
    return TlsFiles(settings.certificate, settings.client_certificate, settings.client_key)


class OtlpExporter:
    """Sends export requests to one collector.

    Only the thread that delivers uses it, except for `use_certificates`.

    Args:
        settings: The collector's address, and the form of the requests.
    """

    def __init__(self, settings: OtlpSettings) -> None:
        self._settings = settings
        self._files = _files_of(settings)
        self._clients: dict[int, tuple[TlsFiles, httpx.Client]] = {}
        self._encoded: tuple[ExportRequest, bytes] | None = None
        instance = {"service.instance.id": str(uuid.uuid4())}
        self._resource = tuple({**instance, **dict(settings.resource), **dict(SDK_ATTRIBUTES)}.items())
        content_type = "application/x-protobuf" if settings.protocol == PROTOBUF else "application/json"
        own = {"Content-Type": content_type, "User-Agent": f"ace-tracing/{__version__}"}
        if settings.has_compression:
            own["Content-Encoding"] = "gzip"
        self._headers = httpx.Headers([(name.encode(), text.encode("latin-1")) for name, text in settings.headers])
        self._headers.update(own)

    def send(self, batch: ExportRequest) -> ExportResult:
        """Try once to store traces."""
        late = sum(trace.role is Role.LATE for trace in batch.traces)
        result: ExportResult = Delivered()
        if batch.has_spans:
            with time_limit(self._settings.timeout_s):
                try:
                    result = classify_otlp(self._post(self._encode(batch)))
                except httpx.HTTPError as error:
                    return Retryable(f"{self._settings.url}: {type(error).__name__}: {error}{self._advice}")
        if isinstance(result, Delivered):
            self._encoded = None
            return Delivered(result.rejected + late, result.reason or (_LATE if late else ""))
        return result

    def send_feedback(self, feedback: Feedback, *, is_repeated: bool) -> ExportResult | None:  # noqa: ARG002 - an interface
        """Reject feedback, which has no place in OTLP."""
        return Rejected("feedback is sent to Kayba only")

    def close(self) -> None:
        """Close the connections. A later request opens new ones."""
        _, client = self._clients.pop(connection_owner(), (None, None))
        if client is not None:
            client.close()

    def use_certificates(self, settings: OtlpSettings) -> bool:
        """Use other files of certificates from the next attempt on, and return whether they differ.

        Any thread may call it.
        """
        files, self._files = self._files, _files_of(settings)
        return self._files != files

    def _encode(self, batch: ExportRequest) -> bytes:
        """Return the body of a batch, which a repeated attempt does not encode again."""
        if self._encoded is None or self._encoded[0] is not batch:
            encode = encode_protobuf if self._settings.protocol == PROTOBUF else encode_json
            with encoding:
                pieces = encode(note_media(batch.traces, batch.yield_gil), self._resource, batch.yield_gil)
                body = compress(pieces) if self._settings.has_compression else b"".join(pieces)
            self._encoded = batch, body
        return self._encoded[1]

    def _post(self, body: bytes) -> _Reply:
        """Send one request.

        Raises:
            httpx.HTTPError: No complete response arrived.
        """
        with self._client().stream("POST", self._settings.url, content=body, headers=self._headers) as response:
            content = bytearray()
            for chunk in response.iter_bytes():
                content += chunk
                if len(content) > MAX_REPLY_BYTES:
                    raise httpx.ReadError(f"the response has more than {MAX_REPLY_BYTES} bytes")
            return _Reply(response.status_code, bytes(content), response.headers)

    def _client(self) -> httpx.Client:
        owner, files = connection_owner(), self._files
        if owner in self._clients and self._clients[owner][0] != files:
            self.close()
        if owner not in self._clients:
            try:
                options = client_options(self._settings.url, files)
                self._clients[owner] = files, httpx.Client(timeout=self._settings.timeout_s, **options)
            except Exception as error:
                raise httpx.ConnectError(f"no client can be created: {type(error).__name__}: {error}") from error
        return self._clients[owner][1]

    @property
    def _advice(self) -> str:
        """Advice on a failed request, for a port that usually speaks another protocol."""
        if urlsplit(self._settings.url).port != GRPC_PORT:
            return ""
        return f"; the port {GRPC_PORT} usually speaks gRPC, and 4318 HTTP"
