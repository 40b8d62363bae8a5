"""Warnings of the package reach the handlers that can take them, also at the end of a process."""

from __future__ import annotations

import io
import logging
import subprocess
import sys
from collections.abc import Iterator

import pytest

from ace_tracing import diagnostics

PROGRAM = """
import io, logging, sys
import ace_tracing

closed = io.StringIO()
logging.basicConfig(level=logging.{level}, stream=closed, {arguments})
ace_tracing.configure(api_key="kb-test", base_url="http://127.0.0.1:9", spool={spool})
with ace_tracing.start_span("never arrives"):
    pass
{end}
closed.close()
"""


@pytest.fixture
def logger() -> Iterator[logging.Logger]:
    diagnostics._last_warned.clear()
    found = logging.getLogger("ace_tracing")
    handlers = list(found.handlers)
    yield found
    found.handlers[:] = handlers


@pytest.mark.parametrize("level", ["WARNING", "INFO", "DEBUG"])
@pytest.mark.parametrize("spool", [True, False])
@pytest.mark.parametrize(
    "end", ["", "ace_tracing.flush(timeout=0.1)", "closed.close(); ace_tracing.shutdown(timeout=0.1)"]
)
def test_an_exit_with_a_closed_stream_prints_no_logging_error(level: str, spool: bool, end: str) -> None:
    program = PROGRAM.format(level=level, arguments="force=True", spool=spool, end=end)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=300, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_closed_stream_keeps_no_warning_from_other_handlers(
    logger: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    closed, opened = io.StringIO(), io.StringIO()
    for stream in (closed, opened):
        logger.addHandler(logging.StreamHandler(stream))
    closed.close()
    diagnostics.warn("test", "kept %d", 7)
    assert opened.getvalue() == "kept 7\n"
    assert capsys.readouterr().err == ""


def test_a_handler_whose_stream_was_closed_logs_again_with_another_stream(logger: logging.Logger) -> None:
    closed, opened = io.StringIO(), io.StringIO()
    handler = logging.StreamHandler(closed)
    logger.addHandler(handler)
    closed.close()
    diagnostics.warn("first", "lost")
    handler.setStream(opened)
    diagnostics.warn("second", "kept")
    assert opened.getvalue() == "kept\n"
