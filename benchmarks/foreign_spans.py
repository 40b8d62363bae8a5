"""Spans of twelve kinds, as instrumentations of agent libraries record them: a call of a model and the steps around."""

from __future__ import annotations

import json
from typing import Any, Final, NamedTuple


class ForeignSpan(NamedTuple):
    """The name and the attributes of a span of OpenTelemetry."""

    name: str
    attributes: dict[str, Any]


_QUESTION: Final = "Which of the three log files of yesterday has the first line with the word timeout in it? " * 3
_ANSWER: Final = "The file worker-2.log has it: its line 318 is the first one with the word, at 14:02:11. " * 3
_SYSTEM: Final = "You are an assistant for operators. Use the tools, and answer in one sentence. " * 4
_RESULT: Final = "worker-1.log:902: timeout\nworker-2.log:318: timeout\nworker-3.log:511: timeout\n" * 3
_SCHEMA: Final = {
    "type": "object",
    "properties": {"pattern": {"type": "string"}, "paths": {"type": "array", "items": {"type": "string"}}},
    "required": ["pattern"],
}
_FUNCTION: Final = {"name": "search_logs", "description": "Search log files for a pattern.", "parameters": _SCHEMA}
_ARGUMENTS: Final = json.dumps({"pattern": "timeout", "paths": ["worker-1.log", "worker-2.log", "worker-3.log"]})
_CALL: Final = {"id": "call_1", "type": "function", "function": {"name": "search_logs", "arguments": _ARGUMENTS}}
_MESSAGES: Final = [
    {"role": "system", "content": _SYSTEM},
    {"role": "user", "content": _QUESTION},
    {"role": "assistant", "content": None, "tool_calls": [_CALL]},
    {"role": "tool", "tool_call_id": "call_1", "content": _RESULT},
]
REQUEST: Final[dict[str, Any]] = {
    "model": "gpt-4o",
    "messages": _MESSAGES,
    "temperature": 0.2,
    "max_tokens": 500,
    "tools": [{"type": "function", "function": _FUNCTION}],
}
"""The arguments of a call of OpenAI's client."""
RESPONSE: Final[dict[str, Any]] = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1_780_000_000,
    "model": "gpt-4o-2024-08-06",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": _ANSWER}, "finish_reason": "stop"}],
    "usage": {
        "prompt_tokens": 310,
        "completion_tokens": 42,
        "total_tokens": 352,
        "prompt_tokens_details": {"cached_tokens": 128},
        "completion_tokens_details": {"reasoning_tokens": 0},
    },
}
"""The response of that call."""
TOOL_INPUTS: Final = json.loads(_ARGUMENTS)
DOCUMENTS: Final = [
    {"page_content": _RESULT, "metadata": {"source": f"worker-{number}.log", "score": 0.5}} for number in (1, 2, 3)
]

_TEXT_PARTS: Final = [{"type": "text", "content": _QUESTION}]
_GEN_AI_MESSAGES: Final = [
    {"role": "user", "parts": _TEXT_PARTS},
    {
        "role": "assistant",
        "parts": [{"type": "tool_call", "id": "call_1", "name": "search_logs", "arguments": TOOL_INPUTS}],
    },
    {"role": "tool", "parts": [{"type": "tool_call_response", "id": "call_1", "response": _RESULT}]},
]
_GEN_AI_ANSWER: Final = [
    {"role": "assistant", "parts": [{"type": "text", "content": _ANSWER}], "finish_reason": "stop"}
]
_LANGCHAIN_MESSAGES: Final = {
    "messages": [
        {"type": "human", "content": _QUESTION, "id": "m1", "additional_kwargs": {}, "response_metadata": {}},
        {"type": "ai", "content": "", "id": "m2",
         "tool_calls": [{"name": "search_logs", "args": TOOL_INPUTS, "id": "call_1"}]},
        {"type": "tool", "content": _RESULT, "id": "m3", "tool_call_id": "call_1", "name": "search_logs"},
    ]
}  # fmt: skip
_FLATTENED_CALL: Final = "llm.input_messages.2.message.tool_calls.0.tool_call"

FOREIGN_SPANS: Final[dict[str, ForeignSpan]] = {
    "OpenInference, model": ForeignSpan(
        "ChatCompletion",
        {
            "openinference.span.kind": "LLM",
            "llm.system": "openai",
            "llm.provider": "openai",
            "llm.model_name": "gpt-4o-2024-08-06",
            "llm.invocation_parameters": json.dumps({"model": "gpt-4o", "temperature": 0.2, "max_tokens": 500}),
            "input.value": json.dumps(REQUEST),
            "input.mime_type": "application/json",
            "output.value": json.dumps(RESPONSE),
            "output.mime_type": "application/json",
            "llm.input_messages.0.message.role": "system",
            "llm.input_messages.0.message.content": _SYSTEM,
            "llm.input_messages.1.message.role": "user",
            "llm.input_messages.1.message.content": _QUESTION,
            "llm.input_messages.2.message.role": "assistant",
            f"{_FLATTENED_CALL}.id": "call_1",
            f"{_FLATTENED_CALL}.function.name": "search_logs",
            f"{_FLATTENED_CALL}.function.arguments": _ARGUMENTS,
            "llm.input_messages.3.message.role": "tool",
            "llm.input_messages.3.message.tool_call_id": "call_1",
            "llm.input_messages.3.message.content": _RESULT,
            "llm.output_messages.0.message.role": "assistant",
            "llm.output_messages.0.message.content": _ANSWER,
            "llm.tools.0.tool.json_schema": json.dumps(REQUEST["tools"][0]),
            "llm.token_count.prompt": 310,
            "llm.token_count.completion": 42,
            "llm.token_count.total": 352,
            "llm.token_count.prompt_details.cache_read": 128,
            "llm.token_count.completion_details.reasoning": 0,
        },
    ),
    "OpenInference, chain": ForeignSpan(
        "LangGraph",
        {
            "openinference.span.kind": "CHAIN",
            "input.value": json.dumps(_LANGCHAIN_MESSAGES),
            "input.mime_type": "application/json",
            "output.value": json.dumps(_LANGCHAIN_MESSAGES),
            "output.mime_type": "application/json",
            "metadata": json.dumps({"langgraph_step": 1, "langgraph_node": "agent"}),
            "session.id": "s1",
        },
    ),
    "OpenInference, tool": ForeignSpan(
        "search_logs",
        {
            "openinference.span.kind": "TOOL",
            "tool.name": "search_logs",
            "tool.description": "Search log files for a pattern.",
            "tool.parameters": json.dumps(_SCHEMA),
            "input.value": _ARGUMENTS,
            "input.mime_type": "application/json",
            "output.value": _RESULT,
            "output.mime_type": "text/plain",
        },
    ),
    "OpenInference, retriever": ForeignSpan(
        "retrieve",
        {
            "openinference.span.kind": "RETRIEVER",
            "input.value": _QUESTION,
            **{
                f"retrieval.documents.{number}.document.{name}": value
                for number in range(3)
                for name, value in (("id", "d"), ("content", _RESULT), ("score", 0.5), ("metadata", '{"source": "a"}'))
            },
        },
    ),
    "GenAI, model": ForeignSpan(
        "chat gpt-4o",
        {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "openai",
            "gen_ai.request.model": "gpt-4o",
            "gen_ai.request.temperature": 0.2,
            "gen_ai.request.max_tokens": 500,
            "gen_ai.response.model": "gpt-4o-2024-08-06",
            "gen_ai.response.id": "chatcmpl-1",
            "gen_ai.response.finish_reasons": ["stop"],
            "server.address": "api.openai.com",
            "server.port": 443,
            "gen_ai.usage.input_tokens": 310,
            "gen_ai.usage.output_tokens": 42,
            "gen_ai.usage.cache_read.input_tokens": 128,
            "gen_ai.system_instructions": json.dumps([{"type": "text", "content": _SYSTEM}]),
            "gen_ai.input.messages": json.dumps(_GEN_AI_MESSAGES),
            "gen_ai.output.messages": json.dumps(_GEN_AI_ANSWER),
            "gen_ai.tool.definitions": json.dumps([{"type": "function", **_FUNCTION}]),
        },
    ),
    "GenAI, tool": ForeignSpan(
        "execute_tool search_logs",
        {
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.tool.name": "search_logs",
            "gen_ai.tool.call.id": "call_1",
            "gen_ai.tool.type": "function",
            "gen_ai.tool.call.arguments": _ARGUMENTS,
            "gen_ai.tool.call.result": _RESULT,
        },
    ),
    "GenAI, agent": ForeignSpan(
        "invoke_agent operator",
        {
            "gen_ai.operation.name": "invoke_agent",
            "gen_ai.agent.name": "operator",
            "gen_ai.request.model": "gpt-4o",
            "gen_ai.conversation.id": "s1",
            "gen_ai.aggregated_usage.input_tokens": 620,
            "gen_ai.aggregated_usage.output_tokens": 84,
            "gen_ai.input.messages": json.dumps(_GEN_AI_MESSAGES[:1]),
            "gen_ai.output.messages": json.dumps(_GEN_AI_ANSWER),
        },
    ),
    "Pydantic AI, agent": ForeignSpan(
        "invoke_agent operator",
        {
            "model_name": "gpt-4o",
            "agent_name": "operator",
            "gen_ai.agent.name": "operator",
            "gen_ai.operation.name": "invoke_agent",
            "gen_ai.aggregated_usage.input_tokens": 620,
            "gen_ai.aggregated_usage.output_tokens": 84,
            "pydantic_ai.all_messages": json.dumps([*_GEN_AI_MESSAGES, *_GEN_AI_ANSWER]),
            "final_result": _ANSWER,
            "logfire.json_schema": json.dumps({"type": "object", "properties": {"final_result": {"type": "string"}}}),
        },
    ),
    "OpenLLMetry, model": ForeignSpan(
        "openai.chat",
        {
            "llm.request.type": "chat",
            "gen_ai.system": "openai",
            "gen_ai.request.model": "gpt-4o",
            "gen_ai.request.temperature": 0.2,
            "gen_ai.request.max_tokens": 500,
            "gen_ai.response.model": "gpt-4o-2024-08-06",
            "gen_ai.response.id": "chatcmpl-1",
            "gen_ai.prompt.0.role": "system",
            "gen_ai.prompt.0.content": _SYSTEM,
            "gen_ai.prompt.1.role": "user",
            "gen_ai.prompt.1.content": _QUESTION,
            "gen_ai.prompt.2.role": "assistant",
            "gen_ai.prompt.2.tool_calls.0.id": "call_1",
            "gen_ai.prompt.2.tool_calls.0.name": "search_logs",
            "gen_ai.prompt.2.tool_calls.0.arguments": _ARGUMENTS,
            "gen_ai.prompt.3.role": "tool",
            "gen_ai.prompt.3.tool_call_id": "call_1",
            "gen_ai.prompt.3.content": _RESULT,
            "gen_ai.completion.0.role": "assistant",
            "gen_ai.completion.0.content": _ANSWER,
            "gen_ai.completion.0.finish_reason": "stop",
            "llm.request.functions.0.name": "search_logs",
            "llm.request.functions.0.description": "Search log files for a pattern.",
            "llm.request.functions.0.parameters": json.dumps(_SCHEMA),
            "gen_ai.usage.input_tokens": 310,
            "gen_ai.usage.output_tokens": 42,
            "llm.usage.total_tokens": 352,
            "gen_ai.usage.cache_read_input_tokens": 128,
        },
    ),
    "OpenLLMetry, task": ForeignSpan(
        "search.task",
        {
            "traceloop.span.kind": "task",
            "traceloop.entity.name": "search",
            "traceloop.entity.path": "agent",
            "traceloop.workflow.name": "operator",
            "traceloop.entity.input": json.dumps({"args": [], "kwargs": TOOL_INPUTS}),
            "traceloop.entity.output": json.dumps(_RESULT),
        },
    ),
    "LangSmith, model": ForeignSpan(
        "ChatOpenAI",
        {
            "langsmith.span.kind": "llm",
            "langsmith.trace.session_id": "s1",
            "langsmith.trace.name": "ChatOpenAI",
            "gen_ai.operation.name": "chat",
            "gen_ai.system": "openai",
            "gen_ai.request.model": "gpt-4o",
            "gen_ai.prompt": json.dumps(_LANGCHAIN_MESSAGES),
            "gen_ai.completion": json.dumps({"generations": [[{"text": _ANSWER}]]}),
            "gen_ai.usage.input_tokens": 310,
            "gen_ai.usage.output_tokens": 42,
            "gen_ai.usage.total_tokens": 352,
        },
    ),
    "Claude Code, model": ForeignSpan(
        "claude_code.llm_request",
        {
            "span.type": "llm_request",
            "model": "claude-opus",
            "input_tokens": 310,
            "output_tokens": 42,
            "cache_read_tokens": 128,
            "cache_creation_tokens": 0,
            "duration_ms": 900,
            "session.id": "s1",
            "user.id": "u1",
            "response": _ANSWER,
        },
    ),
}
