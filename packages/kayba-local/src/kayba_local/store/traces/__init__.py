"""Traces: ingest, search, tags, assessments and artifacts."""
