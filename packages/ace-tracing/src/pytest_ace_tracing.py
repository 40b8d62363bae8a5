"""The pytest plugin with the fixture `captured_traces`. Installing ace-tracing registers it.

It is a module outside the package: pytest imports its plugins at every start, and this one imports the package only
when a test uses the fixture.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from ace_tracing.testing import CapturedTraces

is_collecting = True
"""Whether pytest has not begun to run tests: it imports tests, and with them applications that call `configure`.

A `configure` without a key then raises no error, since a test may capture the traces. `ace_tracing.capture` reads it.
"""


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop() -> None:
    """Note that all tests are imported."""
    global is_collecting
    is_collecting = False


@pytest.fixture
def captured_traces() -> Iterator[CapturedTraces]:
    """Return the traces that start during the test, captured instead of sent; see `capture_traces`."""
    from ace_tracing.testing import capture_traces

    with capture_traces() as traces:
        yield traces
