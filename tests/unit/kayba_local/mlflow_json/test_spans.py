"""Rendering of spans: the text of a span holds the values that decoding the span gives."""

from __future__ import annotations

import json
import math
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.helpers.tracing_requests import Json, plain, span

from kayba_local.mlflow_json.spans import render_span
from kayba_local.otlp.spans import decode

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)
values = st.recursive(
    json_values.map(json.dumps)
    | st.text(max_size=6)
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.binary(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


def expected(value: Any) -> Any:
    """Return a decoded value as a response has it: integers beyond 64 bits are text, and infinities have names."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return value if -(2**63) <= value < 2**63 else str(value)
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, list):
        return [expected(item) for item in value]
    if isinstance(value, dict):
        return {key: expected(item) for key, item in value.items()}
    return value


def rendered_attributes(stored: Json) -> dict[str, Any]:
    return {pair["key"]: plain(pair["value"]) for pair in orjson.loads(render_span(stored))["attributes"]}


@settings(deadline=None, max_examples=200)
@given(st.dictionaries(st.text(max_size=4), values, max_size=4))
def test_attributes_have_the_values_of_the_decoded_span(attributes: dict[str, Any]) -> None:
    stored = span(attributes=attributes)
    read = rendered_attributes(stored)
    assert read.pop("mlflow.traceRequestId") == f"tr-{1:032x}"
    assert repr(read) == repr(expected(dict(decode(stored).attributes)))


def nested(levels: int) -> str:
    return "[" * levels + "]" * levels


@pytest.mark.parametrize(
    "text",
    [
        "[NaN]",
        "[Infinity, -Infinity]",
        "[1e999]",
        "[123456789012345678901234567890]",
        "[-9223372036854775809, 18446744073709551615, 1e300, -0, -0.0]",
        '["\\ud800"]',
        '{"a": 1, "a": 2}',
        nested(48),
        nested(49),
        nested(2000),
        "  [1]",
        "[1",
        '"quoted"',
        '"3"',
        "{}",
    ],
)
def test_a_json_text_has_the_value_of_the_decoded_span(text: str) -> None:
    stored = span(attributes={"a": text})
    assert repr(rendered_attributes(stored)["a"]) == repr(expected(decode(stored).attributes["a"]))


def test_a_span_of_an_earlier_version_is_rendered() -> None:
    old = span(kind=1.0) | {
        "traceId": "AB" * 16,
        "parentSpanId": "",
        "startTimeUnixNano": 1795369083497015296.0,
        "status": {"code": 2.0, "message": 'a "b"'},
        "attributes": [
            {"key": "i", "value": {"intValue": "-12"}},
            {"key": "d", "value": {"doubleValue": 3}},
            {"key": "b", "value": {"bytesValue": "not base64!"}},
            {"key": "n"},
            {"key": "a", "value": {"arrayValue": {}}},
            {"key": "i", "value": {"intValue": 13.0}},
        ],
        "events": [{"timeUnixNano": "9" * 20}],
    }
    read = orjson.loads(render_span(old))
    assert "parent_span_id" not in read
    assert (read["start_time_unix_nano"], read["status"]) == (
        1795369083497015296,
        {"code": "STATUS_CODE_ERROR", "message": 'a "b"'},
    )
    assert read["events"] == [{"name": "", "time_unix_nano": 2**63 - 1, "attributes": []}]
    attributes = rendered_attributes(old)
    assert {key: attributes[key] for key in "idbna"} == {"i": 13, "d": 3.0, "b": "not base64!", "n": None, "a": []}
