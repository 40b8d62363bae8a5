"""Names of test cases that are the same in every process, as tests in parallel need them."""

from __future__ import annotations

import re
from typing import Any


def name_case(value: Any) -> str:
    """Return the repr of a value without addresses in memory."""
    return re.sub(r" at 0x[0-9a-f]+", "", repr(value))
