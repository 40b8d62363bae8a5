"""OpenTelemetry's SDK with nothing set but the address: spans, log records and metrics of one program."""

from __future__ import annotations

import logging
import re
import shlex
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from opentelemetry._logs import LogRecord
from opentelemetry.exporter.otlp.json.http._log_exporter import OTLPLogExporter as JsonLogExporter
from opentelemetry.exporter.otlp.json.http.metric_exporter import OTLPMetricExporter as JsonMetricExporter
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter as ProtobufLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter as ProtobufMetricExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExportResult
from opentelemetry.trace import Tracer, set_span_in_context
from tests.helpers.server_process import run_server
from tests.helpers.tables import DOCS
from tests.interop.opentelemetry_to_kayba_local.conftest import EXPORTERS, read_back, record_spans

import ace_tracing
import kayba_local
from ace_tracing import Trace, get_trace
from kayba_api import Client
from kayba_api.api.experiments import create_experiment
from kayba_api.models import CreateExperimentRequest
from kayba_local import LocalServer

LOG_EXPORTERS: Final[dict[str, Callable[[], Any]]] = {"protobuf": ProtobufLogExporter, "JSON": JsonLogExporter}
METRIC_EXPORTERS: Final[dict[str, Callable[[], Any]]] = {"protobuf": ProtobufMetricExporter, "JSON": JsonMetricExporter}
GUIDE: Final = DOCS / "guides" / "kayba-local.md"
QUESTION: Final = {"content": "Where is my order?"}
ANSWER: Final[dict[str, Any]] = {
    "index": 0,
    "finish_reason": "stop",
    "message": {"role": "assistant", "content": "On its way."},
}


@pytest.fixture
def open_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalServer]:
    """Serve a kayba-local without a key, with its address in the environment and ace-tracing configured to read."""
    with kayba_local.serve() as server:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", server.url)
        ace_tracing.configure(api_key="any", base_url=server.url)
        yield server
        ace_tracing.shutdown()


class Program:
    """A program with the SDK's providers for all three signals, set up by the environment alone.

    Args:
        encoding: The exporters' encoding, a key of `EXPORTERS`.
    """

    def __init__(self, encoding: str) -> None:
        resource = Resource.create({"service.name": "shop"})
        self.traces = TracerProvider(resource=resource)
        self.traces.add_span_processor(BatchSpanProcessor(EXPORTERS[encoding]()))
        self.logs = LoggerProvider(resource=resource)
        self.logs.add_log_record_processor(BatchLogRecordProcessor(LOG_EXPORTERS[encoding]()))
        reader = PeriodicExportingMetricReader(METRIC_EXPORTERS[encoding]())
        self.metrics = MeterProvider([reader], resource=resource)

    def run(self, *, logs_first: bool) -> str:
        """Record a model call with its messages as log records, a plain log record and a metric.

        Returns:
            The trace id.
        """
        logger = self.logs.get_logger("shop.model")
        with self.traces.get_tracer("shop").start_as_current_span("chat") as span:
            context = set_span_in_context(span)
            logger.emit(LogRecord(event_name="gen_ai.user.message", body=QUESTION, context=context))
            logger.emit(LogRecord(body="a plain line", context=context))
            logger.emit(LogRecord(event_name="gen_ai.choice", body=ANSWER, context=context))
            self.metrics.get_meter("shop").create_counter("orders").add(1)
        providers: list[Any] = [self.logs, self.traces] if logs_first else [self.traces, self.logs]
        for provider in providers:
            assert provider.force_flush()
        assert self.metrics.force_flush()
        return f"tr-{span.get_span_context().trace_id:032x}"

    def shutdown(self) -> None:
        """Shut all providers down, which also sends the rest."""
        self.traces.shutdown()
        self.logs.shutdown()
        self.metrics.shutdown()


def set_variables(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the variables of a line with the shell's `export`."""
    _, _, variables = line.partition("export ")
    for variable in shlex.split(variables):
        monkeypatch.setenv(*variable.split("=", 1))


def guide_settings() -> list[str]:
    """Return the settings in the guide's table: the key, the folder, the experiment and the number of attributes."""
    return re.findall(r"^\| .* \| `(OTEL_\w+=.*)` \|$", GUIDE.read_text(encoding="utf-8"), re.MULTILINE)


def assert_complete(trace: Trace) -> None:
    (span,) = trace.data.spans
    assert (trace.info.name, trace.info.tags["service.name"]) == ("chat", "shop")
    assert [(event.name, event.attributes) for event in span.events] == [
        ("gen_ai.user.message", QUESTION),
        ("gen_ai.choice", ANSWER),
    ]
    assert span.inputs == [{"role": "user", **QUESTION}]
    assert [answer["content"] for answer in span.outputs] == ["On its way."]


@pytest.mark.interop("Experiments")
@pytest.mark.interop("Events")
@pytest.mark.parametrize("logs_first", [True, False])
@pytest.mark.parametrize("compression", ["none", "gzip"])
@pytest.mark.parametrize("encoding", EXPORTERS)
def test_the_address_alone_configures_spans_logs_and_metrics(
    open_server: LocalServer,
    encoding: str,
    compression: str,
    logs_first: bool,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    if compression != "none":
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", compression)
    program = Program(encoding)
    trace_id = program.run(logs_first=logs_first)
    program.shutdown()
    assert [record.message for record in caplog.records if record.name.startswith("opentelemetry")] == []
    trace = get_trace(trace_id)
    assert trace.info.experiment_id == "0"
    assert_complete(trace)


@pytest.mark.interop("Experiments")
def test_the_line_that_the_command_prints_configures_a_program(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with run_server("--store", f"sqlite:///{tmp_path / 'kayba.db'}") as (process, url):
        assert process.stdout is not None
        set_variables(process.stdout.readline(), monkeypatch)
        ace_tracing.configure(api_key="any", base_url=url)
        program = Program("protobuf")
        trace_id = program.run(logs_first=True)
        program.shutdown()
        assert [record.message for record in caplog.records if record.name.startswith("opentelemetry")] == []
        assert_complete(get_trace(trace_id))
        ace_tracing.shutdown()


@pytest.mark.interop("Trace name, folder, tags")
@pytest.mark.interop("Experiments")
@pytest.mark.parametrize("encoding", EXPORTERS)
def test_the_settings_of_the_guide_have_their_effect(
    open_server: LocalServer, encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("one", "two", "three"):
        with Client(open_server.url) as client:
            create_experiment.sync(client=client, body=CreateExperimentRequest(name))
    settings = guide_settings()
    assert len(settings) == 4
    for setting in settings[1:]:
        set_variables(f"export {setting}", monkeypatch)
    program = Program(encoding)
    attributes = {f"llm.input_messages.{number}": "Where is my order?" for number in range(300)}
    with program.traces.get_tracer("shop").start_as_current_span("agent", attributes=attributes) as span:
        pass
    program.shutdown()
    trace = get_trace(f"tr-{span.get_span_context().trace_id:032x}")
    assert (trace.info.folder, trace.info.experiment_id) == ("production/eu", "3")
    assert attributes.keys() <= trace.data.spans[0].attributes.keys()


@pytest.mark.interop("Keys and other errors")
@pytest.mark.parametrize("encoding", EXPORTERS)
def test_the_key_is_sent_as_a_header_of_the_environment(
    encoding: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with kayba_local.serve(api_key="kb-secret") as server:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"{server.url}/")
        set_variables(f"export {guide_settings()[0].replace('KEY', 'kb-secret')}", monkeypatch)
        ace_tracing.configure(api_key="kb-secret", base_url=server.url)
        program = Program(encoding)
        trace_id = program.run(logs_first=True)
        program.shutdown()
        assert [record.message for record in caplog.records if record.name.startswith("opentelemetry")] == []
        assert_complete(get_trace(trace_id))
        ace_tracing.shutdown()


@pytest.mark.interop("Keys and other errors")
@pytest.mark.parametrize("encoding", EXPORTERS)
def test_exporters_retry_while_the_disk_is_full(
    open_server: LocalServer,
    encoding: str,
    caplog: pytest.LogCaptureFixture,
    wait_until: Callable[[Callable[[], bool]], None],
) -> None:
    def record_large_span(tracer: Tracer) -> None:
        with tracer.start_as_current_span("agent", attributes={"transcript": "Where is my order? " * 50_000}):
            pass

    spans = record_spans(record_large_span)
    with open_server.db.write() as tx:
        (pages,) = tx.rows("PRAGMA page_count")[0]
        tx.rows(f"PRAGMA max_page_count = {pages}")
    exporter = EXPORTERS[encoding]()
    results: list[SpanExportResult] = []
    sender = threading.Thread(target=lambda: results.append(exporter.export(spans)))
    caplog.set_level(logging.WARNING)
    sender.start()
    wait_until(lambda: any("kayba_local" in record.name for record in caplog.records))
    with open_server.db.write() as tx:
        tx.rows("PRAGMA max_page_count = 1000000")
    sender.join()
    exporter.shutdown()
    assert results == [SpanExportResult.SUCCESS]
    assert read_back(spans[0]).info.name == "agent"


@pytest.mark.interop("Tree of spans")
@pytest.mark.parametrize("encoding", EXPORTERS)
def test_spans_that_end_after_their_root_join_its_trace(open_server: LocalServer, encoding: str) -> None:
    program = Program(encoding)
    tracer = program.traces.get_tracer("shop")
    with tracer.start_as_current_span("agent") as root:
        stream = tracer.start_span("stream")
    assert program.traces.force_flush()
    trace_id = f"tr-{root.get_span_context().trace_id:032x}"
    assert [span.name for span in get_trace(trace_id).data.spans] == ["agent"]
    stream.end()
    program.shutdown()
    assert [(depth, span.name) for depth, span in get_trace(trace_id).walk()] == [(0, "agent"), (1, "stream")]
