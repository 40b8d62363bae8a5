"""Conventions: the names of other instrumentations for model calls, agents and tools, and their meaning here."""

from conventions.derive import derive

__all__ = ["derive"]
