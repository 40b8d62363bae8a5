"""What the spans of a trace say of it: its info, which a server that takes OTLP works out by itself. Pure functions."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from ace_tracing.delivery.mlflow.file import Json, attribute
from ace_tracing.delivery.otlp.attributes import METADATA_PREFIX, TAG_PREFIX

IN_PROGRESS = "IN_PROGRESS"
MAX_PREVIEW = 1_000
MAX_TAG_VALUE = 4_096
MAX_METADATA_VALUE = 250

_SESSION = {"session.id": "mlflow.trace.session", "user.id": "mlflow.trace.user"}
_TOTALS = {
    "mlflow.chat.tokenUsage": ("mlflow.trace.tokenUsage", ("input_tokens", "output_tokens", "total_tokens")),
    "mlflow.llm.cost": ("mlflow.trace.cost", ("input_cost", "output_cost", "total_cost")),
}
_FORM = {"mlflow.trace_schema.version": "3"}
"""How MLflow's clients mark traces with this form of the file."""

_KEY = re.compile(r"[\w.\- :/]{1,250}")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NS = 1_000_000_000


def info_of(trace_id: str, experiment_id: str, spans: list[Json]) -> Json:
    """The info of a trace, as it is sent.

    Args:
        trace_id: its name on the API, with the prefix.
        experiment_id: where it is kept.
        spans: all of it that is known, from `tracefile`, at least one. Without a root among them it is in progress.
    """
    root = next((span for span in spans if not span["parent_span_id"]), None)
    start_ns = (root or spans[0])["start_time_unix_nano"]
    info: Json = {
        "trace_id": trace_id,
        "trace_location": {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": experiment_id}},
        "request_time": (_EPOCH + timedelta(microseconds=start_ns // 1_000)).isoformat(),
        "state": IN_PROGRESS,
        "tags": {},
        "trace_metadata": _FORM | _session(spans) | dict(_totals(spans)),
    }
    if root is None:
        return info
    info["state"] = "ERROR" if root["status"]["code"] == "STATUS_CODE_ERROR" else "OK"
    info["execution_duration"] = _duration(root["end_time_unix_nano"] - start_ns)
    info["tags"] = _of_root(root, TAG_PREFIX, MAX_TAG_VALUE)
    info["trace_metadata"] |= _of_root(root, METADATA_PREFIX, MAX_METADATA_VALUE)
    for name, key in (("request_preview", "mlflow.spanInputs"), ("response_preview", "mlflow.spanOutputs")):
        if attribute(root, key) is not None:
            info[name] = root["attributes"][key][:MAX_PREVIEW]
    return info


def _of_root(root: Json, prefix: str, longest: int) -> dict[str, str]:
    """What the root's attributes of one kind say, as far as a server would take it by OTLP."""
    return {
        name: _written(value)[:longest]
        for key in root["attributes"]
        if key.startswith(prefix) and _is_key(name := key.removeprefix(prefix))
        if (value := attribute(root, key)) is not None
    }


def _is_key(name: str) -> bool:
    """Whether a server takes it as a key; some keep each value in a file of that name."""
    normal = posixpath.normpath(name)
    return bool(_KEY.fullmatch(name)) and normal == name and normal != "." and not normal.startswith(("..", "/"))


def _session(spans: list[Json]) -> dict[str, str]:
    found: dict[str, str] = {}
    for span in spans:
        for key, name in _SESSION.items():
            if name not in found and (value := attribute(span, key)):
                found[name] = _written(value)[:MAX_METADATA_VALUE]
    return found


def _totals(spans: list[Json]) -> Iterator[tuple[str, str]]:
    """Tokens and cost of the whole, as JSON text, added up as MLflow does: of nested spans the outermost counts."""
    parents = {span["span_id"]: span["parent_span_id"] for span in spans}
    for key, (name, keys) in _TOTALS.items():
        told = {span["span_id"]: said for span in spans if _are_amounts(said := attribute(span, key))}
        outermost = [said for span_id, said in told.items() if not _is_below(span_id, told.keys(), parents)]
        if outermost:
            others = sorted({other for said in outermost for other in said} - {*keys})
            yield name, _written({part: sum(said.get(part, 0) for said in outermost) for part in (*keys, *others)})


def _are_amounts(said: Any) -> bool:
    return isinstance(said, dict) and all(type(amount) in (int, float) for amount in said.values())


def _is_below(span_id: str, others: Any, parents: dict[str, str | None]) -> bool:
    seen = {span_id}
    above = parents.get(span_id)
    while above is not None and above not in seen:
        if above in others:
            return True
        seen.add(above)
        above = parents.get(above)
    return False


def _duration(ns: int) -> str:
    sign, (seconds, rest) = "-" if ns < 0 else "", divmod(abs(ns), _NS)
    return f"{sign}{seconds}.{rest:09}s"


def _written(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
