"""Token usage, and the cost that follows from it and from the prices."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

import pytest

import ace_tracing
from ace_tracing import ConfigurationError, LiveSpan, configure, search_traces, start_span, trace
from ace_tracing.recording import prices
from ace_tracing.testing import capture_traces
from kayba_local import LocalServer

TABLE: Final = json.loads((Path(prices.__file__).parent / "prices.json").read_text(encoding="utf-8"))
USAGE: Final = "mlflow.chat.tokenUsage"
COST: Final = "mlflow.llm.cost"


@pytest.fixture(autouse=True)
def _restore_prices() -> Iterator[None]:
    ace_tracing.diagnostics._last_warned.clear()
    yield
    prices.price_table.configure(None)


def attributes_of(*calls: Callable[[LiveSpan], object], **attributes: Any) -> dict[str, Any]:
    """Record one span and return its attributes."""
    with capture_traces() as traces, start_span("call", "LLM", attributes) as span:
        assert isinstance(span, LiveSpan)
        for call in calls:
            call(span)
    return traces[0].data.spans[0].attributes


def cost_of(model: str, **tokens: int) -> dict[str, float] | None:
    cost: dict[str, float] | None = attributes_of(lambda span: span.set_token_usage(model=model, **tokens)).get(COST)
    return cost


# Usage --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "recorded"),
    [
        ({"input_tokens": None, "output_tokens": 3}, {"output_tokens": 3, "total_tokens": 3}),
        ({"input_tokens": 3, "output_tokens": None}, {"input_tokens": 3, "total_tokens": 3}),
        ({"input_tokens": 0, "output_tokens": 0}, {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0}),
        ({"total_tokens": 9}, {"total_tokens": 9}),
        (
            {"input_tokens": 5, "output_tokens": 3, "cache_read_input_tokens": 2, "cache_creation_input_tokens": 1},
            {
                "input_tokens": 5,
                "output_tokens": 3,
                "total_tokens": 8,
                "cache_read_input_tokens": 2,
                "cache_creation_input_tokens": 1,
            },
        ),
        (
            {"output_tokens": 3, "total_tokens": 9, "reasoning_tokens": 2},
            {"output_tokens": 3, "total_tokens": 9, "reasoning_tokens": 2},
        ),
    ],
)
def test_the_given_numbers_are_recorded(given: dict[str, Any], recorded: dict[str, int]) -> None:
    assert attributes_of(lambda span: span.set_token_usage(**given))[USAGE] == recorded


def test_without_numbers_nothing_is_recorded() -> None:
    recorded = attributes_of(lambda span: (span.set_token_usage(), span.set_token_usage(input_tokens=None)))
    assert USAGE not in recorded


def test_the_usage_of_a_stream_is_completed_by_later_calls() -> None:
    recorded = attributes_of(
        lambda span: span.set_token_usage(input_tokens=10, output_tokens=1, model="gpt-4o-mini"),
        lambda span: span.set_token_usage(output_tokens=30),
    )
    assert recorded[USAGE] == {"input_tokens": 10, "output_tokens": 30, "total_tokens": 40}
    assert recorded[COST]["total_cost"] == pytest.approx((10 * 0.15 + 30 * 0.6) / 1e6)


def test_usage_and_cost_reach_the_server(tracing: LocalServer) -> None:
    @trace(span_type="AGENT")
    def agent() -> None:
        for _ in range(2):
            with start_span("call", "LLM") as span:
                span.set_token_usage(
                    input_tokens=1_000, output_tokens=100, cache_read_input_tokens=600, model="gpt-4o-2024-08-06"
                )

    agent()
    (found,) = search_traces()
    assert found.token_usage["total_tokens"] == 2_200
    assert found.token_usage["cache_read_input_tokens"] == 1_200
    assert found.cost["total_cost"] == pytest.approx(2 * (400 * 2.5 + 600 * 1.25 + 100 * 10) / 1e6)
    assert {span.attributes.get("mlflow.llm.model") for span in found.data.spans} == {None, "gpt-4o-2024-08-06"}


# Costs --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "tokens", "dollars"),
    [
        ("gpt-4o-mini", {"input_tokens": 1_000_000, "output_tokens": 1_000_000}, (0.15, 0.6)),
        ("gpt-4o-mini-2024-07-18", {"input_tokens": 1_000_000, "output_tokens": 0}, (0.15, 0.0)),
        ("gpt-4o-2024-05-13", {"input_tokens": 1_000_000, "output_tokens": 0}, (5.0, 0.0)),
        ("gpt-4o", {"input_tokens": 100, "output_tokens": 0, "cache_read_input_tokens": 100}, (0.000125, 0.0)),
        (
            "claude-haiku-4-5-20251001",
            {
                "input_tokens": 31,
                "output_tokens": 7,
                "cache_read_input_tokens": 5,
                "cache_creation_input_tokens": 6,
                "reasoning_tokens": 3,
            },
            ((20 * 1 + 5 * 0.1 + 6 * 1.25) / 1e6, 7 * 5 / 1e6),
        ),
        ("gemini-2.5-pro", {"input_tokens": 200_000, "output_tokens": 10}, (0.25, 0.0001)),
        ("gemini-2.5-pro", {"input_tokens": 200_001, "output_tokens": 10}, (0.5000025, 0.00015)),
        ("text-embedding-3-small", {"input_tokens": 50}, (0.000001, 0.0)),
        ("gpt-4o", {"input_tokens": 0, "output_tokens": 0}, (0.0, 0.0)),
    ],
)
def test_the_cost_follows_from_the_price(model: str, tokens: dict[str, int], dollars: tuple[float, float]) -> None:
    cost = cost_of(model, **tokens)
    assert cost == pytest.approx(
        {"input_cost": dollars[0], "output_cost": dollars[1], "total_cost": sum(dollars)}, abs=1e-12
    )


@pytest.mark.parametrize(
    ("model", "tokens"),
    [
        ("unknown", {"input_tokens": 1, "output_tokens": 1}),
        ("", {"input_tokens": 1, "output_tokens": 1}),
        ("ft:gpt-4o-mini:acme", {"input_tokens": 1, "output_tokens": 1}),
        ("gpt-4o-audio-preview", {"input_tokens": 1, "output_tokens": 1}),
        ("azure/gpt-4o", {"input_tokens": 1, "output_tokens": 1}),
        ("gpt-4o-20991399", {"input_tokens": 1, "output_tokens": 1}),
        ("gpt-4o", {"output_tokens": 3}),
        ("gpt-4o", {"input_tokens": 3}),
        ("gpt-4o", {"total_tokens": 3}),
        ("gpt-4", {"input_tokens": 5, "output_tokens": 1, "cache_read_input_tokens": 1}),
        ("gpt-4o", {"input_tokens": 5, "output_tokens": 1, "cache_creation_input_tokens": 1}),
        ("gpt-4o", {"input_tokens": 5, "output_tokens": 1, "cache_read_input_tokens": 6}),
        ("claude-sonnet-4-5", {"input_tokens": 200_001, "output_tokens": 1}),
    ],
)
def test_no_cost_is_guessed(model: str, tokens: dict[str, int]) -> None:
    assert cost_of(model, **tokens) is None


def test_more_cached_tokens_than_input_tokens_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    cost_of("claude-haiku-4-5", input_tokens=1, output_tokens=1, cache_read_input_tokens=9)
    (message,) = caplog.messages
    assert "Give the sum of all input tokens" in message


@pytest.mark.parametrize("attribute", ["mlflow.llm.model", "gen_ai.response.model", "gen_ai.request.model", "model"])
def test_the_model_may_be_an_attribute_that_is_set_at_any_time(attribute: str) -> None:
    def use(span: LiveSpan) -> None:
        span.set_token_usage(input_tokens=1_000_000, output_tokens=0)

    before = attributes_of(use, **{attribute: "gpt-4o"})
    after = attributes_of(use, lambda span: span.set_attribute(attribute, "gpt-4o"))
    assert before[COST] == after[COST] == {"input_cost": 2.5, "output_cost": 0.0, "total_cost": 2.5}


def test_a_set_cost_is_kept_in_either_order() -> None:
    calls: list[Callable[[LiveSpan], object]] = [
        lambda span: span.set_cost(total_cost=7),
        lambda span: span.set_token_usage(input_tokens=1, output_tokens=1, model="gpt-4o"),
    ]
    for order in (calls, calls[::-1]):
        assert attributes_of(*order)[COST] == {"total_cost": 7.0}


@pytest.mark.parametrize(
    ("given", "recorded"),
    [
        ({"input_cost": 1, "output_cost": 2}, {"input_cost": 1.0, "output_cost": 2.0, "total_cost": 3.0}),
        ({"input_cost": None, "output_cost": 2}, {"output_cost": 2.0, "total_cost": 2.0}),
        ({"input_cost": 1, "output_cost": 2, "total_cost": 4}, {"input_cost": 1, "output_cost": 2, "total_cost": 4}),
        ({}, None),
    ],
)
def test_known_parts_of_a_cost_are_recorded(given: dict[str, Any], recorded: dict[str, float] | None) -> None:
    assert attributes_of(lambda span: span.set_cost(**given)).get(COST) == recorded


def test_the_mask_sees_the_computed_cost(tracing: LocalServer) -> None:
    def hide(value: object) -> object:
        return {"total_cost": 0.0} if isinstance(value, dict) and "total_cost" in value else value

    configure(api_key="kb-test", base_url=tracing.url, mask=hide)
    with start_span("call") as span:
        span.set_token_usage(input_tokens=1, output_tokens=1, model="gpt-4o")
    (found,) = search_traces()
    assert found.data.spans[0].attributes[COST] == {"total_cost": 0.0}


# Prices -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", TABLE["models"])
def test_every_row_of_the_table_is_complete(model: str) -> None:
    row = dict(TABLE["models"][model])
    assert row.pop("provider") in TABLE["sources"]
    above = row.pop("long_context", {})
    assert above.pop("above_input_tokens", 1) > 0
    assert set(above) in (set(), set(row))
    assert set(row) <= set(prices.PARTS)
    assert 0 <= row.get("cache_read", 0) < row["input"] <= row.get("cache_creation", row["input"])
    assert row["input"] <= row.get("output", row["input"])
    assert all(price >= row[part] for part, price in above.items())


def test_the_table_has_its_date_and_the_addresses_of_its_sources() -> None:
    assert TABLE["as_of"] >= "2026-11-27"
    assert all(source.startswith("https://") for source in TABLE["sources"].values())


def test_prices_of_the_user_replace_those_of_the_table(tracing: LocalServer) -> None:
    def configured(value: Any) -> list[dict[str, float] | None]:
        configure(api_key="kb-test", base_url=tracing.url, prices=value)
        return [cost_of(model, input_tokens=1_000_000, output_tokens=0) for model in ("mine-2026-01-31", "gpt-4o")]

    def price(dollars: float) -> dict[str, float]:
        return {"input_cost": dollars, "output_cost": 0.0, "total_cost": dollars}

    assert configured({"mine": {"input": 7, "output": 8}}) == [price(7.0), price(2.5)]
    assert configured({"gpt-4o": {"input": 1}, "mine": {"input": 0}}) == [price(0.0), price(1.0)]
    assert configured({"gpt-4o": None}) == [None, None]
    assert configured(False) == [None, None]
    assert configured(None) == [None, price(2.5)]


def test_prices_of_the_user_may_depend_on_the_length(tracing: LocalServer) -> None:
    above = {"above_input_tokens": 10, "input": 2_000_000}
    configure(api_key="kb-test", base_url=tracing.url, prices={"mine": {"input": 1_000_000, "long_context": above}})
    costs = [cost_of("mine", input_tokens=number) or {} for number in (10, 11)]
    assert [cost["total_cost"] for cost in costs] == [10.0, 22.0]


@pytest.mark.parametrize(
    "wrong",
    [
        *("table.json", 5, [], {5: {}}, {"m": 5}, {"m": {}}, {"m": {"output": 1}}, {"m": {"input": "1"}}),
        *({"m": {"input": -1}}, {"m": {"input": float("nan")}}, {"m": {"input": float("inf")}}, {"m": {"input": True}}),
        *({"m": {"input": 1, "cached": 1}}, {"m": {"input": 1, "long_context": {"input": 1}}}),
    ],
    ids=repr,
)
def test_wrong_prices_are_an_error_of_configure(wrong: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"configure\(prices=.* US dollars per million tokens by model"):
        configure(api_key="kb-test", base_url="http://127.0.0.1:9", prices=wrong)


def test_the_table_is_read_once_and_not_with_open() -> None:
    table = prices.PriceTable()
    with patch("builtins.open", side_effect=AssertionError), patch("io.open", side_effect=AssertionError):
        assert table.find("gpt-4o") is not None
    with patch.object(prices, "_read_table", side_effect=AssertionError):
        assert table.find("gpt-4o-mini") is not None


def test_a_table_that_cannot_be_read_costs_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ace_tracing.diagnostics, "loud", False)
    monkeypatch.setattr(prices, "price_table", prices.PriceTable())
    monkeypatch.setattr("ace_tracing.recording.usage.price_table", prices.PriceTable())
    monkeypatch.setattr(prices.os.path, "dirname", lambda _: "/nowhere")
    recorded = attributes_of(lambda span: span.set_token_usage(input_tokens=1, output_tokens=1, model="gpt-4o"))
    assert recorded[USAGE]["total_tokens"] == 2
    assert COST not in recorded
