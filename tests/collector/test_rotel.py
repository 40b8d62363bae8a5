"""Traces that a real collector receives, and forwards to a test server or to kayba-local."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.collector.conftest import free_port, run_rotel
from tests.helpers.faulty_server import faulty_server
from tests.helpers.programs import make_traces, numbered_names, wait_for

import ace_tracing
from ace_tracing import start_span
from kayba_local import serve


@pytest.fixture(autouse=True)
def _afterwards() -> Iterator[None]:
    yield
    ace_tracing.shutdown(timeout=0)


@pytest.mark.parametrize("protocol", ["http/protobuf", "http/json"])
@pytest.mark.parametrize("compression", ["gzip", "none"])
def test_a_collector_forwards_every_span_with_its_names(
    protocol: str, compression: str, rotel: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_SERVICE_NAME", "agents")
    with faulty_server() as server:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", rotel(server.url))
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", protocol)
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", compression)
        ace_tracing.configure(exporter="otlp")
        make_traces(200)
        with start_span("ask", span_type="CHAT_MODEL") as span:
            span.set_inputs({"model": "gpt-x", "messages": [{"role": "user", "content": "hi"}]})
            span.set_token_usage(input_tokens=3, output_tokens=4)
        assert ace_tracing.flush(60) == ace_tracing.Delivery(delivered=201)
        wait_for(lambda: server.store.names == {**numbered_names(200), "chat gpt-x": 1}, 60)
        assert server.store.duplicates == 0
        (call,) = (each for request in server.exported() for each in request if each["name"] == "chat gpt-x")
        attributes = {each["key"]: each["value"] for each in call["attributes"]}
        assert attributes["gen_ai.usage.input_tokens"] == {"intValue": "3"}
        assert "gen_ai.input.messages" in attributes


def test_a_collector_in_front_of_kayba_local_keeps_the_meaning(rotel: Callable[[str], str]) -> None:
    with serve() as server:
        ace_tracing.configure(exporter="otlp", endpoint=rotel(server.url))
        with ace_tracing.folder("production"), start_span("root", span_type="AGENT") as root:
            root.set_inputs({"question": "why"})
            ace_tracing.update_current_trace(name="run", tags={"team": "a"}, session_id="s1")
            with start_span("ask", span_type="CHAT_MODEL") as span:
                span.set_inputs({"model": "gpt-x", "messages": [{"role": "user", "content": "hi"}]})
                span.set_outputs({"choices": [{"message": {"role": "assistant", "content": "ho"}}]})
                span.set_token_usage(input_tokens=3, output_tokens=4)
        assert ace_tracing.flush(60).delivered == 1
        ace_tracing.configure(api_key="kb-test", base_url=server.url)
        wait_for(lambda: len(ace_tracing.search_traces()) == 1, 60)
        (found,) = ace_tracing.search_traces()
        types = {each.name: each.span_type for each in found.data.spans}
        assert types == {"invoke_agent root": "AGENT", "chat gpt-x": "CHAT_MODEL"}
        assert found.root.inputs == {"question": "why"}
        tags = found.info.tags
        assert (tags["mlflow.traceName"], tags["kayba.folder"], tags["team"]) == ("run", "production", "a")
        assert found.info.trace_metadata["mlflow.trace.session"] == "s1"


def test_an_outage_of_the_collector_loses_nothing(tmp_path: Path) -> None:
    port = free_port()
    with faulty_server() as server, faulty_server() as kayba:
        ace_tracing.configure(
            api_key="kb-test",
            base_url=kayba.url,
            exporter=("kayba", "otlp"),
            endpoint=f"http://127.0.0.1:{port}",
        )
        make_traces(50)
        wait_for(lambda: kayba.store.names == numbered_names(50), 60)
        assert ace_tracing.tracing_status().destinations["otlp"].pending == 50
        with run_rotel(server.url, port, tmp_path / "rotel.log"):
            assert ace_tracing.flush(60) == ace_tracing.Delivery(delivered=100)
            wait_for(lambda: server.store.names == numbered_names(50), 60)
