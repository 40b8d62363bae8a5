"""`log_feedback`: what a person, a program or a model says of a trace, kept with it."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Literal

from ace_tracing import runtime
from ace_tracing.errors import NotFoundError
from ace_tracing.reading.queries import full_trace_id

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
    """Attach feedback to a finished trace, or to one span of it. It calls the service and waits for the answer.

    Args:
        trace_id: which trace, as `span.trace_id` or `get_current_trace_id()` gave it.
        name: what is judged, as `"correct"`.
        value: the judgement: a number, a text, a truth value, or lists and dicts of them.
        span_id: the one span it is about; the whole trace by default.
        rationale: why.
        source: who judged: `"HUMAN"`, `"CODE"` or `"LLM_JUDGE"`.
        source_id: which one of those, as a user's or a model's name.
        metadata: further facts, by key.

    Returns:
        The id of the assessment.

    Raises:
        NotFoundError: the service has no such trace; one that still runs is not there yet.
        ServiceError: the service cannot be reached, or refuses.
        ConfigurationError: `configure` was not called.
    """
    service = runtime.service()
    wanted = full_trace_id(trace_id)
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

    now = datetime.datetime.now(datetime.UTC)
    assessment = Assessment(
        assessment_name=name,
        source=AssessmentSource(source_type=source, source_id=source_id),
        trace_id=wanted,
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
    response = service.call(operation.sync_detailed, trace_id=wanted, body=CreateAssessmentRequest(assessment))
    if response.status_code == HTTPStatus.NOT_FOUND:
        raise NotFoundError(f"No trace {trace_id!r} on {service.base_url}.")
    stored = service.expect(response, AssessmentAnswer).assessment
    return str(stored.assessment_id)
