"""Trace info: a trace's state, times, tags, metadata and previews, computed from its spans. Pure functions.

A server that supports OTLP computes the info itself. Any other server needs it in a request, and tests read it from
captured traces.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

from ace_tracing.clocks import time_ns
from ace_tracing.delivery.mlflow.file import TRACE_ID_PREFIX, Json, encode_span, get_attribute
from ace_tracing.delivery.otlp.attributes import METADATA_PREFIX, NAME_TAG, TAG_PREFIX, truncate_name
from ace_tracing.recording.records import NO_DETAILS, Role, TraceDetails, TraceRecord

IN_PROGRESS: Final = "IN_PROGRESS"
MAX_PREVIEW_CHARS: Final = 1_000
MAX_TAG_CHARS: Final = 4_096
MAX_METADATA_CHARS: Final = 8_000

_SESSION: Final = {"session.id": "mlflow.trace.session", "user.id": "mlflow.trace.user"}
_TOTALS: Final = {
    "mlflow.chat.tokenUsage": ("mlflow.trace.tokenUsage", ("input_tokens", "output_tokens", "total_tokens")),
    "mlflow.llm.cost": ("mlflow.trace.cost", ("input_cost", "output_cost", "total_cost")),
}
_SCHEMA: Final = {"mlflow.trace_schema.version": "3"}
"""Metadata with which MLflow's clients mark a trace whose spans are in a file of this form."""

_SPEAKER_ATTRIBUTE: Final = TAG_PREFIX + NAME_TAG

_KEY: Final = re.compile(r"[\w.\- :/]{1,250}")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NS_PER_S: Final = 1_000_000_000


class TraceSummary(NamedTuple):
    """Facts about a trace, computed from its spans.

    Attributes:
        state: `OK` or `ERROR`, the status of the root span, or of the topmost span that speaks for the trace.
            `IN_PROGRESS` without either.
        start_ns: Start of the root span, or of the first span without a root, in nanoseconds since the epoch.
        duration_ns: Duration of the root span in nanoseconds. None without a root span.
        tags: The trace's tags, its name and folder among them.
        metadata: The trace's metadata, its session and user among them.
        request_preview: The beginning of the root span's inputs as JSON text. None without inputs.
        response_preview: The beginning of the root span's outputs as JSON text. None without outputs.
    """

    state: str
    start_ns: int
    duration_ns: int | None
    tags: dict[str, str]
    metadata: dict[str, str]
    request_preview: str | None
    response_preview: str | None


def summarize(spans: list[Json]) -> TraceSummary:
    """Return the facts about a trace.

    Args:
        spans: All known spans of the trace in the span file's form, at least one.
    """
    session = _session(spans)
    root = _speaker(spans)
    if root is None:
        return TraceSummary(IN_PROGRESS, spans[0]["start_time_unix_nano"], None, {}, session, None, None)
    start_ns = root["start_time_unix_nano"]
    return TraceSummary(
        state="ERROR" if root["status"]["code"] == "STATUS_CODE_ERROR" else "OK",
        start_ns=start_ns,
        duration_ns=root["end_time_unix_nano"] - start_ns,
        tags=_texts_with_prefix(root, TAG_PREFIX),
        metadata=session | _texts_with_prefix(root, METADATA_PREFIX),
        request_preview=_preview(root, "mlflow.spanInputs"),
        response_preview=_preview(root, "mlflow.spanOutputs"),
    )


def encode_info(trace_id: str, experiment_id: str, spans: list[Json]) -> Json:
    """Return the info of a trace in the form of a request, within the limits of servers.

    Args:
        trace_id: The trace's id with its prefix, as in the API.
        experiment_id: The id of the trace's experiment.
        spans: All known spans of the trace in the span file's form, at least one.
    """
    info = _encode_summary(trace_id, experiment_id, summarize(spans))
    info["trace_metadata"] = _SCHEMA | dict(_totals(spans)) | info["trace_metadata"]
    return info


def encode_facts(record: TraceRecord, experiment_id: str) -> Json:
    """Return the info that a record alone gives, in the form of a request, within the limits of servers.

    Token usage and cost are not in it: servers sum them up over all spans.

    Args:
        record: A record of any role but `PART`.
        experiment_id: The id of the trace's experiment.
    """
    trace_id = TRACE_ID_PREFIX + record.trace_id
    if record.role is Role.LATE:
        details = record.details or NO_DETAILS
        tags, metadata = detail_texts(details)
        return _encode_summary(
            trace_id, experiment_id, TraceSummary(IN_PROGRESS, time_ns(), None, tags, metadata, None, None)
        )
    summary = summarize([encode_span(record, record.root or record.spans[-1], speaks=True)])
    if record.role is Role.RUNNING:
        summary = summary._replace(state=IN_PROGRESS, duration_ns=None, response_preview=None)
    return _encode_summary(trace_id, experiment_id, summary)


def detail_texts(details: TraceDetails) -> tuple[dict[str, str], dict[str, str]]:
    """Return the tags and the metadata that servers store for the details of a trace."""
    tags = {key: text for key, text in details.tags.items() if not key.startswith("mlflow.")}
    if details.name is not None:
        tags[NAME_TAG] = truncate_name(details.name)
    return tags, {_SESSION.get(key, key): text for key, text in details.metadata.items()}


def _encode_summary(trace_id: str, experiment_id: str, summary: TraceSummary) -> Json:
    info: Json = {
        "trace_id": trace_id,
        "trace_location": {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": experiment_id}},
        "request_time": (_EPOCH + timedelta(microseconds=summary.start_ns // 1_000)).isoformat(),
        "state": summary.state,
        "tags": _within_limits(summary.tags, MAX_TAG_CHARS),
        "trace_metadata": _within_limits(summary.metadata, MAX_METADATA_CHARS),
    }
    if summary.duration_ns is not None:
        info["execution_duration"] = _duration(summary.duration_ns)
    if summary.request_preview is not None:
        info["request_preview"] = summary.request_preview
    if summary.response_preview is not None:
        info["response_preview"] = summary.response_preview
    return info


def _speaker(spans: list[Json]) -> Json | None:
    """Return the span that has the trace's facts: the root, or the first topmost span that has them."""
    root = next((span for span in spans if not span["parent_span_id"]), None)
    return root or next((span for span in spans if _SPEAKER_ATTRIBUTE in span["attributes"]), None)


def _texts_with_prefix(root: Json, prefix: str) -> dict[str, str]:
    """Return the root's attributes whose keys have a prefix, with the prefix removed and the values as texts."""
    return {
        key.removeprefix(prefix): _text(value)
        for key in root["attributes"]
        if key.startswith(prefix) and (value := get_attribute(root, key)) is not None
    }


def _within_limits(texts: Mapping[str, str], max_chars: int) -> dict[str, str]:
    return {key: text[:max_chars] for key, text in texts.items() if _is_valid_key(key)}


def _is_valid_key(name: str) -> bool:
    """Return whether servers accept a tag's key: some store each tag in a file of that name."""
    normal = posixpath.normpath(name)
    return bool(_KEY.fullmatch(name)) and normal == name and normal != "." and not normal.startswith(("..", "/"))


def _preview(root: Json, key: str) -> str | None:
    if get_attribute(root, key) is None:
        return None
    text: str = root["attributes"][key]
    return text[:MAX_PREVIEW_CHARS]


def _session(spans: list[Json]) -> dict[str, str]:
    found: dict[str, str] = {}
    for span in spans:
        for key, name in _SESSION.items():
            if name not in found and (value := get_attribute(span, key)):
                found[name] = _text(value)
    return found


def _totals(spans: list[Json]) -> Iterator[tuple[str, str]]:
    """Yield the trace's token usage and cost as JSON text, summed as in MLflow: only outermost spans count."""
    parents = {span["span_id"]: span["parent_span_id"] for span in spans}
    for key, (name, parts) in _TOTALS.items():
        by_id = {span["span_id"]: amounts for span in spans if _are_amounts(amounts := get_attribute(span, key))}
        outermost = [amounts for span_id, amounts in by_id.items() if not _is_below(span_id, by_id.keys(), parents)]
        if outermost:
            other_parts = sorted({part for amounts in outermost for part in amounts} - {*parts})
            total = {part: sum(amounts.get(part, 0) for amounts in outermost) for part in (*parts, *other_parts)}
            yield name, _text(total)


def _are_amounts(value: Any) -> bool:
    return isinstance(value, dict) and all(type(amount) in (int, float) for amount in value.values())


def _is_below(span_id: str, others: Collection[str], parents: Mapping[str, str | None]) -> bool:
    """Return whether one of the other spans is an ancestor of a span."""
    seen = {span_id}
    ancestor = parents.get(span_id)
    while ancestor is not None and ancestor not in seen:
        if ancestor in others:
            return True
        seen.add(ancestor)
        ancestor = parents.get(ancestor)
    return False


def _duration(ns: int) -> str:
    sign, (seconds, rest) = "-" if ns < 0 else "", divmod(abs(ns), _NS_PER_S)
    return f"{sign}{seconds}.{rest:09}s"


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
