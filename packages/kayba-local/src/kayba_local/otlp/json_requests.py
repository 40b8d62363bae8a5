"""OTLP/HTTP requests in JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kayba_local.otlp.records import Batch, resource_tags


def read(request: Mapping[str, Any]) -> Batch:
    """Read the spans of an ExportTraceServiceRequest that is valid against the contract.

    Raises:
        InvalidSpans: A span cannot be stored.
    """
    batch = Batch()
    for resource_spans in request["resourceSpans"]:
        tags = resource_tags(resource_spans.get("resource", {}).get("attributes", ()))
        for scope_spans in resource_spans.get("scopeSpans", ()):
            for span in scope_spans.get("spans", ()):
                batch.add(span, tags)
    return batch
