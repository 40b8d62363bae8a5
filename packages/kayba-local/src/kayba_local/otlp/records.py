"""Span records: the stored form of spans, and the facts of a trace that one of its spans determines.

A record is the span's JSON with the few fields that the store sorts and searches by. Only the span that determines the
facts of its trace is decoded when it is stored.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import orjson

from kayba_local.otlp.columns import SESSION, USER, SpanColumns, read_columns
from kayba_local.otlp.contents import JSON, PROTOBUF
from kayba_local.otlp.derived import with_derived
from kayba_local.otlp.fields import MAX_TIME_NS, InvalidField
from kayba_local.otlp.media import shorten_media
from kayba_local.otlp.spans import INPUTS, INVALID_SPAN_ID, OUTPUTS, parent_id_of
from kayba_local.otlp.values import decode_value, is_plain_json, unwrap

TRACE_ID_PREFIX: Final = "tr-"
TAG_PREFIX: Final = "mlflow.traceTag."
METADATA_PREFIX: Final = "mlflow.traceMetadata."
NAME_TAG: Final = "mlflow.traceName"
FOLDER_TAG: Final = "kayba.folder"
PREVIEW_CHARACTERS: Final = 1000
TAG_KEY_CHARACTERS: Final = 250
TAG_CHARACTERS: Final = 8000
MAX_REASONS: Final = 3
"""Rejected spans whose reasons are reported; the others are counted."""
SHOWN_NAME_CHARACTERS: Final = 60
"""Characters of a span's name in the reason of its rejection."""

NO_TAGS: Final = b"{}"
"""The trace tags of a resource without any."""

_INVALID_TRACE_ID: Final = "0" * 32
SESSION_METADATA: Final = "mlflow.trace.session"
USER_METADATA: Final = "mlflow.trace.user"
USAGE_METADATA: Final = "mlflow.trace.tokenUsage"

_METADATA: Final = {SESSION: SESSION_METADATA, USER: USER_METADATA}
_TRACE_PREFIX: Final = "mlflow.trace"
"""The beginning of `TAG_PREFIX` and `METADATA_PREFIX`."""
_KAYBA_PREFIX: Final = "kayba."
_EXPORTED_NAME: Final = "kayba.trace.name"
_EXPORTED_TAG: Final = "kayba.tag."
_EXPORTED_METADATA: Final = "kayba.metadata."
"""The names under which the SDK sends the facts of a trace to collectors."""
_FACT_KEYS: Final = frozenset({INPUTS, OUTPUTS, *_METADATA})
_STATUS_ERROR: Final = 2
# Every exporter sends the first; the second is the server's own namespace.
_SKIPPED_RESOURCE_ATTRIBUTES: Final = ("telemetry.sdk.", "mlflow.")


class InvalidSpans(Exception):  # noqa: N818 - the name describes the request
    """A request or a file with spans that cannot be stored. The message names the span and the reason."""


class SpanRecord(NamedTuple):
    """A span as it is stored: ids in lower case, times in ns since 1970, `end_ns` 0 while the span runs.

    `content` is the whole span in a format of `contents`. `resource` has the trace tags from the attributes of the
    span's resource, as JSON.
    """

    trace_id: str
    span_id: str
    parent_id: str | None
    start_ns: int
    end_ns: int
    columns: SpanColumns
    content_format: int
    content: bytes
    resource: bytes


class SpanFacts(NamedTuple):
    """The facts of a trace that one of its spans determines.

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
    """The spans of one request, and the number of its other spans, which cannot be stored.

    Attributes:
        spans: The spans to store.
        rejected: The number of rejected spans.
        reasons: The reasons of the first rejections, each with the span's position in the request.
    """

    spans: list[SpanRecord] = field(default_factory=list)
    rejected: int = 0
    reasons: list[str] = field(default_factory=list)

    def add(self, span: dict[str, Any], resource: bytes) -> None:
        """Add a span.

        Args:
            span: The span in OTLP's JSON, with the field names and value types of the contract.
            resource: The result of `encode_resource` for the span's resource.

        Raises:
            InvalidField: An id is all zeros, a time is out of range, or a value is too deeply nested to encode.
        """
        self.spans.append(make_record(span, resource))

    def reject(self, name: str, reason: object) -> None:
        """Count the next span of the request as rejected.

        Args:
            name: The span's name as far as it is known.
            reason: The error.
        """
        self.rejected += 1
        if len(self.reasons) < MAX_REASONS:
            named = f" ({name[:SHOWN_NAME_CHARACTERS]!r})" if name else ""
            self.reasons.append(f"span {self.count}{named}: {reason}")

    @property
    def count(self) -> int:
        """The number of spans so far."""
        return len(self.spans) + self.rejected

    def describe_rejections(self) -> str:
        """Return how many spans were rejected, and why."""
        more = self.rejected - len(self.reasons)
        reasons = "; ".join(self.reasons) + (f"; and {more} more" if more else "")
        return f"{self.rejected} of {self.count} {'span was' if self.count == 1 else 'spans were'} rejected: {reasons}"


def make_record(span: dict[str, Any], resource: bytes, encoded: bytes | None = None) -> SpanRecord:
    """Return the record of a span, with its derived attributes.

    Args:
        span: The span in OTLP's JSON, with the field names and value types of the contract.
        resource: The result of `encode_resource` for the span's resource.
        encoded: The span in protobuf, which is stored in this form. None if it was received as JSON.

    Raises:
        InvalidField: An id is all zeros, a time is out of range, or a value is too deeply nested to encode.
    """
    trace_id, span_id = span["traceId"].lower(), span["spanId"].lower()
    if trace_id == _INVALID_TRACE_ID or span_id == INVALID_SPAN_ID:
        raise InvalidField("an id of zeros is not valid")
    start_ns, end_ns = int(span["startTimeUnixNano"]), int(span.get("endTimeUnixNano", 0))
    if start_ns > MAX_TIME_NS or end_ns > MAX_TIME_NS:
        raise InvalidField("its time is after the year 2262")
    complete = with_derived(span)
    content = _encode_json(complete) if encoded is None else encoded
    content_format = JSON if encoded is None else PROTOBUF
    return SpanRecord(
        TRACE_ID_PREFIX + trace_id, span_id, parent_id_of(span), start_ns, end_ns, read_columns(complete),
        content_format, content, resource,
    )  # fmt: skip


def _encode_json(span: Mapping[str, Any]) -> bytes:
    try:
        # Sorted, so the same span with its fields in another order has the same content.
        return orjson.dumps(span, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError as error:
        raise InvalidField(f"it cannot be encoded as JSON: {error}") from error


def encode_resource(key_values: Iterable[Mapping[str, Any]]) -> bytes:
    """Return the trace tags for the attributes of a resource, e.g. `service.name`, as JSON."""
    tags = {
        pair["key"]: _tag(pair.get("value"))
        for pair in key_values
        if _is_tag_key(pair["key"]) and not pair["key"].startswith(_SKIPPED_RESOURCE_ATTRIBUTES)
    }
    return orjson.dumps(tags)


def read_facts(span: Mapping[str, Any], resource: bytes | None) -> SpanFacts:
    """Return the facts of a trace that a stored span, in OTLP's JSON, and its resource determine."""
    tags = orjson.loads(resource) if resource and resource != NO_TAGS else {}
    tags[NAME_TAG] = span["name"][:TAG_CHARACTERS]
    metadata: dict[str, str] = {}
    values: dict[str, Any] = {}
    exported: dict[str, Any] = {}
    for pair in span.get("attributes", ()):
        key = pair["key"]
        if key.startswith(_TRACE_PREFIX):
            for prefix, texts in ((TAG_PREFIX, tags), (METADATA_PREFIX, metadata)):
                if key.startswith(prefix) and _is_tag_key(name := key[len(prefix) :]):
                    texts[name] = _tag(pair.get("value"))
        elif key in _FACT_KEYS:
            values[key] = pair.get("value")
        elif key.startswith(_KAYBA_PREFIX):
            exported[key] = pair.get("value")
    for key, value in exported.items():
        _read_exported_fact(key, value, tags, metadata, received=span["name"])
    for key, name in _METADATA.items():
        if (value := values.get(key)) and name not in metadata:
            metadata[name] = _tag(value)
    state = "IN_PROGRESS"
    if int(span.get("endTimeUnixNano", 0)) > 0:
        state = "ERROR" if int(span.get("status", {}).get("code", 0)) == _STATUS_ERROR else "OK"
    return SpanFacts(
        state, tags, metadata, _preview(values.get(INPUTS)), _preview(values.get(OUTPUTS))
    )  # fmt: skip


def _read_exported_fact(
    key: str, value: Mapping[str, Any] | None, tags: dict[str, str], metadata: dict[str, str], *, received: str
) -> None:
    """Read a fact of a trace that the SDK has sent through a collector, unless the trace has it under MLflow's name.

    Args:
        key: The name of the attribute, below `kayba.`.
        value: Its value.
        tags: The trace's tags.
        metadata: The trace's metadata.
        received: The name of the span, which is the trace's name if there is no other one.
    """
    if key == _EXPORTED_NAME:
        if tags[NAME_TAG] == received[:TAG_CHARACTERS]:
            tags[NAME_TAG] = _tag(value)
    elif key == FOLDER_TAG:
        tags.setdefault(FOLDER_TAG, _tag(value))
    else:
        for prefix, texts in ((_EXPORTED_TAG, tags), (_EXPORTED_METADATA, metadata)):
            if key.startswith(prefix) and _is_tag_key(name := key[len(prefix) :]):
                texts.setdefault(name, _tag(value))


def _is_tag_key(key: str) -> bool:
    return 0 < len(key) <= TAG_KEY_CHARACTERS


def _tag(value: Mapping[str, Any] | None) -> str:
    text = None if value is None else value.get("stringValue")
    if text and text[0].isalnum():
        # Not JSON that is unwrapped, like nearly every tag.
        return str(text[:TAG_CHARACTERS])
    plain = unwrap(decode_value(value))
    return (plain if isinstance(plain, str) else _json_text(plain))[:TAG_CHARACTERS]


def _preview(value: Mapping[str, Any] | None) -> str | None:
    if not value:
        return None
    text = value.get("stringValue")
    if text and len(text) <= PREVIEW_CHARACTERS and len(value) == 1 and is_plain_json(text):
        # Nearly every value. The rest of this function returns the same.
        return str(text)
    plain = decode_value(value)
    if plain is None:
        return None
    # A string with JSON inside is already the preview; other values are encoded.
    holds_json = isinstance(plain, str) and unwrap(plain) is not plain
    return shorten_media(plain if holds_json else _json_text(plain))[:PREVIEW_CHARACTERS]


def _json_text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=repr)
