"""Values of every kind through a real MLflow: they come back as they were, or as ace-tracing describes them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.helpers.interop.json_values import LOOK_LIKE_JSON, VALUES, same
from tests.helpers.interop.mlflow_reader import InMlflow

from ace_tracing import start_span


@pytest.mark.interop("Attributes")
def test_attributes_of_every_kind_come_back_exactly(in_mlflow: InMlflow) -> None:
    with start_span("root", attributes=VALUES) as root:
        pass
    found = in_mlflow.span(root).attributes
    different = {name: found.get(name) for name, value in VALUES.items() if not same(found.get(name), value)}
    assert not different


@pytest.mark.interop("Inputs and outputs")
def test_inputs_and_outputs_of_every_kind_come_back_exactly(in_mlflow: InMlflow) -> None:
    with start_span("root") as root:
        for name, value in VALUES.items():
            with start_span(name) as span:
                span.set_inputs(value)
                span.set_outputs(value)
    children = [span for span in in_mlflow.trace(root).data.spans if span.parent_id]
    assert len(children) == len(VALUES)
    different = {
        span.name: (span.inputs, span.outputs)
        for span in children
        if not (same(span.inputs, VALUES[span.name]) and same(span.outputs, VALUES[span.name]))
    }
    assert not different


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20) | st.sampled_from(LOOK_LIKE_JSON)
JSON_VALUES = st.recursive(
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
def test_any_json_comes_back_exactly(in_mlflow: InMlflow, values: list[Any]) -> None:
    with start_span("root", attributes={f"value {number}": value for number, value in enumerate(values)}) as root:
        root.set_inputs(values)
        root.set_outputs(values[0])
    span = in_mlflow.span(root)
    assert same(span.inputs, values)
    assert same(span.outputs, values[0])
    assert same([span.get_attribute(f"value {number}") for number in range(len(values))], values)


def nested(levels: int, *, lists: bool) -> Any:
    value: Any = "bottom"
    for _ in range(levels):
        value = [value] if lists else {"in": value}
    return value


BEYOND_MLFLOW: dict[str, Any] = {
    "deep list": nested(100, lists=True),
    "deep dict": nested(100, lists=False),
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
"""What a MLflow server refuses, or takes and then cannot read, when it is sent as it is."""


@pytest.mark.interop("Oversize and hostile values")
@pytest.mark.parametrize("name", BEYOND_MLFLOW)
def test_a_value_beyond_mlflow_does_no_harm(in_mlflow: InMlflow, name: str) -> None:
    value = BEYOND_MLFLOW[name]
    with start_span("healthy") as healthy:
        pass
    with start_span("hostile", attributes={"value": value}) as hostile:
        hostile.set_inputs({"value": value})
        hostile.set_outputs(value)
        hostile.add_event("hostile", {"value": value})
    found = in_mlflow.span(hostile)
    assert in_mlflow.trace(healthy).info.state == "OK"
    # A search reads the spans of all traces in one answer, which a single one that cannot be read would spoil.
    experiment_id = in_mlflow.trace(hostile).info.experiment_id
    listed = in_mlflow.client.search_traces(locations=[experiment_id])
    assert {trace.info.trace_id for trace in listed} == {healthy.trace_id, hostile.trace_id}
    # What was kept of the value is there, too.
    assert same(found.attributes["value"], readable(hostile.attributes["value"]))
    assert same(found.inputs, readable(hostile.inputs))
    assert same(found.outputs, readable(hostile.outputs))


def readable(encoded: Any) -> Any:
    """What a value of ours reads as: an integer of more than 64 bits is its digits."""
    match encoded:
        case list():
            return [readable(item) for item in encoded]
        case dict():
            return {key: readable(item) for key, item in encoded.items()}
        case int() if encoded.bit_length() > 63:
            return str(encoded)
        case _:
            return encoded


@pytest.mark.interop("Oversize and hostile values")
def test_a_name_beyond_mlflow_is_cut_and_costs_no_neighbour(in_mlflow: InMlflow) -> None:
    with start_span("healthy") as healthy:
        pass
    with start_span("n" * 5_000) as root, start_span("c" * 5_000) as child:
        pass
    found = in_mlflow.trace(root)
    (name,) = (span.name for span in found.data.spans if span.parent_id is None)
    assert 500 <= len(name) <= 4_096
    assert ("n" * 5_000).startswith(name)
    assert found.info.tags["mlflow.traceName"] == name
    assert in_mlflow.span(child).parent_id == root.span_id
    assert in_mlflow.trace(healthy).info.state == "OK"


MEANT_FOR_MLFLOW: dict[str, Any] = {
    "session.id": "s" * 251,
    "mlflow.chat.tokenUsage": {"input_tokens": "many"},
    "mlflow.llm.cost": "much",
    "gen_ai.operation.name": {"not": "a name"},
    "mlflow.traceTag.mlflow.traceName": "n" * 5_000,
    "mlflow.traceTag.mlflow.trace.spansLocation": "elsewhere",
}
"""Attributes that MLflow gives a meaning to, with values that it cannot take."""


@pytest.mark.interop("Oversize and hostile values")
@pytest.mark.parametrize("key", MEANT_FOR_MLFLOW)
def test_an_attribute_that_mlflow_cannot_take_costs_no_trace(in_mlflow: InMlflow, key: str) -> None:
    with start_span("healthy") as healthy:
        pass
    with start_span("hostile", attributes={key: MEANT_FOR_MLFLOW[key]}) as hostile:
        pass
    assert in_mlflow.trace(healthy).info.state == "OK"
    assert in_mlflow.trace(hostile).info.state == "OK"
