"""Span records: what the store keeps of a span, read from OTLP requests without taking the span apart.

A record is the span's own JSON plus the few fields that the store sorts and looks up by. Only roots are looked into,
for they say what is known of their trace.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import orjson

from kayba_local.otlp.spans import INPUTS, LATEST_NS, NO_SPAN, OUTPUTS, parent_of
from kayba_local.otlp.values import python_value, unwrap

TRACE_ID_PREFIX: Final = "tr-"
TAG_PREFIX: Final = "mlflow.traceTag."
NAME_TAG: Final = "mlflow.traceName"
PREVIEW_CHARACTERS: Final = 1000
TAG_KEY_CHARACTERS: Final = 250
TAG_CHARACTERS: Final = 8000

_NO_TRACE: Final = "0" * 32
_METADATA: Final = {"session.id": "mlflow.trace.session", "user.id": "mlflow.trace.user"}
_ERROR: Final = 2
# Told by every exporter, or the server's own namespace.
_UNTOLD_RESOURCE: Final = ("telemetry.sdk.", "mlflow.")


class InvalidSpans(Exception):  # noqa: N818 - reads as what it is where it is raised
    """A request whose spans cannot be stored; the message says which and why."""


class SpanRecord(NamedTuple):
    """A span as the store keeps it; ids in lower case, times in ns since 1970, `end_ns` 0 while it runs."""

    trace_id: str
    span_id: str
    parent_id: str | None
    start_ns: int
    end_ns: int
    content: bytes


@dataclass(frozen=True, slots=True)
class RootFacts:
    """What a root span says of its trace.

    Attributes:
        state: ``OK``, ``ERROR`` or ``IN_PROGRESS``.
        tags: The trace's tags, its name among them.
        metadata: The trace's metadata.
        request_preview: The beginning of the inputs as JSON; None without inputs.
        response_preview: The beginning of the outputs as JSON; None without outputs.
    """

    state: str
    tags: Mapping[str, str]
    metadata: Mapping[str, str]
    request_preview: str | None
    response_preview: str | None


@dataclass(slots=True)
class Batch:
    """The spans of one request; `roots` holds those without a parent once more, with what they say."""

    spans: list[SpanRecord] = field(default_factory=list)
    roots: list[tuple[SpanRecord, RootFacts]] = field(default_factory=list)

    def add(self, span: Mapping[str, Any], resource_tags: Mapping[str, str]) -> None:
        """Take in one span of a valid OTLP request.

        Args:
            span: The span as OTLP's JSON.
            resource_tags: What `resource_tags` gave for the resource that it came with.

        Raises:
            InvalidSpans: An id of zeros, an impossible time, or values that cannot be encoded (nested too deeply).
        """
        trace_id, span_id = span["traceId"].lower(), span["spanId"].lower()
        if trace_id == _NO_TRACE or span_id == NO_SPAN:
            raise InvalidSpans(f"{self._place()}: an id of zeros is not valid")
        parent_id = parent_of(span)
        start_ns, end_ns = int(span["startTimeUnixNano"]), int(span.get("endTimeUnixNano", 0))
        if start_ns > LATEST_NS or end_ns > LATEST_NS:
            raise InvalidSpans(f"{self._place()}: its time is beyond the year 2262")
        try:
            content = orjson.dumps(span)
        except orjson.JSONEncodeError as error:
            raise InvalidSpans(f"{self._place()}: it cannot be written as JSON: {error}") from error
        record = SpanRecord(TRACE_ID_PREFIX + trace_id, span_id, parent_id, start_ns, end_ns, content)
        self.spans.append(record)
        if parent_id is None:
            self.roots.append((record, _facts(span, ended=end_ns > 0, resource_tags=resource_tags)))

    def _place(self) -> str:
        return f"span {len(self.spans) + 1} of the request"


def resource_tags(key_values: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """The trace tags that a resource's attributes become, e.g. ``service.name``."""
    return {
        pair["key"]: _tag(pair.get("value"))
        for pair in key_values
        if _is_tag_key(pair["key"]) and not pair["key"].startswith(_UNTOLD_RESOURCE)
    }


def _facts(span: Mapping[str, Any], *, ended: bool, resource_tags: Mapping[str, str]) -> RootFacts:
    values = {pair["key"]: pair.get("value") for pair in span.get("attributes", ())}
    tags = {
        tag: _tag(value)
        for key, value in values.items()
        if key.startswith(TAG_PREFIX) and _is_tag_key(tag := key.removeprefix(TAG_PREFIX))
    }
    failed = span.get("status", {}).get("code", 0) == _ERROR
    return RootFacts(
        state=("ERROR" if failed else "OK") if ended else "IN_PROGRESS",
        tags={**resource_tags, NAME_TAG: span["name"][:TAG_CHARACTERS], **tags},
        metadata={name: _tag(values[key]) for key, name in _METADATA.items() if values.get(key)},
        request_preview=_preview(values.get(INPUTS)),
        response_preview=_preview(values.get(OUTPUTS)),
    )


def _is_tag_key(key: str) -> bool:
    return 0 < len(key) <= TAG_KEY_CHARACTERS


def _tag(value: Mapping[str, Any] | None) -> str:
    plain = unwrap(python_value(value))
    return (plain if isinstance(plain, str) else _json_text(plain))[:TAG_CHARACTERS]


def _preview(value: Mapping[str, Any] | None) -> str | None:
    plain = python_value(value)
    if plain is None:
        return None
    # A string that holds JSON is that JSON already; any other value still has to be written.
    holds_json = isinstance(plain, str) and unwrap(plain) is not plain
    return (plain if holds_json else _json_text(plain))[:PREVIEW_CHARACTERS]


def _json_text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=repr)
