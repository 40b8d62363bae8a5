"""Assessments as the pages read them: who judged which aspect, how, and why."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from kayba_local.content.parts import Json


def read_feedback(assessment: Mapping[str, Any]) -> Json:
    """Return an assessment, as API JSON, in the form of `Feedback` of the contract."""
    is_expectation = "expectation" in assessment
    body = assessment.get("expectation" if is_expectation else "feedback") or {}
    source = assessment.get("source") or {}
    feedback: Json = {
        "id": assessment["assessment_id"],
        "name": assessment["assessment_name"],
        "value": body.get("value", body.get("serialized_value")),
        "sourceType": source.get("source_type", ""),
    }
    optional = {
        "sourceId": source.get("source_id"),
        "rationale": assessment.get("rationale"),
        "spanId": assessment.get("span_id"),
        "createdMs": _to_ms(assessment.get("create_time")),
    }
    feedback |= {name: value for name, value in optional.items() if value not in (None, "")}
    return {**feedback, "expectation": True} if is_expectation else feedback


def _to_ms(text: Any) -> int | None:
    try:
        return int(datetime.fromisoformat(text).timestamp() * 1_000)
    except (TypeError, ValueError, OverflowError):
        return None
