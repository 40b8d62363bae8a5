"""Trace infos in protobuf's JSON form, with times as timestamps and durations as seconds."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from kayba_local.store.errors import InvalidValue
from kayba_local.store.traces.traces import TraceInfo

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NS: Final = 1_000_000_000
_STORABLE_NS: Final = range(-(2**63), 2**63)
_FRACTION: Final = re.compile(r"\.([0-9]+)")


def read_info(sent: Mapping[str, Any]) -> TraceInfo:
    """Read the info in a request that is valid against the contract.

    Raises:
        InvalidValue: The request time is invalid, or more than 292 years from 1970.
    """
    duration = sent.get("execution_duration")
    return TraceInfo(
        trace_id=sent["trace_id"],
        experiment_id=sent["trace_location"]["mlflow_experiment"]["experiment_id"],
        request_ns=_read_time(sent["request_time"]),
        duration_ns=None if duration is None else _read_duration(duration),
        state=sent["state"],
        tags=sent.get("tags", {}),
        metadata=sent.get("trace_metadata", {}),
        request_preview=sent.get("request_preview"),
        response_preview=sent.get("response_preview"),
        client_request_id=sent.get("client_request_id"),
        assessments=sent.get("assessments", ()),
    )


def write_info(info: TraceInfo) -> dict[str, Any]:
    """Return the info for a response, without the fields that are unknown."""
    fields = {
        "trace_id": info.trace_id,
        "client_request_id": info.client_request_id,
        "trace_location": {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": info.experiment_id}},
        "request_time": _write_time(info.request_ns),
        "execution_duration": None if info.duration_ns is None else _write_duration(info.duration_ns),
        "state": info.state,
        "trace_metadata": info.metadata or None,
        "tags": info.tags,
        "request_preview": info.request_preview,
        "response_preview": info.response_preview,
        "assessments": info.assessments or None,
    }
    return {name: value for name, value in fields.items() if value is not None}


def _read_time(text: str) -> int:
    try:
        # RFC 3339 allows lower case, but `datetime` does not.
        since_epoch = datetime.fromisoformat(text.upper()) - _EPOCH
    except (ValueError, TypeError, OverflowError) as error:
        raise InvalidValue(f"request_time: {text!r} is not a time with a time zone.") from error
    # `datetime` cuts the fraction after six digits.
    fraction = _FRACTION.search(text)
    rest_ns = int(fraction[1].ljust(9, "0")[6:9]) if fraction else 0
    ns = since_epoch // timedelta(microseconds=1) * 1000 + rest_ns
    if ns not in _STORABLE_NS:
        raise InvalidValue(f"request_time: {text!r} is more than 292 years from 1970.")
    return ns


def _read_duration(text: str) -> int:
    return int(Decimal(text.removesuffix("s")) * _NS)


def _write_time(ns: int) -> str:
    moment = _EPOCH + timedelta(milliseconds=ns // 1_000_000)
    return moment.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def _write_duration(ns: int) -> str:
    """Return a duration in seconds with 0, 3, 6 or 9 decimals, as protobuf's JSON does."""
    sign, (seconds, rest) = "-" if ns < 0 else "", divmod(abs(ns), _NS)
    fraction = f"{rest:09}"
    while fraction.endswith("000"):
        fraction = fraction[:-3]
    return f"{sign}{seconds}.{fraction}s" if fraction else f"{sign}{seconds}s"
