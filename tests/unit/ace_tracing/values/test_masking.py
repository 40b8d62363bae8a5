"""Masking: a mask gets a copy of every captured value and cannot break the traced code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ace_tracing.values.masking import apply_mask
from ace_tracing.values.snapshot import snapshot

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXT,
    lambda children: st.lists(children, max_size=5) | st.dictionaries(TEXT, children, max_size=5),
    max_leaves=20,
)


def recorded(value: object, mask: Callable[[Any], Any]) -> Any:
    return orjson.loads(apply_mask(snapshot(value), mask))


def without_emails(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_emails(item) for key, item in value.items()}
    return "<email>" if isinstance(value, str) and "@" in value else value


def test_result_of_the_mask_is_recorded() -> None:
    assert recorded({"to": "a@b.c", "n": 1}, without_emails) == {"to": "<email>", "n": 1}


@given(JSON_VALUES)
def test_identity_mask_changes_nothing(value: Any) -> None:
    assert recorded(value, lambda copy: copy) == value


def test_mask_cannot_change_the_captured_object() -> None:
    value = {"card": "4111", "items": [1]}

    def mask(copy: Any) -> Any:
        copy["items"].append("changed")
        del copy["card"]
        return copy

    assert recorded(value, mask) == {"items": [1, "changed"]}
    assert value == {"card": "4111", "items": [1]}


@pytest.mark.parametrize("kind", [ValueError, KeyError, RecursionError, SystemExit, GeneratorExit])
def test_mask_that_raises_withholds_the_value(kind: type[BaseException]) -> None:
    def mask(_: Any) -> Any:
        raise kind("secret")

    assert recorded("secret", mask) == f"<withheld: the mask raised {kind.__name__}>"


def test_keyboard_interrupt_in_a_mask_propagates() -> None:
    def mask(_: Any) -> Any:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        recorded("value", mask)
    assert recorded("value", lambda copy: copy) == "value"


def test_result_of_a_mask_can_be_any_value_and_is_bounded() -> None:
    assert recorded(1, lambda _: {1, 2}) == [1, 2]
    assert len(apply_mask(b"1", lambda _: "x" * 10_000_000)) < 300_000


def test_traced_mask_does_not_recurse() -> None:
    inner: list[Any] = []

    def mask(value: Any) -> Any:
        inner.append(recorded(value, mask))
        return value

    assert recorded("value", mask) == "value"
    assert inner == ["<withheld: captured inside the mask>"]
