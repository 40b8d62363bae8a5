"""Span records: the stored form of spans, read from OTLP requests without decoding the whole span.

A record is the span's JSON with the few fields that the store sorts and searches by. Only the attributes of root spans
are decoded, because they describe their trace.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import orjson

from kayba_local.otlp.spans import INPUTS, INVALID_SPAN_ID, MAX_TIME_NS, OUTPUTS, parent_id_of
from kayba_local.otlp.values import decode_value, unwrap

TRACE_ID_PREFIX: Final = "tr-"
TAG_PREFIX: Final = "mlflow.traceTag."
NAME_TAG: Final = "mlflow.traceName"
PREVIEW_CHARACTERS: Final = 1000
TAG_KEY_CHARACTERS: Final = 250
TAG_CHARACTERS: Final = 8000

_INVALID_TRACE_ID: Final = "0" * 32
_METADATA: Final = {"session.id": "mlflow.trace.session", "user.id": "mlflow.trace.user"}
_STATUS_ERROR: Final = 2
# Every exporter sends the first; the second is the server's own namespace.
_SKIPPED_RESOURCE_ATTRIBUTES: Final = ("telemetry.sdk.", "mlflow.")


class InvalidSpans(Exception):  # noqa: N818 - the name describes the request
    """A request with spans that cannot be stored. The message names the span and the reason."""


class SpanRecord(NamedTuple):
    """A span as it is stored: ids in lower case, times in ns since 1970, `end_ns` 0 while the span runs."""

    trace_id: str
    span_id: str
    parent_id: str | None
    start_ns: int
    end_ns: int
    content: bytes


@dataclass(frozen=True, slots=True)
class RootInfo:
    """The fields of a trace that its root span determines.

    Attributes:
        state: `OK`, `ERROR` or `IN_PROGRESS`.
        tags: The trace's tags, including its name.
        metadata: The trace's metadata.
        request_preview: The first characters of the inputs as JSON; None without inputs.
        response_preview: The first characters of the outputs as JSON; None without outputs.
    """

    state: str
    tags: Mapping[str, str]
    metadata: Mapping[str, str]
    request_preview: str | None
    response_preview: str | None


@dataclass(slots=True)
class Batch:
    """The spans of one request. `roots` lists the spans without a parent again, with their `RootInfo`."""

    spans: list[SpanRecord] = field(default_factory=list)
    roots: list[tuple[SpanRecord, RootInfo]] = field(default_factory=list)

    def add(self, span: Mapping[str, Any], resource_tags: Mapping[str, str]) -> None:
        """Add one span of a valid OTLP request.

        Args:
            span: The span in OTLP's JSON.
            resource_tags: The result of the function `resource_tags` for the span's resource.

        Raises:
            InvalidSpans: An id is all zeros, a time is out of range, or a value is too deeply nested to encode.
        """
        trace_id, span_id = span["traceId"].lower(), span["spanId"].lower()
        if trace_id == _INVALID_TRACE_ID or span_id == INVALID_SPAN_ID:
            raise InvalidSpans(f"{self._position()}: an id of zeros is not valid")
        parent_id = parent_id_of(span)
        start_ns, end_ns = int(span["startTimeUnixNano"]), int(span.get("endTimeUnixNano", 0))
        if start_ns > MAX_TIME_NS or end_ns > MAX_TIME_NS:
            raise InvalidSpans(f"{self._position()}: its time is after the year 2262")
        try:
            content = orjson.dumps(span)
        except orjson.JSONEncodeError as error:
            raise InvalidSpans(f"{self._position()}: it cannot be encoded as JSON: {error}") from error
        record = SpanRecord(TRACE_ID_PREFIX + trace_id, span_id, parent_id, start_ns, end_ns, content)
        self.spans.append(record)
        if parent_id is None:
            self.roots.append((record, _root_info(span, ended=end_ns > 0, resource_tags=resource_tags)))

    def _position(self) -> str:
        return f"span {len(self.spans) + 1} of the request"


def resource_tags(key_values: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return the trace tags for the attributes of a resource, e.g. `service.name`."""
    return {
        pair["key"]: _tag(pair.get("value"))
        for pair in key_values
        if _is_tag_key(pair["key"]) and not pair["key"].startswith(_SKIPPED_RESOURCE_ATTRIBUTES)
    }


def _root_info(span: Mapping[str, Any], *, ended: bool, resource_tags: Mapping[str, str]) -> RootInfo:
    values = {pair["key"]: pair.get("value") for pair in span.get("attributes", ())}
    tags = {
        tag: _tag(value)
        for key, value in values.items()
        if key.startswith(TAG_PREFIX) and _is_tag_key(tag := key.removeprefix(TAG_PREFIX))
    }
    failed = span.get("status", {}).get("code", 0) == _STATUS_ERROR
    return RootInfo(
        state=("ERROR" if failed else "OK") if ended else "IN_PROGRESS",
        tags={**resource_tags, NAME_TAG: span["name"][:TAG_CHARACTERS], **tags},
        metadata={name: _tag(values[key]) for key, name in _METADATA.items() if values.get(key)},
        request_preview=_preview(values.get(INPUTS)),
        response_preview=_preview(values.get(OUTPUTS)),
    )


def _is_tag_key(key: str) -> bool:
    return 0 < len(key) <= TAG_KEY_CHARACTERS


def _tag(value: Mapping[str, Any] | None) -> str:
    plain = unwrap(decode_value(value))
    return (plain if isinstance(plain, str) else _json_text(plain))[:TAG_CHARACTERS]


def _preview(value: Mapping[str, Any] | None) -> str | None:
    plain = decode_value(value)
    if plain is None:
        return None
    # A string with JSON inside is already the preview; other values are encoded.
    holds_json = isinstance(plain, str) and unwrap(plain) is not plain
    return (plain if holds_json else _json_text(plain))[:PREVIEW_CHARACTERS]


def _json_text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=repr)
