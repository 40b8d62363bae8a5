"""Hostile values, and the check that tracing survives them."""
