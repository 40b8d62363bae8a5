"""The pytest fixture `captured_traces`; known to pytest by installing ace-tracing.

A module beside the package, not in it: pytest imports its plugins at every start, and this one costs nothing until a
test asks for the fixture.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from ace_tracing.testing import CapturedTraces


@pytest.fixture
def captured_traces() -> Iterator[CapturedTraces]:
    """The traces that start during the test, captured instead of sent; see `ace_tracing.testing.capture_traces`."""
    from ace_tracing.testing import capture_traces

    with capture_traces() as traces:
        yield traces
