"""Current span, current trace, scopes, manual spans, masks and sampling."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from tests.helpers.case_names import name_case

import ace_tracing
from ace_tracing import (
    SpanType,
    Trace,
    folder,
    get_current_span,
    get_current_trace_id,
    get_trace,
    search_traces,
    session,
    start_span,
    start_span_no_context,
    trace,
    update_current_trace,
)
from ace_tracing.testing import capture_traces
from kayba_local import LocalServer

LastTrace = Callable[[], Trace]


def root_attributes(read: Trace) -> dict[str, Any]:
    assert read.root is not None
    return read.root.attributes


def test_the_current_span_is_the_innermost(last_trace: LastTrace) -> None:
    @trace
    def step() -> None:
        get_current_span().set_attribute("found", True)

    assert get_current_span().span_id is None
    assert get_current_trace_id() is None
    with start_span("outer") as span:
        assert get_current_span() is span
        assert get_current_trace_id() == span.trace_id
        step()
    assert get_current_span().span_id is None
    get_current_span().set_attribute("nowhere", 1)
    read = last_trace()
    assert [span.get_attribute("found") for span in read.data.spans] == [None, True]


def test_any_span_can_update_the_current_trace(last_trace: LastTrace) -> None:
    update_current_trace(name="nobody there")
    with start_span("root"):
        update_current_trace(tags={"env": "test", "shard": "1"})
        with start_span("child"):
            update_current_trace(name="renamed", tags={"shard": "2"}, session_id="s-1", user_id="u-1")
    read = last_trace()
    assert read.info.name == "renamed"
    assert read.info.tags["env"] == "test"
    assert read.info.tags["shard"] == "2"
    assert read.info.trace_metadata["mlflow.trace.session"] == "s-1"
    assert read.info.trace_metadata["mlflow.trace.user"] == "u-1"
    assert read.data.spans[0].name == "root"
    assert len(search_traces(filter_string="tags.shard = '2' AND name = 'renamed'")) == 1


def test_scopes_nest_and_take_precedence_over_set_folder(tracing: LocalServer) -> None:
    ace_tracing.set_folder("global")
    with folder("a<b>"), session("s-1", user_id="u-1"):
        with start_span("in a"):
            pass
        with folder(None), session("s-2"), start_span("unfiled"), folder("too late"):
            pass
        with start_span("in a again"):
            pass
    with start_span("global"):
        pass
    found = {read.info.name: read.info for read in search_traces()}
    assert {name: info.folder for name, info in found.items()} == {
        "in a": "a",
        "unfiled": None,
        "in a again": "a",
        "global": "global",
    }
    sessions = {name: info.trace_metadata.get("mlflow.trace.session") for name, info in found.items()}
    assert sessions == {"in a": "s-1", "unfiled": "s-2", "in a again": "s-1", "global": None}
    assert found["unfiled"].trace_metadata["mlflow.trace.user"] == "u-1"


def test_scopes_of_tasks_do_not_mix(tracing: LocalServer) -> None:
    async def work(name: str) -> None:
        with session(name):
            await asyncio.sleep(0)
            with start_span(name):
                await asyncio.sleep(0)

    async def main() -> None:
        await asyncio.gather(*(work(f"s{number}") for number in range(20)))

    asyncio.run(main())
    for read in search_traces():
        assert read.info.trace_metadata["mlflow.trace.session"] == read.info.name


def test_a_long_session_id_is_cut(last_trace: LastTrace) -> None:
    with session("x" * 1_000), start_span("long"):
        pass
    assert last_trace().info.trace_metadata["mlflow.trace.session"] == "x" * 250


def test_spans_inherit_the_agent_of_their_parent(last_trace: LastTrace) -> None:
    @trace
    def tool() -> None: ...

    @trace(agent="writer")
    def write() -> None:
        tool()

    @trace(agent="planner")
    def plan() -> None:
        tool()
        write()

    plan()
    agents = [(span.name, span.get_attribute("gen_ai.agent.name")) for span in last_trace().data.spans]
    assert agents == [("plan", "planner"), ("tool", "planner"), ("write", "writer"), ("tool", "writer")]


def test_a_span_type_is_recorded_by_name(last_trace: LastTrace) -> None:
    @trace(span_type=SpanType.GUARDRAIL)
    def check() -> None: ...

    check()
    read = last_trace()
    assert read.root is not None
    assert read.root.span_type == SpanType.GUARDRAIL == "GUARDRAIL"


def test_links_tokens_and_cost_are_recorded(last_trace: LastTrace) -> None:
    with start_span("first") as first:
        pass
    with start_span("call", span_type="LLM") as span:
        span.set_token_usage(input_tokens=10, output_tokens=5)
        span.set_cost(input_cost=0.25, output_cost=0.5)
        span.add_link(str(first.trace_id), str(first.span_id), {"why": "retry"})
    read = last_trace()
    assert read.root is not None
    (link,) = read.root.links
    assert (link.trace_id, link.span_id, link.attributes) == (first.trace_id, first.span_id, {"why": "retry"})
    attributes = root_attributes(read)
    assert attributes["mlflow.chat.tokenUsage"] == {"input_tokens": 10, "output_tokens": 5, "total_tokens": 15}
    assert attributes["mlflow.llm.cost"] == {"input_cost": 0.25, "output_cost": 0.5, "total_cost": 0.75}


# Manual spans --------------------------------------------------------------------------------------------------------


@pytest.mark.covers("Shapes", "Span by hand")
@pytest.mark.covers("Contexts", "callbacks")
def test_a_manual_span_crosses_callbacks(last_trace: LastTrace) -> None:
    with start_span("unrelated"):
        request = start_span_no_context("request", "TASK", {"id": 7})
        step = start_span_no_context("step", parent=request)
        assert get_current_span().name == "unrelated"
    step.set_outputs("done")
    step.end()
    request.end()
    read = get_trace(str(request.trace_id))
    assert [(depth, span.name) for depth, span in read.walk()] == [(0, "request"), (1, "step")]
    assert root_attributes(read)["id"] == 7


@pytest.mark.covers("Endings", "Span ended twice")
def test_a_second_end_does_nothing(tracing: LocalServer) -> None:
    span = start_span_no_context("once")
    span.end()
    end = span.end_time_ns
    span.set_outputs("too late")
    span.set_attribute("too", "late")
    span.end()
    assert span.end_time_ns == end
    read = get_trace(str(span.trace_id))
    assert read.data.spans[0].outputs is None
    assert "too" not in root_attributes(read)


@pytest.mark.covers("Endings", "Span never ended")
def test_a_span_never_ended_is_delivered_and_marked(last_trace: LastTrace) -> None:
    start_span_no_context("forgotten")
    assert root_attributes(last_trace())["span.never_ended"] is True


def test_a_manual_span_while_disabled_records_nothing(tracing: LocalServer) -> None:
    ace_tracing.disable()
    parent = start_span_no_context("off")
    ace_tracing.enable()
    start_span_no_context("child of nothing", parent=parent).end()
    assert search_traces() == []


# Masks ----------------------------------------------------------------------------------------------------------------


def test_the_mask_applies_to_every_captured_value(tracing: LocalServer, last_trace: LastTrace) -> None:
    def mask(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: "***" if key == "password" else mask(item) for key, item in value.items()}
        return value.replace("hunter2", "***") if isinstance(value, str) else value

    ace_tracing.configure(api_key="kb-test", base_url=tracing.url, mask=mask)

    @trace(attributes={"note": "hunter2"})
    def login(password: str) -> dict[str, str]:
        with start_span("inner") as span:
            span.set_attribute("hint", "it is hunter2")
            span.add_event("typed", {"text": "hunter2"})
        raise PermissionError(f"{password} is wrong")

    with pytest.raises(PermissionError, match="hunter2 is wrong"):
        login("hunter2")
    read = last_trace()
    assert "hunter2" not in str(read.to_dict())
    assert read.root is not None
    assert read.root.inputs == {"password": "***"}


def test_a_mask_that_raises_withholds_the_value(tracing: LocalServer, last_trace: LastTrace) -> None:
    ace_tracing.configure(api_key="kb-test", base_url=tracing.url, mask=lambda value: value["no such key"])

    @trace
    def step(secret: str) -> str:
        return secret

    assert step("hunter2") == "hunter2"
    assert "hunter2" not in str(last_trace().to_dict())


@pytest.mark.parametrize("value", ["1", "true", "Yes"])
def test_an_environment_variable_disables_tracing(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("KAYBA_TRACING_DISABLED", value)
    ace_tracing.configure()
    with start_span("nothing") as span:
        assert span.trace_id is None


# Sampling -----------------------------------------------------------------------------------------------------------


def run_many(count: int) -> list[str]:
    ids = []
    for _ in range(count):
        with start_span("plain") as span:
            ids.append(str(span.trace_id))
    return ids


def test_the_rate_keeps_about_its_share(tracing: LocalServer) -> None:
    ace_tracing.configure(api_key="kb-test", base_url=tracing.url, sample_rate=0.25)
    run_many(2_000)
    delivered = ace_tracing.flush().delivered
    assert 350 < delivered < 650


def test_the_trace_id_decides_about_sampling(tracing: LocalServer) -> None:
    from ace_tracing.recording.sampling import Sampler

    ids = run_many(200)
    kept = [trace_id for trace_id in ids if Sampler(0.3).is_sampled(trace_id)]
    assert kept == [trace_id for trace_id in ids if Sampler(0.3).is_sampled(trace_id)]
    assert set(kept) <= {trace_id for trace_id in ids if Sampler(0.6).is_sampled(trace_id)}
    assert not any(Sampler(0.0).is_sampled(trace_id) for trace_id in ids)


def test_failed_and_slow_traces_are_kept_at_any_rate(tracing: LocalServer) -> None:
    ace_tracing.configure(api_key="kb-test", base_url=tracing.url, sample_rate=0.0, keep_slower_than=0.02)
    run_many(5)
    with pytest.raises(ValueError, match="bad"), start_span("failed"), start_span("child"):
        raise ValueError("bad")
    with start_span("slow"):
        asyncio.run(asyncio.sleep(0.03))
    found = {read.info.name: len(read.data.spans) for read in search_traces()}
    assert found == {"failed": 2, "slow": 1}


def test_failed_traces_are_dropped_without_keep_errors(tracing: LocalServer) -> None:
    ace_tracing.configure(api_key="kb-test", base_url=tracing.url, sample_rate=0.0, keep_errors=False)
    with pytest.raises(ValueError, match="bad"), start_span("failed"):
        raise ValueError("bad")
    assert search_traces() == []


@pytest.mark.parametrize("rate", [-0.1, 1.1, float("nan")])
def test_an_invalid_rate_raises(rate: float) -> None:
    with pytest.raises(ace_tracing.ConfigurationError, match="sample_rate"):
        ace_tracing.configure(api_key="kb-test", sample_rate=rate)


class _NoText:
    def __str__(self) -> str:
        raise RuntimeError


def session_of(read: Trace) -> tuple[str | None, str | None]:
    metadata = read.info.trace_metadata
    return metadata.get("mlflow.trace.session"), metadata.get("mlflow.trace.user")


@pytest.mark.parametrize(
    "value", [True, 0.5, b"s-1", bytearray(b"s"), ["s-1"], ("s",), {"id": 1}, {1}, object(), _NoText()], ids=name_case
)
def test_a_session_or_folder_that_is_no_text_warns_once_and_is_left_out(
    value: Any, caplog: pytest.LogCaptureFixture
) -> None:
    ace_tracing.diagnostics._last_warned.clear()
    with capture_traces() as traces, folder("outer"):
        for _ in range(3):
            with session(value, user_id=value), folder(value), start_span("step"):
                ace_tracing.update_current_trace(session_id=value)
    assert [(read.info.folder, session_of(read)) for read in traces] == [("outer", (None, None))] * 3
    assert len(caplog.records) == 3


@pytest.mark.parametrize("value", [5, 0, uuid.UUID(int=1), np.int64(7), "s"], ids=repr)
def test_an_id_with_its_own_text_is_a_session(value: Any) -> None:
    with capture_traces() as traces, session(value, user_id=value), start_span("step"):
        pass
    assert session_of(traces[0]) == (str(value), str(value))
