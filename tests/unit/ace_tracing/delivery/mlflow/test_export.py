"""MLflow artifact export: traces read back as after OTLP, once each, even after failures."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.helpers.export_requests import START_NS, TRACE_ID, batch, span, trace
from tests.helpers.faulty_server import FakeResponse, faulty_server

import ace_tracing
from ace_tracing import Delivery, get_trace, start_span
from ace_tracing.delivery.http import client
from ace_tracing.delivery.http.client import ServiceClient
from ace_tracing.delivery.http.exporter import Exporter
from ace_tracing.delivery.http.results import Blocked, Delivered, ExportResult, Rejected, Retryable
from ace_tracing.delivery.mlflow import export
from ace_tracing.delivery.otlp.encoder import ExportRequest
from ace_tracing.recording.records import SpanRecord, TraceDetails, TraceRecord
from kayba_local import LocalServer, serve

ROOT: Final = "ec083fa9d564970f"
CHILD: Final = "47844d9d8171cc8a"
OTHER: Final = "98167be929e4866f"


@pytest.fixture
def server() -> Iterator[LocalServer]:
    with serve(otlp=False) as running:
        yield running


class Wire:
    """An exporter for one server, and a reader of the traces stored there."""

    def __init__(self, url: str) -> None:
        self.service = ServiceClient(url, "kb-test")
        self.exporter = Exporter(self.service)

    def send(self, *traces: TraceRecord) -> ExportResult:
        return self.exporter.send(ExportRequest(traces))

    def read_stored(self, trace_id: str = TRACE_ID) -> dict[str, Any]:
        from kayba_api.api.tracing import get_trace as read

        response = self.service.request(read.sync_detailed, trace_id=f"tr-{trace_id}", allow_partial=True)
        assert response.status_code == HTTPStatus.OK, response.content
        stored: dict[str, Any] = json.loads(response.content)["trace"]
        return stored

    def span_names(self) -> list[str]:
        return sorted(found["name"] for found in self.read_stored()["spans"])


@pytest.fixture
def wire(server: LocalServer) -> Iterator[Wire]:
    wire = Wire(server.url)
    yield wire
    wire.exporter.close()


def full_trace(**details: Any) -> TraceRecord:
    """Return a trace with every kind of content."""
    return trace(
        span(
            ROOT,
            span_type="AGENT",
            name="agent",
            function="app.agent",
            agent="planner",
            inputs='{"query": "hi", "n": 3, "deep": [1, 2.5, null, true, "[1]", "123"]}',
            outputs='"Paris"',
            status="ERROR",
            status_message="ValueError: boom",
            attributes={
                "mlflow.chat.tokenUsage": {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7},
                "text": "1",
            },
            events=[
                ("exception", START_NS + 5, {"exception.type": "ValueError", "exception.stacktrace": 'a "b"\n'}),
                ("typed", START_NS + 6, {"int": 1, "list": ["1", 2], "none": None, "dict": {"a": '{"b": 1}'}}),
            ],
            links=[("B" * 32, "c" * 16, {"why": "retry"}), ("nowhere", "c" * 16, {})],
        ),
        span(CHILD, ROOT, name="child", span_type="LLM", start_ns=START_NS + 10, end_ns=START_NS + 20, outputs="[]"),
        folder="production/eu",
        details=TraceDetails(
            "named", {"team": "a/b", "json": "{1", "a/b": "c"}, {"session.id": "s-1", "user.id": "u-1", "mine": "x"}
        ),
        **details,
    )


def normalize(stored: dict[str, Any]) -> dict[str, Any]:
    """Return a stored trace without the server's own marks, with unordered parts sorted."""
    info = stored["trace_info"]
    info["tags"].pop("mlflow.artifactLocation", None)
    info["tags"].pop("mlflow.trace.spansLocation", None)
    metadata = info.pop("trace_metadata", {})
    info["session"] = metadata.get("mlflow.trace.session"), metadata.get("mlflow.trace.user")
    for found in stored["spans"]:
        found["attributes"].sort(key=lambda attribute: attribute["key"])
    stored["spans"].sort(key=lambda found: found["span_id"])
    return stored


def test_a_trace_reads_back_as_after_otlp(wire: Wire, kayba_server: LocalServer) -> None:
    by_otlp = Wire(kayba_server.url)
    assert by_otlp.send(full_trace()) == wire.send(full_trace()) == Delivered()
    assert by_otlp.service.supports_otlp
    assert not wire.service.supports_otlp
    expected, found = normalize(by_otlp.read_stored()), normalize(wire.read_stored())
    assert found == expected
    assert found["trace_info"]["state"] == "ERROR"
    assert found["trace_info"]["tags"]["kayba.folder"] == "production/eu"
    assert found["trace_info"]["session"] == ("s-1", "u-1")
    by_otlp.exporter.close()


TEXT: Final = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
NUMBERS: Final = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
JSON: Final = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


@pytest.fixture(scope="module")
def two_wires() -> Iterator[tuple[Wire, Wire]]:
    with serve() as first, serve(otlp=False) as second:
        wires = Wire(first.url), Wire(second.url)
        yield wires
        for wire in wires:
            wire.exporter.close()


@settings(max_examples=60, deadline=None)
@given(value=JSON, number=st.integers(1, 2**128 - 1))
def test_any_value_reads_back_as_after_otlp(two_wires: tuple[Wire, Wire], value: Any, number: int) -> None:
    trace_id = f"{number:032x}"
    sent = trace(span(inputs=json.dumps(value, ensure_ascii=False), outputs=json.dumps([value])), trace_id=trace_id)
    stored = []
    for wire in two_wires:
        assert wire.send(sent) == Delivered()
        stored.append(normalize(wire.read_stored(trace_id)))
    assert stored[0]["spans"] == stored[1]["spans"]


def test_otlp_is_paused_for_one_hour(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    encoded = batch(trace(span()))
    for _ in range(3):
        assert wire.exporter.send(encoded) == Delivered()
    assert encoded.encoded == 1
    now = client.monotonic()
    monkeypatch.setattr(client, "monotonic", lambda: now + client.OTLP_RETRY_S)
    assert wire.service.supports_otlp
    monkeypatch.undo()


def test_otlp_is_tried_again_if_no_format_is_accepted(wire: Wire) -> None:
    with faulty_server(FakeResponse(404, b"<html>")) as nothing:
        exporter = Exporter(ServiceClient(nothing.url, "kb-test"))
        for _ in range(2):
            result = exporter.send(batch())
            assert isinstance(result, Blocked)
            assert result.cause == "address"
        assert len(nothing.exported()) == 2
        exporter.close()


@pytest.mark.parametrize("version", ["3.3.9", "2.22.0", "3.4.0", "3.17.2"])
def test_an_html_response_of_an_old_mlflow_means_no_otlp(version: str) -> None:
    page = FakeResponse(200, b"<html>MLflow</html>", {"Content-Type": "text/html; charset=utf-8"})
    version_response = FakeResponse(200, version.encode(), {"Content-Type": "text/html; charset=utf-8"})
    with faulty_server(page, version_response, FakeResponse(503)) as server:
        exporter = Exporter(ServiceClient(server.url, "kb-test"))
        assert isinstance(exporter.send(batch()), Retryable)
        exporter.close()
        paths = [path for _, path, _, _ in server.requests]
    assert paths[:2] == ["/api/mlflow/v1/traces", "/api/mlflow/version"]
    assert len(paths) == (3 if version in ("3.3.9", "2.22.0") else 2)


@pytest.mark.parametrize("status", [404, 405, 415, 501])
def test_statuses_of_a_server_without_otlp(status: int) -> None:
    with faulty_server(
        FakeResponse(status, b'{"detail": "REST OTLP span logging is not supported"}'), FakeResponse(503)
    ) as server:
        exporter = Exporter(ServiceClient(server.url, "kb-test"))
        assert isinstance(exporter.send(batch()), Retryable)
        exporter.close()
        assert [path for _, path, _, _ in server.requests][1].endswith(f"/api/3.0/mlflow/traces/tr-{TRACE_ID}")


def test_sending_a_trace_again_changes_nothing(wire: Wire) -> None:
    assert wire.send(full_trace()) == Delivered()
    once = wire.read_stored()
    for _ in range(2):
        # A new exporter acts as another process: it has no state of the first.
        again = Wire(wire.service.base_url)
        assert again.send(full_trace()) == Delivered()
        again.exporter.close()
    assert wire.read_stored() == once


def test_spans_in_two_batches_make_one_trace(wire: Wire) -> None:
    child = span(CHILD, ROOT, name="child")
    assert wire.send(trace(child)) == Delivered()
    assert wire.read_stored()["trace_info"]["state"] == "IN_PROGRESS"
    assert wire.send(trace(span(ROOT, name="root"), folder="f")) == Delivered()
    info = wire.read_stored()["trace_info"]
    assert (info["state"], info["tags"]["kayba.folder"], info["execution_duration"]) == ("OK", "f", "0.071s")
    assert wire.send(trace(span(OTHER, ROOT, name="late", end_ns=START_NS + 10**12))) == Delivered()
    assert wire.span_names() == ["child", "late", "root"]
    assert wire.read_stored()["trace_info"] == info


def test_parts_in_one_batch_make_one_trace(wire: Wire) -> None:
    assert wire.send(trace(span(CHILD, ROOT, name="child")), trace(span(ROOT, name="root"))) == Delivered()
    assert wire.span_names() == ["child", "root"]
    assert wire.read_stored()["trace_info"]["state"] == "OK"


def test_a_later_record_replaces_a_span(wire: Wire) -> None:
    assert wire.send(trace(span(ROOT, name="root", status="UNSET"))) == Delivered()
    assert (
        wire.send(trace(span(ROOT, name="root", outputs='"done"'), details=TraceDetails("n", {"k": "v"}, {})))
        == Delivered()
    )
    (root,) = wire.read_stored()["spans"]
    assert root["status"]["code"] == "STATUS_CODE_OK"
    assert wire.read_stored()["trace_info"]["tags"]["k"] == "v"


def test_a_trace_stays_in_its_first_experiment(wire: Wire) -> None:
    assert wire.send(trace(span(CHILD, ROOT, name="child"))) == Delivered()
    assert wire.send(trace(span(ROOT, name="root"), experiment="other")) == Delivered()
    assert wire.span_names() == ["child", "root"]
    assert wire.read_stored()["trace_info"]["trace_location"]["mlflow_experiment"]["experiment_id"] == "0"


def test_a_missing_experiment_is_created_again(wire: Wire) -> None:
    wire.service.experiment_ids["mine"] = "987654"
    assert wire.send(trace(experiment="mine")) == Delivered()
    assert wire.service.experiment_ids["mine"] != "987654"


def test_tokens_and_cost_are_summed_as_in_mlflow(wire: Wire) -> None:
    def call_span(span_id: str, parent_id: str | None, tokens: int) -> SpanRecord:
        usage = {"input_tokens": tokens, "output_tokens": 1, "total_tokens": tokens + 1, "cache_read_input_tokens": 2}
        cost = {"input_cost": 0.5, "output_cost": 0.25, "total_cost": 0.75}
        return span(span_id, parent_id, attributes={"mlflow.chat.tokenUsage": usage, "mlflow.llm.cost": cost})

    spans = [span(ROOT), call_span(CHILD, ROOT, 10), call_span("1" * 16, CHILD, 10), call_span(OTHER, ROOT, 5)]
    assert wire.send(trace(*spans)) == Delivered()
    metadata = wire.read_stored()["trace_info"]["trace_metadata"]
    assert json.loads(metadata["mlflow.trace.tokenUsage"]) == {
        "input_tokens": 15,
        "output_tokens": 2,
        "total_tokens": 17,
        "cache_read_input_tokens": 4,
    }
    assert json.loads(metadata["mlflow.trace.cost"]) == {"input_cost": 1.0, "output_cost": 0.5, "total_cost": 1.5}


def test_the_sdk_delivers_to_a_server_without_otlp(server: LocalServer) -> None:
    ace_tracing.configure(api_key="kb-test", base_url=server.url, experiment="mine", folder="f")
    with start_span("root", span_type="AGENT") as root, start_span("child"):
        root.set_inputs({"a": 1})
    assert ace_tracing.flush() == Delivery(delivered=1)
    found = get_trace(root.trace_id or "")
    assert [each.name for each in found.data.spans] == ["root", "child"]
    assert found.data.spans[0].inputs == {"a": 1}
    assert found.info.tags["kayba.folder"] == "f"
    ace_tracing.shutdown()


NO_OTLP: Final = FakeResponse(501)
MISSING: Final = FakeResponse(404, b'{"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "none"}')
OK: Final = FakeResponse()


@pytest.mark.parametrize("failing", range(3))
@pytest.mark.parametrize(
    "failure",
    [FakeResponse(503), FakeResponse(401), FakeResponse(200, b"<html>")],
    ids=lambda response: response.status,
)
def test_a_failed_request_retries_or_blocks(failing: int, failure: FakeResponse) -> None:
    steps = [MISSING, OK, OK]
    steps[failing] = failure
    with faulty_server(NO_OTLP, *steps) as server:
        exporter = Exporter(ServiceClient(server.url, "kb-test"))
        assert isinstance(exporter.send(batch()), Blocked if failure.status == 401 else Retryable)
        exporter.close()


def test_settled_traces_of_a_batch_are_not_sent_again() -> None:
    first, second = trace(trace_id="1" * 32), trace(trace_id="2" * 32)
    with faulty_server(NO_OTLP, *[MISSING, OK, OK], FakeResponse(503), *[MISSING, OK, OK]) as server:
        exporter = Exporter(ServiceClient(server.url, "kb-test"))
        assert isinstance(exporter.send(batch(first, second)), Retryable)
        assert exporter.send(batch(first, second)) == Delivered()
        exporter.close()
        uploads = [path for method, path, _, _ in server.requests if method == "PUT"]
    assert [path.count("1" * 32) for path in uploads] == [1, 0]


def test_a_long_batch_is_sent_in_several_attempts(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "MIN_TRACE_S", 1_000.0)
    traces = [trace(trace_id=f"{number}" * 32) for number in (1, 2, 3)]
    results = [wire.send(*traces) for _ in range(3)]
    assert [type(result) for result in results] == [Retryable, Retryable, Delivered]
    assert isinstance(results[0], Retryable)
    assert results[0].retry_after_s == 0
    assert len([wire.read_stored(each.trace_id) for each in traces]) == 3


def test_a_rejected_trace_does_not_reject_the_others() -> None:
    first, second = trace(span(), span(CHILD, ROOT), trace_id="1" * 32), trace(trace_id="2" * 32)
    with faulty_server(NO_OTLP, MISSING, FakeResponse(400, b"not this"), MISSING, OK, OK) as server:
        exporter = Exporter(ServiceClient(server.url, "kb-test"))
        assert exporter.send(batch(first, second)) == Delivered(2, "HTTP 400 not this")
        exporter.close()
    with faulty_server(NO_OTLP, MISSING, FakeResponse(413, b"large")) as server:
        exporter = Exporter(ServiceClient(server.url, "kb-test"))
        assert exporter.send(batch(first)) == Rejected("HTTP 413 large")
        exporter.close()


def info(state: str = "OK", **tags: str) -> FakeResponse:
    known = {
        "trace_id": f"tr-{TRACE_ID}",
        "trace_location": {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "0"}},
        "request_time": "2026-11-22T17:37:25.867Z",
        "state": state,
        "tags": tags,
    }
    return FakeResponse(200, json.dumps({"trace": {"trace_info": known}}).encode())


def requests_for(*responses: FakeResponse) -> list[tuple[str, str]]:
    """Return the requests that send one trace after OTLP was refused, given their responses."""
    with faulty_server(NO_OTLP, *responses) as server:
        exporter = Exporter(ServiceClient(server.url, "kb-test"))
        assert exporter.send(batch()) == Delivered()
        exporter.close()
        return [
            (method, path.removeprefix("/api/mlflow").rpartition("/")[2]) for method, path, _, _ in server.requests[1:]
        ]


def test_an_info_that_cannot_be_replaced_is_recreated() -> None:
    known = {"mlflow.artifactLocation": "x", "mlflow.traceName": "step"}
    assert requests_for(info("IN_PROGRESS", **known), MISSING, FakeResponse(500, b"<html>"), OK, OK, OK) == [
        ("GET", f"tr-{TRACE_ID}"),
        ("GET", "traces.json"),
        ("POST", "traces"),
        ("POST", "delete-traces"),
        ("POST", "traces"),
        ("PUT", "traces.json"),
    ]


def test_a_complete_info_is_not_sent_again() -> None:
    known = {"mlflow.artifactLocation": "x", "mlflow.traceName": "step"}
    assert requests_for(info("OK", **known), MISSING, OK) == [
        ("GET", f"tr-{TRACE_ID}"),
        ("GET", "traces.json"),
        ("PUT", "traces.json"),
    ]


def test_missing_tags_of_an_info_are_set() -> None:
    assert requests_for(info("OK", **{"mlflow.artifactLocation": "x"}), MISSING, OK)[2] == ("PATCH", "tags")


def test_an_incomplete_info_is_sent_again() -> None:
    assert requests_for(info("OK"), MISSING, OK)[2:] == [("POST", "traces"), ("PUT", "traces.json")]


@pytest.mark.parametrize("content", [b"", b"[]", b'{"spans": [{}]}', b'{"spans": 1}', b"{}"])
def test_a_damaged_file_is_replaced(wire: Wire, server: LocalServer, content: bytes) -> None:
    assert wire.send(trace(span(ROOT, name="root"))) == Delivered()
    with server.db.write() as tx:
        tx.run("UPDATE trace_artifacts SET content = ?", (content,))
    assert wire.send(trace(span(CHILD, ROOT, name="child"))) == Delivered()
    assert wire.span_names() == ["child", "root"]
