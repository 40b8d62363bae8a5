"""Explained filters, and the fields for completion."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.kayba_local.explore.conftest import Get

from kayba_local.store.query.parts import split_conditions

pytestmark = pytest.mark.usefixtures("support_traces")


def test_each_condition_is_explained(get: Get) -> None:
    text = "status = 'ERROR' AND tokens > 500"
    explained = get("/filter", filter=text)
    assert explained == {
        "valid": True,
        "count": 0,
        "conditions": [
            {"text": "status = 'ERROR'", "start": 0, "end": 16, "countWithout": 0},
            {"text": "tokens > 500", "start": 21, "end": 33, "countWithout": 1},
        ],
    }


def test_traces_at_other_times_are_counted(get: Get) -> None:
    explained = get("/filter", filter="status = 'ERROR'", to="2026-01-01")
    assert (explained["count"], explained["outsideTime"]) == (0, 1)
    assert get("/filter")["conditions"] == []


@pytest.mark.parametrize(
    ("text", "position"), [("status =", 8), ("nmae = 'a'", 0), ("status = 'OK' AND (name = 'a'", 29)]
)
def test_an_invalid_filter_has_its_place_and_reason(get: Get, text: str, position: int) -> None:
    explained = get("/filter", filter=text)
    assert (explained["valid"], explained["position"]) == (False, position)
    assert explained["message"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("  a = 'x'  ", ["a = 'x'"]),
        (
            "a = 'x AND y' AND (b = 1 OR c = 2) AND NOT d LIKE '%'",
            ["a = 'x AND y'", "(b = 1 OR c = 2)", "NOT d LIKE '%'"],
        ),
        ("a = 1 OR b = 2 AND c = 3", ["a = 1 OR b = 2 AND c = 3"]),
        ("a IN ('x', 'y') and b IS NOT NULL", ["a IN ('x', 'y')", "b IS NOT NULL"]),
    ],
)
def test_a_filter_is_split_at_its_outer_ands(text: str, expected: list[str]) -> None:
    parts = split_conditions(text)
    assert [part.text for part in parts] == expected
    assert [text[part.start : part.end] for part in parts] == expected


def test_every_listed_field_can_be_compared(get: Get) -> None:
    fields: list[dict[str, Any]] = get("/fields")["fields"]
    names = [field["name"] for field in fields]
    assert {"status", "folder", "tags.team", "metadata.mlflow.trace.session"} <= set(names)
    value = {"text": "'a'", "number": "1", "time": "-24h"}
    for field in fields:
        for operator in field["operators"]:
            right = {"IN": "('a')", "NOT IN": "('a')", "IS NULL": "", "IS NOT NULL": ""}.get(operator)
            if right == "('a')" and field["type"] != "text":
                right = "(1)"
            condition = f"{field['name']} {operator} {value[field['type']] if right is None else right}"
            assert get("/filter", filter=condition)["valid"], condition
