"""Requests about the info of one trace: read it, send it, set its tags."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import httpx

from ace_tracing.delivery.http.client import ServiceClient
from ace_tracing.delivery.http.responses import classify, is_resource_missing
from ace_tracing.delivery.http.results import Delivered, ExportResult, Rejected, Retryable
from ace_tracing.delivery.mlflow.file import Json
from kayba_api.api.tracing import create_trace_info, get_trace_info, set_trace_tag
from kayba_api.models import CreateTraceInfoRequest, SetTraceTagRequest, TraceInfoAnswer
from kayba_api.types import Response


def read_info(service: ServiceClient, trace_id: str) -> Json | ExportResult | None:
    """Return the server's info of a trace. None if there is no such trace.

    Raises:
        httpx.HTTPError: No complete response arrived.
    """
    response = service.request(get_trace_info.sync_detailed, trace_id=trace_id)
    if isinstance(response.parsed, TraceInfoAnswer):
        info: Json = response.parsed.to_dict()["trace"]["trace_info"]
        return info
    return None if is_resource_missing(response) else failure_of(response)


def send_info(service: ServiceClient, info: Json) -> Response[Any]:
    """Send an info without the tags whose keys have a slash: `set_tags` sets them.

    A store that keeps each tag in a file would fail halfway on such a key.

    Raises:
        httpx.HTTPError: No complete response arrived.
    """
    simple_tags = {key: text for key, text in info["tags"].items() if "/" not in key}
    body = CreateTraceInfoRequest.from_dict({"trace": {"trace_info": info | {"tags": simple_tags}}})
    return service.request(create_trace_info.sync_detailed, body=body)


def set_slash_tags(service: ServiceClient, info: Json) -> ExportResult:
    """Set the tags that `send_info` leaves out.

    Raises:
        httpx.HTTPError: No complete response arrived.
    """
    return set_tags(service, info["trace_id"], {key: text for key, text in info["tags"].items() if "/" in key})


def set_tags(service: ServiceClient, trace_id: str, tags: dict[str, str]) -> ExportResult:
    """Set tags one by one. A tag that the server rejects remains readable on the root span.

    Raises:
        httpx.HTTPError: No complete response arrived.
    """
    for key, text in tags.items():
        body = SetTraceTagRequest(key=key, value=text)
        response = service.request(set_trace_tag.sync_detailed, trace_id=trace_id, body=body)
        result = classify(response)
        is_server_error = response.status_code == HTTPStatus.INTERNAL_SERVER_ERROR
        if not isinstance(result, Delivered | Rejected) and not is_server_error:
            return result
    return Delivered()


def failure_of(response: Response[Any] | httpx.Response) -> ExportResult:
    """Return the result for a response without the requested content."""
    result = classify(response)
    if isinstance(result, Delivered):
        return Retryable(f"HTTP {response.status_code} without the requested content")
    return result
