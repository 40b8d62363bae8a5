"""The conditions of `search_traces(folder=, session_id=, ...)` in MLflow's filter language."""

from __future__ import annotations

import itertools
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mlflow.utils.search_utils import SearchTraceUtils
from tests.helpers.interop.mlflow_server import MlflowServer

import ace_tracing
from ace_tracing import search_traces, session, start_span
from ace_tracing.reading.filters import build_filter

TEXTS: Final = (
    "plain",
    "it's",
    'a "quoted" word',
    "both ' and \"",
    "`back` ticks`",
    "back\\slash",
    "ends with \\",
    'it\'s \\ "both" \\',
    "100 % _ [a-z]",
    "x' AND status = 'ERROR",
    "-- comment /* */ ;",
    "ünïcödé 検索 🔍",
    "line\nbreak",
)
NO_FACTS: Final[dict[str, Any]] = dict.fromkeys(("folder", "session_id", "user_id", "status", "since", "name"))


@settings(max_examples=300, deadline=None)
@given(st.text() | st.text("'\"\\` %_;-\n#a"), st.sampled_from(["name", "session_id", "user_id"]))
def test_mlflow_reads_every_text_as_given_or_as_a_wider_pattern(text: str, argument: str) -> None:
    built = build_filter("tags.`a` = 'b'", **{**NO_FACTS, argument: text, "status": "ok", "since": 1.7e9})
    first, condition, status, since = SearchTraceUtils.parse_search_filter_for_search_traces(built.text)  # type: ignore[no-untyped-call]
    assert (first["value"], status["value"], since["value"]) == ("b", "OK", 1_700_000_000_000)
    if condition["comparator"] == "=":
        assert condition["value"] == text
        assert built.is_exact
    elif text:
        matches = SearchTraceUtils.get_comparison_func(condition["comparator"].upper())  # type: ignore[no-untyped-call]
        assert matches(text.replace("\n", " "), condition["value"])
        assert not built.is_exact


@pytest.mark.interop("Search: filter, order, pages")
def test_search_by_facts_finds_the_same_traces_as_python(configured_mlflow: MlflowServer) -> None:
    recorded = []
    for text, folder in zip(TEXTS, itertools.cycle(["production", "production/eu", None])):
        with ace_tracing.folder(folder), session(text, user_id=text), start_span(text) as span:
            span.set_status("ERROR" if folder is None else "OK")
        recorded.append((span.trace_id, text, folder))
    for text in TEXTS:
        expected = {trace_id for trace_id, each, _ in recorded if each == text}
        for facts in ({"name": text}, {"session_id": text}, {"user_id": text, "since": 3600}):
            assert {trace.trace_id for trace in search_traces(**facts)} == expected, facts
    for folder in ("production", None):
        expected = {trace_id for trace_id, _, each in recorded if each == folder}
        assert {trace.trace_id for trace in search_traces(folder=folder or "", order_by="name ASC")} == expected
        assert {trace.trace_id for trace in search_traces(folder=folder or "", status="error")} == (
            expected if folder is None else set()
        )
    assert len(search_traces(filter_string="name != 'plain'", session_id="")) == 0
