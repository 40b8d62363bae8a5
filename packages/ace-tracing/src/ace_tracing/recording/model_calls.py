"""Facts of a model call that a client's answer has, recorded where the user has recorded none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ace_tracing.recording.attributes import TOKEN_USAGE
from ace_tracing.recording.span import LiveSpan
from ace_tracing.recording.usage import MODEL, MODELS

PROVIDER: Final = "mlflow.llm.provider"
TYPE: Final = "mlflow.spanType"
UNKNOWN: Final = "UNKNOWN"


def complete_model_call(
    span: LiveSpan, *, span_type: str | None, model: str | None, provider: str | None, tokens: Mapping[str, Any]
) -> None:
    """Record type, model, provider and tokens of a call. Those that the span has already stay.

    Args:
        span: The span of the call.
        span_type: The type of a span that records one call of a model. None leaves the type.
        model: The model that answered.
        provider: The provider of the model.
        tokens: The numbers of tokens, under the names of `set_token_usage`.
    """
    given = _find_given(span)
    if span_type is not None and span.span_type == UNKNOWN and TYPE not in given:
        span.set_span_type(span_type)
    if model is not None and given.isdisjoint(MODELS):
        span.set_attribute(MODEL, model)
    if provider is not None and PROVIDER not in given:
        span.set_attribute(PROVIDER, provider)
    if tokens and TOKEN_USAGE not in given:
        span.set_token_usage(**tokens)


def _find_given(span: LiveSpan) -> set[str]:
    """Return the names of the span's attributes, also those that are derived from names of other conventions."""
    attributes: dict[str, Any] = span.attributes
    if not attributes:
        return set()
    # Imported on first use, because it reads a table. `configure` has imported it for the worker.
    from ace_tracing.conventions import derive

    return {*attributes, *derive(span.name, attributes)}
