"""`get_trace` and `search_traces`: results, filters, pages and errors."""

from __future__ import annotations

import json
from typing import Any

import pytest

import ace_tracing
from ace_tracing import ConfigurationError, NotFoundError, ServiceError, Trace, get_trace, search_traces, start_span
from kayba_local import LocalServer, serve


def record_trace(name: str, *, fails: bool = False) -> str:
    with start_span(name) as span:
        span.set_inputs({"name": name})
        if fails:
            span.set_status("ERROR", "failed on purpose")
        with start_span("child"):
            pass
    assert span.trace_id is not None
    return span.trace_id


def names(traces: list[Trace]) -> list[str | None]:
    return [trace.info.name for trace in traces]


def test_a_trace_is_readable_as_soon_as_its_root_has_ended(tracing: LocalServer) -> None:
    trace_id = record_trace("just now")
    found = get_trace(trace_id)
    assert found.info.trace_id == found.trace_id == trace_id
    assert [span.name for span in found.data.spans] == ["just now", "child"]
    assert found.info.experiment_id == "0"
    assert found.root is not None
    assert found.info.request_time == found.root.start_time_ns // 1_000_000
    assert found.info.execution_duration is not None


def test_a_trace_id_is_accepted_without_its_prefix(tracing: LocalServer) -> None:
    trace_id = record_trace("by bare id")
    assert get_trace(trace_id.removeprefix("tr-")).trace_id == trace_id


@pytest.mark.parametrize("trace_id", ["tr-" + "0" * 32, "abc123", "", "../secrets"])
def test_an_unknown_trace_raises_not_found(tracing: LocalServer, trace_id: str) -> None:
    with pytest.raises(NotFoundError, match="No trace"):
        get_trace(trace_id)


@pytest.mark.parametrize("trace_id", [None, 5, b"tr-"])
def test_an_id_that_is_not_text_raises_an_error_with_the_cause(tracing: LocalServer, trace_id: Any) -> None:
    with pytest.raises(ConfigurationError, match="a span that is not recorded is None"):
        get_trace(trace_id)


def test_an_unknown_experiment_raises_not_found(tracing: LocalServer) -> None:
    with pytest.raises(NotFoundError, match="'nowhere'"):
        search_traces(experiment_names=["nowhere"])


def test_search_reads_several_pages(tracing: LocalServer) -> None:
    for number in range(23):
        record_trace(f"n{number:02}")
    found = search_traces(order_by=["timestamp_ms ASC"])
    assert sorted(names(found)) == [f"n{number:02}" for number in range(23)]  # type: ignore[type-var]
    assert [trace.info.request_time for trace in found] == sorted(trace.info.request_time for trace in found)
    assert len(search_traces(max_results=7)) == 7
    assert search_traces(max_results=0) == []


def test_search_exceeds_the_page_size_limit_of_the_service(tracing: LocalServer) -> None:
    for number in range(520):
        with start_span(f"n{number}"):
            pass
    found = search_traces(max_results=1_000)
    assert len({trace.trace_id for trace in found}) == 520


def test_search_filters_by_folder_status_and_name(tracing: LocalServer) -> None:
    ace_tracing.set_folder("a")
    record_trace("good")
    record_trace("bad", fails=True)
    ace_tracing.set_folder("b")
    record_trace("good")
    assert names(search_traces(filter_string="tags.`kayba.folder` = 'a'", order_by=["name ASC"])) == ["bad", "good"]
    assert names(search_traces(filter_string="status = 'ERROR'")) == ["bad"]
    assert len(search_traces(filter_string="name = 'good' AND tags.`kayba.folder` = 'b'")) == 1


def test_search_returns_the_newest_trace_first_by_default(tracing: LocalServer) -> None:
    for name in ("first", "second", "third"):
        record_trace(name)
    found = search_traces()
    assert [trace.info.request_time for trace in found] == sorted(
        (trace.info.request_time for trace in found), reverse=True
    )


def test_an_invalid_filter_raises_an_error_naming_it(tracing: LocalServer) -> None:
    with pytest.raises(ServiceError, match="colour") as caught:
        search_traces(filter_string="colour = 'red'")
    assert caught.value.status == 400


def test_a_wrong_key_raises_an_error_about_the_key() -> None:
    with serve(api_key="kb-right") as server:
        ace_tracing.configure(api_key="kb-wrong", base_url=server.url)
        with pytest.raises(ServiceError, match="key") as caught:
            search_traces()
        assert caught.value.status == 401
        ace_tracing.shutdown()


def test_an_unreachable_server_raises_an_error_naming_it() -> None:
    ace_tracing.configure(api_key="kb-test", base_url="http://127.0.0.1:9")
    with pytest.raises(ServiceError, match=r"127\.0\.0\.1:9") as caught:
        get_trace("tr-" + "1" * 32)
    assert caught.value.status is None
    ace_tracing.shutdown()


def test_a_query_before_configure_raises_configuration_error() -> None:
    with pytest.raises(ConfigurationError, match="configure"):
        get_trace("tr-" + "1" * 32)


def test_to_dict_returns_plain_json_values(tracing: LocalServer) -> None:
    trace_id = record_trace("as a dict")
    content = json.loads(json.dumps(get_trace(trace_id).to_dict()))
    assert content["info"]["trace_id"] == trace_id
    assert content["info"]["state"] == "OK"
    assert [span["name"] for span in content["data"]["spans"]] == ["as a dict", "child"]
    assert content["data"]["spans"][0]["inputs"] == {"name": "as a dict"}
