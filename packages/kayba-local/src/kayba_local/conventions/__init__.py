# Copied from conventions/ by `hatch run conventions`; do not edit.
"""Conventions that the SDK and the server share: the names of other instrumentations for model calls, agents and tools
and their meaning here, the sums over a trace, and which steps of two traces are the same.
"""

from kayba_local.conventions.derive import derive, derive_texts, is_read, is_read_event
from kayba_local.conventions.pairing import Pair, Step, pair_steps
from kayba_local.conventions.usage import Report, find_counted

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
