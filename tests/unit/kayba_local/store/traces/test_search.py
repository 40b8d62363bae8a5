"""Trace search: the filter language compared with a model in Python, its errors, order and pages."""

from __future__ import annotations

import operator
import re
import time
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
from kayba_local.store import functions
from kayba_local.store.database import Database
from kayba_local.store.traces import assessments, client_info, ingest, tags
from kayba_local.store.traces import search as store_search
from kayba_local.store.traces.traces import TraceInfo

TEXTS = [
    "",
    "a",
    "A",
    "Ä",
    "straße",
    "STRASSE",
    "b",
    "aa",
    "a%",
    "a_b",
    "aXb",
    "x*y",
    "x?y",
    "[a]",
    "it's",
    'say "hi"',
    "ä",
    "a\nb",
]
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
    fold = str.casefold if ignore_case else str
    parts = [".*" if c == "%" else "." if c == "_" else re.escape(c) for c in fold(pattern)]
    return lambda text: re.fullmatch("".join(parts), fold(text), re.DOTALL) is not None


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
    ("duration", lambda info: None if info.duration_ns is None else info.duration_ns / 1e6),
    ("end_time_ms", lambda info: info.request_ns // 1_000_000 + (info.duration_ns or 0) / 1e6),
]


DURATIONS = ("execution_time_ms", "execution_duration", "duration")
TEXT_OPERATORS = [
    *("=", "!=", "<>", "LIKE", "NOT LIKE", "ILIKE", "NOT ILIKE", "RLIKE", "NOT RLIKE"),
    *("IN", "NOT IN", "IS NULL", "IS NOT NULL"),
]


@st.composite
def text_conditions(draw: st.DrawFn) -> tuple[str, Predicate]:
    field, value_of = draw(st.sampled_from(TEXT_FIELDS))
    kind = draw(st.sampled_from(TEXT_OPERATORS))
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
    if kind.endswith("RLIKE"):
        text = draw(st.sampled_from(["^a", "b$", "[ab]", "a.b", "(?i)A", "^$", "x|y", "\\\\S+", "a+b?"]))
        written, matches = quote(text), lambda value: re.search(text, value) is not None
    else:
        matches = like(text, ignore_case=kind.endswith("ILIKE"))
    return (
        f"{field} {draw_case(draw, kind)} {written}",
        lambda info: value_of(info) is not None and matches(value_of(info)) != kind.startswith("NOT"),
    )


@st.composite
def number_conditions(draw: st.DrawFn) -> tuple[str, Predicate]:
    field, value_of = draw(st.sampled_from(NUMBER_FIELDS))
    compare = draw(st.sampled_from(sorted(COMPARE)))
    near = START_NS // 1_000_000 if field not in DURATIONS else 0
    number = near + draw(st.integers(-2, 40) | st.floats(-2, 40).map(lambda value: round(value, 3)))

    def holds(info: TraceInfo) -> bool:
        value = value_of(info)
        return value is not None and COMPARE[compare](value, number)

    return f"{field} {compare} {number}", holds


@st.composite
def negated(draw: st.DrawFn, members: st.SearchStrategy[tuple[str, Predicate]]) -> tuple[str, Predicate]:
    text, holds = draw(members)
    return f"{draw_case(draw, 'NOT')} {text}", lambda info: not holds(info)


@st.composite
def joined(draw: st.DrawFn, members: st.SearchStrategy[tuple[str, Predicate]]) -> tuple[str, Predicate]:
    parts = draw(st.lists(members, min_size=2, max_size=3))
    every = draw(st.booleans())
    # Conditions side by side are joined with AND.
    operator = draw(st.sampled_from([draw_case(draw, "AND"), ""])) if every else draw_case(draw, "OR")
    written = f" {operator} ".join(text for text, _ in parts)
    combine = all if every else any
    return f"({written})", lambda info: combine(holds(info) for _, holds in parts)


conditions = st.recursive(
    text_conditions() | number_conditions(), lambda members: joined(members) | negated(members), max_leaves=6
)


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
        ("status = ", "expected a number, a time or text in quotes at position 10, found the end"),
        ("status = OK", "expected a number, a time or text in quotes at position 10, found 'OK'"),
        ("status = 'OK' AND", "expected a field, a word or ( at position 18, found the end"),
        ("status = 'OK' OR", "expected a field, a word or ( at position 17, found the end"),
        ("NOT", "expected a field, a word or ( at position 4, found the end"),
        ("OR status = 'OK'", "expected a field, a word or ( at position 1, found 'OR'"),
        ("(status = 'OK'", "expected AND, OR or ) at position 15, found the end"),
        ("status = 'OK'), name = 'a'", "expected AND, OR or the end at position 14, found ')'"),
        ("status = 'OK', name = 'a'", "expected AND, OR or the end at position 14, found ','"),
        ("status = 'OK", "the quote at position 10 is never closed"),
        ("= 'OK'", "expected a field, a word or ( at position 1, found '='"),
        ("'OK' = status", "expected a field, a word or ( at position 1, found \"'OK'\""),
        ("tags. = 'OK'", "expected a key after tags. at position 1"),
        ("tags.a", "after tags.a at position 7, found the end"),
        ("status 'OK'", "after status at position 8, found \"'OK'\""),
        ("colour = 'red'", "unknown field 'colour' at position 1; the fields are name, status, "),
        ("statuss = 'OK'", "unknown field 'statuss' at position 1; did you mean 'status'?"),
        ("name = 'a' AND STATU = 'OK'", "unknown field 'STATU' at position 16; did you mean 'status'?"),
        ("colour LIKE 'x'", "unknown field 'colour'"),
        ("colour IN ('x')", "unknown field 'colour'"),
        ("colour IS NOT NULL", "unknown field 'colour'"),
        ("`colour` = 'x'", "unknown field 'colour'"),
        ("status = 3", "status is compared with text in quotes; at position 10 found '3'"),
        ("status IN ('OK', 3)", "status is compared with text in quotes; at position 18 found '3'"),
        ("status = -24h", "status is compared with text in quotes; at position 10 found '-24h'"),
        ("timestamp_ms > 'yesterday'", "timestamp_ms is compared with times: an ISO date such as 2026-11-01"),
        ("timestamp > 24h", "timestamp is compared with times"),
        ("timestamp > 2026-13-01", "expected a number, a time or text in quotes at position 13, found '2026-13-01'"),
        ("duration > 2026-11-01", "duration is compared with durations: a number with a unit such as 1.5s"),
        ("experiment_id = 1h", "experiment_id is compared with numbers; at position 17 found '1h'"),
        ("status > 'OK'", "status at position 1 takes =, !=, IN, NOT IN, IS NULL, IS NOT NULL, LIKE,"),
        ("timestamp_ms LIKE 3", "timestamp_ms at position 1 takes =, !=, "),
        ("name RLIKE '('", "the regular expression at position 12 is malformed: missing )"),
        ("name IN 'x'", "expected ( after IN at position 9, found \"'x'\""),
        ("name IN ()", "expected a number, a time or text in quotes at position 10, found ')'"),
        ("name IN ('x' 'y')", "expected , or ) at position 14"),
        ("name IS 'x'", "expected NULL at position 9"),
        ("name NOT LIKE 3", "name is compared with text in quotes"),
        (f"name LIKE '{'a' * 501}'", "the pattern at position 11 has more than 500 characters"),
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


@pytest.mark.timeout(300)
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
        (["colour"], "unknown field 'colour'"),
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


@pytest.mark.timeout(300)
def test_an_endless_regular_expression_is_refused(tmp_path: Path) -> None:
    db = Database.open(f"sqlite:///{tmp_path / 'kayba.db'}")
    client_info.save_info(db, TraceInfo(trace_id(1), "0", START_NS, None, "OK", tags={"k": "a" * 60 + "!"}))
    with pytest.raises(store_errors.InvalidValue, match="takes too long: avoid repetitions inside repetitions"):
        ids(db, "tags.k RLIKE '(a|aa)+$'")
    assert ids(db, "tags.k RLIKE 'a!$'") == [trace_id(1)]
    db.close()


def test_regular_expressions_share_the_time_of_a_search(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = saved(db, 1, tags={"k": "abc"}), saved(db, 2, tags={"k": "b"})
    assert set(ids(db, "tags.k RLIKE 'b'")) == {first, second}
    monkeypatch.setattr(functions, "MAX_TOTAL_SEARCH_S", 0.0)
    with pytest.raises(store_errors.InvalidValue, match="takes too long"):
        ids(db, "tags.k RLIKE '(a|aa|b)+c'")


def saved(db: Database, number: int, **fields: Any) -> str:
    info = {"request_ns": START_NS, "duration_ns": None, "state": "OK", **fields}
    client_info.save_info(db, TraceInfo(trace_id(number), "0", **info))
    return trace_id(number)


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    opened = Database.open(f"sqlite:///{tmp_path / 'kayba.db'}")
    yield opened
    opened.close()


def test_times_are_dates_or_relative_to_now(db: Database) -> None:
    hour = 3_600 * 10**9
    now = time.time_ns()
    recent = saved(db, 1, request_ns=now - hour // 2)
    older = saved(db, 2, request_ns=now - 30 * hour)
    # 2026-11-01 is 20,758 days after 1970-01-01.
    november = saved(db, 3, request_ns=20_758 * 24 * hour)
    assert ids(db, "timestamp > -1h") == [recent]
    assert ids(db, "timestamp_ms > -90m AND timestamp <= -1m") == [recent]
    assert set(ids(db, "timestamp > '-2d'")) == {recent, older}
    assert ids(db, "timestamp = 2026-11-01") == [november]
    assert ids(db, "timestamp >= 2026-11-01 AND timestamp < '2026-11-01T00:00:01Z'") == [november]
    assert ids(db, "timestamp > 2026-11-01T01:00:00+02:00 AND timestamp < 2026-11-01T02:00:00.5+01:00") == [november]
    assert ids(db, "timestamp IN (2026-11-01)") == [november]


def test_durations_have_units(db: Database) -> None:
    quick, slow = saved(db, 1, duration_ns=250_000_000), saved(db, 2, duration_ns=90 * 10**9)
    saved(db, 3)
    assert ids(db, "duration < 1s") == ids(db, "duration_ms = 250") == ids(db, "duration = 0.25s") == [quick]
    assert ids(db, "duration > 1m") == ids(db, "execution_time >= '1.5m'") == [slow]


def test_aliases_name_tags_and_metadata(db: Database) -> None:
    metadata = {"mlflow.trace.session": "s-1", "mlflow.trace.user": "ada"}
    first = saved(db, 1, tags={"kayba.folder": "production", "mlflow.traceName": "agent"}, metadata=metadata)
    other = saved(db, 2)
    for text in ("folder = 'production'", "session = 's-1'", "session_id = 's-1'", "user = 'ada'", "user_id LIKE 'a%'"):
        assert ids(db, text) == [first], text
    assert ids(db, "folder IS NULL") == ids(db, "NOT folder = 'production'") == ids(db, "session IS NULL") == [other]


def test_a_linked_prompt_is_found_by_name_and_version(db: Database) -> None:
    linked = saved(db, 1, tags={"mlflow.linkedPrompts": '[{"name": "greet", "version": "2"}]'})
    saved(db, 2, tags={"mlflow.linkedPrompts": "not json"})
    assert ids(db, "prompt = 'greet/2'") == ids(db, "prompt LIKE 'greet/%'") == [linked]
    assert ids(db, "prompt = 'greet/1'") == []


def judge(db: Database, number: int, name: str, value: Any, kind: str = "feedback", **fields: Any) -> None:
    judgement = {"assessment_name": name, kind: {"value": value}, "source": {"source_type": "CODE"}, **fields}
    assessments.create(db, trace_id(number), judgement)


def test_assessments_are_compared_as_text_or_as_numbers(db: Database) -> None:
    values = {1: "yes", 2: True, 3: 0.8, 4: 5, 5: {"a": [1]}, 6: None}
    for number, value in values.items():
        saved(db, number)
        judge(db, number, "correct", value)
    judge(db, 1, "correct", "expected", "expectation")
    saved(db, 7)

    def numbers(text: str) -> set[int]:
        return {int(id_[-2:]) for id_ in ids(db, text)}

    assert numbers("feedback.correct = 'yes'") == numbers("feedback.correct LIKE 'y%'") == {1}
    assert numbers("feedback.correct = 'true'") == {2}
    assert numbers("feedback.correct = '0.8'") == numbers("feedback.correct = 0.8") == {3}
    assert numbers("feedback.correct > 0.5") == {3, 4}
    assert numbers("feedback.correct <= 1") == {3}
    assert numbers("feedback.correct != 'yes'") == {2, 3, 4, 5, 6}
    assert numbers("feedback.correct LIKE '%[1]%'") == {5}
    assert numbers("feedback.correct IS NULL") == {7}
    assert numbers("expectation.correct = 'expected'") == numbers("expectation.correct IS NOT NULL") == {1}
    assert numbers("feedback.other IS NOT NULL") == set()


def test_replaced_assessments_do_not_count(db: Database) -> None:
    id_ = saved(db, 1)
    judge(db, 1, "correct", "no", assessment_id=f"a-{1:032x}")
    judge(db, 1, "correct", "yes", overrides=f"a-{1:032x}")
    assert ids(db, "feedback.correct = 'no'") == []
    assert ids(db, "feedback.correct = 'yes'") == [id_]
