"""Feedback on traces from a person, a program or a model: `log_feedback`."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Literal

from ace_tracing import runtime
from ace_tracing.clocks import time
from ace_tracing.errors import NotFoundError
from ace_tracing.reading.queries import normalize_trace_id

Source = Literal["HUMAN", "CODE", "LLM_JUDGE"]


def log_feedback(
    trace_id: str,
    name: str,
    value: Any,
    *,
    span_id: str | None = None,
    rationale: str | None = None,
    source: Source = "HUMAN",
    source_id: str = "default",
    metadata: Mapping[str, str] | None = None,
) -> str:
    """Attach feedback to a finished trace or to one of its spans. Calls the service and waits for the response.

    Args:
        trace_id: The trace's id, such as `span.trace_id` or `get_current_trace_id()`.
        name: The judged quality, such as `"correct"`.
        value: The judgement: a number, a string, a boolean, or lists and dicts of them.
        span_id: The judged span's id; the feedback is about the whole trace by default.
        rationale: The reason for the judgement.
        source: The kind of judge: `"HUMAN"`, `"CODE"` or `"LLM_JUDGE"`.
        source_id: The judge's name, for example a user or a model.
        metadata: Additional key-value pairs.

    Returns:
        The id of the assessment.

    Raises:
        NotFoundError: The service has no such trace. A running trace has not reached the service yet.
        ServiceError: The service cannot be reached, or rejects the request.
        ConfigurationError: `configure` was not called.
    """
    service = runtime.service()
    full_id = normalize_trace_id(trace_id)
    runtime.flush()
    from kayba_api.api.tracing import create_assessment as operation
    from kayba_api.models import (
        Assessment,
        AssessmentAnswer,
        AssessmentMetadata,
        AssessmentSource,
        CreateAssessmentRequest,
        Feedback,
    )

    now = datetime.datetime.fromtimestamp(time(), datetime.UTC)
    assessment = Assessment(
        assessment_name=name,
        source=AssessmentSource(source_type=source, source_id=source_id),
        trace_id=full_id,
        create_time=now,
        last_update_time=now,
        feedback=Feedback(value=value),
    )
    if span_id is not None:
        assessment.span_id = span_id
    if rationale is not None:
        assessment.rationale = rationale
    if metadata is not None:
        assessment.metadata = AssessmentMetadata.from_dict(dict(metadata))
    response = service.call(operation.sync_detailed, trace_id=full_id, body=CreateAssessmentRequest(assessment))
    if response.status_code == HTTPStatus.NOT_FOUND:
        raise NotFoundError(f"No trace {trace_id!r} on {service.base_url}.")
    stored = service.expect(response, AssessmentAnswer).assessment
    return str(stored.assessment_id)
