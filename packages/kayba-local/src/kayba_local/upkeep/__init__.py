"""Upkeep of a store: deletion, retention, interrupted traces, free space, backups, export and import."""
