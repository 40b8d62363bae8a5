"""Conventions: the names of other instrumentations for model calls, agents and tools, and their meaning here."""

from conventions.derive import derive, is_read, is_read_event
from conventions.usage import Report, find_counted

__all__ = ["Report", "derive", "find_counted", "is_read", "is_read_event"]
