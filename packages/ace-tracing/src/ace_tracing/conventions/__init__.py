# Copied from conventions/ by `hatch run conventions`; do not edit.
"""Conventions: the names of other instrumentations for model calls, agents and tools, and their meaning here."""

from ace_tracing.conventions.derive import derive

__all__ = ["derive"]
