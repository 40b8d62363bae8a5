"""`log_feedback`: assessments stored with a trace or a span."""

from __future__ import annotations

from typing import Any

import pytest

from ace_tracing import NotFoundError, get_current_trace_id, get_trace, log_feedback, start_span
from kayba_local import LocalServer


@pytest.mark.parametrize("value", [True, 0.5, "good", ["a", 1], {"score": 3}])
def test_feedback_on_a_trace_is_stored_with_all_its_fields(tracing: LocalServer, value: Any) -> None:
    with start_span("judged"):
        trace_id = str(get_current_trace_id())
    assessment_id = log_feedback(
        trace_id, "quality", value, rationale="because", source="LLM_JUDGE", source_id="a-model", metadata={"run": "1"}
    )
    (found,) = get_trace(trace_id).info.assessments
    assert found["assessment_id"] == assessment_id
    assert (found["assessment_name"], found["feedback"]["value"], found["rationale"]) == ("quality", value, "because")
    assert found["source"] == {"source_type": "LLM_JUDGE", "source_id": "a-model"}
    assert found["metadata"] == {"run": "1"}


def test_feedback_on_a_span_has_the_span_id(tracing: LocalServer) -> None:
    with start_span("judged") as span:
        pass
    log_feedback(str(span.trace_id), "correct", True, span_id=span.span_id)
    (found,) = get_trace(str(span.trace_id)).info.assessments
    assert found["span_id"] == span.span_id


def test_feedback_on_an_unknown_trace_raises_not_found(tracing: LocalServer) -> None:
    with pytest.raises(NotFoundError, match="No trace"):
        log_feedback("tr-" + "1" * 32, "correct", True)
