"""The feedback exporter: one attempt to store feedback as an assessment of its trace."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import Any, Final, Literal

import httpx

from ace_tracing.delivery.content import encoding
from ace_tracing.delivery.http.client import ServiceClient
from ace_tracing.delivery.http.deadline import time_limit
from ace_tracing.delivery.http.responses import classify, is_resource_missing
from ace_tracing.delivery.http.results import Delivered, ExportResult, Retryable
from ace_tracing.recording.feedback import Feedback
from kayba_api.api.tracing import create_assessment, get_trace_info
from kayba_api.models import AssessmentAnswer, CreateAssessmentRequest, TraceInfoAnswer

ATTEMPT_S: Final = 15.0
"""Time limit of one attempt, for all its requests together."""

MAX_CLOCK_DIFFERENCE_S: Final = 60.0
"""By how much the server's clock may be behind, when an assessment is compared with feedback by its time."""

_CONTENT: Final = ("assessment_name", "source", "span_id", "feedback", "rationale", "metadata")

Json = dict[str, Any]


class FeedbackExporter:
    """Sends feedback to one service.

    A server stores the assessment under the id in the request, so a repeated request adds nothing: kayba-local responds
    as before, MLflow with 500. MLflow's file store makes its own ids. Unless the server is known to keep ids, the
    assessments of the trace are therefore compared before a repeated attempt.

    Args:
        service: The client of the service.
    """

    def __init__(self, service: ServiceClient) -> None:
        self._service = service
        self._keeps_ids: bool | None = None

    def send(self, feedback: Feedback, *, is_repeated: bool) -> ExportResult | None:
        """Try once to store feedback. Return None if the trace is missing.

        Args:
            feedback: The feedback.
            is_repeated: Whether an earlier attempt may have stored it.
        """
        with time_limit(ATTEMPT_S):
            try:
                return self._send(feedback, is_repeated=is_repeated)
            except httpx.HTTPError as error:
                return Retryable(f"{self._service.base_url}: {type(error).__name__}: {error}")

    def _send(self, feedback: Feedback, *, is_repeated: bool) -> ExportResult | None:
        with encoding:
            assessment = feedback.assessment
            body = CreateAssessmentRequest.from_dict({"assessment": assessment})
        if is_repeated and not self._keeps_ids:
            found = self._find(assessment)
            if found is not False:
                return found
        response = self._service.request(create_assessment.sync_detailed, trace_id=assessment["trace_id"], body=body)
        if is_resource_missing(response):
            return None
        if is_repeated and response.status_code == HTTPStatus.INTERNAL_SERVER_ERROR:
            return self._find(assessment) or classify(response)
        if isinstance(response.parsed, AssessmentAnswer):
            self._keeps_ids = response.parsed.assessment.assessment_id == assessment["assessment_id"]
        return classify(response)

    def _find(self, assessment: Json) -> ExportResult | Literal[False] | None:
        """Return `Delivered` if the trace has the assessment, False if not, None if the trace is missing."""
        response = self._service.request(get_trace_info.sync_detailed, trace_id=assessment["trace_id"])
        if is_resource_missing(response):
            return None
        if not isinstance(response.parsed, TraceInfoAnswer):
            result = classify(response)
            return Retryable("the response contains no trace") if isinstance(result, Delivered) else result
        info: Json = response.parsed.to_dict()["trace"]["trace_info"]
        is_stored = any(self._is_same(stored, assessment) for stored in info.get("assessments") or ())
        return Delivered() if is_stored else False

    def _is_same(self, stored: Json, assessment: Json) -> bool:
        """Return whether an assessment of the server is the one of an earlier attempt."""
        if stored.get("assessment_id") == assessment["assessment_id"]:
            return True
        if self._keeps_ids or any(_plain(stored, key) != _plain(assessment, key) for key in _CONTENT):
            return False
        difference = datetime.fromisoformat(stored["create_time"]) - datetime.fromisoformat(assessment["create_time"])
        return difference.total_seconds() > -MAX_CLOCK_DIFFERENCE_S


def _plain(assessment: Json, key: str) -> Any:
    """Return a field's value, or None for an empty one, which servers leave out."""
    return assessment.get(key) or None
