"""Log records have the ids of the running trace and span."""

from __future__ import annotations

import io
import json
import logging
import logging.config
import logging.handlers
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from ace_tracing import TraceContextFilter, add_trace_context, continue_trace, start_span, trace
from ace_tracing.testing import capture_traces

LOGGER = logging.getLogger("tests.logs.child")
FORMAT = "%(message)s %(trace_id)s %(span_id)s"


@pytest.fixture
def lines() -> Iterator[list[str]]:
    """Yield the lines that the logger prints, through a filter of a handler of its parent."""
    stream, found = io.StringIO(), list[str]()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter(FORMAT))
    handler.addFilter(TraceContextFilter())
    handler.terminator = ""
    handler.emit = lambda record: found.append(handler.format(record))  # type: ignore[method-assign]
    parent = logging.getLogger("tests.logs")
    parent.addHandler(handler)
    yield found
    parent.removeHandler(handler)


def test_a_record_has_the_ids_of_the_running_span(lines: list[str]) -> None:
    with capture_traces():
        with start_span("outer") as outer:
            LOGGER.warning("outer")
            with start_span("inner") as inner:
                LOGGER.warning("inner")
            thread = threading.Thread(target=LOGGER.warning, args=("thread",))
            thread.start()
            thread.join()
        LOGGER.warning("after")
    trace_id = (outer.trace_id or "").removeprefix("tr-")
    assert lines == [
        f"outer {trace_id} {outer.span_id}",
        f"inner {trace_id} {inner.span_id}",
        "thread 0 0",
        "after 0 0",
    ]


def test_a_record_of_a_traced_function_names_its_trace(lines: list[str]) -> None:
    @trace
    def agent() -> None:
        LOGGER.warning("in it")

    with capture_traces() as traces:
        agent()
        (read,) = traces
    assert read.root is not None
    assert lines == [f"in it {read.trace_id.removeprefix('tr-')} {read.root.span_id}"]


def test_a_record_below_a_remote_parent_has_the_caller_s_ids(lines: list[str]) -> None:
    with capture_traces(), continue_trace({"traceparent": f"00-{'a' * 32}-{'b' * 16}-01"}):
        LOGGER.warning("served")
    assert lines == [f"served {'a' * 32} {'b' * 16}"]


def test_an_attribute_of_the_user_s_is_kept(lines: list[str]) -> None:
    with capture_traces(), start_span("step") as span:
        LOGGER.warning("own", extra={"trace_id": "mine"})
    assert lines == [f"own mine {span.span_id}"]


def test_the_attributes_can_have_open_telemetry_s_names() -> None:
    record = logging.makeLogRecord({})
    with capture_traces(), start_span("step") as span:
        assert TraceContextFilter(trace_id="otelTraceID", span_id="otelSpanID").filter(record)
    assert (vars(record)["otelTraceID"], vars(record)["otelSpanID"]) == ((span.trace_id or "")[3:], span.span_id)
    assert "trace_id" not in vars(record)


def test_the_filter_is_configured_by_a_dict_and_works_with_a_queue() -> None:
    records: queue.SimpleQueue[logging.LogRecord] = queue.SimpleQueue()
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "filters": {"ids": {"()": "ace.tracing.TraceContextFilter"}},
            "handlers": {"queue": {"class": "logging.handlers.QueueHandler", "queue": records, "filters": ["ids"]}},
            "loggers": {"tests.queued": {"handlers": ["queue"]}},
        }
    )
    with capture_traces(), start_span("step") as span:
        logging.getLogger("tests.queued").warning("queued")
    assert vars(records.get_nowait())["span_id"] == span.span_id


def log_with_structlog(**values: Any) -> dict[str, Any]:
    stream = io.StringIO()
    logger = structlog.wrap_logger(
        structlog.PrintLogger(stream), processors=[add_trace_context, structlog.processors.JSONRenderer()]
    )
    logger.info("done", **values)
    event: dict[str, Any] = json.loads(stream.getvalue())
    return event


def test_an_event_of_structlog_has_the_ids() -> None:
    with capture_traces(), start_span("step") as span:
        ids = {"trace_id": (span.trace_id or "")[3:], "span_id": span.span_id}
        assert log_with_structlog(a=1) == {"event": "done", "a": 1, **ids}
        assert log_with_structlog(trace_id="mine") == {"event": "done", **ids, "trace_id": "mine"}
    assert log_with_structlog(a=1) == {"event": "done", "a": 1}


def test_nothing_of_it_is_imported_unless_it_is_used() -> None:
    program = (
        "import sys, ace_tracing; ace_tracing.start_span;"
        "assert 'ace_tracing.propagation.logs' not in sys.modules;"
        "ace_tracing.add_trace_context; ace_tracing.TraceContextFilter;"
        "assert 'structlog' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
