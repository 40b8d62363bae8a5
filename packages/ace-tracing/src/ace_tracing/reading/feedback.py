"""Feedback on traces from a person, a program or a model: `log_feedback` and its asynchronous version."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, Literal, get_args

from ace_tracing import runtime
from ace_tracing.errors import ConfigurationError, NotFoundError
from ace_tracing.recording.feedback import OUTSIDE_SAMPLE, record_feedback

Source = Literal["HUMAN", "CODE", "LLM_JUDGE"]

_TRACE_ID: Final = re.compile(r"(?:tr-)?([0-9a-f]{32})")
_SPAN_ID: Final = re.compile(r"[0-9a-f]{16}")


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
    """Attach feedback to a trace or to one of its spans. It makes no request and returns at once.

    The feedback is sent after its trace: it waits with the trace in the spool, so it survives a crash and an outage.
    The trace may be running, or belong to another process and reach the service later. Feedback on a trace that the
    service does not have is sent again for an hour, and then dropped with a warning. `flush` sends it now; the counts
    of `Delivery` include it. While tracing is disabled by `disable`, it is sent as well.

    Values are captured like the inputs of a span, at most 256 KB, and the mask of `configure` is applied to all of
    them.

    Args:
        trace_id: The trace's id, such as `span.trace_id` or `get_current_trace_id()`.
        name: The judged quality, such as `"correct"`, at most 250 characters.
        value: The judgement: a number, a string, a boolean, or lists and dicts of them.
        span_id: The judged span's id, 16 hex digits; the feedback is about the whole trace by default.
        rationale: The reason for the judgement, at most 10,000 characters.
        source: The kind of judge: `"HUMAN"`, `"CODE"` or `"LLM_JUDGE"`.
        source_id: The judge's name, for example a user or a model, at most 500 characters.
        metadata: Additional key-value pairs.

    Returns:
        The id that the assessment will have. MLflow's deprecated file store makes its own ids. Empty if `trace_id` is
        None because recording is disabled.

    Raises:
        NotFoundError: `trace_id` or `span_id` does not have the form of an id.
        ConfigurationError: `configure` was not called, traces are sent to a collector only, or another argument is
            wrong. It is also a `ValueError`.
    """
    tracer = runtime.tracer()
    runtime.require_feedback()
    if trace_id is None and not runtime.is_enabled():
        # The trace id of a no-op span.
        return ""
    match = _TRACE_ID.fullmatch(trace_id) if isinstance(trace_id, str) else None
    if match is None:
        raise NotFoundError(f"No trace {trace_id!r}: a trace id is `tr-` and 32 hex digits.")
    if span_id is not None and not (isinstance(span_id, str) and _SPAN_ID.fullmatch(span_id)):
        raise NotFoundError(f"No span {span_id!r}: a span id is 16 hex digits.")
    if not (isinstance(name, str) and name):
        raise ConfigurationError(f"log_feedback(name={name!r}): give the name of the judged quality.")
    if source not in get_args(Source):
        raise ConfigurationError(f"log_feedback(source={source!r}): give one of {', '.join(get_args(Source))}.")
    if not (metadata is None or isinstance(metadata, Mapping)):
        raise ConfigurationError(f"log_feedback(metadata={metadata!r}): give a dict of strings.")
    judgement = {
        "name": name,
        "value": value,
        "source": source,
        "source_id": source_id,
        "span_id": span_id,
        "rationale": rationale,
        "metadata": metadata,
    }
    hex_id = match[1]
    is_sampled = tracer.sampler is None or tracer.sampler.is_sampled(hex_id)
    return record_feedback(
        tracer.sink, tracer.mask, 0 if is_sampled else OUTSIDE_SAMPLE, bytes.fromhex(hex_id), judgement
    )


async def alog_feedback(
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
    """Attach feedback to a trace or to one of its spans, as `log_feedback` does. It does not block the event loop.

    Args:
        trace_id: The trace's id.
        name: The judged quality.
        value: The judgement.
        span_id: The judged span's id; the feedback is about the whole trace by default.
        rationale: The reason for the judgement.
        source: The kind of judge: `"HUMAN"`, `"CODE"` or `"LLM_JUDGE"`.
        source_id: The judge's name.
        metadata: Additional key-value pairs.

    Returns:
        The id that the assessment will have.

    Raises:
        NotFoundError: `trace_id` or `span_id` does not have the form of an id.
        ConfigurationError: `configure` was not called, traces are sent to a collector only, or another argument is
            wrong. It is also a `ValueError`.
    """
    return log_feedback(
        trace_id,
        name,
        value,
        span_id=span_id,
        rationale=rationale,
        source=source,
        source_id=source_id,
        metadata=metadata,
    )
