"""Tokens of attached contexts, as instrumentations use them."""

from __future__ import annotations

from typing import Any

from opentelemetry import context
from opentelemetry import trace as api

from ace_tracing import get_current_span
from ace_tracing.otel.tracer import Tracer
from ace_tracing.testing import CapturedTraces


def test_a_token_resets_its_variable_instead_of_a_detach(tracer: Tracer, captured_traces: CapturedTraces) -> None:
    span = tracer.start_span("model")
    token: Any = context.attach(api.set_span_in_context(span))
    assert get_current_span().span_id == api.format_span_id(span.get_span_context().span_id)
    token.var.reset(token)
    assert get_current_span().span_id is None
    assert not api.get_current_span().get_span_context().is_valid
    span.end()
    assert [found.data.spans[0].name for found in captured_traces] == ["model"]
