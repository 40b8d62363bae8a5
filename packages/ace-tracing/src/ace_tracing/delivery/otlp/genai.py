"""GenAI names: finished spans as spans of OpenTelemetry's GenAI conventions, for collectors other than Kayba.

The attributes `mlflow.*`, which Kayba reads, are replaced. Attributes that the user, or an instrumentation, has given a
span under a name of the conventions win. Fields without a name in the conventions are written under OpenInference's
name, which many servers read, or else below `kayba.`. Pure functions.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import orjson

from ace_tracing.delivery.otlp.attributes import CHECKED_NAMES, normalize_attribute
from ace_tracing.delivery.otlp.messages import Json
from ace_tracing.delivery.otlp.model_calls import INPUT_MESSAGES, OUTPUT_MESSAGES, write_call, write_response
from ace_tracing.delivery.otlp.values import dump_text
from ace_tracing.recording.attributes import COST, SESSION_ID, TOKEN_USAGE
from ace_tracing.recording.records import NO_DETAILS, Role, SpanRecord, TraceRecord
from ace_tracing.recording.span_types import SpanType
from ace_tracing.recording.usage import MODEL

OPERATION: Final = "gen_ai.operation.name"
REQUEST_MODEL: Final = "gen_ai.request.model"
RESPONSE_MODEL: Final = "gen_ai.response.model"
CONVERSATION_ID: Final = "gen_ai.conversation.id"
AGENT_NAME: Final = "gen_ai.agent.name"
TOOL_NAME: Final = "gen_ai.tool.name"
WORKFLOW_NAME: Final = "gen_ai.workflow.name"
INPUT_VALUE: Final = "input.value"
OUTPUT_VALUE: Final = "output.value"
ERROR_TYPE: Final = "error.type"
OTHER_ERROR: Final = "_OTHER"

INTERNAL: Final = 1
CLIENT: Final = 3
"""OTLP's kinds of spans."""

USAGE_NAMES: Final = {
    "input_tokens": "gen_ai.usage.input_tokens",
    "output_tokens": "gen_ai.usage.output_tokens",
    "cache_read_input_tokens": "gen_ai.usage.cache_read.input_tokens",
    "cache_creation_input_tokens": "gen_ai.usage.cache_write.input_tokens",
    "reasoning_tokens": "gen_ai.usage.reasoning.output_tokens",
}
COST_NAMES: Final = {
    "input_cost": "llm.cost.prompt",
    "output_cost": "llm.cost.completion",
    "total_cost": "llm.cost.total",
}

_OPERATIONS: Final[dict[str, str]] = {
    SpanType.CHAT_MODEL: "chat",
    SpanType.LLM: "text_completion",
    SpanType.EMBEDDING: "embeddings",
    SpanType.AGENT: "invoke_agent",
    SpanType.WORKFLOW: "invoke_workflow",
    SpanType.TOOL: "execute_tool",
    SpanType.RETRIEVER: "retrieval",
}
_KINDS: Final = frozenset({SpanType.CHAIN, SpanType.RERANKER, SpanType.GUARDRAIL, SpanType.EVALUATOR})
"""Types that GenAI has no operation for, and OpenInference a kind."""
_MODEL_CALLS: Final = frozenset({"chat", "text_completion", "generate_content", "embeddings"})
_RENAMED: Final = {
    "mlflow.llm.provider": "gen_ai.provider.name",
    "mlflow.chat.tools": "gen_ai.tool.definitions",
}
_NAME_ATTRIBUTES: Final[dict[Any, str]] = {
    "invoke_agent": AGENT_NAME,
    "execute_tool": TOOL_NAME,
    "invoke_workflow": WORKFLOW_NAME,
}
"""The attribute with the name of the agent, tool or workflow, by operation."""
_TARGETS: Final[dict[str, tuple[str, ...]]] = {
    **dict.fromkeys(_MODEL_CALLS, (REQUEST_MODEL, RESPONSE_MODEL)),
    "invoke_agent": (AGENT_NAME,),
    "execute_tool": (TOOL_NAME,),
}
"""The attributes that may contain the target of an operation."""
_QUERY_NAMES: Final = ("query", "question", "q", "text", "search_query")


class GenAiSpan(NamedTuple):
    """A span in the terms of OpenTelemetry. Attribute values are JSON values.

    Attributes:
        name: The name.
        kind: `INTERNAL` or `CLIENT`, or another of OTLP's kinds.
        attributes: The attributes.
    """

    name: str
    kind: int
    attributes: Json


def describe_span(trace: TraceRecord, span: SpanRecord, *, speaks: bool) -> GenAiSpan:
    """Return name, kind and attributes of a span under the names of the GenAI conventions.

    Args:
        trace: The span's trace.
        span: The span.
        speaks: Whether the span has the trace's facts as attributes: the root, or the topmost span of this process.
    """
    recorded = span.attributes or {}
    attributes: Json = {}
    for key, value in recorded.items():
        if key.startswith("mlflow."):
            if key in _RENAMED:
                attributes.setdefault(_RENAMED[key], value)
        elif key in CHECKED_NAMES:
            name, checked = normalize_attribute(key, value)
            attributes[name] = checked
        else:
            attributes[key] = value
    # An instrumentation has named its spans, by its own conventions.
    is_named = OPERATION in attributes or span.scope is not None
    _write_usage(attributes, recorded)
    _write_type(attributes, span)
    _write_values(attributes, span)
    model = recorded.get(MODEL)
    if isinstance(model, str):
        attributes.setdefault(RESPONSE_MODEL, model)
        attributes.setdefault(REQUEST_MODEL, model)
    operation = attributes.get(OPERATION)
    name = span.name if is_named else _select_name(attributes, span, operation)
    if span.function is not None:
        attributes.setdefault("code.function.name", span.function)
    if name != span.name and span.name not in name:
        attributes["kayba.span.name"] = span.name
    if span.status == "ERROR":
        attributes.setdefault(ERROR_TYPE, _error_type(span))
    if speaks:
        _write_trace_facts(attributes, trace, span)
    kind = CLIENT if operation in _MODEL_CALLS else INTERNAL
    return GenAiSpan(name, kind if span.scope is None else span.scope.kind, attributes)


def _write_usage(attributes: Json, recorded: Json) -> None:
    for key, names in ((TOKEN_USAGE, USAGE_NAMES), (COST, COST_NAMES)):
        numbers = recorded.get(key)
        if isinstance(numbers, dict):
            for part, name in names.items():
                if part in numbers:
                    attributes.setdefault(name, numbers[part])


def _write_type(attributes: Json, span: SpanRecord) -> None:
    """Write the operation of the span's type, with the name of the agent, tool or workflow."""
    span_type = span.span_type
    if span.agent is not None:
        attributes.setdefault(AGENT_NAME, span.agent)
    operation = _OPERATIONS.get(span_type)
    if operation is not None:
        operation = attributes.setdefault(OPERATION, operation)
    elif span_type in _KINDS:
        attributes.setdefault("openinference.span.kind", span_type)
    elif span_type != SpanType.UNKNOWN:
        attributes["kayba.span.type"] = span_type
    if operation in _NAME_ATTRIBUTES:
        attributes.setdefault(_NAME_ATTRIBUTES[operation], span.name)


def _write_values(attributes: Json, span: SpanRecord) -> None:
    """Write inputs and outputs: as messages, as a tool's arguments and result, or as OpenInference's values."""
    operation = attributes.get(OPERATION)
    if operation == "execute_tool":
        _write_json(attributes, "gen_ai.tool.call.arguments", span.inputs)
        _write_json(attributes, "gen_ai.tool.call.result", span.outputs)
    elif operation == "retrieval":
        _write_retrieval(attributes, span)
    else:
        is_model = operation in _MODEL_CALLS and operation != "embeddings"
        _write_inputs(attributes, span, is_model=is_model)
        # Equal texts: the span's outputs were read from this attribute.
        if span.outputs is not None and span.outputs != attributes.get(OUTPUT_MESSAGES):
            outputs = orjson.loads(span.outputs)
            if not write_response(attributes, outputs, is_model=is_model):
                _write_value(attributes, OUTPUT_VALUE, outputs)


def _write_inputs(attributes: Json, span: SpanRecord, *, is_model: bool) -> None:
    """Write inputs as messages, or as OpenInference's value."""
    if span.inputs is None or span.inputs == attributes.get(INPUT_MESSAGES):
        return
    inputs = orjson.loads(span.inputs)
    if not write_call(attributes, inputs, is_model=is_model):
        _write_value(attributes, INPUT_VALUE, inputs)
    elif span.span_type == SpanType.LLM and is_model and OPERATION not in (span.attributes or {}):
        # A call with messages is no completion of a text.
        attributes[OPERATION] = "chat"


def _write_retrieval(attributes: Json, span: SpanRecord) -> None:
    """Write the query and the documents of a retrieval."""
    inputs = None if span.inputs is None else orjson.loads(span.inputs)
    outputs = None if span.outputs is None else orjson.loads(span.outputs)
    query = _query_of(inputs)
    if query is None:
        _write_value(attributes, INPUT_VALUE, inputs)
    else:
        attributes.setdefault("gen_ai.retrieval.query.text", query)
    if isinstance(outputs, list):
        attributes.setdefault("gen_ai.retrieval.documents", outputs)
    else:
        _write_value(attributes, OUTPUT_VALUE, outputs)


def _write_json(attributes: Json, name: str, text: str | None) -> None:
    """Write the value of a JSON text, unless the attribute is there."""
    if text is not None and name not in attributes and (value := orjson.loads(text)) is not None:
        attributes[name] = value


def _write_value(attributes: Json, name: str, value: Any) -> None:
    """Write a value and its media type under OpenInference's names."""
    if value is None or name in attributes:
        return
    is_text = isinstance(value, str)
    attributes[name] = value if is_text else dump_text(value)
    attributes[name.replace("value", "mime_type")] = "text/plain" if is_text else "application/json"


def _query_of(inputs: Any) -> str | None:
    """Return the text of a query, if the inputs are nothing else."""
    if isinstance(inputs, dict) and len(inputs) == 1:
        (name, inputs), *_ = inputs.items()
        if name not in _QUERY_NAMES:
            return None
    return inputs if isinstance(inputs, str) else None


def _select_name(attributes: Json, span: SpanRecord, operation: Any) -> str:
    """Return the operation and its target, or the span's own name where there is no operation."""
    if not isinstance(operation, str):
        return span.name
    if span.name == operation or span.name.startswith(f"{operation} "):
        return span.name
    targets = (attributes.get(key) for key in _TARGETS.get(operation, ()))
    target = next((text for text in targets if isinstance(text, str)), span.name)
    return f"{operation} {target}"


def _error_type(span: SpanRecord) -> str:
    for name, _, attributes in reversed(span.events or []):
        if name == "exception" and isinstance(kind := attributes.get("exception.type"), str) and kind:
            return kind
    return OTHER_ERROR


def _write_trace_facts(attributes: Json, trace: TraceRecord, span: SpanRecord) -> None:
    """Write the trace's name, experiment, folder, tags, metadata, session and user."""
    details = trace.details or NO_DETAILS
    if details.name and details.name != span.name:
        attributes["kayba.trace.name"] = details.name
    for name, text in (("kayba.experiment", trace.experiment), ("kayba.folder", trace.folder)):
        if text is not None:
            attributes[name] = text
    attributes |= {f"kayba.tag.{key}": text for key, text in details.tags.items() if not key.startswith("mlflow.")}
    for key, text in details.metadata.items():
        if key in ("session.id", "user.id"):
            attributes[key] = text
        elif not key.startswith("mlflow."):
            attributes[f"kayba.metadata.{key}"] = text
    if isinstance(session := attributes.get(SESSION_ID), str):
        attributes.setdefault(CONVERSATION_ID, session)


def speaks_for_trace(trace: TraceRecord, span: SpanRecord, *, is_last: bool) -> bool:
    """Return whether a span has the facts of its trace: the root, or the topmost span below a foreign caller."""
    return span.parent_id is None or (trace.role is Role.TOPMOST and is_last)
