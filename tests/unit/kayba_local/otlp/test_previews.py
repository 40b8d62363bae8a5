"""Previews of inputs and outputs: a text that is JSON already is its own preview, any other value is encoded."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kayba_local.otlp.records import PREVIEW_CHARACTERS, read_facts
from kayba_local.otlp.values import unwrap

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def preview(text: str) -> str | None:
    pair = {"key": "mlflow.spanInputs", "value": {"stringValue": text}}
    return read_facts({"name": "n", "attributes": [pair]}, None).request_preview


def check(text: str) -> None:
    is_json = unwrap(text) is not text
    assert preview(text) == (text if is_json else json.dumps(text, ensure_ascii=False))[:PREVIEW_CHARACTERS]


@given(VALUES)
def test_json_text_is_its_own_preview(value: object) -> None:
    check(json.dumps(value))


@given(st.text() | st.text('[]{}":, 1aN\\u0'))
def test_preview_of_any_text_is_that_of_its_decoded_value(text: str) -> None:
    check(text)


@pytest.mark.parametrize("levels", [1, 47, 48, 49, 400])
def test_nested_json_is_its_own_preview_to_the_limit(levels: int) -> None:
    check("[" * levels + "]" * levels)
    check('{"a":' * levels + "1" + "}" * levels)


@pytest.mark.parametrize(
    "text", ["", '"\\ud800"', "[NaN]", "[1e999]", "[" + "9" * 900 + "]", ' {"a": 1}', '{"a": "' + "x" * 2000 + '"}']
)
def test_unusual_text_has_the_preview_of_its_value(text: str) -> None:
    check(text)
