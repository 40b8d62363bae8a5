"""`ace_tracing.testing`: captured traces equal those of a server, and previous settings are restored."""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ace_tracing
from ace_tracing import Trace, get_trace, search_traces, start_span, trace
from ace_tracing.testing import CapturedTraces, assert_tree, capture_traces, fixed_clock, fixed_ids
from kayba_local import LocalServer

SERVER_KEYS: Final = ("mlflow.artifactLocation", "mlflow.trace.spansLocation", "mlflow.traceRequestId")
"""Tags and attributes with the location of a trace on a server."""


@pytest.fixture(autouse=True)
def _shutdown() -> Iterator[None]:
    yield
    ace_tracing.shutdown()


@trace(span_type="RETRIEVER")
def retrieve(query: str) -> list[str]:
    return [f"about {query}"]


@trace(span_type="LLM", attributes={"model": "gpt-4o", "temperature": 0.5, "tools": ["a"], "n": 3, "stream": False})
def answer(documents: list[str], query: str) -> str:
    if query == "nowhere":
        raise LookupError(query)
    return f"{query}: {len(documents)}"


@trace(span_type="AGENT")
def agent(query: str) -> str:
    ace_tracing.update_current_trace(tags={"team": "blue"}, session_id="s1", user_id="u1")
    with start_span("plan") as span:
        span.add_event("thought", {"step": 1, "text": "hm"})
        span.set_outputs({"nested": [1, 2.5, None, True, {"ü": '"quoted"'}]})
    return answer(retrieve(query), query)


def names(traces: CapturedTraces | list[Trace]) -> list[str | None]:
    return [one.info.name for one in traces]


def record_trace(name: str) -> None:
    with start_span(name):
        pass


@pytest.mark.parametrize("query", ["Paris", "nowhere"])
def test_a_captured_trace_equals_the_server_s_trace(tracing: LocalServer, query: str) -> None:
    def run() -> None:
        with fixed_ids(), fixed_clock(), ace_tracing.folder("production"):
            try:
                agent(query)
            except LookupError:
                return

    run()
    stored = get_trace("tr-" + f"{1:032x}")
    with capture_traces() as traces:
        run()
    (captured,) = traces
    for one in (stored.info.tags, *(span.attributes for span in stored.data.spans)):
        for key in SERVER_KEYS:
            one.pop(key, None)
    assert captured == stored
    assert captured.info.folder == "production"
    assert captured.info.state == ("OK" if query == "Paris" else "ERROR")


def test_capture_needs_no_configuration_and_no_thread() -> None:
    before = threading.active_count()
    with capture_traces() as traces:
        assert agent("Paris") == "Paris: 1"
        assert len(traces) == 1
    record_trace("afterwards")
    assert names(traces) == ["agent"]
    assert threading.active_count() <= before


def test_a_running_trace_is_not_captured_yet() -> None:
    with capture_traces() as traces:
        with start_span("outer"):
            record_trace("inner")
            assert len(traces) == 0
        assert [span.name for span in traces[0].data.spans] == ["outer", "inner"]


def test_a_trace_in_many_batches_is_one_trace() -> None:
    with capture_traces() as traces, start_span("root"):
        for number in range(2_500):
            record_trace(f"s{number}")
    assert [len(one.data.spans) for one in traces] == [2_501]


def test_a_span_that_outlives_its_root_joins_its_trace() -> None:
    with capture_traces() as traces:
        with start_span("root") as root:
            late = ace_tracing.start_span_no_context("late", parent=root)
        assert [len(one.data.spans) for one in traces] == [1]
        late.end()
        assert [span.name for span in traces[0].data.spans] == ["root", "late"]


def test_captured_traces_are_a_sequence_with_clear() -> None:
    with capture_traces() as traces:
        record_trace("one")
        record_trace("two")
        assert (traces[-1].info.name, names(traces[:1]), names(list(reversed(traces)))) == (
            "two",
            ["one"],
            ["two", "one"],
        )
        assert "one" in repr(traces)
        traces.clear()
        assert list(traces) == []
        record_trace("three")
        assert names(traces) == ["three"]


def test_traces_of_all_threads_and_tasks_are_captured() -> None:
    async def both() -> None:
        await asyncio.gather(*(asyncio.to_thread(record_trace, f"task {number}") for number in range(3)))

    with capture_traces() as traces:
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(record_trace, [f"thread {number}" for number in range(50)]))
        asyncio.run(both())
    expected = [f"thread {number}" for number in range(50)] + [f"task {number}" for number in range(3)]
    assert sorted(map(str, names(traces))) == sorted(expected)


def test_only_the_innermost_capture_captures() -> None:
    with capture_traces() as outer:
        record_trace("before")
        with capture_traces() as inner:
            record_trace("inside")
        record_trace("after")
    assert names(outer) == ["before", "after"]
    assert names(inner) == ["inside"]


def test_a_capture_inside_a_running_span_sees_traces_of_its_own() -> None:
    with capture_traces() as outer, start_span("running"):
        with capture_traces() as inner:
            record_trace("inside")
        record_trace("child")
    assert names(inner) == ["inside"]
    assert [span.name for span in outer[0].data.spans] == ["running", "child"]


def test_captured_traces_are_not_sent_and_later_ones_are(tracing: LocalServer) -> None:
    ace_tracing.set_folder("live")
    record_trace("before")
    with capture_traces() as traces:
        record_trace("captured")
        ace_tracing.set_folder("other")
        record_trace("captured, too")
        assert ace_tracing.get_folder() == "other"
        assert names(search_traces()) == ["before"]
    record_trace("after")
    assert [one.info.folder for one in traces] == ["live", "other"]
    assert {one.info.name: one.info.folder for one in search_traces()} == {"before": "live", "after": "live"}


@pytest.mark.parametrize("same_server", [True, False])
def test_configure_in_a_capture_is_undone_afterwards(tracing: LocalServer, same_server: bool) -> None:
    with capture_traces() as traces:
        url = tracing.url if same_server else "http://127.0.0.1:9"
        ace_tracing.configure(api_key="kb-test", base_url=url, folder="inner", mask=lambda value: "masked")
        record_trace("captured")
        agent("Paris")
    record_trace("after")
    assert [one.info.folder for one in traces] == ["inner", "inner"]
    assert [(span.name, span.inputs) for span in traces[1].data.spans[2:]] == [("masked", "masked")] * 2
    assert [(one.info.name, one.info.folder) for one in search_traces()] == [("after", None)]
    assert ace_tracing.shutdown() == ace_tracing.Delivery(delivered=1)


def test_a_first_configure_in_a_capture_is_undone() -> None:
    with capture_traces() as traces:
        ace_tracing.configure(api_key="kb-test", base_url="http://127.0.0.1:9", folder="inner")
        record_trace("captured")
    record_trace("lost")
    assert names(traces) == ["captured"]
    assert ace_tracing.get_folder() is None
    assert ace_tracing.flush() == ace_tracing.Delivery()
    with pytest.raises(ace_tracing.ConfigurationError):
        search_traces()


def test_shutdown_in_a_capture_delivers_pending_traces(tracing: LocalServer) -> None:
    record_trace("waiting")
    with capture_traces() as traces:
        assert ace_tracing.shutdown() == ace_tracing.Delivery(delivered=1)
        record_trace("captured")
    record_trace("lost")
    assert names(traces) == ["captured"]
    ace_tracing.configure(api_key="kb-test", base_url=tracing.url)
    assert names(search_traces()) == ["waiting"]


def test_capture_works_while_tracing_is_disabled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAYBA_TRACING_DISABLED", "1")
    ace_tracing.disable()
    try:
        with capture_traces() as traces:
            record_trace("one")
            ace_tracing.disable()
            record_trace("unseen")
            ace_tracing.enable()
            record_trace("two")
        with capture_traces() as more:
            record_trace("three")
        assert names(traces) == ["one", "two"]
        assert names(more) == ["three"]
    finally:
        ace_tracing.enable()


def test_capture_ignores_sampling_and_applies_the_mask(kayba_server: LocalServer) -> None:
    ace_tracing.configure(
        api_key="kb-test", base_url=kayba_server.url, sample_rate=0.0, mask=lambda value: f"<{type(value).__name__}>"
    )
    with capture_traces() as traces:
        for _ in range(10):
            retrieve("secret")
    assert len(traces) == 10
    assert {(one.data.spans[0].inputs, one.data.spans[0].outputs) for one in traces} == {("<dict>", "<list>")}


def test_an_exception_in_the_block_ends_the_capture() -> None:
    with pytest.raises(LookupError), capture_traces() as traces:
        agent("nowhere")
    record_trace("afterwards")
    assert names(traces) == ["agent"]


def test_reported_tokens_and_cost_are_summed(captured_traces: CapturedTraces) -> None:
    with start_span("agent") as container:
        for _ in range(2):
            with start_span("call", span_type="LLM") as call:
                call.set_token_usage(input_tokens=10, output_tokens=2)
                call.set_cost(input_cost=0.25, output_cost=0.5)
        container.set_token_usage(input_tokens=20, output_tokens=4)
    (read,) = captured_traces
    assert read.token_usage == {"input_tokens": 20, "output_tokens": 4, "total_tokens": 24}
    assert read.cost == {"input_cost": 0.5, "output_cost": 1.0, "total_cost": 1.5}


def test_fixed_ids_and_times_are_the_same_in_every_run() -> None:
    def run() -> list[Trace]:
        with fixed_ids(), fixed_clock() as clock, capture_traces() as traces:
            agent("Paris")
            clock.advance(1.5)
            agent("Rome")
        return list(traces)

    first = run()
    assert first == run()
    assert [one.trace_id for one in first] == ["tr-" + f"{number:032x}" for number in (1, 2)]
    assert [span.span_id for span in first[0].data.spans] == [f"{number:016x}" for number in (1, 2, 3, 4)]
    assert first[0].info.request_time == 1_735_689_600_000
    assert first[0].duration_ms == 8
    assert first[1].info.request_time == first[0].info.request_time + 8 + 1_500 + 1
    assert not first[0].diff(first[0], times=True)


def test_the_clock_uses_its_start_and_step() -> None:
    with fixed_clock(start_ns=5_000_000_000, step_ns=0) as clock, capture_traces() as traces:
        with start_span("outer"):
            clock.advance(0.25)
        record_trace("next")
    assert [(one.root.start_time_ns, one.duration_ms) for one in traces if one.root] == [
        (5_000_000_000, 250),
        (5_250_000_000, 0),
    ]


def test_ids_and_clock_are_restored() -> None:
    random.seed(0)
    with fixed_ids(), fixed_clock(), capture_traces():
        record_trace("fixed")
    before = time.time_ns()
    with capture_traces() as traces:
        record_trace("one")
        record_trace("two")
    ids = {one.trace_id for one in traces} | {"tr-" + f"{number:032x}" for number in range(5)}
    assert len(ids) == 7
    root = traces[0].root
    assert root is not None
    assert before - 1_000_000_000 < root.start_time_ns < before + 60_000_000_000


@pytest.fixture
def recorded(captured_traces: CapturedTraces) -> Trace:
    with pytest.raises(LookupError):
        agent("nowhere")
    return captured_traces[0]


@pytest.mark.parametrize(
    "expected",
    [
        "agent\n  plan\n  retrieve\n  answer",
        """
        agent

          plan
          retrieve [RETRIEVER]
          answer [LLM ERROR]
        """,
        "agent [ERROR]\n\tplan [UNKNOWN OK]\n\tretrieve [OK]\n\tanswer [LLM]\n",
        ("agent", "plan", "retrieve", ("answer [ERROR]",)),
        ["agent\n  plan\n  retrieve\n  answer"],
        ("agent", ["plan", ("retrieve",)], "answer"),
        {"agent": {"plan": None, "retrieve [RETRIEVER]": [], "answer": ()}},
        {"agent": ["plan", "retrieve", {"answer": None}]},
        {"agent": "plan\nretrieve\nanswer"},
    ],
)
def test_a_tree_can_be_written_as_text_tuples_or_dicts(recorded: Trace, expected: Any) -> None:
    assert_tree(recorded, expected)


@pytest.mark.parametrize(
    ("expected", "difference"),
    [
        (
            "agent\n  plan\n  rank\n  answer",
            "  agent\n    plan\n-   rank\n+   retrieve [RETRIEVER]\n    answer",
        ),
        (
            "agent\n  plan\n    retrieve\n  answer [TOOL]",
            "  agent\n    plan\n-     retrieve\n+   retrieve [RETRIEVER]\n-   answer [TOOL]\n+   answer [LLM ERROR]",
        ),
        (
            "agent [OK]\n  plan\n  retrieve\n  answer",
            "- agent [OK]\n+ agent [AGENT ERROR]\n    plan\n    retrieve\n    answer",
        ),
        ("agent\n  plan\n  retrieve", "  agent\n    plan\n    retrieve\n+   answer [LLM ERROR]"),
        ("agent\n  plan\n  retrieve\n  answer\n  more", "  agent\n    plan\n    retrieve\n    answer\n-   more"),
        ("", "+ agent [AGENT ERROR]\n+   plan\n+   retrieve [RETRIEVER]\n+   answer [LLM ERROR]"),
    ],
)
def test_a_different_tree_is_shown_line_by_line(recorded: Trace, expected: str, difference: str) -> None:
    with pytest.raises(AssertionError) as caught:
        assert_tree(recorded, expected)
    assert str(caught.value) == "the trace is not as expected (- expected, + recorded)\n" + difference


def test_brackets_in_a_name_belong_to_the_name(captured_traces: CapturedTraces) -> None:
    with start_span("list[int] [LLM]"):
        record_trace("call [x y]")
        record_trace("plain")
    assert_tree(captured_traces[0], ("list[int] [LLM]", "call [x y]", "plain [UNKNOWN]"))
    assert_tree(captured_traces[0], ("list[int] [LLM] [OK]", "call [x y]", "plain"))
    with pytest.raises(AssertionError):
        assert_tree(captured_traces[0], ("list[int]", "call [x y]", "plain"))


@pytest.mark.parametrize("expected", ["a\n    b\n  c", "  a\n      b\n   c", 7, {"a": 7}, ("a", 7)])
def test_an_invalid_tree_is_a_value_error(recorded: Trace, expected: Any) -> None:
    with pytest.raises(ValueError, match="tree"):
        assert_tree(recorded, expected)


trees = st.recursive(
    st.tuples(st.sampled_from("abc")), lambda below: st.tuples(st.sampled_from("abc"), below, below), max_leaves=8
)


@given(trees, trees)
def test_only_an_equal_tree_is_accepted(one: Any, two: Any) -> None:
    def run(tree: Any) -> None:
        with start_span(tree[0]):
            for below in tree[1:]:
                run(below)

    def text(tree: Any, indent: str = "") -> str:
        return f"{indent}{tree[0]}\n" + "".join(text(below, indent + "   ") for below in tree[1:])

    with capture_traces() as traces:
        run(one)
    assert_tree(traces[0], one)
    assert_tree(traces[0], text(one))
    if one != two:
        with pytest.raises(AssertionError):
            assert_tree(traces[0], two)


def test_recorded_traces_are_fixtures(recorded: Trace, tmp_path: Path) -> None:
    file = tmp_path / "trace.json"
    file.write_text(recorded.to_json(), encoding="utf-8")
    assert Trace.from_json(file.read_bytes()) == recorded


def test_the_fixture_captures_traces(captured_traces: CapturedTraces) -> None:
    record_trace("seen")
    assert names(captured_traces) == ["seen"]


def run_pytest(folder: Path, content: str) -> subprocess.CompletedProcess[str]:
    (folder / "test_it.py").write_text(content, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(folder)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)


def test_an_unused_fixture_imports_nothing(tmp_path: Path) -> None:
    done = run_pytest(
        tmp_path,
        "import sys\n"
        "def test_unused():\n    assert 'ace_tracing' not in sys.modules\n"
        "def test_used(captured_traces):\n"
        "    from ace_tracing import start_span\n"
        "    with start_span('x'):\n        pass\n"
        "    assert captured_traces[0].info.name == 'x'\n",
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout


def test_a_failed_assertion_shows_no_library_frames(tmp_path: Path) -> None:
    done = run_pytest(
        tmp_path,
        "from ace_tracing import start_span\n"
        "from ace_tracing.testing import assert_tree\n"
        "def test_it(captured_traces):\n"
        "    with start_span('x'):\n        pass\n"
        "    assert_tree(captured_traces[0], 'y')\n",
    )
    assert done.returncode == 1
    assert "E       - y\nE       + x\n" in done.stdout
    assert "tree.py" not in done.stdout


def test_the_query_functions_still_read_from_the_server(
    tracing: LocalServer, last_trace: Callable[[], Trace], captured_traces: CapturedTraces
) -> None:
    record_trace("captured")
    assert search_traces() == []
    assert names(captured_traces) == ["captured"]
