"""Messages of each provider's requests and responses, in one form."""

from __future__ import annotations

from typing import Any

import pytest

from kayba_local.content.model_calls import read_request, read_response, read_tools

Json = dict[str, Any]


def text(words: str) -> Json:
    return {"type": "text", "text": words}


def message(role: str, *parts: Json, **more: Any) -> Json:
    return {"role": role, "parts": list(parts), **more}


def call(id_: str, name: str, arguments: Any) -> Json:
    return {"type": "toolCall", "name": name, "arguments": arguments, "id": id_}


def result(id_: str, value: Any, **more: Any) -> Json:
    return {"type": "toolResult", "result": value, "id": id_, **more}


REQUESTS: dict[str, tuple[Any, list[Json]]] = {
    "OpenAI's chat completions": (
        {
            "model": "gpt-4o",
            "messages": [
                {"role": "developer", "content": "Be short."},
                {
                    "role": "user",
                    "content": [
                        {"type": "text", "text": "Hi"},
                        {"type": "image_url", "image_url": {"url": "https://a.example/b.png"}},
                    ],
                },
                {
                    "role": "assistant",
                    "content": None,
                    "tool_calls": [
                        {"id": "c1", "type": "function", "function": {"name": "look_up", "arguments": '{"id":7}'}}
                    ],
                },
                {"role": "tool", "tool_call_id": "c1", "content": "not found"},
            ],
        },
        [
            message("system", text("Be short.")),
            message("user", text("Hi"), {"type": "media", "uri": "https://a.example/b.png"}),
            message("assistant", call("c1", "look_up", {"id": 7})),
            message("tool", result("c1", "not found")),
        ],
    ),
    "OpenAI's Responses API": (
        {
            "model": "gpt-5",
            "instructions": "Be short.",
            "input": [
                {"role": "user", "content": [{"type": "input_text", "text": "Hi"}]},
                {"type": "reasoning", "summary": [{"type": "summary_text", "text": "It greets."}]},
                {"type": "function_call", "call_id": "c1", "name": "look_up", "arguments": "{}"},
                {"type": "function_call_output", "call_id": "c1", "output": "none"},
            ],
        },
        [
            message("system", text("Be short.")),
            message("user", text("Hi")),
            message("assistant", {"type": "reasoning", "text": "It greets."}),
            message("assistant", call("c1", "look_up", {})),
            message("tool", result("c1", "none")),
        ],
    ),
    "a text as the Responses API's input": (
        {"model": "gpt-5", "input": "Hi"},
        [message("user", text("Hi"))],
    ),
    "Anthropic": (
        {
            "model": "claude-sonnet-4-5",
            "system": [{"type": "text", "text": "Be short."}],
            "messages": [
                {"role": "user", "content": "Hi"},
                {
                    "role": "assistant",
                    "content": [
                        {"type": "thinking", "thinking": "Hm.", "signature": "x"},
                        {"type": "tool_use", "id": "t1", "name": "look_up", "input": {"id": 7}},
                    ],
                },
                {
                    "role": "user",
                    "content": [
                        {
                            "type": "tool_result",
                            "tool_use_id": "t1",
                            "is_error": True,
                            "content": [{"type": "text", "text": "none"}],
                        },
                        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBO"}},
                    ],
                },
            ],
        },
        [
            message("system", text("Be short.")),
            message("user", text("Hi")),
            message("assistant", {"type": "reasoning", "text": "Hm."}, call("t1", "look_up", {"id": 7})),
            message(
                "user",
                result("t1", "none", failed=True),
                {"type": "media", "uri": "data:image/png;base64,iVBO", "mediaType": "image/png"},
            ),
        ],
    ),
    "Gemini": (
        {
            "model": "gemini-2.5-pro",
            "systemInstruction": {"parts": [{"text": "Be short."}]},
            "contents": [
                {"role": "user", "parts": [{"text": "Hi"}]},
                {"role": "model", "parts": [{"functionCall": {"name": "look_up", "args": {"id": 7}}}]},
                {"role": "user", "parts": [{"functionResponse": {"name": "look_up", "response": {"found": False}}}]},
            ],
        },
        [
            message("system", text("Be short.")),
            message("user", text("Hi")),
            message("assistant", {"type": "toolCall", "name": "look_up", "arguments": {"id": 7}}),
            message("user", {"type": "toolResult", "result": {"found": False}, "name": "look_up"}),
        ],
    ),
    "Bedrock": (
        {
            "modelId": "anthropic.claude",
            "system": [{"text": "Be short."}],
            "messages": [
                {"role": "user", "content": [{"text": "Hi"}]},
                {
                    "role": "assistant",
                    "content": [{"toolUse": {"toolUseId": "t1", "name": "look_up", "input": {"id": 7}}}],
                },
                {
                    "role": "user",
                    "content": [{"toolResult": {"toolUseId": "t1", "content": [{"text": "none"}], "status": "error"}}],
                },
            ],
        },
        [
            message("system", text("Be short.")),
            message("user", text("Hi")),
            message("assistant", call("t1", "look_up", {"id": 7})),
            message("user", result("t1", "none", failed=True)),
        ],
    ),
    "LangChain's messages": (
        {
            "messages": [
                [
                    {"type": "system", "content": "Be short."},
                    {"type": "human", "content": "Hi"},
                    {
                        "type": "ai",
                        "content": [{"type": "tool_use", "id": "t1", "name": "look_up", "input": {"id": 7}}],
                        "tool_calls": [{"id": "t1", "name": "look_up", "args": {"id": 7}, "type": "tool_call"}],
                    },
                    {"type": "tool", "tool_call_id": "t1", "content": "none", "status": "error", "name": "look_up"},
                ]
            ]
        },
        [
            message("system", text("Be short.")),
            message("user", text("Hi")),
            message("assistant", call("t1", "look_up", {"id": 7})),
            message("tool", result("t1", "none", name="look_up", failed=True)),
        ],
    ),
    "LangChain's serialized messages": (
        [{"lc": 1, "type": "constructor", "id": ["langchain", "schema", "HumanMessage"], "kwargs": {"content": "Hi"}}],
        [message("user", text("Hi"))],
    ),
    "GenAI's parts": (
        [
            {"role": "system", "parts": [{"type": "text", "content": "Be short."}]},
            {
                "role": "user",
                "parts": [
                    {"type": "text", "content": "Hi"},
                    {"type": "blob", "mime_type": "audio/wav", "content": "UklG"},
                ],
            },
            {
                "role": "assistant",
                "parts": [{"type": "tool_call", "id": "c1", "name": "look_up", "arguments": {"id": 7}}],
                "finish_reason": "tool_call",
            },
            {"role": "tool", "parts": [{"type": "tool_call_response", "id": "c1", "response": "none"}]},
        ],
        [
            message("system", text("Be short.")),
            message(
                "user", text("Hi"), {"type": "media", "uri": "data:audio/wav;base64,UklG", "mediaType": "audio/wav"}
            ),
            message("assistant", call("c1", "look_up", {"id": 7}), finishReason="tool_call"),
            message("tool", result("c1", "none")),
        ],
    ),
    "OpenInference's messages": (
        [
            {"message": {"role": "user", "contents": [{"message_content": {"type": "text", "text": "Hi"}}]}},
            {
                "message": {
                    "role": "assistant",
                    "tool_calls": [
                        {"tool_call": {"id": "c1", "function": {"name": "look_up", "arguments": '{"id": 7}'}}}
                    ],
                }
            },
        ],
        [message("user", text("Hi")), message("assistant", call("c1", "look_up", {"id": 7}))],
    ),
    "one message": ({"role": "user", "content": "Hi"}, [message("user", text("Hi"))]),
    "a message of an unknown role and block": (
        [{"role": "critic", "content": [{"type": "verdict", "score": 3}]}],
        [message("critic", {"type": "other", "value": {"type": "verdict", "score": 3}})],
    ),
    "arguments cut within a stream": (
        [{"role": "assistant", "tool_calls": [{"id": "c1", "function": {"name": "look_up", "arguments": '{"id": 4'}}]}],
        [message("assistant", call("c1", "look_up", '{"id": 4'))],
    ),
}

RESPONSES: dict[str, tuple[Any, list[Json]]] = {
    "OpenAI's chat completions": (
        {
            "choices": [
                {"finish_reason": "stop", "message": {"role": "assistant", "content": "Hello", "refusal": None}}
            ],
            "usage": {},
        },
        [message("assistant", text("Hello"), finishReason="stop")],
    ),
    "a refusal": (
        {"choices": [{"finish_reason": "stop", "message": {"role": "assistant", "content": None, "refusal": "No."}}]},
        [message("assistant", {"type": "refusal", "text": "No."}, finishReason="stop")],
    ),
    "OpenAI's older completions": (
        {"choices": [{"text": "Hello", "finish_reason": "length"}]},
        [message("assistant", text("Hello"), finishReason="length")],
    ),
    "OpenAI's Responses API": (
        {
            "object": "response",
            "output": [
                {"type": "reasoning", "summary": []},
                {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Hello"}]},
                {"type": "function_call", "call_id": "c1", "name": "look_up", "arguments": "{}"},
            ],
        },
        [message("assistant", {"type": "reasoning", "text": ""}, text("Hello"), call("c1", "look_up", {}))],
    ),
    "Anthropic": (
        {
            "type": "message",
            "role": "assistant",
            "content": [{"type": "text", "text": "Hello"}],
            "stop_reason": "end_turn",
        },
        [message("assistant", text("Hello"), finishReason="end_turn")],
    ),
    "Gemini": (
        {
            "candidates": [
                {
                    "content": {"role": "model", "parts": [{"text": "Hm.", "thought": True}, {"text": "Hello"}]},
                    "finishReason": "STOP",
                }
            ]
        },
        [message("assistant", {"type": "reasoning", "text": "Hm."}, text("Hello"), finishReason="STOP")],
    ),
    "Bedrock": (
        {"output": {"message": {"role": "assistant", "content": [{"text": "Hello"}]}}, "stopReason": "end_turn"},
        [message("assistant", text("Hello"), finishReason="end_turn")],
    ),
    "LangChain": (
        {"generations": [[{"text": "Hello", "message": {"type": "ai", "content": "Hello"}}]]},
        [message("assistant", text("Hello"))],
    ),
    "the messages of an agent's state": (
        {"messages": [{"type": "human", "content": "Hi"}, {"type": "ai", "content": "Hello"}]},
        [message("user", text("Hi")), message("assistant", text("Hello"))],
    ),
}

NO_MESSAGES: dict[str, Any] = {
    "null": None,
    "a number": 3,
    "a text": "Hi",
    "an empty list": [],
    "an empty object": {},
    "other objects": [{"role": 3, "content": "x"}],
    "a list with something else": [{"role": "user", "content": "Hi"}, 3],
    "arguments of a function": {"order_id": "7", "input": "text without a model"},
    "empty choices": {"choices": []},
    "choices that are none": {"choices": ["a"]},
}


@pytest.mark.parametrize("name", REQUESTS)
def test_a_request_is_read_as_messages(name: str) -> None:
    value, expected = REQUESTS[name]
    assert read_request(value) == expected


@pytest.mark.parametrize("name", RESPONSES)
def test_a_response_is_read_as_messages(name: str) -> None:
    value, expected = RESPONSES[name]
    assert read_response(value) == expected


@pytest.mark.parametrize("name", NO_MESSAGES)
def test_another_value_has_no_messages(name: str) -> None:
    assert read_request(NO_MESSAGES[name]) is None
    assert read_response(NO_MESSAGES[name]) is None


@pytest.mark.parametrize(
    "tools",
    [
        [{"type": "function", "function": {"name": "look_up", "description": "Finds.", "parameters": {"a": 1}}}],
        [{"type": "function", "name": "look_up", "description": "Finds.", "parameters": {"a": 1}}],
        [{"name": "look_up", "description": "Finds.", "input_schema": {"a": 1}}],
        [{"functionDeclarations": [{"name": "look_up", "description": "Finds.", "parameters": {"a": 1}}]}],
        [{"toolSpec": {"name": "look_up", "description": "Finds.", "inputSchema": {"a": 1}}}],
    ],
    ids=["OpenAI's chat", "OpenAI's responses", "Anthropic", "Gemini", "Bedrock"],
)
def test_the_offered_tools_are_read(tools: list[Json]) -> None:
    assert read_tools({"messages": [], "tools": tools}) == [
        {"name": "look_up", "description": "Finds.", "parameters": {"a": 1}}
    ]
