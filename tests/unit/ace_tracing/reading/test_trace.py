"""`Trace`: usage, search, printed tree, HTML, DataFrame, JSON files and asynchronous queries."""

from __future__ import annotations

import asyncio
import io
import re
import subprocess
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ace_tracing
from ace_tracing import (
    ConfigurationError,
    NotFoundError,
    Span,
    SpanEvent,
    SpanStatus,
    Trace,
    TraceData,
    TraceInfo,
    TraceState,
    aget_trace,
    asearch_traces,
    start_span,
)
from kayba_local import LocalServer

TRACE_ID = "tr-" + "a" * 32
SECOND = 1_000_000_000
START = 1_700_000_000 * SECOND + 1
USAGE = "mlflow.chat.tokenUsage"
COST = "mlflow.llm.cost"


def span(number: int, parent: int | None = None, name: str | None = None, **fields: Any) -> Span:
    """Return the `number`-th span of a trace. By default it starts after `number` seconds and takes 0.1 seconds."""
    start = START + number * SECOND
    default: dict[str, Any] = {
        "span_type": "UNKNOWN",
        "start_time_ns": start,
        "end_time_ns": start + SECOND // 10,
        "status": SpanStatus("OK"),
        "inputs": None,
        "outputs": None,
        "attributes": {},
        "events": [],
    }
    parent_id = None if parent is None else f"{parent:016x}"
    return Span(name or f"s{number}", TRACE_ID, f"{number:016x}", parent_id, **{**default, **fields})


def trace_of(*spans: Span, state: TraceState = TraceState.OK) -> Trace:
    info = TraceInfo(TRACE_ID, "0", state, START // 1_000_000, 100, {"mlflow.traceName": "agent"}, {})
    return Trace(info, TraceData(list(spans)))


def usage(**amounts: float) -> dict[str, Any]:
    return {USAGE: {f"{name}_tokens": amount for name, amount in amounts.items()}}


def printed(trace_: Trace) -> str:
    out = io.StringIO()
    trace_.print_tree(file=out)
    return out.getvalue()


FAILED = trace_of(
    span(0, None, "agent", span_type="AGENT", end_time_ns=START + 5 * SECOND, attributes=usage(total=1234)),
    span(1, 0, "retrieve", span_type="RETRIEVER", inputs={"query": "<script>alert(1)</script>"}),
    span(2, 1, "embed", end_time_ns=None),
    span(
        3,
        0,
        "answer",
        span_type="LLM",
        status=SpanStatus("ERROR", "ValueError: no such city"),
        events=[SpanEvent("exception", START, {"exception.stacktrace": "Traceback: <here>"})],
    ),
    state=TraceState.ERROR,
)


def test_find_filters_by_name_type_and_condition() -> None:
    assert [found.name for found in FAILED.find()] == ["agent", "retrieve", "embed", "answer"]
    assert [found.name for found in FAILED.find("answer")] == ["answer"]
    assert [found.name for found in FAILED.find(span_type="RETRIEVER")] == ["retrieve"]
    assert FAILED.find("answer", span_type="RETRIEVER") == []
    assert [found.name for found in FAILED.find(where=lambda one: one.end_time_ns is None)] == ["embed"]


def test_the_duration_of_a_trace_is_that_of_its_root() -> None:
    assert FAILED.duration_ms == 5_000
    assert trace_of(span(0, end_time_ns=None)).duration_ms is None
    assert trace_of().duration_ms == 100


def test_tokens_of_a_container_and_its_calls_count_once() -> None:
    whole = trace_of(
        span(0, None, attributes=usage(input=30, output=3, total=33)),
        span(1, 0),
        span(2, 1, attributes=usage(input=10, output=1, total=11)),
        span(3, 0, attributes=usage(input=20, output=2)),
        span(4, 3),
    )
    assert whole.token_usage == {"input_tokens": 30, "output_tokens": 3, "total_tokens": 33}


def test_cost_and_tokens_are_added_up_separately() -> None:
    whole = trace_of(
        span(0, None, attributes=usage(input=1, output=1, total=2)),
        span(1, 0, attributes={COST: {"input_cost": 0.25, "output_cost": 0.5, "total_cost": 0.75}}),
        span(2, 0, attributes={COST: {"input_cost": 0.25, "output_cost": 0.5}}),
    )
    assert whole.cost == {"input_cost": 0.5, "output_cost": 1.0, "total_cost": 1.5}
    assert whole.token_usage["total_tokens"] == 2


@pytest.mark.parametrize("reported", [None, "many", 7, [1], {"input_tokens": "7"}, {"input_tokens": True}, {}])
def test_malformed_usage_is_ignored(reported: Any) -> None:
    whole = trace_of(span(0, attributes={USAGE: reported, COST: reported}))
    assert (whole.token_usage, whole.cost) == ({}, {})


@given(st.lists(st.tuples(st.integers(0, 20), st.none() | st.integers(0, 1000)), min_size=1, max_size=20))
def test_complete_sums_above_the_calls_change_nothing(shape: list[tuple[int, int | None]]) -> None:
    parents = [None if place == 0 else parent % place for place, (parent, _) in enumerate(shape)]
    inner = {parent for parent in parents if parent is not None}
    leaves = {place: shape[place][1] for place in range(len(shape)) if place not in inner}
    sums = dict(leaves)
    for place in range(len(shape) - 1, 0, -1):
        parent = parents[place]
        assert parent is not None
        sums[parent] = (sums.get(parent) or 0) + (sums[place] or 0)

    def tokens(reported: dict[int, int | None]) -> int:
        spans = [
            span(place, parents[place], attributes={} if reported.get(place) is None else usage(total=reported[place]))
            for place in range(len(shape))
        ]
        return trace_of(*spans).token_usage.get("total_tokens", 0)

    known = {place: amount for place, amount in leaves.items() if amount is not None}
    complete = sums if len(known) == len(leaves) else leaves
    assert tokens(complete) == tokens(leaves) == sum(known.values())


def test_print_tree_aligns_durations_and_errors() -> None:
    lines = printed(FAILED).splitlines()
    assert lines == [
        f"{TRACE_ID}  ERROR  5.00 s  4 spans  1,234 tokens",
        "agent        AGENT         5.00 s",
        "├─ retrieve  RETRIEVER   100.0 ms",
        "│  └─ embed  UNKNOWN    not ended",
        "└─ answer    LLM         100.0 ms  ERROR ValueError: no such city",
    ]


def test_print_tree_writes_to_standard_output_by_default(capsys: pytest.CaptureFixture[str]) -> None:
    FAILED.print_tree()
    assert capsys.readouterr().out == printed(FAILED)


def test_print_tree_escapes_control_characters() -> None:
    nasty = "a\x1b[2J\r\nb\u202ec\ud800"
    text = printed(trace_of(span(0, name=nasty, status=SpanStatus("ERROR", nasty), span_type=nasty)))
    assert len(text.splitlines()) == 2
    assert not set(text) & set("\x1b\r\u202e\ud800")
    assert r"a\x1b[2J\r\nb\u202ec\ud800" in text


def test_print_tree_aligns_wide_characters() -> None:
    lines = printed(trace_of(span(0, name="検索"), span(1, 0, name="x"))).splitlines()
    assert lines[1:] == ["検索  UNKNOWN  100.0 ms", "└─ x  UNKNOWN  100.0 ms"]


def test_print_tree_uses_ascii_where_the_encoding_needs_it() -> None:
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding="cp1252", newline="\n")
    trace_of(span(0, name="käse"), span(1, 0, name="検索"), span(2, 0)).print_tree(file=out)
    out.flush()
    names = [line.partition("  ")[0] for line in raw.getvalue().decode("cp1252").splitlines()[1:]]
    assert names == ["käse", "|- \\u691c\\u7d22", "`- s2"]


def test_print_tree_of_ten_thousand_levels_has_bounded_width() -> None:
    deep = trace_of(*(span(number, number - 1 if number else None) for number in range(10_000)))
    lines = printed(deep).splitlines()
    assert len(lines) == 10_001
    assert max(map(len, lines)) < 200
    assert "(level 9999) s9999" in lines[-1]
    assert deep.diff(deep).changes == []
    assert "9,500 more spans" in deep._repr_html_()


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_an_error_without_a_message_is_shown_by_its_type() -> None:
    failed = span(0, status=SpanStatus("ERROR"), attributes={"error.type": "RateLimitError"})
    out = io.StringIO()
    trace_of(failed).print_tree(file=out)
    assert "ERROR RateLimitError" in out.getvalue()


def test_a_terminal_gets_colours_with_rich(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.delenv("NO_COLOR", raising=False)
    out = Terminal()
    trace_of(span(0, name="[bold]agent"), span(1, 0, status=SpanStatus("ERROR", "[/x] ouch"))).print_tree(file=out)
    assert "\x1b[" in out.getvalue()
    plain = re.sub(r"\x1b\[[0-9;]*m", "", out.getvalue())
    assert "[bold]agent" in plain
    assert "└─ s1" in plain
    assert "ERROR [/x] ouch" in plain


def test_a_terminal_gets_plain_text_without_rich(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rich.console", None)
    out = Terminal()
    FAILED.print_tree(file=out)
    assert out.getvalue() == printed(FAILED)


class Tags(HTMLParser):
    """A parser that collects the tags and the text of HTML, and asserts that every opened tag is closed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.seen: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""
        self.open: list[str] = []
        self.feed(html)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        self.attributes.update(name for name, _ in attrs)
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


@given(st.text())
def test_notebook_html_escapes_all_recorded_text(text: str) -> None:
    nasty = f"</pre><script>alert(1)</script><img src=x onerror=alert(1)>\"'{text}"
    html = trace_of(
        span(
            0,
            name=nasty,
            span_type=nasty,
            status=SpanStatus("ERROR", nasty),
            inputs={nasty: nasty},
            outputs=nasty,
            events=[SpanEvent(nasty, START, {nasty: nasty})],
        )
    )._repr_html_()
    tags = Tags(html)
    assert tags.seen == {"div", "details", "summary", "span", "b", "pre"}
    assert tags.attributes == {"style"}
    assert "<script>alert(1)</script>" in tags.text


def test_notebook_html_contains_values_and_errors() -> None:
    text = Tags(FAILED._repr_html_()).text
    assert '"query": "<script>alert(1)</script>"' in text
    assert "Traceback: <here>" in text
    assert "no such city" in text
    assert Tags(trace_of()._repr_html_()).text.startswith(TRACE_ID)


def test_a_dataframe_has_one_row_per_span() -> None:
    frame = FAILED.to_dataframe()
    assert list(frame["name"]) == ["agent", "retrieve", "embed", "answer"]
    assert list(frame["depth"]) == [0, 1, 2, 1]
    assert frame["start_time"][0].value == START
    assert str(frame["start_time"].dt.tz) == "UTC"
    assert frame["end_time"].isna().tolist() == [False, False, True, False]
    assert frame["duration_ms"][0] == 5_000
    assert frame["inputs"][1] == {"query": "<script>alert(1)</script>"}
    assert frame.loc[frame["status"] == "ERROR", "status_description"].tolist() == ["ValueError: no such city"]
    assert list(trace_of().to_dataframe().columns) == list(frame.columns)


def test_without_pandas_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ModuleNotFoundError, match="pip install pandas"):
        FAILED.to_dataframe()


def test_importing_ace_tracing_imports_neither_pandas_nor_rich() -> None:
    code = "import sys, ace_tracing; print({'pandas', 'rich', 'html', 'unicodedata'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert done.stdout == "set()\n", done.stderr


def test_a_trace_equals_its_copy_from_json() -> None:
    assert Trace.from_dict(FAILED.to_dict()) == FAILED
    assert Trace.from_json(FAILED.to_json()) == FAILED


def test_a_trace_from_a_server_equals_its_copy_from_json(last_trace: Callable[[], Trace]) -> None:
    with start_span("outer") as outer:
        outer.set_inputs({"a": [1, 2.5, None, True, "ü"]})
        with pytest.raises(ValueError, match="inner"), start_span("inner"):
            raise ValueError("inner")
    read = last_trace()
    assert Trace.from_json(read.to_json()) == read


@pytest.mark.parametrize("content", [{}, {"info": {}, "data": {"spans": []}}, {"info": 1, "data": {"spans": [{}]}}])
def test_from_dict_rejects_malformed_content(content: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="Not a trace"):
        Trace.from_dict(content)


def test_asynchronous_queries_return_the_same_traces(tracing: LocalServer) -> None:
    for name in ("one", "two"):
        with start_span(name) as current:
            trace_id = current.trace_id
    assert trace_id is not None

    async def read() -> tuple[Trace, list[Trace], list[Trace]]:
        return (
            await aget_trace(trace_id),
            await asearch_traces(max_results=5),
            await asearch_traces(filter_string="name = 'one'"),
        )

    # A second run fails if a connection is bound to the first, closed event loop.
    for _ in range(2):
        one, every, filtered = asyncio.run(read())
        assert one == ace_tracing.get_trace(trace_id)
        assert every == ace_tracing.search_traces()
        assert [found.info.name for found in filtered] == ["one"]


def test_asynchronous_queries_raise_the_same_errors(tracing: LocalServer) -> None:
    with pytest.raises(NotFoundError, match="No trace"):
        asyncio.run(aget_trace("tr-" + "0" * 32))
    with pytest.raises(NotFoundError, match="'nowhere'"):
        asyncio.run(asearch_traces(["nowhere"]))
    ace_tracing.shutdown()
    with pytest.raises(ConfigurationError, match="configure"):
        asyncio.run(asearch_traces())
