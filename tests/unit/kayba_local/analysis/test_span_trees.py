"""Findings in span trees: for each kind, a trace with a finding and a similar one without."""

from __future__ import annotations

import httpx
import pytest
from tests.helpers.insight_jobs import MS, below, failed, generate, insights, kinds, learn, model_call, wait
from tests.helpers.tracing_requests import START_NS, Json, send, span, trace_id


def test_an_empty_store_has_no_insights(http: httpx.Client) -> None:
    assert learn(http) == []


def test_a_trace_without_problems_has_no_insights(http: httpx.Client) -> None:
    send(http, *below("agent", "plan", "search", "answer"), model_call(number=9, tokens_in=500))
    assert learn(http) == []


def test_errors_are_grouped_by_exception_and_step(http: httpx.Client) -> None:
    for trace in (1, 2, 3):
        send(
            http,
            span(trace, 1, name="agent"),
            span(trace, 2, 1, name="search", **failed("TimeoutError", f"no answer in {trace} s")),
            span(trace, 3, 1, name="search", **failed("TimeoutError", "again")),
        )
    send(http, span(4, 1, name="search", **failed("ValueError", "bad query")))
    send(http, span(5, 1, name="search"))
    timeouts, values = learn(http)
    assert (timeouts["kind"], timeouts["section"], timeouts["status"]) == ("error", "errors", "pending")
    assert (timeouts["traceIds"], timeouts["traceCount"]) == ([trace_id(1), trace_id(2), trace_id(3)], 3)
    assert (timeouts["occurrences"], timeouts["helpful"]) == (6, 3)
    assert timeouts["content"] == (
        "`search` failed with `TimeoutError` 6 times in 3 traces, first with “no answer in 1 s”. "
        "Fix the cause, or handle the error where the step is called."
    )
    assert (values["traceIds"], values["occurrences"]) == ([trace_id(4)], 1)


def test_a_propagated_error_counts_only_where_it_was_raised(http: httpx.Client) -> None:
    raised = failed("TimeoutError", "no answer")
    send(
        http,
        span(1, 1, name="agent", **failed("RuntimeError", "gave up")),
        span(1, 2, 1, name="research", **raised),
        span(1, 3, 2, name="search", **raised),
    )
    assert [insight["content"].split(" failed")[0] for insight in learn(http)] == ["`agent`", "`search`"]


def test_an_error_without_an_exception_is_named_after_its_status(http: httpx.Client) -> None:
    send(http, span(1, 1, name="a", status={"code": 2, "message": "KeyError: 'x'"}))
    send(http, span(2, 1, name="b", status={"code": 2}))
    assert [insight["content"].split(" once")[0] for insight in learn(http)] == [
        "`a` failed with `KeyError`",
        "`b` failed with `an error`",
    ]


def test_slow_steps_are_compared_with_steps_of_the_same_name(http: httpx.Client) -> None:
    for trace in range(1, 21):
        fetched = 2_000 if trace in (7, 8) else 100
        send(
            http,
            span(trace, 1, name="agent", end_ns=START_NS + (3_000 + trace) * MS),
            span(trace, 2, 1, name="fetch", end_ns=START_NS + fetched * MS),
            span(trace, 3, 1, name="think", end_ns=START_NS + 2_000 * MS),
        )
    (slow,) = learn(http)
    assert (slow["kind"], slow["section"]) == ("slow_span", "latency")
    assert sorted(slow["traceIds"]) == [trace_id(7), trace_id(8)]
    assert (slow["traceCount"], slow["occurrences"]) == (2, 2)
    assert "`fetch` took over" in slow["content"]
    assert "in 2 of 20 calls, 2.0 s at worst" in slow["content"]


@pytest.mark.parametrize(("count", "slow_ms"), [(9, 2_000), (20, 3)], ids=["too few to compare", "too short to matter"])
def test_steps_are_not_slow_when_few_or_short(http: httpx.Client, count: int, slow_ms: int) -> None:
    spans = [span(trace, 1, name="fetch", end_ns=START_NS + MS // 10) for trace in range(1, count)]
    send(http, *spans, span(count, 1, name="fetch", end_ns=START_NS + slow_ms * MS))
    assert learn(http) == []


def test_identical_calls_of_one_trace_are_counted(http: httpx.Client) -> None:
    same = '{"city": "Rome"}'
    send(http, *below("agent", *["weather"] * 4, inputs=dict.fromkeys(range(4), same)))
    send(http, *below("agent", *["weather"] * 2, trace=2, inputs=dict.fromkeys(range(2), same)))
    send(http, *below("agent", *["weather"] * 4, trace=3, inputs={n: f'{{"city": "{n}"}}' for n in range(4)}))
    send(http, *below("agent", *["now"] * 4, trace=4, inputs=dict.fromkeys(range(4), "{}")))
    (repeated,) = learn(http)
    assert (repeated["kind"], repeated["section"]) == ("repeated_call", "repetition")
    assert (repeated["traceIds"], repeated["occurrences"]) == ([trace_id(1)], 4)
    assert "`weather`" in repeated["content"]


def test_many_identical_calls_are_one_insight(http: httpx.Client) -> None:
    send(http, *below("agent", *["weather"] * 12, inputs=dict.fromkeys(range(12), '{"city": "Rome"}')))
    assert [insight["kind"] for insight in learn(http)] == ["repeated_call"]


def test_steps_below_a_repeated_step_are_not_reported(http: httpx.Client) -> None:
    spans = below("agent", *["report"] * 3, inputs=dict.fromkeys(range(3), '{"day": 1}'))
    inner = {"mlflow.spanInputs": '{"table": "sales"}'}
    spans += [span(1, 10 + n, 2 + n, name="query", attributes=inner) for n in range(3)]
    send(http, *spans)
    assert ["`report`" in insight["content"] for insight in learn(http)] == [True]


def test_retries_of_failed_calls_are_not_identical_calls(http: httpx.Client) -> None:
    spans = below("agent", *["weather"] * 4, inputs=dict.fromkeys(range(4), '{"city": "Rome"}'))
    for attempt in spans[1:3]:
        attempt.update(failed("TimeoutError", "no answer"))
    send(http, *spans)
    assert kinds(learn(http)) == {"error"}


def test_many_steps_of_one_name_below_one_parent_are_reported(http: httpx.Client) -> None:
    send(http, *below("list_orders", *["fetch_user"] * 12, inputs={n: f'{{"id": {n}}}' for n in range(12)}))
    send(http, *below("list_orders", *["fetch_user"] * 9, trace=2, inputs={n: f'{{"id": {n}}}' for n in range(9)}))
    (repeated,) = learn(http)
    assert (repeated["kind"], repeated["section"]) == ("repeated_span", "repetition")
    assert (repeated["traceIds"], repeated["occurrences"]) == ([trace_id(1)], 12)
    assert "`list_orders` ran `fetch_user` up to 12 times" in repeated["content"]


def test_a_loop_is_the_same_from_any_of_its_steps(http: httpx.Client) -> None:
    send(http, *below("agent", *["plan", "act"] * 6))
    send(http, *below("agent", *["act", "plan"] * 5, "answer", trace=2))
    send(http, *below("agent", *["plan", "act"] * 4, trace=3))
    send(http, *below("agent", *["plan", "act", "look", "plan", "look"], trace=4))
    (loop,) = learn(http)
    assert (loop["kind"], loop["section"], loop["traceIds"]) == ("loop", "loops", [trace_id(1), trace_id(2)])
    assert loop["occurrences"] == 11
    assert "`act` → `plan` repeated up to 6 times in a row" in loop["content"]


def test_oversized_prompts_are_found_by_tokens_or_characters(http: httpx.Client) -> None:
    long = {"mlflow.spanType": "CHAT_MODEL", "mlflow.spanInputs": "x" * 130_000}
    send(http, span(1, 1, name="agent"), model_call(1, tokens_in=32_001))
    send(http, span(2, 1, name="agent"), model_call(2, tokens_in=32_000, prompt="y" * 130_000))
    send(http, span(3, 1, name="chat", attributes=long))
    send(http, span(4, 1, name="read_file", attributes={**long, "mlflow.spanType": "TOOL"}))
    by_section = {insight["content"].split(" ")[0]: insight for insight in learn(http)}
    assert set(by_section) == {"`ask`", "`chat`"}
    tokens, characters = by_section["`ask`"], by_section["`chat`"]
    assert (tokens["kind"], tokens["section"]) == ("oversized_prompt", "prompts")
    assert (tokens["traceIds"], tokens["tokens"]) == ([trace_id(1)], 32_001)
    assert (characters["traceIds"], characters["occurrences"]) == ([trace_id(3)], 1)
    assert "tokens" not in characters


def test_tokens_of_failed_and_repeated_calls_are_wasted(http: httpx.Client) -> None:
    send(
        http,
        span(1, 1, name="agent", **failed("RuntimeError", "gave up")),
        model_call(1, 2, 1, tokens_in=700),
        model_call(1, 3, 1, tokens_in=800, prompt='"other"'),
    )
    send(
        http,
        span(2, 1, name="agent"),
        model_call(2, 2, 1, tokens_in=2_000),
        model_call(2, 3, 1, tokens_in=2_000),
        model_call(2, 4, 1, tokens_in=2_000, prompt='"other"'),
    )
    wasted = {insight["traceIds"][0]: insight for insight in learn(http) if insight["kind"] == "wasted_tokens"}
    assert set(wasted) == {trace_id(1), trace_id(2)}
    assert (wasted[trace_id(1)]["tokens"], wasted[trace_id(1)]["occurrences"]) == (1_520, 2)
    assert (wasted[trace_id(2)]["tokens"], wasted[trace_id(2)]["occurrences"]) == (2_010, 1)
    assert {insight["section"] for insight in wasted.values()} == {"tokens"}


def test_tokens_summed_up_on_a_parent_are_not_counted_twice(http: httpx.Client) -> None:
    root = model_call(1, 1, None, tokens_in=900, **failed("RuntimeError", "gave up"))
    send(http, root, model_call(1, 2, 1, tokens_in=900))
    assert kinds(learn(http)) == {"error"}


def test_a_cycle_of_parents_does_not_hang_the_analysis(http: httpx.Client) -> None:
    send(http, span(1, 1, 2, name="a", **failed("KeyError", "x")), span(1, 2, 1, name="b"), span(1, 3, 3, name="c"))
    assert kinds(learn(http)) == {"error"}


def test_only_the_named_traces_are_read(http: httpx.Client) -> None:
    for trace in (1, 2):
        send(http, span(trace, 1, name=f"step {trace}", **failed("KeyError", "x")))
    assert [insight["traceIds"] for insight in learn(http, traceIds=[trace_id(2), trace_id(2)])] == [[trace_id(2)]]


def test_a_new_job_updates_an_insight_until_it_is_decided(http: httpx.Client) -> None:
    def fail(trace: int) -> None:
        send(http, span(trace, 1, name="search", **failed("KeyError", "x")))

    fail(1)
    (first,) = learn(http)
    fail(2)
    (second,) = learn(http)
    assert (second["id"], second["traceCount"]) == (first["id"], 2)
    http.patch(f"/api/insights/{first['id']}", json={"status": "rejected"})
    fail(3)
    job_id = wait(http, generate(http))["jobId"]
    http.post(f"/api/jobs/{job_id}").raise_for_status()
    (decided,) = insights(http)
    assert decided == {**second, "status": "rejected"}


def test_a_name_with_line_breaks_stays_on_one_line(http: httpx.Client) -> None:
    send(http, span(1, 1, name="a`\n# heading\n" + "x" * 5_000, **failed("KeyError", "line\nline")))
    (insight,) = learn(http)
    assert "\n" not in insight["content"]
    assert len(insight["content"]) < 1_000


def test_all_traces_are_counted_and_100_are_named(http: httpx.Client) -> None:
    spans: list[Json] = [span(trace, 1, name="search", **failed("KeyError", "x")) for trace in range(1, 151)]
    send(http, *spans)
    (insight,) = learn(http)
    assert (insight["traceCount"], insight["occurrences"], len(insight["traceIds"])) == (150, 150, 100)
