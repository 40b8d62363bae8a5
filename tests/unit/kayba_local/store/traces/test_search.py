"""Trace search: the filter language compared with a model in Python, its errors, order and pages."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.helpers.tracing_requests import (
    OLD_TRACES,
    START_NS,
    TRACES,
    Json,
    location,
    search,
    search_ids,
    send,
    send_info,
    span,
    trace_id,
    trace_info,
)

from kayba_local.otlp import json_requests as from_json
from kayba_local.store import errors as store_errors
from kayba_local.store.database import Database
from kayba_local.store.traces import client_info, ingest, tags
from kayba_local.store.traces import search as store_search
from kayba_local.store.traces.traces import TraceInfo

TEXTS = ["", "a", "A", "b", "aa", "a%", "a_b", "aXb", "x*y", "x?y", "[a]", "it's", 'say "hi"', "ä", "a\nb"]
KEYS = ["k", "kayba.folder", "with space", "a-b", "x'y", "select"]


def name_of(number: int) -> str:
    return TEXTS[number % len(TEXTS)]


def make_infos() -> list[TraceInfo]:
    """Return traces that differ in every field of a filter; some lack the optional fields."""
    return [
        TraceInfo(
            trace_id=trace_id(number),
            experiment_id="0",
            request_ns=START_NS + number * 1_000_000,
            duration_ns=None if number % 5 == 0 else number * 500_000,
            state=("OK", "ERROR", "IN_PROGRESS")[number % 3],
            tags={
                "mlflow.traceName": name_of(number),
                **{key: TEXTS[(number + at) % len(TEXTS)] for at, key in enumerate(KEYS) if (number + at) % 3},
            },
            metadata={"m": name_of(number * 7)} if number % 2 else {},
            client_request_id=None if number % 4 else f"c{number}",
        )
        for number in range(1, 31)
    ]


INFOS = make_infos()


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    db = Database.open(f"sqlite:///{Path(tmp_path_factory.mktemp('search'), 'kayba.db')}")
    for info in INFOS:
        client_info.save_info(db, info)
    yield db
    db.close()


def ids(db: Database, filter_text: str, **options: Any) -> list[str]:
    return [info.trace_id for info in store_search.search(db, ["0"], filter_text, limit=500, **options).infos]


# A model of the filter language: each condition is a text and the equivalent predicate.
Predicate = Callable[[TraceInfo], bool]
COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<>": operator.ne,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}


def like(pattern: str, *, ignore_case: bool) -> Callable[[str], bool]:
    parts = [".*" if c == "%" else "." if c == "_" else re.escape(c) for c in pattern]
    flags = re.DOTALL | (re.IGNORECASE | re.ASCII if ignore_case else 0)
    return lambda text: re.fullmatch("".join(parts), text, flags) is not None


def quote(text: str, mark: str = "'") -> str:
    return mark + text.replace(mark, mark * 2) + mark


def draw_case(draw: st.DrawFn, word: str) -> str:
    return draw(st.sampled_from([word, word.lower(), word.capitalize()]))


texts = st.sampled_from(TEXTS) | st.text(st.sampled_from("aAb%_*?[]'\" "), max_size=5)
TEXT_FIELDS: list[tuple[str, Callable[[TraceInfo], str | None]]] = [
    ("name", lambda info: info.tags.get("mlflow.traceName")),
    ("trace.name", lambda info: info.tags.get("mlflow.traceName")),
    ("status", lambda info: info.state),
    ("attributes.status", lambda info: info.state),
    ("trace.state", lambda info: info.state),
    ("request_id", lambda info: info.trace_id),
    ("client_request_id", lambda info: info.client_request_id),
    ("metadata.m", lambda info: info.metadata.get("m")),
    ("request_metadata.`m`", lambda info: info.metadata.get("m")),
    ("tags.k", lambda info: info.tags.get("k")),
    ("tag.kayba.folder", lambda info: info.tags.get("kayba.folder")),
    ("tags.a-b", lambda info: info.tags.get("a-b")),
    *((f"tags.`{key}`", lambda info, key=key: info.tags.get(key)) for key in KEYS),
    ('tags."with space"', lambda info: info.tags.get("with space")),
    ("tags.`missing`", lambda info: None),
]
NUMBER_FIELDS: list[tuple[str, Callable[[TraceInfo], float | None]]] = [
    ("timestamp_ms", lambda info: info.request_ns // 1_000_000),
    ("trace.timestamp", lambda info: info.request_ns // 1_000_000),
    ("attributes.request_time", lambda info: info.request_ns // 1_000_000),
    ("execution_time_ms", lambda info: None if info.duration_ns is None else info.duration_ns / 1e6),
    ("execution_duration", lambda info: None if info.duration_ns is None else info.duration_ns / 1e6),
    ("end_time_ms", lambda info: info.request_ns // 1_000_000 + (info.duration_ns or 0) / 1e6),
]


@st.composite
def text_conditions(draw: st.DrawFn) -> tuple[str, Predicate]:
    field, value_of = draw(st.sampled_from(TEXT_FIELDS))
    kind = draw(st.sampled_from(["=", "!=", "<>", "LIKE", "ILIKE", "IN", "NOT IN", "IS NULL", "IS NOT NULL"]))
    if kind.startswith("IS"):
        return f"{field} {draw_case(draw, kind)}", lambda info: (value_of(info) is None) == (kind == "IS NULL")
    if kind.endswith("IN"):
        options = draw(st.lists(texts, min_size=1, max_size=3))
        listed = ", ".join(map(quote, options))
        return (
            f"{field} {draw_case(draw, kind)} ({listed})",
            lambda info: value_of(info) is not None and (value_of(info) in options) == (kind == "IN"),
        )
    text = draw(texts)
    written = quote(text, draw(st.sampled_from("'\"")))
    if kind in COMPARE:
        space = draw(st.sampled_from(["", " "]))
        return (
            f"{field}{space}{kind}{space}{written}",
            lambda info: value_of(info) is not None and COMPARE[kind](value_of(info), text),
        )
    matches = like(text, ignore_case=kind == "ILIKE")
    return (
        f"{field} {draw_case(draw, kind)} {written}",
        lambda info: matches(value_of(info) or "") and bool(value_of(info) is not None),
    )


@st.composite
def number_conditions(draw: st.DrawFn) -> tuple[str, Predicate]:
    field, value_of = draw(st.sampled_from(NUMBER_FIELDS))
    compare = draw(st.sampled_from(sorted(COMPARE)))
    near = START_NS // 1_000_000 if "execution" not in field else 0
    number = near + draw(st.integers(-2, 40) | st.floats(-2, 40).map(lambda value: round(value, 3)))

    def holds(info: TraceInfo) -> bool:
        value = value_of(info)
        return value is not None and COMPARE[compare](value, number)

    return f"{field} {compare} {number}", holds


@st.composite
def joined(draw: st.DrawFn, members: st.SearchStrategy[tuple[str, Predicate]]) -> tuple[str, Predicate]:
    parts = draw(st.lists(members, min_size=2, max_size=3))
    every = draw(st.booleans())
    written = f" {draw_case(draw, 'AND' if every else 'OR')} ".join(text for text, _ in parts)
    combine = all if every else any
    return f"({written})", lambda info: combine(holds(info) for _, holds in parts)


conditions = st.recursive(text_conditions() | number_conditions(), joined, max_leaves=6)


@settings(deadline=None, max_examples=400)
@given(conditions)
def test_a_filter_finds_the_same_traces_as_the_model(filled: Database, condition: tuple[str, Predicate]) -> None:
    text, holds = condition
    expected = [info.trace_id for info in reversed(INFOS) if holds(info)]
    assert ids(filled, text) == expected


PATTERNS = [*TEXTS, "%", "_", "a%", "%a", "%A%", "a_", "_%_", "[a]%", "[%", "%]", "x*%", "*", "?", "%?%", "[!a]", "Ä"]


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("operator", ["LIKE", "ILIKE"])
def test_only_percent_and_underscore_are_wildcards(filled: Database, operator: str, pattern: str) -> None:
    matches = like(pattern, ignore_case=operator == "ILIKE")
    expected = [info.trace_id for info in reversed(INFOS) if matches(info.name)]
    assert ids(filled, f"name {operator} {quote(pattern)}") == expected


@settings(deadline=None, max_examples=200)
@given(st.tuples(text_conditions(), text_conditions(), text_conditions()))
def test_and_binds_more_tightly_than_or(filled: Database, parts: tuple[tuple[str, Predicate], ...]) -> None:
    (a, is_a), (b, is_b), (c, is_c) = parts
    expected = [info.trace_id for info in reversed(INFOS) if is_a(info) or (is_b(info) and is_c(info))]
    assert ids(filled, f"{a} OR {b} AND {c}") == expected


@settings(deadline=None, max_examples=400)
@given(st.text(st.sampled_from("abtgs.`'\"()=!<>,%_ \n0123456789-ANDORILKE\x00é;"), max_size=60) | st.text(max_size=30))
def test_any_text_is_a_filter_or_raises_invalid_value(filled: Database, text: str) -> None:
    with suppress(store_errors.InvalidValue):
        assert set(ids(filled, text)) <= {info.trace_id for info in INFOS}


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ("status", "Position 7: expected =, !="),
        ("status = ", "Position 10: expected a number or text in quotes, found the end"),
        ("status = OK", "Position 10: expected a number or text in quotes, found 'OK'"),
        ("status = 'OK' AND", "Position 18: expected a field"),
        ("status = 'OK' status = 'OK'", "Position 15: expected AND, OR or the end"),
        ("(status = 'OK'", "Position 15: expected AND, OR or )"),
        ("status = 'OK", "Position 10: did not expect a quote that is never closed"),
        ("status = 'OK';", "Position 14: did not expect the character ';'"),
        ("= 'OK'", "Position 1: expected a field"),
        ("tags. = 'OK'", "expected a key after tags."),
        ("colour = 'red'", "Position 1: there is no field 'colour'; use name, status"),
        ("spans.name = 'x'", "there is no field 'spans.name'"),
        ("status = 3", "status is compared with text in quotes"),
        ("status IN ('OK', 3)", "status is compared with text in quotes"),
        ("timestamp_ms > 'yesterday'", "timestamp_ms is compared with numbers"),
        ("status > 'OK'", "status takes =, !=, IN"),
        ("timestamp_ms LIKE 3", "not LIKE"),
        ("name RLIKE 'x'", "Position 6: expected =, !="),
        ("name IN 'x'", "Position 9: expected ( after IN"),
        ("name IN ()", "Position 10: expected a number"),
        ("name NOT 'x'", "expected IN"),
        ("name IS 'x'", "expected NULL"),
        (f"name LIKE '{'a' * 501}'", "at most 500 characters"),
        ("(" * 17 + "name = 'x'" + ")" * 17, "more than 16 parentheses"),
        (" AND ".join(["name = 'x'"] * 65), "more than 64 conditions"),
        (f"name IN ({', '.join(['1'] * 1001)})", "more than 1000 values"),
    ],
)
def test_an_invalid_filter_returns_the_position_of_its_error(http: httpx.Client, bad: str, message: str) -> None:
    response = http.post(f"{TRACES}/search", json={"locations": [location("0")], "filter": bad})
    assert (response.status_code, response.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
    assert message in response.json()["message"]


def test_huge_numbers_are_compared_without_overflow(filled: Database) -> None:
    assert ids(filled, f"timestamp_ms < {'9' * 5000}") == ids(filled, "timestamp_ms > -1e999") == ids(filled, "")
    assert len(ids(filled, "")) == len(INFOS)


@pytest.mark.timeout(30)
def test_expensive_patterns_finish_in_time(filled: Database, tmp_path: Path) -> None:
    db = Database.open(f"sqlite:///{tmp_path / 'kayba.db'}")
    for number in range(20):
        ingest.store_spans(
            db, "0", from_json.read({"resourceSpans": [{"scopeSpans": [{"spans": [span(number + 1)]}]}]})
        )
        tags.set_tag(db, trace_id(number + 1), "k", "a" * 8000)
    assert ids(db, f"tags.k LIKE '{'%a' * 249}%b'") == []
    assert ids(db, " OR ".join([f"tags.k ILIKE '{'%a_' * 16}b'"] * 64)) == []
    db.close()


def test_an_empty_filter_finds_all_traces(filled: Database) -> None:
    newest_first = [info.trace_id for info in reversed(INFOS)]
    assert ids(filled, "") == ids(filled, "  \n") == newest_first


ORDERS: list[tuple[str, Callable[[TraceInfo], Any]]] = [
    ("timestamp_ms", lambda info: info.request_ns),
    ("trace.execution_time_ms", lambda info: info.duration_ns),
    ("status", lambda info: info.state),
    ("name", lambda info: info.name.encode()),
    ("tags.`kayba.folder`", lambda info: tag_key(info, "kayba.folder")),
    ("metadata.m", lambda info: info.metadata["m"].encode() if "m" in info.metadata else None),
    ("client_request_id", lambda info: info.client_request_id),
]


def tag_key(info: TraceInfo, key: str) -> bytes | None:
    return info.tags[key].encode() if key in info.tags else None


def sort_infos(terms: list[tuple[Callable[[TraceInfo], Any], bool]]) -> list[str]:
    """Sort by the terms from last to first, each stable; traces without a value come last in both directions."""
    ordered = sorted(INFOS, key=lambda info: info.request_ns, reverse=True)
    for value_of, descending in reversed(terms):
        has = sorted((i for i in ordered if value_of(i) is not None), key=value_of, reverse=descending)
        ordered = has + [i for i in ordered if value_of(i) is None]
    return [info.trace_id for info in ordered]


@settings(deadline=None, max_examples=100)
@given(
    st.lists(st.tuples(st.sampled_from(ORDERS), st.sampled_from([" ASC", " desc", ""])), max_size=3),
    st.integers(1, 40),
)
def test_pages_contain_all_traces_in_order(
    filled: Database, chosen: list[tuple[tuple[str, Callable[[TraceInfo], Any]], str]], size: int
) -> None:
    order_by = [name + direction for (name, _), direction in chosen]
    expected = sort_infos([(value_of, direction == " desc") for (_, value_of), direction in chosen])
    seen: list[str] = []
    token = None
    while len(seen) <= len(INFOS):
        page = store_search.search(filled, ["0"], "", order_by, size, token)
        seen += [info.trace_id for info in page.infos]
        token = page.next_token
        if token is None:
            break
        assert len(page.infos) == size
        assert len(token) <= 1024
    assert seen == expected


def test_descending_order_keeps_equal_traces_newest_first(filled: Database) -> None:
    by_state = ids(filled, "", order_by=["status DESC"])
    states = {info.trace_id: info for info in INFOS}
    errors = [states[id_].request_ns for id_ in by_state if states[id_].state == "ERROR"]
    assert errors == sorted(errors, reverse=True)


def send_many(http: httpx.Client, numbers: range) -> None:
    send(http, *(span(number, start_ns=START_NS + number, end_ns=START_NS + number + 1) for number in numbers))


def test_pages_do_not_shift_when_traces_are_added_or_deleted(http: httpx.Client) -> None:
    send_many(http, range(1, 11))
    first = search(http, max_results=4)
    assert [info["trace_id"] for info in first["traces"]] == [trace_id(number) for number in (10, 9, 8, 7)]

    send_many(http, range(11, 21))
    gone = {"experiment_id": "0", "request_ids": [trace_id(9), trace_id(7), trace_id(5)]}
    http.post(f"{OLD_TRACES}/delete-traces", json=gone).raise_for_status()
    second = search(http, max_results=4, page_token=first["next_page_token"])
    assert [info["trace_id"] for info in second["traces"]] == [trace_id(number) for number in (6, 4, 3, 2)]
    third = search(http, max_results=4, page_token=second["next_page_token"])
    assert [info["trace_id"] for info in third["traces"]] == [trace_id(1)]
    assert "next_page_token" not in third


@pytest.mark.parametrize("token", ["x", "eyJvZmZzZXQiOiAzfQ==", "W10=", "WzEsMl0=", "é", "bnVsbA=="])
def test_an_invalid_page_token_returns_400(http: httpx.Client, token: str) -> None:
    response = http.post(f"{TRACES}/search", json={"locations": [location("0")], "page_token": token})
    assert (response.status_code, response.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
    assert "page_token" in response.json()["message"]


def test_a_page_token_of_another_order_returns_400(http: httpx.Client) -> None:
    send_many(http, range(1, 4))
    token = search(http, max_results=1, order_by=["name"])["next_page_token"]
    body: Json = {"locations": [location("0")], "page_token": token, "order_by": ["status"]}
    response = http.post(f"{TRACES}/search", json=body)
    assert response.status_code == 400
    assert "another order" in response.json()["message"]


@pytest.mark.parametrize(
    ("order_by", "message"),
    [
        (["name SIDEWAYS"], "expected ASC, DESC or the end"),
        (["name,"], "expected ASC, DESC or the end"),
        (["colour"], "no field 'colour'"),
    ],
)
def test_an_invalid_order_returns_its_error(http: httpx.Client, order_by: list[str], message: str) -> None:
    response = http.post(f"{TRACES}/search", json={"locations": [location("0")], "order_by": order_by})
    assert response.status_code == 400
    assert message in response.json()["message"]


def test_more_than_three_order_fields_raise_invalid_value(filled: Database) -> None:
    with pytest.raises(store_errors.InvalidValue, match="at most 3 fields"):
        ids(filled, "", order_by=["name", "status", "timestamp", "tags.a"])


def test_a_search_is_limited_to_its_experiments(http: httpx.Client) -> None:
    created = http.post("/api/mlflow/api/2.0/mlflow/experiments/create", json={"name": "mine"}).json()["experiment_id"]
    send_info(http, trace_info(1))
    send_info(http, trace_info(2, experiment=created))
    assert search_ids(http, "0") == [trace_id(1)]
    assert search_ids(http, created) == [trace_id(2)]
    assert sorted(search_ids(http, created, "0")) == [trace_id(1), trace_id(2)]
    assert search(http, "999") == {}


def test_a_page_has_100_traces_by_default(http: httpx.Client) -> None:
    send_many(http, range(1, 102))
    assert len(search(http)["traces"]) == 100
    assert len(search(http, max_results=500)["traces"]) == 101
    for number in (0, 501):
        response = http.post(f"{TRACES}/search", json={"locations": [location("0")], "max_results": number})
        assert response.status_code == 400
