"""`search_traces` by the facts of a trace: folder, session, user, status, start, name, and their combinations."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Final, NamedTuple
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import ace_tracing
from ace_tracing import ConfigurationError, Trace, TraceState, search_traces, session, start_span
from ace_tracing.reading.filters import build_filter
from kayba_local import LocalServer, serve

TEXTS: Final = (
    "plain",
    "it's",
    'a "quoted" word',
    "both ' and \"",
    "'",
    "''",
    "\"'\"'",
    "`back` ticks`",
    "back\\slash",
    "ends with \\",
    'it\'s \\ "both" \\',
    "100 % _ [a-z] * ?",
    "x' OR '1' = '1",
    "x' AND status = 'ERROR",
    "-- comment /* */ ;",
    "line\nbreak\ttab",
    "ünïcödé 検索 🔍",
    "e\u0301 is not é",
    "lone \ud800 surrogate",
    "long" * 200,
    " spaces ",
    "CASE",
    "case",
    "",
)
"""Values that are hard to quote, or to tell from others."""


class Fact(NamedTuple):
    """A trace as recorded, for a search in Python."""

    trace_id: str
    name: str
    session_id: str
    user_id: str
    folder: str | None
    status: str


def record(name: str, session_id: str | None, user_id: str | None, folder: str | None, status: str) -> Fact:
    with ace_tracing.folder(folder), session(session_id, user_id=user_id), start_span(name) as span:
        span.set_status(status)
    # An empty id is not recorded, and the search for it finds the traces without one.
    return Fact(span.trace_id or "", name, session_id or "", user_id or "", folder, status)


@pytest.fixture(scope="module")
def facts() -> Iterator[list[Fact]]:
    """Record traces with every text in every place, on a server for all tests of this module."""
    with pytest.MonkeyPatch.context() as patch, serve(api_key="kb-test") as server:
        patch.setenv("KAYBA_SPOOL_DIR", "")
        ace_tracing.configure(api_key="kb-test", base_url=server.url, spool=False)
        rotated = TEXTS[5:] + TEXTS[:5]
        recorded = [
            record(text, other, text, folder, status)
            for (text, other), folder, status in zip(
                [*zip(TEXTS, rotated, strict=True), *zip(TEXTS, TEXTS, strict=True)],
                itertools.cycle(["production", "production/eu", "Production", None]),
                itertools.cycle(["OK", "ERROR", "OK"]),
                strict=False,
            )
        ]
        ace_tracing.flush()
        yield recorded
        ace_tracing.shutdown()


def ids(traces: list[Trace]) -> set[str]:
    return {trace.trace_id for trace in traces}


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("argument", ["name", "session_id", "user_id"])
def test_a_search_finds_exactly_the_traces_with_the_text(facts: list[Fact], argument: str, text: str) -> None:
    expected = {fact.trace_id for fact in facts if getattr(fact, argument) == text}
    assert ids(search_traces(**{argument: text})) == expected  # type: ignore[arg-type]


CONDITIONS: Final = st.fixed_dictionaries(
    {},
    optional={
        "name": st.sampled_from(TEXTS),
        "session_id": st.sampled_from(TEXTS),
        "user_id": st.sampled_from(TEXTS) | st.text(),
        "folder": st.sampled_from(["production", "production/eu", "Production", "eu"]),
        "status": st.sampled_from(["OK", "ERROR"]),
    },
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(CONDITIONS)
def test_all_given_facts_must_be_met(facts: list[Fact], conditions: dict[str, str]) -> None:
    expected = {
        fact.trace_id for fact in facts if all(getattr(fact, name) == text for name, text in conditions.items())
    }
    assert ids(search_traces(**conditions)) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text", ["status = 'OK' OR status = 'ERROR'", "status='OK' or name = 'plain'", "  ", "name != 'a OR b'"]
)
def test_facts_and_a_filter_must_both_be_met(facts: list[Fact], text: str) -> None:
    both = ids(search_traces(filter_string=text)) & ids(search_traces(folder="production", status="OK"))
    assert ids(search_traces(filter_string=text, folder="production", status="OK")) == both


FILTERS = ["status = 'OK' OR status = 'ERROR'", " refund NOT timestamp > -24h ", "span.name = 'a' and name RLIKE '^x'"]


@pytest.mark.parametrize("text", FILTERS)
def test_a_filter_of_the_user_s_alone_is_unchanged(text: str) -> None:
    no_facts = dict.fromkeys(("folder", "session_id", "user_id", "status", "since", "name"))
    assert build_filter(text, **no_facts).text == text


def test_a_limit_counts_the_traces_that_meet_all_facts(facts: list[Fact]) -> None:
    text = "both ' and \""
    assert len([fact for fact in facts if fact.user_id == text]) == 2
    assert len(search_traces(user_id=text, max_results=1)) == 1
    assert search_traces(user_id=text, max_results=0) == []


def test_a_folder_is_found_without_its_subfolders(facts: list[Fact]) -> None:
    assert {trace.info.folder for trace in search_traces(folder="production")} == {"production"}
    assert {trace.info.folder for trace in search_traces(folder="production!")} == {"production"}
    subfolders = search_traces(filter_string="tags.`kayba.folder` LIKE 'production/%'")
    assert {trace.info.folder for trace in subfolders} == {"production/eu"}


def test_an_empty_folder_finds_unfiled_traces(facts: list[Fact]) -> None:
    assert ids(search_traces(folder="")) == {fact.trace_id for fact in facts if fact.folder is None}


@pytest.mark.parametrize("status", ["ERROR", "error", " Error ", TraceState.ERROR])
def test_a_status_is_found_in_any_case(facts: list[Fact], status: str) -> None:
    assert ids(search_traces(status=status)) == {fact.trace_id for fact in facts if fact.status == "ERROR"}
    assert search_traces(status="in_progress") == []


def test_the_read_info_has_the_session_and_the_user(facts: list[Fact]) -> None:
    (found,) = search_traces(name="plain", session_id="plain")
    assert (found.info.session_id, found.info.user_id) == ("plain", "plain")


@pytest.mark.parametrize("name", ["検索/製品", "a<b>!c", " padded ", "x" * 300])
def test_a_folder_is_found_by_the_name_that_was_given(tracing: LocalServer, name: str) -> None:
    with ace_tracing.folder(name), start_span("filed"):
        pass
    with start_span("unfiled"):
        pass
    assert [found.info.name for found in search_traces(folder=name)] == ["filed"]


@pytest.mark.parametrize("identifier", [7, UUID(int=7), 10**30])
def test_an_id_is_found_by_the_value_that_was_recorded(tracing: LocalServer, identifier: Any) -> None:
    for each in (identifier, "other"):
        with session(each, user_id=each), start_span("by id"):
            pass
    assert len(search_traces(session_id=identifier, user_id=identifier)) == 1
    assert len(search_traces(session_id=str(identifier))) == 1


@pytest.mark.parametrize(
    "to_since",
    [
        lambda moment: moment,
        lambda moment: moment.astimezone(timezone(timedelta(hours=-7))),
        lambda moment: moment.astimezone().replace(tzinfo=None),
        lambda moment: moment.timestamp(),
        lambda moment: datetime.now(UTC) - moment,
        lambda moment: time.time() - moment.timestamp(),
    ],
)
def test_a_search_since_a_time_finds_the_later_traces(
    tracing: LocalServer, to_since: Callable[[datetime], Any], wait_until: Callable[[Callable[[], bool]], None]
) -> None:
    with start_span("earlier"):
        pass
    begin = time.time()
    # Half a second apart, so that the time between building and reading the argument does not matter.
    wait_until(lambda: time.time() > begin + 0.5)
    middle = datetime.fromtimestamp(begin + 0.25, UTC)
    with start_span("later"):
        pass
    assert [found.info.name for found in search_traces(since=to_since(middle))] == ["later"]


@pytest.mark.parametrize("since", [datetime.min, datetime.min.replace(tzinfo=UTC), timedelta.max, 0.9e9])
def test_extreme_times_are_searched(tracing: LocalServer, since: Any) -> None:
    with start_span("now"):
        pass
    assert [found.info.name for found in search_traces(since=since)] == ["now"]


@pytest.mark.parametrize("since", [datetime.max, datetime.max.replace(tzinfo=UTC), 9e9])
def test_a_search_since_a_later_time_finds_no_trace(tracing: LocalServer, since: Any) -> None:
    with start_span("now"):
        pass
    assert search_traces(since=since) == []


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("folder", 5),
        ("folder", "<>"),
        ("session_id", 5.5),
        ("session_id", True),
        ("session_id", ["s"]),
        ("user_id", b"u"),
        ("name", ["a"]),
        ("filter_string", 5),
        ("status", "BROKEN"),
        ("status", 1),
        ("status", ["OK"]),
        ("since", "yesterday"),
        ("since", True),
        ("since", -5),
        ("since", float("nan")),
        ("since", float("inf")),
        ("since", timedelta(hours=-1)),
        ("since", 1.7e12),
        ("max_results", "10"),
        ("max_results", 1.5),
        ("max_results", None),
        ("max_results", True),
        ("order_by", 5),
        ("order_by", b"name"),
        ("order_by", ["name", 5]),
        ("order_by", {"name": "ASC"}),
        ("experiment_names", 7),
        ("experiment_names", [None]),
        ("experiment_names", b"Default"),
    ],
)
def test_a_wrong_argument_raises_an_error_with_the_correct_values(
    tracing: LocalServer, argument: str, value: Any
) -> None:
    with pytest.raises(ConfigurationError, match=rf"^{argument}=.*: give ") as caught:
        search_traces(**{argument: value})
    assert isinstance(caught.value, ValueError)


def test_one_text_counts_as_a_list_with_one_element(tracing: LocalServer) -> None:
    ace_tracing.configure(api_key="kb-test", base_url=tracing.url, experiment="runs")
    for name in ("b", "a", "c"):
        with start_span(name):
            pass
    ace_tracing.configure(api_key="kb-test", base_url=tracing.url)
    for names in ("runs", ["runs"], ("runs",), iter(["runs"])):
        found = search_traces(names, order_by="name ASC")
        assert [trace.info.name for trace in found] == ["a", "b", "c"]
    assert [trace.info.name for trace in search_traces("runs", order_by=["name DESC"])] == ["c", "b", "a"]
