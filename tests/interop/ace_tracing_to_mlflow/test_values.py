"""Values of every type on a real MLflow: they read back exactly, or as ace-tracing describes them."""

from __future__ import annotations

from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.helpers.interop.json_values import JSON_LIKE_TEXTS, VALUES, is_identical
from tests.helpers.interop.mlflow_reader import MlflowReader

from ace_tracing import start_span


@pytest.mark.interop("Attributes")
def test_attributes_of_every_type_read_back_exactly(reader: MlflowReader) -> None:
    with start_span("root", attributes=VALUES) as root:
        pass
    found = reader.span(root).attributes
    different = {name: found.get(name) for name, value in VALUES.items() if not is_identical(found.get(name), value)}
    assert not different


@pytest.mark.interop("Inputs and outputs")
def test_inputs_and_outputs_of_every_type_read_back_exactly(reader: MlflowReader) -> None:
    with start_span("root") as root:
        for name, value in VALUES.items():
            with start_span(name) as span:
                span.set_inputs(value)
                span.set_outputs(value)
    children = [span for span in reader.trace(root).data.spans if span.parent_id]
    assert len(children) == len(VALUES)
    different = {
        span.name: (span.inputs, span.outputs)
        for span in children
        if not (is_identical(span.inputs, VALUES[span.name]) and is_identical(span.outputs, VALUES[span.name]))
    }
    assert not different


TEXTS: Final = st.text(st.characters(exclude_categories=["Cs"]), max_size=20) | st.sampled_from(JSON_LIKE_TEXTS)
JSON_VALUES: Final = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda children: st.lists(children, max_size=4) | st.dictionaries(TEXTS, children, max_size=4),
    max_leaves=12,
)


@pytest.mark.interop("Inputs and outputs")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=25)
@given(st.lists(JSON_VALUES, min_size=1, max_size=20))
def test_any_json_value_reads_back_exactly(reader: MlflowReader, values: list[Any]) -> None:
    with start_span("root", attributes={f"value {number}": value for number, value in enumerate(values)}) as root:
        root.set_inputs(values)
        root.set_outputs(values[0])
    span = reader.span(root)
    assert is_identical(span.inputs, values)
    assert is_identical(span.outputs, values[0])
    assert is_identical([span.get_attribute(f"value {number}") for number in range(len(values))], values)


def nest(levels: int, *, lists: bool) -> Any:
    value: Any = "bottom"
    for _ in range(levels):
        value = [value] if lists else {"in": value}
    return value


UNSUPPORTED_VALUES: Final[dict[str, Any]] = {
    "deep list": nest(100, lists=True),
    "deep dict": nest(100, lists=False),
    "64 bits unsigned": 2**64 - 1,
    "big int": 2**70,
    "negative big int": -(2**70),
    "big int inside": {"numbers": [2**63, 1]},
    "digits in a text": {"text": "123456789012345678901234567890"},
    "not a number": float("nan"),
    "infinities": [float("inf"), float("-inf")],
    "lone surrogate": "a\ud800",
    "bytes": b"\xff\x00",
    "long text": "x" * 2_000_000,
    "many items": list(range(3_000)),
}
"""Values that an MLflow server refuses, or stores and then cannot read, if they are sent unchanged."""


@pytest.mark.interop("Oversize and hostile values")
@pytest.mark.parametrize("name", UNSUPPORTED_VALUES)
def test_an_unsupported_value_is_described_and_costs_no_trace(reader: MlflowReader, name: str) -> None:
    value = UNSUPPORTED_VALUES[name]
    with start_span("healthy") as healthy:
        pass
    with start_span("hostile", attributes={"value": value}) as hostile:
        hostile.set_inputs({"value": value})
        hostile.set_outputs(value)
        hostile.add_event("hostile", {"value": value})
    found = reader.span(hostile)
    assert reader.trace(healthy).info.state == "OK"
    # A search reads the spans of all traces, so one unreadable trace would make the whole search fail.
    experiment_id = reader.trace(hostile).info.experiment_id
    listed = reader.client.search_traces(locations=[experiment_id])
    assert {trace.info.trace_id for trace in listed} == {healthy.trace_id, hostile.trace_id}
    # The value reads back as ace-tracing recorded it.
    assert is_identical(found.attributes["value"], expected_value(hostile.attributes["value"]))
    assert is_identical(found.inputs, expected_value(hostile.inputs))
    assert is_identical(found.outputs, expected_value(hostile.outputs))


def expected_value(encoded: Any) -> Any:
    """Return a recorded value as MLflow returns it: an integer beyond 64 bits is a string of its digits."""
    match encoded:
        case list():
            return [expected_value(item) for item in encoded]
        case dict():
            return {key: expected_value(item) for key, item in encoded.items()}
        case int() if encoded.bit_length() > 63:
            return str(encoded)
        case _:
            return encoded


@pytest.mark.interop("Oversize and hostile values")
def test_a_long_name_is_truncated_and_costs_no_other_trace(reader: MlflowReader) -> None:
    with start_span("healthy") as healthy:
        pass
    with start_span("n" * 5_000) as root, start_span("c" * 5_000) as child:
        pass
    found = reader.trace(root)
    (name,) = (span.name for span in found.data.spans if span.parent_id is None)
    assert 500 <= len(name) <= 4_096
    assert ("n" * 5_000).startswith(name)
    assert found.info.tags["mlflow.traceName"] == name
    assert reader.span(child).parent_id == root.span_id
    assert reader.trace(healthy).info.state == "OK"


RESERVED_ATTRIBUTES: Final[dict[str, Any]] = {
    "session.id": "s" * 251,
    "mlflow.chat.tokenUsage": {"input_tokens": "many"},
    "mlflow.llm.cost": "much",
    "gen_ai.operation.name": {"not": "a name"},
    "mlflow.traceTag.mlflow.traceName": "n" * 5_000,
    "mlflow.traceTag.mlflow.trace.spansLocation": "elsewhere",
}
"""Attributes with a meaning in MLflow, with values that it rejects."""


@pytest.mark.interop("Oversize and hostile values")
@pytest.mark.parametrize("key", RESERVED_ATTRIBUTES)
def test_an_attribute_that_mlflow_rejects_costs_no_trace(reader: MlflowReader, key: str) -> None:
    with start_span("healthy") as healthy:
        pass
    with start_span("hostile", attributes={key: RESERVED_ATTRIBUTES[key]}) as hostile:
        pass
    assert reader.trace(healthy).info.state == "OK"
    assert reader.trace(hostile).info.state == "OK"
