"""Order of traces that start in one millisecond: by the nanosecond, in both directions and on all pages."""

from __future__ import annotations

import random

import httpx
import pytest
from tests.helpers.tracing_requests import (
    START_NS,
    search,
    search_ids,
    send,
    send_info,
    span,
    trace_id,
    trace_info,
)

COUNT = 20
# The order of the ids differs from the order of the times.
OFFSETS = random.Random(7).sample(range(100), COUNT)
OLDEST_FIRST = [trace_id(number) for _, number in sorted(zip(OFFSETS, range(1, COUNT + 1), strict=True))]


def send_all(http: httpx.Client) -> None:
    # The longer an earlier trace, the earlier its end: starts, durations and ends have the same order.
    spans = [
        span(number, start_ns=START_NS + offset, end_ns=START_NS + 3 * offset)
        for number, offset in enumerate(OFFSETS, start=1)
    ]
    send(http, *spans)


def read_pages(http: httpx.Client, size: int, order: list[str]) -> list[str]:
    """Return the ids of all pages."""
    ids: list[str] = []
    token = None
    while True:
        page = search(http, max_results=size, order_by=order, **({"page_token": token} if token else {}))
        ids += [info["trace_id"] for info in page["traces"]]
        token = page.get("next_page_token")
        if token is None:
            return ids


@pytest.mark.parametrize("size", [1, 3, 500])
@pytest.mark.parametrize(
    "field",
    ["timestamp_ms", "timestamp", "request_time", "attributes.timestamp_ms", "execution_time_ms", "end_time_ms"],
)
def test_traces_of_one_millisecond_are_ordered_by_the_nanosecond(http: httpx.Client, field: str, size: int) -> None:
    send_all(http)
    assert read_pages(http, size, [f"{field} ASC"]) == OLDEST_FIRST
    assert read_pages(http, size, [field]) == OLDEST_FIRST
    assert read_pages(http, size, [f"{field} DESC"]) == OLDEST_FIRST[::-1]


@pytest.mark.parametrize("size", [1, 3, 500])
def test_the_default_order_is_newest_first_by_the_nanosecond(http: httpx.Client, size: int) -> None:
    send_all(http)
    assert read_pages(http, size, []) == OLDEST_FIRST[::-1]
    assert read_pages(http, size, ["status DESC", "timestamp ASC"]) == OLDEST_FIRST


def test_the_times_of_infos_keep_their_nanoseconds(http: httpx.Client) -> None:
    for number, digits in enumerate(("000000009", "000000100", "00000001", "0000010"), start=1):
        send_info(http, trace_info(number, request_time=f"2026-11-22T17:37:25.{digits}Z"))
    assert search_ids(http, order_by=["timestamp ASC"]) == [trace_id(number) for number in (1, 3, 2, 4)]


def test_a_filter_compares_whole_milliseconds(http: httpx.Client) -> None:
    send_all(http)
    assert len(search_ids(http, filter=f"timestamp_ms = {START_NS // 1_000_000}")) == COUNT
    assert search_ids(http, filter=f"timestamp_ms > {START_NS // 1_000_000}") == []
