# Copied from conventions/ by `hatch run conventions`; do not edit.
"""Conventions that the SDK and the server share: the names of other instrumentations for model calls, agents and tools
and their meaning here, the sums over a trace, and which steps of two traces are the same.
"""

from ace_tracing.conventions.derive import derive, derive_texts, is_read, is_read_event
from ace_tracing.conventions.pairing import Pair, Step, pair_steps
from ace_tracing.conventions.usage import Report, find_counted

__all__ = [
    "Pair",
    "Report",
    "Step",
    "derive",
    "derive_texts",
    "find_counted",
    "is_read",
    "is_read_event",
    "pair_steps",
]
