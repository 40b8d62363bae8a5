"""Kinds of values, and values as plain words."""

from __future__ import annotations

from typing import Any

import jsonschema_rs
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kayba_local.content.kinds import MAX_BYTES, Side, read_content
from kayba_local.content.plain import MAX_CHARACTERS, to_plain
from kayba_local.contract import load_explore

CHAT = {"model": "gpt-4o", "temperature": 0.2, "messages": [{"role": "user", "content": "Hi"}]}
DOCUMENT = {"page_content": "Refunds take 5 days.", "metadata": {"source": "faq.md"}}

KEYS = (
    *("role", "content", "type", "text", "messages", "parts", "tool_calls", "choices", "message", "input", "output"),
    *("id", "name", "arguments", "documents", "metadata", "score", "kwargs", "source", "model"),
)
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=4), inner, max_size=5)
    ),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("value", "side", "span_type", "expected"),
    [
        pytest.param("words", "outputs", "TOOL", {"kind": "text", "text": "words"}, id="a text"),
        pytest.param(None, "outputs", "TOOL", {"kind": "json", "json": None}, id="null"),
        pytest.param(3, "outputs", "TOOL", {"kind": "json", "json": 3}, id="a number"),
        pytest.param(
            CHAT,
            "inputs",
            "CHAT_MODEL",
            {
                "kind": "messages",
                "messages": [{"role": "user", "parts": [{"type": "text", "text": "Hi"}]}],
                "json": {"model": "gpt-4o", "temperature": 0.2},
            },
            id="a request",
        ),
        pytest.param(
            [DOCUMENT],
            "outputs",
            "RETRIEVER",
            {
                "kind": "documents",
                "documents": [{"content": "Refunds take 5 days.", "id": "faq.md", "metadata": {"source": "faq.md"}}],
            },
            id="documents",
        ),
        pytest.param(
            [[DOCUMENT, 0.5]],
            "outputs",
            "RETRIEVER",
            {
                "kind": "documents",
                "documents": [
                    {"content": "Refunds take 5 days.", "id": "faq.md", "metadata": {"source": "faq.md"}, "score": 0.5}
                ],
            },
            id="documents with scores",
        ),
        pytest.param(
            [{"node": {"id_": "n1", "text": "Refunds.", "metadata": {}}, "score": 0.25}],
            "outputs",
            "RETRIEVER",
            {"kind": "documents", "documents": [{"content": "Refunds.", "id": "n1", "metadata": {}, "score": 0.25}]},
            id="LlamaIndex's nodes",
        ),
        pytest.param(
            [{"text": "one"}, {"text": "two"}],
            "outputs",
            "TOOL",
            {"kind": "json", "json": [{"text": "one"}, {"text": "two"}]},
            id="texts alone are no documents",
        ),
        pytest.param(
            "data:image/png;base64,iVBO",
            "outputs",
            "TOOL",
            {
                "kind": "media",
                "media": {"type": "media", "uri": "data:image/png;base64,iVBO", "mediaType": "image/png"},
            },
            id="an image",
        ),
    ],
)
def test_a_value_has_a_kind(value: Any, side: Side, span_type: str, expected: dict[str, Any]) -> None:
    content = read_content(value, side, span_type)
    assert content.pop("bytes") == len(orjson.dumps(value))
    assert content == {**expected, "truncated": False}


@pytest.mark.parametrize("value", ["é" * MAX_BYTES, {"text": "é" * MAX_BYTES}], ids=["a text", "an object"])
def test_a_large_value_is_cut(value: Any) -> None:
    content = read_content(value, "outputs")
    assert content["truncated"] is True
    assert content["bytes"] == len(orjson.dumps(value))
    assert len(content["text"].encode()) <= MAX_BYTES
    assert content["text"].rstrip("é") in ("", '{"text":"')


def _schema_of_content() -> jsonschema_rs.Validator:
    content = load_explore().operations["getSpan"].responses[200]["application/json"].validator
    assert content is not None
    return content


@given(value=JSON_VALUES, side=st.sampled_from(["inputs", "outputs"]), span_type=st.sampled_from(["LLM", "RETRIEVER"]))
def test_any_value_has_a_kind_of_the_contract_and_plain_words(value: Any, side: Side, span_type: str) -> None:
    content = read_content(value, side, span_type)
    span: dict[str, Any] = {"revision": 1, "spanId": "a", "name": "b", "type": span_type, "status": "OK", "startNs": 0}
    span |= {"attributes": {}, "events": [], "links": [], side: content}
    assert [error.message for error in _schema_of_content().iter_errors(span)] == []
    words = to_plain(value, side)
    assert len(words) <= MAX_CHARACTERS
    assert "\n" not in words


@pytest.mark.parametrize(
    ("value", "side", "expected"),
    [
        (None, "inputs", ""),
        ("Where\n  is it?", "inputs", "Where is it?"),
        (CHAT, "inputs", "Hi"),
        (
            {
                "messages": [
                    {"role": "user", "content": "first"},
                    {"role": "assistant", "content": "no"},
                    {"role": "user", "content": "last"},
                ]
            },
            "inputs",
            "last",
        ),
        ({"choices": [{"message": {"role": "assistant", "content": "Hello"}}]}, "outputs", "Hello"),
        (
            {
                "choices": [
                    {
                        "message": {
                            "role": "assistant",
                            "tool_calls": [{"id": "1", "function": {"name": "f", "arguments": '{"a": 1}'}}],
                        }
                    }
                ]
            },
            "outputs",
            "f(a=1)",
        ),
        ({"question": "Where?", "top_k": 3}, "inputs", "Where?"),
        ({"order_id": "48213", "full": True}, "inputs", "order_id: 48213, full: true"),
        ([1, 2], "outputs", "[1,2]"),
        ("x" * 2_000, "outputs", "x" * (MAX_CHARACTERS - 1) + "…"),
    ],
)
def test_a_value_in_plain_words(value: Any, side: Side, expected: str) -> None:
    assert to_plain(value, side) == expected
