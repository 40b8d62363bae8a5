# Copied from conventions/ by `hatch run conventions`; do not edit.
"""Conventions: the names of other instrumentations for model calls, agents and tools, and their meaning here."""

from ace_tracing.conventions.derive import derive, derive_texts, is_read, is_read_event
from ace_tracing.conventions.usage import Report, find_counted

__all__ = ["Report", "derive", "derive_texts", "find_counted", "is_read", "is_read_event"]
